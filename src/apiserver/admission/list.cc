#include "apiserver/admission/list.h"

#include <algorithm>

#include "apiserver/admission/optional/optional.h"
#include "base/strings.h"

namespace apiserver {
namespace {

using Needs = AdmissionNeeds;
using Plugin = std::unique_ptr<AdmissionPlugin>;

struct Row {
  std::string_view name;
  bool by_default;
  Plugin (*make)(const Needs& needs);  // null result: not possible here
};

Plugin none(const Needs&) {
  return nullptr;
}

// In upstream's order.
constexpr Row kRows[] = {
    {"AlwaysAdmit", false, [](const Needs&) { return make_always_admit(); }},
    {"NamespaceLifecycle", true, [](const Needs&) { return make_namespace_lifecycle(); }},
    {"NamespaceExists", false, [](const Needs&) { return make_namespace_exists(); }},
    {"LimitPodHardAntiAffinityTopology", false, [](const Needs&) { return make_limit_anti_affinity(); }},
    {"LimitRanger", true, [](const Needs&) { return make_limit_ranger(); }},
    {"ServiceAccount", true, [](const Needs& needs) { return make_service_account(needs.random); }},
    {"NodeRestriction", true, [](const Needs&) { return make_node_restriction(); }},
    {"TaintNodesByCondition", true, [](const Needs&) { return make_taint_nodes_by_condition(); }},
    {"AlwaysPullImages", false, [](const Needs&) { return make_always_pull_images(); }},
    {"PodSecurity", true, [](const Needs& needs) { return make_pod_security(needs.pod_security); }},
    {"PodNodeSelector", false, [](const Needs&) { return make_pod_node_selector(); }},
    {"Priority", true, [](const Needs&) { return make_priority(); }},
    {"DefaultTolerationSeconds", true, [](const Needs&) { return make_default_toleration_seconds(); }},
    {"ExtendedResourceToleration", false, [](const Needs&) { return make_extended_resource_toleration(); }},
    {"PodTopologyLabels", true, [](const Needs&) { return make_pod_topology_labels(); }},
    {"DefaultStorageClass", true, [](const Needs&) { return make_default_storage_class(); }},
    {"StorageObjectInUseProtection", true, [](const Needs&) { return make_storage_object_in_use(); }},
    {"OwnerReferencesPermissionEnforcement", false,
     [](const Needs& needs) { return make_owner_references_permission(needs.authorizer); }},
    {"PersistentVolumeClaimResize", true, [](const Needs&) { return make_pvc_resize(); }},
    {"RuntimeClass", true, [](const Needs&) { return make_runtime_class(); }},
    {"CertificateApproval", true, [](const Needs& needs) { return make_certificate_rights(needs.authorizer); }},
    {"CertificateSigning", true, none},  // one with the one before
    {"ClusterTrustBundleAttest", true, none},
    {"CertificateSubjectRestriction", true, [](const Needs&) { return make_certificate_subject_restriction(); }},
    {"RBACEscalation", true,
     [](const Needs& needs) {
       return needs.rbac == nullptr ? nullptr : make_rbac_escalation(needs.authorizer, *needs.rbac);
     }},
    {"DefaultIngressClass", true, [](const Needs&) { return make_default_ingress_class(); }},
    {"DenyServiceExternalIPs", false, [](const Needs&) { return make_deny_external_ips(); }},
    {"MutatingAdmissionPolicy", true, [](const Needs& needs) { return make_mutating_policies(needs.authorizer); }},
    {"MutatingAdmissionWebhook", true,
     [](const Needs& needs) { return make_mutating_webhooks(needs.authorizer, needs.random); }},
    {"ValidatingAdmissionPolicy", true, [](const Needs& needs) { return make_validating_policies(needs.authorizer); }},
    {"ValidatingAdmissionWebhook", true,
     [](const Needs& needs) { return make_validating_webhooks(needs.authorizer, needs.random); }},
    {"ResourceQuota", true, [](const Needs&) { return make_resource_quota(); }},
    {"AlwaysDeny", false, [](const Needs&) { return make_always_deny(); }},
};

bool has(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

base::Result<void> check_admission_names(const std::vector<std::string>& names) {
  for (const auto& name : names) {
    bool known = std::any_of(std::begin(kRows), std::end(kRows), [&](const Row& row) { return row.name == name; });
    if (!known)
      return base::fail(base::Code::BadRequest,
                        base::cat({"enable-admission-plugins plugin ", base::quote(name), " is unknown"}));
  }
  return {};
}

std::vector<std::unique_ptr<AdmissionPlugin>> default_admission(const AdmissionNeeds& needs) {
  std::vector<std::unique_ptr<AdmissionPlugin>> plugins;
  for (const Row& row : kRows) {
    bool on = row.name == "RBACEscalation" || (row.by_default && !has(needs.disabled, row.name)) ||
              has(needs.enabled, row.name);
    if (!on) continue;
    if (auto plugin = row.make(needs)) plugins.push_back(std::move(plugin));
  }
  return plugins;
}

}  // namespace apiserver
