#include "apiserver/registry/validation/api_service.h"

#include "apiserver/registry/validation/common_names.h"
#include "base/strings.h"

namespace apiserver {

namespace registration = api::apiregistration_k8s_io_v1;

schema::FieldErrors validate_api_service(const registration::APIService& next) {
  constexpr int32_t kGroupPriorityMax = 20000;
  constexpr int32_t kVersionPriorityMax = 1000;
  Report report;
  Place metadata("metadata");
  Place at("spec");
  const auto& spec = next.spec;
  std::string wanted = base::cat({spec.version, ".", spec.group});
  if (next.metadata.name != wanted) {
    report.invalid(Place(metadata, "name"), next.metadata.name,
                   base::cat({"must be `spec.version+\".\"+spec.group`: ", base::quote(wanted)}));
  }
  Place group(at, "group");
  if (spec.group.empty() && spec.version != "v1") {
    report.required(group, "only v1 may have an empty group and it better be legacy kube");
  }
  if (!spec.group.empty()) check_subdomain(report, spec.group, group);
  report.problems(Place(at, "version"), spec.version, schema::check_dns1035_label(spec.version));
  if (spec.group_priority_minimum <= 0 || spec.group_priority_minimum > kGroupPriorityMax) {
    report.invalid(Place(at, "groupPriorityMinimum"), spec.group_priority_minimum,
                   "must be positive and less than 20000");
  }
  if (spec.version_priority <= 0 || spec.version_priority > kVersionPriorityMax) {
    report.invalid(Place(at, "versionPriority"), spec.version_priority, "must be positive and less than 1000");
  }
  Place insecure(at, "insecureSkipTLSVerify");
  if (!spec.service) {
    if (!spec.ca_bundle.empty()) {
      report.invalid(Place(at, "caBundle"), base::cat({std::to_string(spec.ca_bundle.size()), " bytes"}),
                     "local APIServices may not have a caBundle");
    }
    if (spec.insecure_skip_tls_verify)
      report.invalid(insecure, true, "local APIServices may not have insecureSkipTLSVerify");
    return report.take();
  }
  Place service(at, "service");
  if (spec.service->namespace_.empty()) report.required(Place(service, "namespace"));
  if (spec.service->name.empty()) report.required(Place(service, "name"));
  int32_t port = spec.service->port.value_or(443);
  if (auto problems = schema::check_port_number(port); !problems.empty()) {
    report.invalid(Place(service, "port"), port, base::cat({"port is not valid: ", base::join(problems, ",")}));
  }
  if (spec.insecure_skip_tls_verify && !spec.ca_bundle.empty()) {
    report.invalid(insecure, true, "may not be true if caBundle is present");
  }
  return report.take();
}

schema::FieldErrors validate_api_service_status(const registration::APIService& next) {
  Report report;
  Place status("status");
  Place conditions(status, "conditions");
  for (size_t i = 0; i < next.status.conditions.size(); ++i) {
    Place here(conditions, i);
    report.one_of(Place(here, "status"), next.status.conditions[i].status, {"True", "False", "Unknown"});
  }
  return report.take();
}

}  // namespace apiserver
