// How fast nodes that are not ready may be given up, by how their zone is: Kubernetes documentation, "Nodes", "Rate
// limits on eviction". A failure of the network must not empty a zone; and when nobody is heard any more, it is we who
// are deaf.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "api/core_v1.h"
#include "controller/controller.h"

namespace controller::node_lifecycle {

enum class ZoneState : uint8_t { Normal, PartialDisruption, FullDisruption };

// By how many of the zone's nodes are ready. Pure, as is the next.
ZoneState zone_state(int64_t ready, int64_t not_ready, double unhealthy_threshold);

// Nodes a second that may be given up in a zone of `nodes` nodes; 0: none.
double eviction_rate(ZoneState state, int64_t nodes, const Options& options);

// Region and zone of a node, as one word.
std::string zone_of(const api::core_v1::Node& node);

// The counts of all zones, kept by what nodes become.
class Zones {
 public:
  explicit Zones(const Options& options) : options_(options) {}  // borrowed

  // A node was `before` (null: not there) and is `now` (null: gone). True when what that means for evictions changed.
  bool change(const api::core_v1::Node* before, const api::core_v1::Node* now);

  ZoneState state(const std::string& zone) const;
  double rate(const std::string& zone) const;
  // There are nodes, and none of them is ready.
  bool everything_is_down() const { return ready_ == 0 && !zones_.empty(); }

 private:
  struct Count {
    int64_t ready = 0, not_ready = 0;
  };
  void count(const api::core_v1::Node& node, int64_t by);

  const Options& options_;
  std::map<std::string, Count> zones_;
  int64_t ready_ = 0;  // in all zones
};

}  // namespace controller::node_lifecycle
