#include "scheduler/plugin/node_ports/node_ports.h"

#include <algorithm>

namespace scheduler {
namespace {

class PortsJudge final : public Judge {
 public:
  explicit PortsJudge(const std::vector<HostPort>& wanted) : wanted_(wanted) {}
  std::optional<Refusal> filter(const NodeInfo& node) override {
    bool taken = std::any_of(wanted_.begin(), wanted_.end(), [&](const auto& port) { return node.is_taken(port); });
    if (!taken) return std::nullopt;
    return Refusal{{"node(s) didn't have free ports for the requested pod ports"}, true};
  }

 private:
  const std::vector<HostPort>& wanted_;
};

class NodePorts final : public Plugin {
 public:
  std::string_view name() const override { return "NodePorts"; }
  Happening wakers() const override { return Happening::NodeAdded | Happening::PodRemoved; }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    if (pod.ports.empty()) return nullptr;
    return std::make_unique<PortsJudge>(pod.ports);
  }
};

}  // namespace

std::unique_ptr<Plugin> make_node_ports() {
  return std::make_unique<NodePorts>();
}

}  // namespace scheduler
