// The admission plug-ins: one function each, in the folder of its name; one line each in list.cc.
#pragma once

#include <memory>
#include <vector>

#include "apiserver/admission/plugin.h"
#include "apiserver/admission/settings.h"
#include "apiserver/pipeline/authorizer.h"
#include "base/random.h"

namespace apiserver {

class RbacAuthorizer;

struct AdmissionNeeds {
  const Authorizer& authorizer;
  base::Random& random;
  const RbacAuthorizer* rbac = nullptr;  // none: roles are not in force, so none is guarded
  AdmissionSettings settings = {};
  std::vector<std::string> enabled = {};   // beside those that are on by default
  std::vector<std::string> disabled = {};  // of those
  AdmissionMetrics* metrics = nullptr;     // none: nobody wants to know how long it takes
};

std::unique_ptr<AdmissionPlugin> make_namespace_lifecycle();
std::unique_ptr<AdmissionPlugin> make_limit_ranger();
std::unique_ptr<AdmissionPlugin> make_service_account(base::Random& random);
std::unique_ptr<AdmissionPlugin> make_node_restriction(const Authorizer& authorizer);
std::unique_ptr<AdmissionPlugin> make_taint_nodes_by_condition();
std::unique_ptr<AdmissionPlugin> make_pod_security(PodSecurityOptions options);
std::unique_ptr<AdmissionPlugin> make_pod_topology_labels();
std::unique_ptr<AdmissionPlugin> make_priority();
std::unique_ptr<AdmissionPlugin> make_default_toleration_seconds();
std::unique_ptr<AdmissionPlugin> make_node_declared_features();
std::unique_ptr<AdmissionPlugin> make_storage_object_in_use();
std::unique_ptr<AdmissionPlugin> make_pvc_resize();
std::unique_ptr<AdmissionPlugin> make_runtime_class();
std::unique_ptr<AdmissionPlugin> make_certificate_rights(const Authorizer& authorizer);
std::unique_ptr<AdmissionPlugin> make_certificate_subject_restriction();
std::unique_ptr<AdmissionPlugin> make_rbac_escalation(const Authorizer& authorizer, const RbacAuthorizer& rules);
std::unique_ptr<AdmissionPlugin> make_device_claim_rights(const Authorizer& authorizer);
std::unique_ptr<AdmissionPlugin> make_default_ingress_class();
std::unique_ptr<AdmissionPlugin> make_default_storage_class();
std::unique_ptr<AdmissionPlugin> make_mutating_policies(const Authorizer& authorizer);
std::unique_ptr<AdmissionPlugin> make_validating_policies(const Authorizer& authorizer);
std::unique_ptr<AdmissionPlugin> make_mutating_webhooks(const Authorizer& authorizer, base::Random& random,
                                                        AdmissionMetrics* metrics);
std::unique_ptr<AdmissionPlugin> make_validating_webhooks(const Authorizer& authorizer, base::Random& random,
                                                          AdmissionMetrics* metrics);
std::unique_ptr<AdmissionPlugin> make_resource_quota();

bool is_admission_step(std::string_view name);
// BadRequest for a name that no step has, and for one that is in both lists.
base::Result<void> check_admission_names(const std::vector<std::string>& enabled,
                                         const std::vector<std::string>& disabled);

// In upstream's order.
std::vector<std::unique_ptr<AdmissionPlugin>> default_admission(const AdmissionNeeds& needs);

}  // namespace apiserver
