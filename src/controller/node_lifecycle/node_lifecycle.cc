#include "controller/node_lifecycle/node_lifecycle.h"

#include <algorithm>
#include <map>

#include "api/coordination_k8s_io_v1.h"
#include "base/log.h"
#include "base/strings.h"
#include "client/events.h"
#include "client/queue.h"
#include "controller/common/ownership.h"
#include "controller/common/pods.h"
#include "controller/node_lifecycle/zones.h"
#include "schema/json.h"

namespace controller {
namespace {

using api::coordination_k8s_io_v1::Lease;
using api::core_v1::Node;
using api::core_v1::Pod;
using base::Code;
using base::Result;
using client::EventRecorder;
using client::EventType;
using client::Key;
using node_lifecycle::Eviction;
using node_lifecycle::Health;

constexpr std::string_view kName = "node-controller";

// When we last heard of a node, on our own clock: those of nodes are not compared with it.
struct Heard {
  int64_t since_ns = 0;
  bool ever = false;  // a heartbeat, or only of the node's creation
};

class NodeLifecycle final : public Controller {
 public:
  explicit NodeLifecycle(Context& context)
      : context_(context),
        nodes_(context.caches.of<Node>()),
        pods_(pods_of(context.caches)),
        leases_(context.reader, {}, "kube-node-lease"),
        zones_(context.options),
        queue_(context.random),
        events_(context.client, context.clock, context.random, std::string(kName)) {
    nodes_.add_listener(
        [this](const Key& key, const Node* before, const Node* now) { node_changed(key, before, now); });
    leases_.add_listener([this](const Key& key, const Lease* before, const Lease* now) {
      if (now == nullptr || (before != nullptr && before->spec.renew_time == now->spec.renew_time)) return;
      auto heard = heard_.find(key.name);
      if (heard == heard_.end()) return;
      bool first = !heard->second.ever;
      heard->second = {context_.clock.monotonic_ns(), true};
      if (first) queue_.add({"", key.name});
    });
    // A pod that appears on a silent node is not ready either.
    pods_.add_listener([this](const Key&, const Pod* before, const Pod* now) {
      if (now == nullptr || now->spec.node_name.empty() || !is_ready(*now)) return;
      auto node = nodes_.get("", now->spec.node_name);
      if (node && node_lifecycle::health_of(*node) != Health::Ready) queue_.add({"", now->spec.node_name});
    });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await nodes_.wait_synced();
    co_await pods_.wait_synced();
    scope.spawn(leases_.run());
    co_await leases_.wait_synced();
    co_await client::run_workers("node-lifecycle", queue_, 1, [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  static base::Time heartbeat(const Node* node) {
    base::Time newest;
    if (node == nullptr) return newest;
    for (const auto& condition : node->status.conditions) {
      if (condition.type == "Ready" && condition.status != "Unknown") newest = condition.last_heartbeat_time;
    }
    return newest;
  }

  static api::core_v1::ObjectReference reference(const Node& node) {
    auto reference = EventRecorder::reference(node);
    reference.uid = node.metadata.uid;
    return reference;
  }

  void node_changed(const Key& key, const Node* before, const Node* now) {
    bool were_all_down = zones_.everything_is_down();
    if (zones_.change(before, now)) look_at_all(were_all_down);
    if (now == nullptr) {
      heard_.erase(key.name);
      evicting_.erase(key.name);
      events_.record(reference(*before), EventType::Normal, "RemovingNode",
                     base::cat({"Node ", key.name, " event: Removing Node ", key.name, " from Controller"}));
      return;
    }
    auto [heard, fresh] = heard_.try_emplace(key.name);
    if (fresh) {
      events_.record(reference(*now), EventType::Normal, "RegisteredNode",
                     base::cat({"Node ", key.name, " event: Registered Node ", key.name, " in Controller"}));
    }
    bool spoke = !heartbeat(now).is_zero() && (before == nullptr || heartbeat(before) != heartbeat(now));
    if (fresh || spoke) heard->second = {context_.clock.monotonic_ns(), heard->second.ever || spoke};
    bool relevant = fresh || before == nullptr || before->status.conditions != now->status.conditions ||
                    before->spec.taints != now->spec.taints || before->spec.unschedulable != now->spec.unschedulable;
    if (relevant) queue_.add(key);
  }

  // Nodes of a zone are given up one at a time, so that a failure of the network does not empty it.
  Eviction eviction_of(const Node& node) {
    const auto& name = node.metadata.name;
    if (zones_.everything_is_down()) {
      evicting_.erase(name);
      return Eviction::Never;
    }
    if (evicting_.contains(name)) return Eviction::Now;
    auto zone = node_lifecycle::zone_of(node);
    double rate = zones_.rate(zone);
    if (rate <= 0) return Eviction::Later;  // looked at again when the zone's state changes
    int64_t now_ns = context_.clock.monotonic_ns();
    int64_t& next_ns = next_eviction_ns_[zone];
    // A rate that has risen meanwhile counts at once.
    next_ns = std::min(next_ns, now_ns + static_cast<int64_t>(1e9 / rate));
    if (now_ns < next_ns) {
      queue_.add_after({"", name}, io::Duration(next_ns - now_ns));
      return Eviction::Later;
    }
    next_ns = now_ns + static_cast<int64_t>(1e9 / rate);
    evicting_.insert(name);
    return Eviction::Now;
  }

  // What is right for nodes that are not ready may be something else now. When nobody was heard for a while, all get
  // another grace period.
  void look_at_all(bool were_all_down) {
    bool hear_again = were_all_down && !zones_.everything_is_down();
    for (const auto& node : nodes_.list()) {
      auto heard = heard_.find(node->metadata.name);
      if (hear_again && heard != heard_.end()) heard->second.since_ns = context_.clock.monotonic_ns();
      if (node_lifecycle::health_of(*node) != Health::Ready) queue_.add({"", node->metadata.name});
    }
  }

  io::Task<Result<void>> reconcile(Key key) {
    auto node = nodes_.get(key);
    auto known = heard_.find(key.name);
    if (!node || known == heard_.end()) co_return {};
    const Heard heard = known->second;  // a node may go while it is written to
    int64_t grace =
        heard.ever ? context_.options.node_monitor_grace_period : context_.options.node_startup_grace_period;
    int64_t left_ns = heard.since_ns + grace * 1'000'000'000 - context_.clock.monotonic_ns();
    if (left_ns > 0) {
      queue_.add_after(key, io::Duration(left_ns));
    } else {
      Node silent = *node;
      if (node_lifecycle::mark_silent(silent, !heard.ever, context_.now())) {
        LOG_WARNING("Node is silent", {"node", key.name});
        // The change brings us here again, for the taints.
        CO_TRY(co_await context_.client.update_status(std::move(silent)));
        co_return {};
      }
    }
    Health health = node_lifecycle::health_of(*node);
    if (health == Health::Ready) evicting_.erase(key.name);
    auto eviction = health == Health::Ready ? Eviction::Never : eviction_of(*node);
    auto taints = node_lifecycle::taints_of(*node, eviction, context_.now());
    if (!same(taints, node->spec.taints)) CO_TRY(co_await set_taints(node, std::move(taints)));
    // A node that was never ready has no pods that were.
    if (health == Health::Ready || !heard.ever) co_return {};
    co_return co_await mark_pods(node);
  }

  static bool same(std::vector<api::core_v1::Taint> a, std::vector<api::core_v1::Taint> b) {
    auto order = [](const auto& x, const auto& y) { return std::tie(x.key, x.effect) < std::tie(y.key, y.effect); };
    std::sort(a.begin(), a.end(), order);
    std::sort(b.begin(), b.end(), order);
    return a == b;
  }

  io::Task<Result<void>> set_taints(std::shared_ptr<const Node> node, std::vector<api::core_v1::Taint> taints) {
    std::string patch = base::cat({R"({"metadata":{"uid":")", node->metadata.uid, R"(","resourceVersion":")",
                                   node->metadata.resource_version, R"("},"spec":{"taints":[)"});
    for (size_t i = 0; i < taints.size(); i++) {
      if (i > 0) patch += ",";
      schema::append_json(patch, api::core_v1::Taint::kType, &taints[i]);
    }
    CO_TRY(co_await context_.client.patch<Node>("", node->metadata.name, client::PatchType::Merge, patch + "]}}"));
    co_return {};
  }

  io::Task<Result<void>> mark_pods(std::shared_ptr<const Node> node) {
    for (const PodPointer& pod : pods_.by_index("node", node->metadata.name)) {
      if (!is_ready(*pod)) continue;
      Pod changed = *pod;
      for (auto& condition : changed.status.conditions) {
        if (condition.type != "Ready") continue;
        condition.status = "False";
        condition.last_transition_time = context_.now();
      }
      auto updated = co_await context_.client.update_status(std::move(changed));
      if (!updated && updated.error().code() != Code::NotFound) co_return base::fail(updated.error());
      events_.record(EventRecorder::reference(*pod), EventType::Warning, "NodeNotReady", "Node is not ready");
    }
    co_return {};
  }

  Context& context_;
  client::Cache<Node>& nodes_;
  client::Cache<Pod>& pods_;
  client::Cache<Lease> leases_;
  std::map<std::string, Heard> heard_;
  std::set<std::string> evicting_;                   // nodes given up
  std::map<std::string, int64_t> next_eviction_ns_;  // by zone
  node_lifecycle::Zones zones_;
  client::Queue queue_;
  EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_node_lifecycle_controller(Context& context) {
  return std::make_unique<NodeLifecycle>(context);
}

}  // namespace controller
