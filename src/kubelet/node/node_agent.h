// Keeps this node's Node and its lease: registers it, and writes its status when it changes and every five minutes.
// The Kubernetes documentation, "Nodes", "Heartbeats". One loop.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "client/cache.h"
#include "client/client.h"
#include "io/loop.h"
#include "kubelet/node/machine.h"
#include "kubelet/node/node_object.h"
#include "kubelet/options.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {

class NodeAgent {
 public:
  // Borrowed: runtime, options, machine.
  NodeAgent(client::Client client, Runtime& runtime, const KubeletOptions& options, const Machine& machine,
            ResourceList allocatable, std::vector<std::string> addresses);
  ~NodeAgent();
  NodeAgent(const NodeAgent&) = delete;

  // Until cancelled.
  io::Task<void> run();
  // Null before it was registered.
  std::shared_ptr<const core::Node> node() const;
  // Told what the runtime says of itself whenever it was asked.
  void on_runtime(std::function<void(const RuntimeInfo& runtime)> told) { told_of_runtime_ = std::move(told); }
  // Called when the Node changes: its pod range, for one.
  void on_change(std::function<void(const core::Node&)> changed) { changed_ = std::move(changed); }
  // Called when a condition changed, with its event: "NodeReady", "NodeHasDiskPressure".
  void on_condition(std::function<void(const std::string& event)> changed) { condition_changed_ = std::move(changed); }
  // Called when the node's object tells of another boot of the machine than this one.
  void on_reboot(std::function<void()> rebooted) { rebooted_ = std::move(rebooted); }
  // Asked at each look.
  void ask_pressures(std::function<std::set<std::string>()> ask) { pressures_ = std::move(ask); }
  void ask_devices(std::function<DeviceAmounts()> ask) { devices_ = std::move(ask); }
  void ask_shutting_down(std::function<bool()> ask) { shutting_down_ = std::move(ask); }
  // Looks at once instead of in some seconds: the runtime came or went.
  void look_now() { wake_.set(); }
  bool ready() const { return ready_; }

 private:
  io::Task<void> keep_status();
  io::Task<base::Result<void>> write(const NodeFacts& facts);
  io::Task<NodeFacts> gather(bool with_images);

  client::Client client_;
  Runtime& runtime_;
  const KubeletOptions& options_;
  const Machine& machine_;
  ResourceList allocatable_;
  std::vector<std::string> addresses_;
  std::function<void(const core::Node&)> changed_;
  std::function<void(const RuntimeInfo&)> told_of_runtime_ = [](const RuntimeInfo&) {};
  std::function<void(const std::string&)> condition_changed_ = [](const std::string&) {};
  std::function<void()> rebooted_ = [] {};
  std::function<std::set<std::string>()> pressures_ = [] { return std::set<std::string>(); };
  std::function<DeviceAmounts()> devices_ = [] { return DeviceAmounts(); };
  std::function<bool()> shutting_down_ = [] { return false; };
  client::Cache<core::Node> cache_;
  std::vector<cri::Image> images_;
  std::optional<core::Node> told_;  // as of which events were recorded
  bool registered_ = false;
  bool ready_ = false;
  bool has_news_ = false;  // in the Node, that its status has to follow
  int64_t written_ns_ = 0;
  io::Event wake_;
  io::Scope scope_;
};

}  // namespace kubelet
