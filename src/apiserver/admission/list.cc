#include "apiserver/admission/list.h"

namespace apiserver {

std::vector<std::unique_ptr<AdmissionPlugin>> default_admission(const AdmissionNeeds& needs) {
  std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
  plugins.push_back(make_namespace_lifecycle());
  plugins.push_back(make_limit_ranger());
  plugins.push_back(make_service_account(needs.random));
  plugins.push_back(make_node_restriction());
  plugins.push_back(make_taint_nodes_by_condition());
  plugins.push_back(make_pod_security({}));
  plugins.push_back(make_priority());
  plugins.push_back(make_default_toleration_seconds());
  plugins.push_back(make_storage_object_in_use());
  plugins.push_back(make_runtime_class());
  plugins.push_back(make_certificate_rights(needs.authorizer));
  plugins.push_back(make_certificate_subject_restriction());
  if (needs.rbac != nullptr) plugins.push_back(make_rbac_escalation(needs.authorizer, *needs.rbac));
  plugins.push_back(make_default_ingress_class());
  plugins.push_back(make_default_storage_class());
  plugins.push_back(make_resource_quota());
  return plugins;
}

}  // namespace apiserver
