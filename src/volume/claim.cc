#include "volume/claim.h"

#include <algorithm>

#include "base/strings.h"
#include "schema/selector.h"
#include "volume/annotations.h"

namespace volume {
namespace {

const std::string kNone;

const std::string* annotation(const api::meta_v1::ObjectMeta& meta, std::string_view key) {
  auto found = meta.annotations.find(key);
  return found == meta.annotations.end() ? nullptr : &found->second;
}

std::string_view attributes_class(const std::optional<std::string>& name) {
  return name ? std::string_view(*name) : std::string_view();
}

base::Quantity storage_of(const std::map<std::string, base::Quantity, std::less<>>& amounts) {
  auto found = amounts.find("storage");
  return found == amounts.end() ? base::Quantity() : found->second;
}

// What both the binder and the scheduler ask of a volume that nobody has promised to anyone.
bool is_candidate(const PersistentVolume& volume, const PersistentVolumeClaim& claim,
                  const schema::LabelSelector& selector) {
  return volume.status.phase == "Available" && selector.matches(volume.metadata.labels) &&
         class_of(volume) == class_of(claim) && offers_access(volume, claim);
}

// Of two that will do: the one that offers less beyond what is asked. The scheduler looks at the size alone.
bool is_closer(const PersistentVolume& a, const PersistentVolume& b, bool by_modes) {
  size_t a_modes = by_modes ? a.spec.access_modes.size() : 0, b_modes = by_modes ? b.spec.access_modes.size() : 0;
  return a_modes != b_modes ? a_modes < b_modes : capacity(a) < capacity(b);
}

}  // namespace

const std::string& class_of(const PersistentVolumeClaim& claim) {
  if (const auto* beta = annotation(claim.metadata, kBetaStorageClass)) return *beta;
  return claim.spec.storage_class_name ? *claim.spec.storage_class_name : kNone;
}
const std::string& class_of(const PersistentVolume& volume) {
  if (const auto* beta = annotation(volume.metadata, kBetaStorageClass)) return *beta;
  return volume.spec.storage_class_name;
}

bool waits_for_consumer(const StorageClass* storage_class) {
  return storage_class != nullptr && storage_class->volume_binding_mode == "WaitForFirstConsumer";
}

bool is_default(const StorageClass& storage_class) {
  for (std::string_view key :
       {"storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"}) {
    const auto* value = annotation(storage_class.metadata, key);
    if (value != nullptr && *value == "true") return true;
  }
  return false;
}

bool is_bound_to(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  const auto& reference = volume.spec.claim_ref;
  return reference && reference->name == claim.metadata.name && reference->namespace_ == claim.metadata.namespace_ &&
         (reference->uid.empty() || reference->uid == claim.metadata.uid);
}

bool is_fully_bound(const PersistentVolumeClaim& claim) {
  return !claim.spec.volume_name.empty() && annotation(claim.metadata, kBindCompleted) != nullptr;
}

bool modes_differ(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  return volume.spec.volume_mode.value_or("Filesystem") != claim.spec.volume_mode.value_or("Filesystem");
}

bool offers_access(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  return std::ranges::all_of(claim.spec.access_modes, [&](const std::string& mode) {
    return std::ranges::find(volume.spec.access_modes, mode) != volume.spec.access_modes.end();
  });
}

base::Quantity requested(const PersistentVolumeClaim& claim) {
  return storage_of(claim.spec.resources.requests);
}
base::Quantity capacity(const PersistentVolume& volume) {
  return storage_of(volume.spec.capacity);
}

base::Result<void> check_fit(const PersistentVolume& volume, const PersistentVolumeClaim& claim) {
  auto no = [](std::string why) { return base::fail(base::Code::Invalid, std::move(why)); };
  if (!volume.metadata.deletion_timestamp.is_zero())
    return no("the volume is marked for deletion " + base::quote(volume.metadata.name));
  if (capacity(volume) < requested(claim)) return no("requested PV is too small");
  if (class_of(volume) != class_of(claim)) return no("storageClassName does not match");
  if (attributes_class(volume.spec.volume_attributes_class_name) !=
      attributes_class(claim.spec.volume_attributes_class_name))
    return no("volumeAttributesClassName does not match");
  if (modes_differ(volume, claim)) return no("incompatible volumeMode");
  if (!offers_access(volume, claim)) return no("incompatible accessMode");
  return {};
}

std::shared_ptr<const PersistentVolume> find_match(const PersistentVolumeClaim& claim,
                                                   const std::vector<std::shared_ptr<const PersistentVolume>>& volumes,
                                                   const MatchOptions& options) {
  schema::LabelSelector selector;
  if (claim.spec.selector)
    selector = schema::LabelSelector::from(*claim.spec.selector).value_or(schema::LabelSelector::nothing());
  base::Quantity wanted = requested(claim);
  std::shared_ptr<const PersistentVolume> best;
  for (const auto& one : volumes) {
    if (options.taken && options.taken(*one)) continue;
    bool named = is_bound_to(*one, claim);
    if (one->spec.claim_ref && !named) continue;
    if (!one->metadata.deletion_timestamp.is_zero() || capacity(*one) < wanted || modes_differ(*one, claim)) continue;
    if (attributes_class(one->spec.volume_attributes_class_name) !=
        attributes_class(claim.spec.volume_attributes_class_name))
      continue;
    bool reachable = !options.reachable || options.reachable(*one);
    // Nothing else will do for a claim that some volume was made for.
    if (named) return reachable ? one : nullptr;
    if (options.only_named || !reachable || !is_candidate(*one, claim, selector)) continue;
    if (best == nullptr || is_closer(*one, *best, !options.reachable)) best = one;
  }
  return best;
}

PersistentVolume bound_to(PersistentVolume volume, const PersistentVolumeClaim& claim) {
  if (!is_bound_to(volume, claim)) volume.metadata.annotations[std::string(kBoundByController)] = "yes";
  auto& reference = volume.spec.claim_ref;
  if (reference && is_bound_to(volume, claim) && reference->uid == claim.metadata.uid) return volume;
  auto& fresh = reference.emplace();
  fresh.kind = "PersistentVolumeClaim";
  fresh.api_version = "v1";
  fresh.namespace_ = claim.metadata.namespace_;
  fresh.name = claim.metadata.name;
  fresh.uid = claim.metadata.uid;
  fresh.resource_version = claim.metadata.resource_version;
  return volume;
}

}  // namespace volume
