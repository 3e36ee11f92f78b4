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

// A document that cannot be read was refused by read_admission_settings().
template <base::Result<Plugin> (*make)(std::string_view document)>
Plugin configured(const Needs& needs, std::string_view name) {
  auto made = make(needs.settings.document(name));
  return made ? std::move(*made) : nullptr;
}

// In upstream's order.
constexpr Row kRows[] = {
    {"AlwaysAdmit", false, [](const Needs&) { return make_always_admit(); }},
    {"NamespaceAutoProvision", false, [](const Needs& needs) { return make_namespace_auto_provision(needs.random); }},
    {"NamespaceLifecycle", true, [](const Needs&) { return make_namespace_lifecycle(); }},
    {"NamespaceExists", false, [](const Needs&) { return make_namespace_exists(); }},
    {"LimitPodHardAntiAffinityTopology", false, [](const Needs&) { return make_limit_anti_affinity(); }},
    {"LimitRanger", true, [](const Needs&) { return make_limit_ranger(); }},
    {"ServiceAccount", true, [](const Needs& needs) { return make_service_account(needs.random); }},
    {"NodeRestriction", true, [](const Needs& needs) { return make_node_restriction(needs.authorizer); }},
    {"TaintNodesByCondition", true, [](const Needs&) { return make_taint_nodes_by_condition(); }},
    {"AlwaysPullImages", false, [](const Needs&) { return make_always_pull_images(); }},
    {"ImagePolicyWebhook", false,
     [](const Needs& needs) { return configured<make_image_policy_webhook>(needs, "ImagePolicyWebhook"); }},
    {"PodSecurity", true, [](const Needs& needs) { return make_pod_security(needs.settings.pod_security); }},
    {"PodNodeSelector", false, [](const Needs&) { return make_pod_node_selector(); }},
    {"Priority", true, [](const Needs&) { return make_priority(); }},
    {"DefaultTolerationSeconds", true, [](const Needs&) { return make_default_toleration_seconds(); }},
    {"PodTolerationRestriction", false,
     [](const Needs& needs) { return configured<make_pod_toleration_restriction>(needs, "PodTolerationRestriction"); }},
    {"EventRateLimit", false,
     [](const Needs& needs) { return configured<make_event_rate_limit>(needs, "EventRateLimit"); }},
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
    {"ResourceClaimRights", true, [](const Needs& needs) { return make_device_claim_rights(needs.authorizer); }},
    {"DefaultIngressClass", true, [](const Needs&) { return make_default_ingress_class(); }},
    {"DenyServiceExternalIPs", false, [](const Needs&) { return make_deny_external_ips(); }},
    {"MutatingAdmissionPolicy", true, [](const Needs& needs) { return make_mutating_policies(needs.authorizer); }},
    {"MutatingAdmissionWebhook", true,
     [](const Needs& needs) { return make_mutating_webhooks(needs.authorizer, needs.random, needs.metrics); }},
    {"ValidatingAdmissionPolicy", true, [](const Needs& needs) { return make_validating_policies(needs.authorizer); }},
    {"ValidatingAdmissionWebhook", true,
     [](const Needs& needs) { return make_validating_webhooks(needs.authorizer, needs.random, needs.metrics); }},
    {"ResourceQuota", true, [](const Needs&) { return make_resource_quota(); }},
    {"NodeDeclaredFeatureValidator", true, [](const Needs&) { return make_node_declared_features(); }},
    // What these look at is validation here.
    {"JobValidation", true, none},
    {"PodGroupProtection", true, none},
    {"PodGroupWorkloadExists", true, none},
    {"PodResizeValidator", true, none},
    {"AlwaysDeny", false, [](const Needs&) { return make_always_deny(); }},
};

bool has(const std::vector<std::string>& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

bool is_admission_step(std::string_view name) {
  return std::any_of(std::begin(kRows), std::end(kRows), [&](const Row& row) { return row.name == name; });
}

base::Result<void> check_admission_names(const std::vector<std::string>& enabled,
                                         const std::vector<std::string>& disabled) {
  auto check = [](std::string_view flag, const std::vector<std::string>& names) -> base::Result<void> {
    for (const auto& name : names) {
      if (is_admission_step(name)) continue;
      return base::fail(base::Code::BadRequest, base::cat({flag, " plugin ", base::quote(name), " is unknown"}));
    }
    return {};
  };
  TRY(check("enable-admission-plugins", enabled));
  TRY(check("disable-admission-plugins", disabled));
  for (const auto& name : enabled) {
    if (!has(disabled, name)) continue;
    return base::fail(base::Code::BadRequest, base::cat({base::quote(name),
                                                         " in enable-admission-plugins and "
                                                         "disable-admission-plugins overlapped"}));
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
