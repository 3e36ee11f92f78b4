// The Node that this kubelet writes, worked out from what it knows. Pure. Labels, conditions, reasons and messages as
// upstream's.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/cri.h"
#include "kubelet/node/machine.h"
#include "kubelet/options.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {

inline constexpr std::string_view kKubeletVersion = "v1.36.2";

// Devices of plugins, by resource.
struct DeviceAmounts {
  std::map<std::string, int64_t> capacity;
  std::map<std::string, int64_t> allocatable;
  bool operator==(const DeviceAmounts&) const = default;
};

struct NodeFacts {
  const KubeletOptions& options;
  const Machine& machine;
  ResourceList allocatable;
  std::vector<std::string> addresses;
  std::optional<RuntimeInfo> runtime;  // nothing: it does not answer
  std::string runtime_error;           // why not
  std::vector<cri::Image> images;
  std::set<std::string> pressures;  // "MemoryPressure", ...: conditions that hold
  bool shutting_down = false;
  DeviceAmounts devices = {};
  int64_t now_ns = 0;
};

// A new Node, ready to be created, with its status.
core::Node make_node(const NodeFacts& facts);
// `node` as it is to be written: labels of ours added, status brought up to date. Conditions that stay as they are keep
// the time of their last change.
core::Node update_node(core::Node node, const NodeFacts& facts);
// What became of its conditions, as events name it: "NodeHasDiskPressure", "NodeReady". A new Node has everything to
// say.
std::vector<std::string> condition_changes(const core::Node* before, const core::Node& now);
// Whether somebody added to the capacity, or took from it, and pods may not have it yet or still.
bool has_new_resources(const core::Node& node, const DeviceAmounts& devices = {});
// Whether they differ in more than heartbeats.
bool same_node(const core::Node& a, const core::Node& b);

}  // namespace kubelet
