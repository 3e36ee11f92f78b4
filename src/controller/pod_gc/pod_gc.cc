#include "controller/pod_gc/pod_gc.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/time.h"
#include "client/queue.h"
#include "controller/common/ownership.h"
#include "controller/common/removal.h"

namespace controller {
namespace {

using api::core_v1::Node;
using api::core_v1::Pod;
using base::Code;
using base::Result;
using client::Key;

// A node that is gone may be about to come back under its name.
constexpr io::Duration kQuarantine = std::chrono::seconds(40);

constexpr std::string_view kOutOfService = "node.kubernetes.io/out-of-service";

// A person has said that nothing runs there any more, and it does not speak against it. Kubernetes documentation, "Node
// Shutdowns", "Non-graceful node shutdown".
bool is_out_of_service(const Node& node) {
  bool said = std::ranges::any_of(node.spec.taints, [](const auto& taint) { return taint.key == kOutOfService; });
  bool ready = std::ranges::any_of(node.status.conditions,
                                   [](const auto& one) { return one.type == "Ready" && one.status == "True"; });
  return said && !ready;
}

}  // namespace

std::vector<PodPointer> surplus_of_ended(std::vector<PodPointer> pods, int threshold) {
  if (threshold <= 0) return {};
  std::erase_if(pods, [](const PodPointer& pod) { return !is_terminal(*pod) || is_being_deleted(pod->metadata); });
  if (pods.size() <= static_cast<size_t>(threshold)) return {};
  std::sort(pods.begin(), pods.end(), [](const PodPointer& a, const PodPointer& b) {
    bool a_stays = a->status.reason != "Evicted", b_stays = b->status.reason != "Evicted";
    return std::tie(a_stays, a->metadata.creation_timestamp, a->metadata.name) <
           std::tie(b_stays, b->metadata.creation_timestamp, b->metadata.name);
  });
  pods.resize(pods.size() - static_cast<size_t>(threshold));
  return pods;
}

namespace {

class PodGc final : public Controller {
 public:
  explicit PodGc(Context& context)
      : context_(context), nodes_(context.caches.of<Node>()), pods_(pods_of(context.caches)), queue_(context.random) {
    nodes_.add_listener([this](const Key& key, const Node*, const Node* now) {
      if (now == nullptr) queue_.add_after({"node", key.name}, kQuarantine);
      if (now != nullptr && is_out_of_service(*now)) queue_.add({"lost", key.name});
    });
    pods_.add_listener([this](const Key& key, const Pod* before, const Pod* now) {
      ended_ += (now != nullptr && is_terminal(*now) ? 1 : 0) - (before != nullptr && is_terminal(*before) ? 1 : 0);
      int threshold = context_.options.terminated_pod_gc_threshold;
      if (threshold > 0 && ended_ > threshold) queue_.add({"ended", ""});
      if (now == nullptr) return;
      if (is_being_deleted(now->metadata) && now->spec.node_name.empty())
        queue_.add({"pod/" + key.namespace_, key.name});
      if (is_being_deleted(now->metadata) && !now->spec.node_name.empty()) {
        auto node = nodes_.get("", now->spec.node_name);
        if (node && is_out_of_service(*node)) queue_.add({"lost", now->spec.node_name});
      }
      bool newly_bound = !now->spec.node_name.empty() && (before == nullptr || before->spec.node_name.empty());
      if (newly_bound && nodes_.synced() && !nodes_.get("", now->spec.node_name))
        queue_.add_after({"node", now->spec.node_name}, kQuarantine);
    });
  }

  io::Task<void> run() override {
    co_await nodes_.wait_synced();
    co_await pods_.wait_synced();
    // Nodes that went before we looked.
    std::set<std::string> missing;
    for (const PodPointer& pod : pods_.list()) {
      if (!pod->spec.node_name.empty() && !nodes_.get("", pod->spec.node_name)) missing.insert(pod->spec.node_name);
    }
    for (const std::string& node : missing) queue_.add_after({"node", node}, kQuarantine);
    co_await client::run_workers("pod-garbage-collector", queue_, 1,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    if (key.namespace_ == "node") co_return co_await forget_node(key.name);
    if (key.namespace_ == "lost") co_return co_await forget_pods_of_lost(key.name);
    if (key.namespace_ == "ended") {
      for (const PodPointer& pod : surplus_of_ended(pods_.list(), context_.options.terminated_pod_gc_threshold)) {
        CO_TRY(co_await force(pod, ""));
      }
      co_return {};
    }
    PodPointer pod = pods_.get(key.namespace_.substr(4), key.name);
    if (!pod || !is_being_deleted(pod->metadata) || !pod->spec.node_name.empty()) co_return {};
    co_return co_await force(pod, "");
  }

  io::Task<Result<void>> forget_node(std::string name) {
    if (nodes_.get("", name)) co_return {};
    auto node = co_await context_.client.get<Node>("", name);
    if (node) co_return {};
    if (node.error().code() != Code::NotFound) co_return base::fail(node.error());
    for (const PodPointer& pod : pods_.by_index("node", name))
      CO_TRY(co_await force(pod, "PodGC: node no longer exists"));
    co_return {};
  }

  // Nobody is there to say that they have ended.
  io::Task<Result<void>> forget_pods_of_lost(std::string name) {
    for (const PodPointer& pod : pods_.by_index("node", name)) {
      auto node = nodes_.get("", name);
      if (!node || !is_out_of_service(*node)) co_return {};
      if (is_being_deleted(pod->metadata)) CO_TRY(co_await force(pod, ""));
    }
    co_return {};
  }

  // Gone at once. With a `reason` the pod is marked first as failed by us.
  io::Task<Result<void>> force(PodPointer pod, std::string reason) {
    LOG_INFO("PodGC is force deleting Pod", {"pod", pod->metadata.namespace_ + "/" + pod->metadata.name});
    if (!is_terminal(*pod)) {
      // A patch, and of nothing but the status: that is what its role lets it do.
      std::string patch = R"({"metadata":{"uid":)";
      base::append_json_string(patch, pod->metadata.uid);
      patch += R"(},"status":{"phase":"Failed")";
      if (!reason.empty()) {
        patch += R"(,"conditions":[{"type":"DisruptionTarget","status":"True","reason":"DeletionByPodGC","message":)";
        base::append_json_string(patch, reason);
        patch += base::cat({R"(,"lastTransitionTime":")", base::format_rfc3339(context_.now()), R"("}])"});
      }
      auto updated = co_await context_.client.patch<Pod>(pod->metadata.namespace_, pod->metadata.name,
                                                         client::PatchType::Strategic, patch + "}}", "status");
      if (!updated && updated.error().code() == Code::NotFound) co_return {};
      if (!updated) co_return base::fail(updated.error());
    }
    client::DeleteOptions options;
    options.grace_period_seconds = 0;
    CO_TRY(co_await remove_exactly(context_.client, pod, std::move(options)));
    co_return {};
  }

  Context& context_;
  client::Cache<Node>& nodes_;
  client::Cache<Pod>& pods_;
  int64_t ended_ = 0;
  client::Queue queue_;
};

}  // namespace

std::unique_ptr<Controller> make_pod_gc_controller(Context& context) {
  return std::make_unique<PodGc>(context);
}

}  // namespace controller
