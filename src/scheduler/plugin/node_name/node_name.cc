#include "scheduler/plugin/node_name/node_name.h"

namespace scheduler {
namespace {

class NodeNameJudge final : public Judge {
 public:
  explicit NodeNameJudge(const std::string& wanted) : wanted_(wanted) {}
  std::optional<Refusal> filter(const NodeInfo& node) override {
    if (node.name == wanted_) return std::nullopt;
    return Refusal{{"node(s) didn't match the requested node name"}, false};
  }

 private:
  const std::string& wanted_;
};

class NodeName final : public Plugin {
 public:
  std::string_view name() const override { return "NodeName"; }
  Happening wakers() const override { return Happening::NodeAdded; }
  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    if (pod.pod->spec.node_name.empty()) return nullptr;
    return std::make_unique<NodeNameJudge>(pod.pod->spec.node_name);
  }
};

}  // namespace

std::unique_ptr<Plugin> make_node_name() {
  return std::make_unique<NodeName>();
}

}  // namespace scheduler
