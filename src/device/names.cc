#include "device/names.h"

#include <algorithm>
#include <memory>

#include "base/strings.h"

namespace device {

namespace core = api::core_v1;
namespace resource = api::resource_k8s_io_v1;

base::Result<ClaimName> claim_name(const core::Pod& pod, const core::PodResourceClaim& claim) {
  if (claim.resource_claim_name) return ClaimName{.name = *claim.resource_claim_name};
  if (!claim.resource_claim_template_name)
    return base::fail(base::Code::Invalid,
                      base::cat({"pod \"", pod.metadata.namespace_, "/", pod.metadata.name,
                                 "\", spec.resourceClaims: ", claim.name, ": none of the supported fields are set"}));
  for (const auto& status : pod.status.resource_claim_statuses)
    if (status.name == claim.name) return ClaimName{.name = status.resource_claim_name.value_or(""), .made_for = true};
  return base::fail(base::Code::NotFound, base::cat({"pod \"", pod.metadata.namespace_, "/", pod.metadata.name,
                                                     "\": pod claim name not found: claim not created yet, "
                                                     "pod.spec.resourceClaims[*].resourceClaimTemplateName"}));
}

base::Result<void> check_made_for(const core::Pod& pod, const resource::ResourceClaim& claim) {
  bool owned = std::ranges::any_of(claim.metadata.owner_references, [&](auto& owner) {
    return owner.controller.value_or(false) && owner.uid == pod.metadata.uid;
  });
  if (owned && claim.metadata.namespace_ == pod.metadata.namespace_) return {};
  return base::fail(
      base::Code::Conflict,
      base::cat({"ResourceClaim ", claim.metadata.namespace_, "/", claim.metadata.name, " was not created for pod ",
                 pod.metadata.namespace_, "/", pod.metadata.name, " (pod is not owner)"}));
}

bool is_reserved_for(const resource::ResourceClaim& claim, std::string_view pod_uid) {
  return std::ranges::any_of(claim.status.reserved_for, [&](auto& one) { return one.uid == pod_uid; });
}

bool can_be_reserved(const resource::ResourceClaim& claim) {
  return claim.status.reserved_for.size() < kReservationsMax;
}

resource::ResourceClaimConsumerReference reference_to(const core::Pod& pod) {
  resource::ResourceClaimConsumerReference out;
  out.resource = "pods";
  out.name = pod.metadata.name;
  out.uid = pod.metadata.uid;
  return out;
}

bool has_finalizer(const resource::ResourceClaim& claim) {
  return std::ranges::find(claim.metadata.finalizers, kFinalizer) != claim.metadata.finalizers.end();
}

std::string device_id(std::string_view driver, std::string_view pool, std::string_view device) {
  return base::cat({driver, "/", pool, "/", device});
}

std::string_view base_request(std::string_view request) {
  return request.substr(0, request.find('/'));
}

bool tolerates(const resource::DeviceToleration& toleration, const resource::DeviceTaint& taint) {
  if (!toleration.effect.empty() && toleration.effect != taint.effect) return false;
  if (!toleration.key.empty() && toleration.key != taint.key) return false;
  if (toleration.operator_ == "Exists") return true;
  return (toleration.operator_.empty() || toleration.operator_ == "Equal") && toleration.value == taint.value;
}

bool tolerates(const std::vector<resource::DeviceToleration>& tolerations, const resource::DeviceTaint& taint) {
  return std::ranges::any_of(tolerations, [&](auto& one) { return tolerates(one, taint); });
}

const resource::DeviceClass* class_of_resource(const std::vector<std::shared_ptr<const resource::DeviceClass>>& classes,
                                               std::string_view wanted) {
  const resource::DeviceClass* best = nullptr;
  for (const auto& one : classes) {
    auto& meta = one->metadata;
    if (wanted.starts_with(kClassResourcePrefix)) {
      if (wanted.substr(kClassResourcePrefix.size()) == meta.name) return one.get();
      continue;
    }
    if (one->spec.extended_resource_name != wanted) continue;
    if (best == nullptr || best->metadata.creation_timestamp < meta.creation_timestamp ||
        (best->metadata.creation_timestamp == meta.creation_timestamp && meta.name < best->metadata.name))
      best = one.get();
  }
  return best;
}

bool is_extended_resource(std::string_view name) {
  if (name.starts_with(kClassResourcePrefix)) return true;
  return name.find('/') != std::string_view::npos && name.find("kubernetes.io/") == std::string_view::npos &&
         !name.starts_with("requests.");
}

}  // namespace device
