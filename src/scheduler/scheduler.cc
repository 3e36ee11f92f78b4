#include "scheduler/scheduler.h"

#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "base/strings.h"
#include "client/events.h"
#include "io/loop.h"
#include "scheduler/core/cache.h"
#include "scheduler/core/placement.h"
#include "scheduler/core/queue.h"
#include "scheduler/plugin/list.h"

namespace scheduler {
namespace {

namespace core = api::core_v1;

const core::PodCondition* find_condition(const core::Pod& pod, std::string_view type) {
  for (const auto& condition : pod.status.conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

// A strategic merge patch of one condition; conditions merge by type.
std::string condition_patch(const core::Pod& pod, std::string_view reason, std::string_view message, base::Time now) {
  const auto* old = find_condition(pod, "PodScheduled");
  std::string out = R"({"status":{"conditions":[{"type":"PodScheduled","status":"False","reason":)";
  base::append_json_string(out, reason);
  out += R"(,"message":)";
  base::append_json_string(out, message);
  bool same_status = old && old->status == "False" && !old->last_transition_time.is_zero();
  out += base::cat({R"(,"lastProbeTime":null,"lastTransitionTime":")",
                    base::format_rfc3339(same_status ? old->last_transition_time : now), "\""});
  if (pod.metadata.generation) out += base::cat({R"(,"observedGeneration":)", std::to_string(pod.metadata.generation)});
  return out + "}]}}";
}

Happening difference(const core::Node& before, const core::Node& now) {
  Happening what = Happening::None;
  if (!(before.status.allocatable == now.status.allocatable)) what = what | Happening::NodeResourcesChanged;
  if (before.metadata.labels != now.metadata.labels) what = what | Happening::NodeLabelsChanged;
  if (!(before.spec.taints == now.spec.taints) || before.spec.unschedulable != now.spec.unschedulable) {
    what = what | Happening::NodeTaintsChanged;
  }
  return what;
}

}  // namespace

struct Scheduler::State {
  State(SchedulerOptions given, client::Client given_client, client::Cache<core::Pod>& given_pods,
        client::Cache<core::Node>& given_nodes, base::Clock& given_clock, base::Random& random)
      : options(std::move(given)),
        client(given_client),
        pods(given_pods),
        nodes(given_nodes),
        clock(given_clock),
        queue(clock),
        placer(default_plugins(), random),
        events(given_client, clock, random, options.name) {
    nodes.add_listener([this](const client::Key& key, const core::Node* before, const core::Node* now) {
      node_changed(key, before, now);
    });
    pods.add_listener([this](const client::Key& key, const core::Pod* before, const core::Pod* now) {
      pod_changed(key, before, now);
    });
  }

  bool is_ours(const core::Pod& pod) const {
    return pod.spec.node_name.empty() && pod.spec.scheduler_name == options.name &&
           pod.metadata.deletion_timestamp.is_zero() && pod.spec.scheduling_gates.empty() && !has_ended(pod);
  }
  static bool is_placed(const core::Pod& pod) { return !pod.spec.node_name.empty() && !has_ended(pod); }

  void node_changed(const client::Key& key, const core::Node* before, const core::Node* now) {
    if (now == nullptr) {
      cache.remove_node(key.name);
      return;
    }
    cache.put_node(std::make_shared<const core::Node>(*now));
    Happening what = before == nullptr ? Happening::NodeAdded : difference(*before, *now);
    if (what != Happening::None) queue.happened(what);
  }

  void pod_changed(const client::Key& key, const core::Pod* before, const core::Pod* now) {
    if (now && is_placed(*now)) {
      queue.remove(key);
      bool is_news = !before || !is_placed(*before) || before->metadata.labels != now->metadata.labels;
      if (is_news || !(before->spec == now->spec)) {
        cache.put_pod(make_pod_info(std::make_shared<const core::Pod>(*now), false));
        queue.happened(Happening::PodAdded);
      }
      return;
    }
    if (before && is_placed(*before)) {
      cache.remove_pod(key);
      queue.happened(Happening::PodRemoved);
    }
    if (now && is_ours(*now)) {
      if (cache.is_assumed(key)) return;  // being bound
      queue.put(make_pod_info(std::make_shared<const core::Pod>(*now), true));
    } else {
      queue.remove(key);
      cache.forget(key);
    }
  }

  void schedule(Queue::Entry entry) {
    const core::Pod& pod = *entry.pod->pod;
    Placement placement = placer.place(*entry.pod, cache);
    if (placement.node.empty()) {
      queue.put_back(entry, placement.wakers, false);
      scope.spawn(report_unschedulable(entry.pod->pod, std::move(placement.message)));
      return;
    }
    auto placed = std::make_shared<PodInfo>(*entry.pod);
    placed->node = placement.node;
    if (!pod.spec.affinity || !(pod.spec.affinity->pod_affinity || pod.spec.affinity->pod_anti_affinity))
      placed->pod = nullptr;
    cache.assume(placed);
    ++binding;
    scope.spawn(bind(std::move(entry), placement.node));
  }

  io::Task<void> bind(Queue::Entry entry, std::string node) {
    auto pod = entry.pod->pod;
    core::Binding binding_body;
    binding_body.metadata.namespace_ = pod->metadata.namespace_;
    binding_body.metadata.name = pod->metadata.name;
    binding_body.metadata.uid = pod->metadata.uid;
    binding_body.target.kind = "Node";
    binding_body.target.name = node;
    auto bound = co_await client.post<core::Pod>(pod->metadata.namespace_, pod->metadata.name, "binding",
                                                 std::move(binding_body));
    --binding;
    binding_ended.set();
    if (bound) {
      queue.done(entry.pod->key);
      events.record(
          client::EventRecorder::reference(*pod), client::EventType::Normal, "Scheduled",
          base::cat({"Successfully assigned ", pod->metadata.namespace_, "/", pod->metadata.name, " to ", node}));
      co_return;
    }
    cache.forget(entry.pod->key);
    queue.happened(Happening::PodRemoved);
    if (bound.error().code() == base::Code::NotFound) {
      queue.remove(entry.pod->key);  // deleted meanwhile; if it lives, the cache will say so again
      co_return;
    }
    LOG_WARNING("Pod could not be bound", {"pod", entry.pod->key.text()}, {"node", node},
                {"err", bound.error().message()});
    // A conflict or a refusal says that the pod has changed; otherwise the next try may do.
    queue.put_back(std::move(entry), Happening::All, true);
  }

  io::Task<void> report_unschedulable(std::shared_ptr<const core::Pod> pod, std::string message) {
    events.record(client::EventRecorder::reference(*pod), client::EventType::Warning, "FailedScheduling", message);
    const auto* old = find_condition(*pod, "PodScheduled");
    if (old && old->status == "False" && old->reason == "Unschedulable" && old->message == message) co_return;
    auto patch = condition_patch(*pod, "Unschedulable", message, base::Time::from_ns(clock.wall_ns()));
    auto patched = co_await client.patch<core::Pod>(pod->metadata.namespace_, pod->metadata.name,
                                                    client::PatchType::Strategic, std::move(patch), "status");
    if (!patched && patched.error().code() != base::Code::NotFound) {
      LOG_WARNING("Pod condition could not be written",
                  {"pod", base::cat({pod->metadata.namespace_, "/", pod->metadata.name})},
                  {"err", patched.error().message()});
    }
  }

  SchedulerOptions options;
  client::Client client;
  client::Cache<core::Pod>& pods;
  client::Cache<core::Node>& nodes;
  base::Clock& clock;
  Cache cache;
  Queue queue;
  Placer placer;
  client::EventRecorder events;
  int binding = 0;
  io::Event binding_ended;
  io::Scope scope;  // last: its tasks refer to all above
};

Scheduler::Scheduler(SchedulerOptions options, client::Client client, client::Cache<core::Pod>& pods,
                     client::Cache<core::Node>& nodes, base::Clock& clock, base::Random& random)
    : state_(std::make_unique<State>(std::move(options), std::move(client), pods, nodes, clock, random)) {}
Scheduler::~Scheduler() = default;

io::Task<void> Scheduler::run() {
  State& state = *state_;
  state.scope.spawn(state.events.run());
  co_await state.nodes.wait_synced();
  co_await state.pods.wait_synced();
  int streak = 0;
  for (;;) {
    while (state.binding >= state.options.bindings_max) {
      state.binding_ended.reset();
      co_await state.binding_ended.wait();
    }
    auto entry = co_await state.queue.take();
    state.schedule(std::move(entry));
    // Let the loop's other work in now and then.
    constexpr int kStreakMax = 16;
    if (++streak >= kStreakMax) {
      streak = 0;
      co_await io::sleep(io::Duration(0));
    }
  }
}

}  // namespace scheduler
