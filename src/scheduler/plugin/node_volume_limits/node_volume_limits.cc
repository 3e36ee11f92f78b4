#include "scheduler/plugin/node_volume_limits/node_volume_limits.h"

#include <map>
#include <set>

#include "base/strings.h"
#include "volume/claim.h"
#include "volume/names.h"

namespace scheduler {
namespace {

using VolumesByDriver = std::map<std::string, std::set<std::string>>;  // names that tell them apart

// The drivers' volumes behind a pod's claims; one that is not there yet counts by its claim.
void collect(const Storage& storage, const PodInfo& pod, VolumesByDriver& out) {
  for (const auto& name : pod.claims) {
    auto claim = storage.claim(pod.key.namespace_, name);
    if (claim == nullptr) continue;
    if (claim->spec.volume_name.empty()) {
      auto storage_class = storage.storage_class(volume::class_of(*claim));
      if (storage_class != nullptr) out[storage_class->provisioner].insert(base::cat({pod.key.namespace_, "/", name}));
      continue;
    }
    auto volume = storage.volume(claim->spec.volume_name);
    if (volume == nullptr || !volume->spec.csi) continue;
    auto& csi = *volume->spec.csi;
    out[csi.driver].insert(volume::unique_name(csi.driver, csi.volume_handle));
  }
}

class LimitJudge final : public Judge {
 public:
  LimitJudge(const Storage& storage, VolumesByDriver wanted) : storage_(storage), wanted_(std::move(wanted)) {}

  std::optional<Refusal> filter(const NodeInfo& node) override {
    auto known = storage_.driver_node(node.name);
    if (known == nullptr) return {};
    VolumesByDriver there;
    bool counted = false;
    for (const auto& driver : known->spec.drivers) {
      auto wanted = wanted_.find(driver.name);
      if (wanted == wanted_.end() || !driver.allocatable || !driver.allocatable->count) continue;
      if (!counted)
        for (const auto& [key, pod] : node.pods) collect(storage_, *pod, there);
      counted = true;
      auto& used = there[driver.name];
      size_t before = used.size();
      used.insert(wanted->second.begin(), wanted->second.end());
      // What is there already is no more.
      if (used.size() > before && used.size() > static_cast<size_t>(*driver.allocatable->count))
        return Refusal{{"node(s) exceed max volume count"}, true};
    }
    return {};
  }

 private:
  const Storage& storage_;
  VolumesByDriver wanted_;
};

class NodeVolumeLimits final : public Plugin {
 public:
  explicit NodeVolumeLimits(const Storage& storage) : storage_(storage) {}
  std::string_view name() const override { return "NodeVolumeLimits"; }
  Happening wakers() const override {
    return Happening::NodeAdded | Happening::PodRemoved | Happening::ClaimChanged | Happening::StorageDriverChanged;
  }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    if (pod.claims.empty()) return nullptr;
    VolumesByDriver wanted;
    collect(storage_, pod, wanted);
    if (wanted.empty()) return nullptr;
    return std::make_unique<LimitJudge>(storage_, std::move(wanted));
  }

 private:
  const Storage& storage_;
};

}  // namespace

std::unique_ptr<Plugin> make_node_volume_limits(const Storage& storage) {
  return std::make_unique<NodeVolumeLimits>(storage);
}

}  // namespace scheduler
