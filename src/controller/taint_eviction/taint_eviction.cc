#include "controller/taint_eviction/taint_eviction.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "client/events.h"
#include "client/queue.h"
#include "controller/common/disrupt.h"
#include "controller/common/ownership.h"
#include "controller/common/pods.h"
#include "placement/toleration.h"

namespace controller {
namespace {

using api::core_v1::Node;
using api::core_v1::Pod;
using api::core_v1::Taint;
using api::core_v1::Toleration;
using base::Result;
using client::Key;

bool has_no_execute(const std::vector<Taint>& taints) {
  return std::any_of(taints.begin(), taints.end(), [](const Taint& taint) { return taint.effect == "NoExecute"; });
}

}  // namespace

std::optional<base::Time> eviction_time(const Pod& pod, const std::vector<Taint>& taints, base::Time seen) {
  std::optional<base::Time> leave;
  for (const Taint& taint : taints) {
    if (taint.effect != "NoExecute") continue;
    // The least patient of the tolerations that match; one without seconds is for ever.
    bool tolerated = false;
    std::optional<int64_t> seconds;
    for (const Toleration& toleration : pod.spec.tolerations) {
      if (!placement::tolerates(toleration, taint)) continue;
      tolerated = true;
      if (!toleration.toleration_seconds) continue;
      int64_t patience = std::max<int64_t>(0, *toleration.toleration_seconds);
      if (!seconds || patience < *seconds) seconds = patience;
    }
    if (tolerated && !seconds) continue;
    base::Time since = taint.time_added.is_zero() || !tolerated ? seen : taint.time_added;
    base::Time until{since.seconds + seconds.value_or(0), since.nanos};
    if (!leave || until < *leave) leave = until;
  }
  return leave;
}

namespace {

class TaintEviction final : public Controller {
 public:
  explicit TaintEviction(Context& context)
      : context_(context),
        nodes_(context.caches.of<Node>()),
        pods_(pods_of(context.caches)),
        queue_(context.random),
        events_(context.client, context.clock, context.random, "taint-eviction-controller") {
    nodes_.add_listener([this](const Key& key, const Node* before, const Node* now) {
      if (now == nullptr || (before != nullptr && before->spec.taints == now->spec.taints)) return;
      if (!has_no_execute(now->spec.taints) && (before == nullptr || !has_no_execute(before->spec.taints))) return;
      for (const PodPointer& pod : pods_.by_index("node", key.name))
        queue_.add({pod->metadata.namespace_, pod->metadata.name});
    });
    pods_.add_listener([this](const Key& key, const Pod* before, const Pod* now) {
      if (now == nullptr) seen_.erase(key);
      if (now == nullptr || now->spec.node_name.empty()) return;
      if (before != nullptr && before->spec.node_name == now->spec.node_name &&
          before->spec.tolerations == now->spec.tolerations)
        return;
      queue_.add(key);
    });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await nodes_.wait_synced();
    co_await pods_.wait_synced();
    co_await client::run_workers("taint-eviction", queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    PodPointer pod = pods_.get(key);
    if (!pod || is_being_deleted(pod->metadata)) co_return {};
    auto node = nodes_.get("", pod->spec.node_name);
    if (!node) co_return {};
    auto& [uid, seen] = seen_.try_emplace(key, pod->metadata.uid, context_.now()).first->second;
    if (uid != pod->metadata.uid) std::tie(uid, seen) = std::tuple(pod->metadata.uid, context_.now());
    auto leave = eviction_time(*pod, node->spec.taints, seen);
    if (!leave) {
      seen_.erase(key);
      co_return {};
    }
    if (*leave > context_.now()) {
      queue_.add_after(key, io::Duration(leave->to_ns() - context_.clock.wall_ns()));
      co_return {};
    }
    events_.record(client::EventRecorder::reference(*pod), client::EventType::Normal, "TaintManagerEviction",
                   "Marking for deletion Pod " + key.text());
    co_return co_await disrupt(context_.client, *pod, "DeletionByTaintManager",
                               "Taint manager: deleting due to NoExecute taint", context_.now());
  }

  Context& context_;
  client::Cache<Node>& nodes_;
  client::Cache<Pod>& pods_;
  client::Queue queue_;
  client::EventRecorder events_;
  std::map<Key, std::pair<std::string, base::Time>> seen_;  // uid; when it was first found that it has to leave
};

}  // namespace

std::unique_ptr<Controller> make_taint_eviction_controller(Context& context) {
  return std::make_unique<TaintEviction>(context);
}

}  // namespace controller
