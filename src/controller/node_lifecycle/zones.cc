#include "controller/node_lifecycle/zones.h"

#include <algorithm>

#include "base/strings.h"
#include "controller/node_lifecycle/node_lifecycle.h"

namespace controller::node_lifecycle {

namespace {

constexpr int64_t kFewNodes = 2;  // so many that are not ready are no disruption, whatever share they are

}  // namespace

ZoneState zone_state(int64_t ready, int64_t not_ready, double unhealthy_threshold) {
  if (ready == 0 && not_ready > 0) return ZoneState::FullDisruption;
  double share = static_cast<double>(not_ready) / static_cast<double>(std::max<int64_t>(1, ready + not_ready));
  bool disrupted = not_ready > kFewNodes && share >= unhealthy_threshold;
  return disrupted ? ZoneState::PartialDisruption : ZoneState::Normal;
}

double eviction_rate(ZoneState state, int64_t nodes, const Options& options) {
  if (state != ZoneState::PartialDisruption) return options.node_eviction_rate;
  return nodes > options.large_cluster_size ? options.secondary_node_eviction_rate : 0;
}

std::string zone_of(const api::core_v1::Node& node) {
  auto label = [&](std::string_view name, std::string_view former) -> std::string_view {
    for (auto key : {name, former}) {
      auto found = node.metadata.labels.find(std::string(key));
      if (found != node.metadata.labels.end()) return found->second;
    }
    return "";
  };
  return base::cat({label("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region"), "/",
                    label("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")});
}

void Zones::count(const api::core_v1::Node& node, int64_t by) {
  auto zone = zone_of(node);
  auto& count = zones_[zone];
  bool ready = health_of(node) == Health::Ready;
  (ready ? count.ready : count.not_ready) += by;
  if (ready) ready_ += by;
  if (count.ready == 0 && count.not_ready == 0) zones_.erase(zone);
}

bool Zones::change(const api::core_v1::Node* before, const api::core_v1::Node* now) {
  bool was_down = everything_is_down();
  std::map<std::string, ZoneState> states;
  for (const auto* node : {before, now}) {
    if (node != nullptr) states.emplace(zone_of(*node), state(zone_of(*node)));
  }
  if (now != nullptr) count(*now, 1);
  if (before != nullptr) count(*before, -1);
  if (was_down != everything_is_down()) return true;
  for (const auto& [zone, was] : states) {
    if (state(zone) != was) return true;
  }
  return false;
}

ZoneState Zones::state(const std::string& zone) const {
  auto found = zones_.find(zone);
  if (found == zones_.end()) return ZoneState::Normal;
  return zone_state(found->second.ready, found->second.not_ready, options_.unhealthy_zone_threshold);
}

double Zones::rate(const std::string& zone) const {
  auto found = zones_.find(zone);
  int64_t nodes = found == zones_.end() ? 0 : found->second.ready + found->second.not_ready;
  return eviction_rate(state(zone), nodes, options_);
}

}  // namespace controller::node_lifecycle
