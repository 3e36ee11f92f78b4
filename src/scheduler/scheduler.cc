#include "scheduler/scheduler.h"

#include <algorithm>

#include "api/policy_v1.h"
#include "base/log.h"
#include "base/strings.h"
#include "client/events.h"
#include "io/loop.h"
#include "scheduler/core/cache.h"
#include "scheduler/core/condition.h"
#include "scheduler/core/nominations.h"
#include "scheduler/core/placement.h"
#include "scheduler/core/preemption.h"
#include "scheduler/core/queue.h"
#include "scheduler/evictor.h"
#include "scheduler/plugin/list.h"

namespace scheduler {
namespace {

namespace core = api::core_v1;

Happening difference(const core::Node& before, const core::Node& now) {
  Happening what = Happening::None;
  if (!(before.status.allocatable == now.status.allocatable)) what = what | Happening::NodeResourcesChanged;
  if (before.metadata.labels != now.metadata.labels) what = what | Happening::NodeLabelsChanged;
  if (!(before.spec.taints == now.spec.taints) || before.spec.unschedulable != now.spec.unschedulable) {
    what = what | Happening::NodeTaintsChanged;
  }
  if (before.status.declared_features != now.status.declared_features) what = what | Happening::NodeFeaturesChanged;
  return what;
}

// A profile at work.
struct Desk {
  Desk(Profile given, PluginServices services, client::Client client, base::Clock& clock, base::Random& random)
      : profile(std::move(given)),
        placer(make_plugins(profile, services), random, profile.nodes_share),
        events(client, clock, random, profile.name),
        evictor(client, events, clock) {}

  bool reserves(const PodInfo& pod) const {
    return std::ranges::any_of(placer.plugins(), [&](auto& plugin) { return plugin->reserves(pod); });
  }

  const Profile profile;
  Placer placer;
  client::EventRecorder events;
  Evictor evictor;
};

}  // namespace

struct Scheduler::State {
  State(SchedulerOptions given, client::Client given_client, client::Cache<core::Pod>& given_pods,
        client::Cache<core::Node>& given_nodes, base::Clock& given_clock, base::Random& given_random)
      : options(std::move(given)),
        client(given_client),
        pods(given_pods),
        nodes(given_nodes),
        namespaces(given_client),
        budgets(given_client),
        clock(given_clock),
        random(given_random),
        queue(clock, options.back_off),
        storage(given_client),
        devices(given_client) {
    PluginServices services{
        .client = &client, .storage = &storage, .devices = &devices, .clock = &clock, .random = &random};
    for (auto& profile : options.profiles) {
      std::string name = profile.name;
      desks[name] = std::make_unique<Desk>(std::move(profile), services, client, clock, random);
    }
    namespaces.add_listener([this](const client::Key& key, const core::Namespace*, const core::Namespace* now) {
      if (now) {
        cache.put_namespace(key.name, now->metadata.labels);
      } else {
        cache.remove_namespace(key.name);
      }
    });
    nodes.add_listener([this](const client::Key& key, const core::Node* before, const core::Node* now) {
      node_changed(key, before, now);
    });
    pods.add_follower([this](const client::Key& key, const core::Pod* now) { pod_changed(key, now); });
    storage.on_change([this](Happening what) { queue.happened(what); });
    devices.on_change([this](Happening what) { queue.happened(what); });
  }

  // Null: another scheduler's.
  Desk* desk_of(const core::Pod& pod) const {
    auto found = desks.find(pod.spec.scheduler_name);
    return found == desks.end() ? nullptr : found->second.get();
  }
  bool is_ours(const core::Pod& pod) const {
    if (!pod.spec.node_name.empty() || !pod.metadata.deletion_timestamp.is_zero() || has_ended(pod)) return false;
    const Desk* desk = desk_of(pod);
    return desk != nullptr && (pod.spec.scheduling_gates.empty() || !desk->profile.heeds_gates);
  }
  static bool is_placed(const core::Pod& pod) { return !pod.spec.node_name.empty() && !has_ended(pod); }

  void node_changed(const client::Key& key, const core::Node* before, const core::Node* now) {
    if (now == nullptr) {
      cache.remove_node(key.name);
      return;
    }
    cache.put_node(*now);
    Happening what = before == nullptr ? Happening::NodeAdded : difference(*before, *now);
    if (what != Happening::None) queue.happened(what);
  }

  // What was before is in our own cache and queue.
  void pod_changed(const client::Key& key, const core::Pod* now) {
    if (now && is_placed(*now)) {
      queue.remove(key);
      nominations.remove(key);
      auto info = make_pod_info(*now);
      PodInfoRef before = cache.seen(key);
      bool is_news = !before || !count_alike(*before, *info);
      if (is_news || before->started != info->started) cache.put_pod(info);
      if (is_news) queue.happened(Happening::PodAdded);
      return;
    }
    if (cache.seen(key)) {
      cache.remove_pod(key);
      queue.happened(Happening::PodRemoved);
    }
    if (now && is_ours(*now)) {
      if (cache.is_assumed(key)) return;  // being bound
      auto info = make_pod_info(*now);
      PodInfoRef before = queue.find(key);
      if (!info->nominated.empty()) {
        nominations.put(info, info->nominated);
      } else if (before && !before->nominated.empty()) {
        nominations.remove(key);
      }
      bool is_other = before && before->wish_hash != info->wish_hash;
      queue.put(std::move(info));
      // Also while it is being tried: the claims it waited for may have been made.
      if (is_other) queue.happened(Happening::DeviceClaimChanged);
    } else {
      queue.remove(key);
      cache.forget(key);
      if (!nominations.node_of(key).empty()) {
        nominations.remove(key);
        queue.happened(Happening::PodRemoved);  // what was kept for it is free
      }
    }
  }

  void schedule(Queue::Entry entry) {
    auto object = pods.get(entry.pod->key);
    Desk* desk = object ? desk_of(*object) : nullptr;
    if (desk == nullptr) return queue.remove(entry.pod->key);
    entry.pod = with_pod(*entry.pod, std::move(object));
    Placement placement = desk->placer.place(*entry.pod, cache, nominations);
    if (placement.node.empty()) {
      if (!placement.told) {
        queue.put_back(std::move(entry), placement.wakers, false);
        return;
      }
      std::string nominated = preempt(*desk, entry.pod, placement);
      queue.put_back(entry, placement.wakers, false);
      scope.spawn(report_unschedulable(*desk, entry.pod->pod, std::move(placement.message), std::move(nominated)));
      return;
    }
    auto placed = std::make_shared<PodInfo>(*entry.pod);
    placed->node = placement.node;
    placed->pod = nullptr;
    cache.assume(placed);
    nominations.remove(entry.pod->key);
    for (auto& plugin : desk->placer.plugins())
      if (plugin->reserves(*entry.pod)) plugin->reserve(*entry.pod, *cache.node(placement.node));
    ++binding;
    scope.spawn(bind(*desk, std::move(entry), placement.node));
  }

  // Drives out others for the pod, if that gives it a place: the name of the node. Otherwise says why not in the
  // message.
  std::string preempt(Desk& desk, const PodInfoRef& pod, Placement& placement) {
    if (cache.nodes().empty()) return "";
    std::string why_not;
    if (desk.profile.preempts) why_not = why_it_may_not_preempt(*pod, cache, nominations);
    if (desk.profile.preempts && why_not.empty()) {
      auto preemption = find_preemption({.plugins = desk.placer.plugins(),
                                         .pod = *pod,
                                         .cache = cache,
                                         .nominations = nominations,
                                         .evictable = placement.evictable,
                                         .budgets = budgets.list(),
                                         .settings = desk.profile.preemption},
                                        random);
      if (!preemption.node.empty()) {
        carry_out(desk, pod, preemption);
        return preemption.node;
      }
      why_not = std::move(preemption.message);
    }
    std::vector<std::string> done;
    for (auto& plugin : desk.placer.plugins())
      if (auto what = plugin->unplaced(*pod, cache); !what.empty()) done.push_back(std::move(what));
    if (!why_not.empty()) done.push_back("preemption: " + why_not);
    if (!done.empty()) placement.message += " " + base::join(done, ", ");
    return "";
  }

  void carry_out(Desk& desk, const PodInfoRef& pod, const Preemption& preemption) {
    if (const auto* awaited = nominations.on(preemption.node)) {
      for (const PodInfoRef& other : std::vector(*awaited)) {
        if (other->priority >= pod->priority) continue;
        nominations.remove(other->key);
        if (auto object = pods.get(other->key)) scope.spawn(desk.evictor.withdraw_nomination(object));
      }
    }
    nominations.put(pod, preemption.node);
    for (const auto& victim : preemption.victims) {
      if (auto object = pods.get(victim->key)) scope.spawn(desk.evictor.evict(object, pod->pod, preemption.node));
    }
  }

  void release(Desk& desk, const PodInfo& pod, Outcome outcome) {
    for (auto& plugin : desk.placer.plugins())
      if (plugin->reserves(pod)) plugin->release(pod, outcome);
  }
  // Not bound: what was taken for it is free again.
  void give_back(Desk& desk, const PodInfo& pod) {
    release(desk, pod, Outcome::GivenUp);
    cache.forget(pod.key);
    queue.happened(Happening::PodRemoved);
  }

  io::Task<bool> prepare(Desk& desk, PodInfoRef pod, std::string node) {
    for (auto& plugin : desk.placer.plugins()) {
      if (!plugin->reserves(*pod)) continue;
      auto ready = co_await plugin->pre_bind(pod, node);
      if (ready) continue;
      auto why = base::cat({"running PreBind plugin ", base::quote(plugin->name()), ": ", ready.error().message()});
      desk.events.record(client::EventRecorder::reference(*pod->pod), client::EventType::Warning, "FailedScheduling",
                         why);
      co_return false;
    }
    co_return true;
  }

  io::Task<void> bind(Desk& desk, Queue::Entry entry, std::string node) {
    auto pod = entry.pod->pod;
    if (desk.reserves(*entry.pod) && !co_await prepare(desk, entry.pod, node)) {
      --binding;
      binding_ended.set();
      give_back(desk, *entry.pod);
      queue.put_back(std::move(entry), Happening::All, true);
      co_return;
    }
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
      release(desk, *entry.pod, Outcome::Bound);
      queue.done(entry.pod->key);
      desk.events.record(
          client::EventRecorder::reference(*pod), client::EventType::Normal, "Scheduled",
          base::cat({"Successfully assigned ", pod->metadata.namespace_, "/", pod->metadata.name, " to ", node}));
      co_return;
    }
    give_back(desk, *entry.pod);
    if (bound.error().code() == base::Code::NotFound) {
      queue.remove(entry.pod->key);  // deleted meanwhile; if it lives, the cache will say so again
      co_return;
    }
    LOG_WARNING("Pod could not be bound", {"pod", entry.pod->key.text()}, {"node", node},
                {"err", bound.error().message()});
    // A conflict or a refusal says that the pod has changed; otherwise the next try may do.
    queue.put_back(std::move(entry), Happening::All, true);
  }

  io::Task<void> report_unschedulable(Desk& desk, std::shared_ptr<const core::Pod> pod, std::string message,
                                      std::string nominated) {
    desk.events.record(client::EventRecorder::reference(*pod), client::EventType::Warning, "FailedScheduling", message);
    const auto* old = find_condition(*pod, "PodScheduled");
    bool is_told = old && old->status == "False" && old->reason == "Unschedulable" && old->message == message;
    if (is_told && (nominated.empty() || nominated == pod->status.nominated_node_name)) co_return;
    ConditionPatch patch(*pod, "PodScheduled", "False", "Unschedulable", message, clock.wall_ns());
    if (!nominated.empty()) patch.with("nominatedNodeName", nominated);
    auto patched = co_await client.patch<core::Pod>(pod->metadata.namespace_, pod->metadata.name,
                                                    client::PatchType::Strategic, std::move(patch).text(), "status");
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
  client::Cache<core::Namespace> namespaces;
  client::Cache<api::policy_v1::PodDisruptionBudget> budgets;
  base::Clock& clock;
  base::Random& random;
  Cache cache;
  Queue queue;
  Nominations nominations;
  Storage storage;
  Devices devices;
  std::map<std::string, std::unique_ptr<Desk>, std::less<>> desks;  // by the name of the scheduler
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
  for (auto& [name, desk] : state.desks) state.scope.spawn(desk->events.run());
  state.scope.spawn(state.namespaces.run());
  state.scope.spawn(state.budgets.run());
  co_await state.namespaces.wait_synced();
  co_await state.budgets.wait_synced();
  state.scope.spawn(state.storage.run());
  state.scope.spawn(state.devices.run());
  co_await state.nodes.wait_synced();
  co_await state.pods.wait_synced();
  co_await state.storage.wait_synced();
  co_await state.devices.wait_synced();
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
