#include "apiserver/registry/validation/lease.h"

#include "apiserver/registry/validation/report.h"

namespace apiserver {

schema::FieldErrors validate_lease(const api::coordination_k8s_io_v1::Lease& next) {
  Report report;
  Place spec("spec");
  const auto& duration = next.spec.lease_duration_seconds;
  if (duration && *duration <= 0)
    report.invalid(Place(spec, "leaseDurationSeconds"), *duration, "must be greater than 0");
  report.not_negative(Place(spec, "leaseTransitions"), next.spec.lease_transitions);
  if (!next.spec.preferred_holder.value_or("").empty() && next.spec.strategy.value_or("").empty()) {
    report.forbidden(Place(spec, "preferredHolder"), "may only be specified if `strategy` is defined");
  }
  return report.take();
}

}  // namespace apiserver
