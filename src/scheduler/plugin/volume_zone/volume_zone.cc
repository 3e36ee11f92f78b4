#include "scheduler/plugin/volume_zone/volume_zone.h"

#include <algorithm>

#include "base/strings.h"
#include "volume/claim.h"

namespace scheduler {
namespace {

struct Topology {
  std::string_view key;
  std::string_view successor;  // the label of today, for one of old; "" it is of today
};
constexpr Topology kTopologies[] = {
    {"topology.kubernetes.io/zone", ""},
    {"topology.kubernetes.io/region", ""},
    {"failure-domain.beta.kubernetes.io/zone", "topology.kubernetes.io/zone"},
    {"failure-domain.beta.kubernetes.io/region", "topology.kubernetes.io/region"},
};

struct Demand {
  const Topology* topology;
  std::vector<std::string> values;  // any of them
};

class ZoneJudge final : public Judge {
 public:
  explicit ZoneJudge(std::vector<Demand> demands) : demands_(std::move(demands)) {}

  std::optional<Refusal> filter(const NodeInfo& node) override {
    // A node that says nothing of zones is in a cluster without them.
    if (std::ranges::none_of(kTopologies, [&](auto& one) { return node.label(one.key) != nullptr; })) return {};
    for (const auto& demand : demands_) {
      const std::string* value = node.label(demand.topology->key);
      if (value == nullptr && !demand.topology->successor.empty()) value = node.label(demand.topology->successor);
      if (value == nullptr || std::ranges::find(demand.values, *value) == demand.values.end())
        return Refusal{{"node(s) had no available volume zone"}, false};
    }
    return {};
  }

 private:
  std::vector<Demand> demands_;
};

class VolumeZone final : public Plugin {
 public:
  explicit VolumeZone(const Storage& storage) : storage_(storage) {}
  std::string_view name() const override { return "VolumeZone"; }
  Happening wakers() const override {
    return Happening::NodeAdded | Happening::NodeLabelsChanged | Happening::ClaimChanged | Happening::VolumeChanged |
           Happening::StorageClassChanged;
  }

  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    std::vector<Demand> demands;
    for (const auto& name : pod.claims) {
      auto claim = storage_.claim(pod.key.namespace_, name);
      if (claim == nullptr || claim->spec.volume_name.empty()) continue;
      auto volume = storage_.volume(claim->spec.volume_name);
      if (volume == nullptr) continue;
      for (const auto& topology : kTopologies) {
        auto label = volume->metadata.labels.find(topology.key);
        if (label != volume->metadata.labels.end()) demands.push_back({&topology, zones(label->second)});
      }
    }
    if (demands.empty()) return nullptr;
    return std::make_unique<ZoneJudge>(std::move(demands));
  }

 private:
  // "a__b": in both.
  static std::vector<std::string> zones(std::string_view label) {
    std::vector<std::string> out;
    for (;;) {
      size_t at = label.find("__");
      out.emplace_back(base::trim(label.substr(0, at)));
      if (at == std::string_view::npos) return out;
      label.remove_prefix(at + 2);
    }
  }

  const Storage& storage_;
};

}  // namespace

std::unique_ptr<Plugin> make_volume_zone(const Storage& storage) {
  return std::make_unique<VolumeZone>(storage);
}

}  // namespace scheduler
