#include "apiserver/registry/validation/namespace.h"

#include "apiserver/registry/validation/report.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;

void check_finalizer(Report& report, const std::string& name, const Place& at) {
  report.problems(at, name, schema::check_qualified_name(name));
  if (name.find('/') == std::string::npos && !is_one_of(name, {"kubernetes", "orphan", "foregroundDeletion"})) {
    report.invalid(at, name, "name is neither a standard finalizer name nor is it fully qualified");
  }
}

}  // namespace

FieldErrors validate_namespace(const core::Namespace& next) {
  Report report;
  for (const auto& name : next.spec.finalizers) check_finalizer(report, name, Place("spec.finalizers"));
  return report.take();
}

FieldErrors validate_namespace_finalize(const core::Namespace& next) {
  Report report;
  Place at("spec.finalizers");
  for (size_t i = 0; i < next.spec.finalizers.size(); ++i)
    check_finalizer(report, next.spec.finalizers[i], Place(at, i));
  return report.take();
}

FieldErrors validate_namespace_status(const core::Namespace& next) {
  Report report;
  bool ends = !next.metadata.deletion_timestamp.is_zero();
  Place phase("status.Phase");
  if (!ends && next.status.phase != "Active") {
    report.invalid(phase, next.status.phase, "may only be 'Active' if `deletionTimestamp` is empty");
  }
  if (ends && next.status.phase != "Terminating") {
    report.invalid(phase, next.status.phase, "may only be 'Terminating' if `deletionTimestamp` is not empty");
  }
  return report.take();
}

}  // namespace apiserver
