#include <set>

#include "apiserver/registry/validation/common_names.h"
#include "apiserver/registry/validation/device.h"
#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/values.h"
#include "base/strings.h"
#include "schema/declared_rules.h"

namespace apiserver {
namespace {

namespace resource = api::resource_k8s_io_v1;

void check_class_name(Report& report, const std::string& name, const Place& at) {
  if (name.empty()) {
    report.required(at);
  } else {
    check_subdomain(report, name, at);
  }
}

// What requests and their alternatives have in common.
template <class Request>
void check_wish(Report& report, const Request& request, const Place& at) {
  check_device_selectors(report, request.selectors, Place(at, "selectors"));
  Place count(at, "count");
  if (request.allocation_mode == "All" && request.count != 0) {
    report.invalid(count, request.count, "must not be specified when allocationMode is 'All'");
  }
  if (request.allocation_mode == "ExactCount" && request.count <= 0) report.invalid(count, request.count, kPositive);
  Place tolerations(at, "tolerations");
  for (size_t i = 0; i < request.tolerations.size(); ++i) {
    check_device_toleration(report, request.tolerations[i], Place(tolerations, i));
  }
  if (!request.capacity) return;
  Place capacity(at, "capacity");
  Place amounts(capacity, "requests");
  for (const auto& [name, amount] : request.capacity->requests) {
    check_device_qualified_name(report, name, Place::key(amounts, name));
  }
}

void check_request(Report& report, const resource::DeviceRequest& request, const Place& at) {
  check_label(report, request.name, Place(at, "name"));
  bool alternatives = !request.first_available.empty();
  if (alternatives && request.exactly) {
    report.invalid(at, nullptr,
                   "exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set");
  } else if (request.exactly) {
    Place exactly(at, "exactly");
    check_class_name(report, request.exactly->device_class_name, Place(exactly, "deviceClassName"));
    check_wish(report, *request.exactly, exactly);
  } else if (alternatives) {
    Place list(at, "firstAvailable");
    for (size_t i = 0; i < request.first_available.size(); ++i) {
      Place here(list, i);
      check_label(report, request.first_available[i].name, Place(here, "name"));
      check_wish(report, request.first_available[i], here);
    }
  } else {
    report.required(at, "exactly one of `exactly` or `firstAvailable` is required");
  }
}

void check_references(Report& report, const std::vector<std::string>& names, const resource::DeviceClaim& claim,
                      const Place& at) {
  Place requests(at, "requests");
  for (size_t i = 0; i < names.size(); ++i) check_request_reference(report, names[i], claim, Place(requests, i));
}

void check_constraint(Report& report, const resource::DeviceConstraint& constraint, const resource::DeviceClaim& claim,
                      const Place& at) {
  check_references(report, constraint.requests, claim, at);
  if (constraint.match_attribute) return;
  if (constraint.distinct_attribute) {
    Place distinct(at, "distinctAttribute");
    check_device_qualified_name(report, *constraint.distinct_attribute, distinct);
    if (constraint.distinct_attribute->find('/') == std::string::npos) {
      report.invalid(distinct, *constraint.distinct_attribute,
                     "a fully qualified name must be a domain and a name separated by a slash");
    }
  } else {
    report.required(
        at, "exactly one of \"matchAttribute\" or \"distinctAttribute\" is required, but multiple fields are set");
  }
}

void check_allocation(Report& report, const resource::AllocationResult& allocation, const resource::DeviceClaim& claim,
                      const Place& at) {
  Place devices(at, "devices");
  Place results(devices, "results");
  for (size_t i = 0; i < allocation.devices.results.size(); ++i) {
    const auto& result = allocation.devices.results[i];
    Place here(results, i);
    check_request_reference(report, result.request, claim, Place(here, "request"));
    check_label(report, result.device, Place(here, "device"));
    check_binding_conditions(report, result.binding_conditions, result.binding_failure_conditions, here);
    Place tolerations(here, "tolerations");
    for (size_t k = 0; k < result.tolerations.size(); ++k)
      check_device_toleration(report, result.tolerations[k], Place(tolerations, k));
  }
  Place config(devices, "config");
  for (size_t i = 0; i < allocation.devices.config.size(); ++i) {
    Place here(config, i);
    check_references(report, allocation.devices.config[i].requests, claim, here);
    check_device_configuration(report, allocation.devices.config[i], here);
  }
}

// A device as a claim's status names it.
using DeviceKey = std::array<std::string_view, 4>;
template <class T>
DeviceKey key_of(const T& one) {
  return {one.driver, one.pool, one.device, one.share_id ? std::string_view(*one.share_id) : std::string_view()};
}

void check_device_statuses(Report& report, const resource::ResourceClaimStatus& status, const Place& at) {
  constexpr size_t kConditionsMax = 8;
  std::set<DeviceKey> allocated;
  if (status.allocation) {
    for (const auto& result : status.allocation->devices.results) allocated.insert(key_of(result));
  }
  for (size_t i = 0; i < status.devices.size(); ++i) {
    const auto& device = status.devices[i];
    Place here(at, i);
    check_driver_name(report, device.driver, Place(here, "driver"));
    check_pool_name(report, device.pool, Place(here, "pool"));
    check_label(report, device.device, Place(here, "device"));
    if (!allocated.contains(key_of(device))) {
      report.invalid(here, base::cat({device.driver, "/", device.pool, "/", device.device}),
                     "must be an allocated device in the claim");
    }
    Place conditions(here, "conditions");
    if (device.conditions.size() > kConditionsMax) {
      report.too_many(conditions, device.conditions.size(), kConditionsMax);
    } else {
      check_conditions(report, device.conditions, conditions);
    }
    if (!device.data.empty()) check_opaque_json(report, device.data, Place(here, "data"));
  }
}

void check_reservations(Report& report, const resource::ResourceClaim& next, const resource::ResourceClaim& current,
                        const Place& at) {
  const auto& reserved = next.status.reserved_for;
  for (size_t i = 0; i < reserved.size(); ++i) {
    Place here(at, i);
    if (reserved[i].resource.empty()) report.required(Place(here, "resource"));
    if (reserved[i].name.empty()) report.required(Place(here, "name"));
    if (reserved[i].uid.empty()) report.required(Place(here, "uid"));
  }
}

// Nobody may use what is not allocated, and nobody new what is to go.
void check_reservation_state(Report& report, const resource::ResourceClaim& next,
                             const resource::ResourceClaim& current, const Place& at) {
  if (next.status.reserved_for.empty()) return;
  if (!next.status.allocation) {
    report.forbidden(at, "may not be specified when `allocated` is not set");
    return;
  }
  if (next.metadata.deletion_timestamp.is_zero()) return;
  const auto& before = current.status.reserved_for;
  bool grew = std::ranges::any_of(next.status.reserved_for,
                                  [&](const auto& one) { return std::ranges::find(before, one) == before.end(); });
  if (grew) {
    report.forbidden(at, "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set");
  }
}

}  // namespace

void check_device_claim(Report& report, const resource::DeviceClaim& claim, const Place& at) {
  Place requests(at, "requests");
  for (size_t i = 0; i < claim.requests.size(); ++i) check_request(report, claim.requests[i], Place(requests, i));
  Place constraints(at, "constraints");
  for (size_t i = 0; i < claim.constraints.size(); ++i) {
    check_constraint(report, claim.constraints[i], claim, Place(constraints, i));
  }
  Place config(at, "config");
  for (size_t i = 0; i < claim.config.size(); ++i) {
    Place here(config, i);
    check_references(report, claim.config[i].requests, claim, here);
    check_device_configuration(report, claim.config[i], here);
  }
}

schema::FieldErrors validate_resource_claim(const resource::ResourceClaim& next,
                                            const resource::ResourceClaim* current) {
  Report report;
  Place spec("spec");
  if (current != nullptr) {
    report.immutable_unless(next.spec == current->spec, spec, go_value(next.spec));
    return report.take();
  }
  check_device_claim(report, next.spec.devices, Place(spec, "devices"));
  report.add(schema::check_declared(schema::Object(next), nullptr));
  return report.take();
}

schema::FieldErrors validate_resource_claim_status(const resource::ResourceClaim& next,
                                                   const resource::ResourceClaim& current) {
  Report report;
  Place status("status");
  Place reserved(status, "reservedFor");
  check_reservations(report, next, current, reserved);
  check_device_statuses(report, next.status, Place(status, "devices"));
  check_reservation_state(report, next, current, reserved);
  Place allocation(status, "allocation");
  if (next.status.allocation && current.status.allocation) {
    report.immutable_unless(next.status.allocation == current.status.allocation, allocation,
                            go_value(next.status.allocation));
  } else if (next.status.allocation) {
    check_allocation(report, *next.status.allocation, next.spec.devices, allocation);
  }
  // What is stored stays; the rest keeps what is declared.
  auto declared = current.status;
  declared.allocation =
      next.status.allocation && current.status.allocation ? next.status.allocation : current.status.allocation;
  report.add(schema::check_declared(next.status, &declared, schema::FieldPath("status")));
  return report.take();
}

schema::FieldErrors validate_resource_claim_template(const resource::ResourceClaimTemplate& next,
                                                     const resource::ResourceClaimTemplate* current) {
  Report report;
  Place spec("spec");
  if (current != nullptr) {
    report.immutable_unless(next.spec == current->spec, spec, go_value(next.spec));
    return report.take();
  }
  check_template_metadata(report, next.spec.metadata, Place(spec, "metadata"));
  Place inner(spec, "spec");
  check_device_claim(report, next.spec.spec.devices, Place(inner, "devices"));
  report.add(schema::check_declared(schema::Object(next), nullptr));
  return report.take();
}

schema::FieldErrors validate_device_class(const resource::DeviceClass& next, const resource::DeviceClass* current) {
  Report report;
  Place spec("spec");
  if (current == nullptr || next.spec.selectors != current->spec.selectors) {
    check_device_selectors(report, next.spec.selectors, Place(spec, "selectors"));
  }
  Place config(spec, "config");
  for (size_t i = 0; i < next.spec.config.size(); ++i)
    check_device_configuration(report, next.spec.config[i], Place(config, i));
  const resource::DeviceClassSpec* before = current == nullptr ? nullptr : &current->spec;
  report.add(schema::check_declared(next.spec, before, schema::FieldPath("spec")));
  return report.take();
}

}  // namespace apiserver
