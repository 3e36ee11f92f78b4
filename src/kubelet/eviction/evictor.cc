#include "kubelet/eviction/evictor.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "placement/toleration.h"

namespace kubelet {
namespace {

constexpr auto kLookEvery = std::chrono::seconds(10);
// What a pod gets when the node cannot wait.
constexpr int64_t kHardGraceSeconds = 1;
constexpr auto kGoneWithin = std::chrono::seconds(30);
constexpr int64_t kMeasureShare = 20;
// The runtime's disks do not move while it runs.
constexpr auto kAskDisksEvery = std::chrono::minutes(5);

bool is_disk(Signal signal) {
  return pressure_condition(signal) == "DiskPressure";
}

}  // namespace

Evictor::Evictor(PodContext& context, Pods& pods, const Machine& machine, Hooks hooks)
    : context_(context),
      pods_(pods),
      machine_(machine),
      hooks_(std::move(hooks)),
      pressure_(context.options.eviction),
      measurer_(pods, context) {}

io::Task<void> Evictor::run() {
  const auto& options = context_.options.eviction;
  if (options.thresholds.empty() && !options.local_storage) co_return;
  for (;;) {
    co_await look();
    co_await io::sleep(kLookEvery);
  }
}

std::optional<PodFailure> Evictor::refuses(const core::Pod& pod) const {
  const auto& conditions = pressure_.conditions();
  if (conditions.empty() || is_critical(pod)) return {};
  core::Taint taint;
  taint.key = "node.kubernetes.io/memory-pressure";
  taint.effect = "NoSchedule";
  bool only_memory = conditions.size() == 1 && conditions.contains("MemoryPressure");
  if (only_memory && (qos_class(pod) != QosClass::BestEffort || placement::tolerates(pod.spec.tolerations, taint)))
    return {};
  std::vector<std::string> names(conditions.begin(), conditions.end());
  return PodFailure{"Evicted", "Pod was rejected: The node had condition: [" + base::join(names, " ") + "]. "};
}

io::Task<NodeObservation> Evictor::observe() {
  ObservedPlaces places{.root_directory = context_.options.root_directory,
                        .cgroups = context_.cgroups,
                        .pods_group = context_.cgroups ? context_.cgroups->place(context_.cgroup_base()) : "",
                        .memory_bytes = machine_.memory_bytes,
                        .pods_memory_bytes = machine_.memory_bytes};
  if (auto found = context_.allocatable.find("memory"); found != context_.allocatable.end())
    places.pods_memory_bytes = found->second.value();
  int64_t now = io::Loop::current().clock().monotonic_ns();
  if (now >= ask_disks_ns_) {
    ask_disks_ns_ = now + io::Duration(kAskDisksEvery).count();
    co_await find_disks();
  }
  places.images = image_disk_;
  places.containers = container_disk_;
  co_return co_await context_.pool.run([places = std::move(places)] { return observe_node(places); });
}

io::Task<void> Evictor::find_disks() {
  auto answer = co_await context_.runtime.image_filesystems();
  if (!answer) co_return;
  auto first = [](const auto& list) {
    return list.empty() || !list.front().fs_id ? std::string() : list.front().fs_id->mountpoint;
  };
  image_disk_ = first(answer->image_filesystems);
  container_disk_ = first(answer->container_filesystems);
  if (container_disk_ == image_disk_) container_disk_.clear();
}

io::Task<std::vector<Candidate>> Evictor::measure(std::function<bool(const core::Pod&)> wanted) {
  auto sample = co_await measurer_.look(true, wanted);
  std::vector<Candidate> out;
  for (const auto* worker : pods_.workers()) {
    if (!worker->is_active() || worker->pod().metadata.name.empty() || (wanted && !wanted(worker->pod()))) continue;
    auto& candidate = out.emplace_back();
    candidate.pod = worker->pod();
    for (auto& pod : sample.pods)
      if (pod.uid == candidate.pod.metadata.uid) candidate.sample = std::move(pod);
  }
  co_return out;
}

bool Evictor::evict(const Candidate& victim, EvictionWords words, int64_t grace_seconds, bool disruption) {
  if (is_critical(victim.pod)) {
    LOG_ERROR("A critical pod is not evicted", {"pod", pod_text(victim.pod)});
    return false;
  }
  PodFailure failure{.reason = "Evicted", .message = words.message, .disruption = disruption};
  if (!pods_.evict(victim.pod.metadata.uid, std::move(failure), grace_seconds)) return false;
  LOG_INFO("Evicting a pod", {"pod", pod_text(victim.pod)}, {"why", words.message});
  context_.api.event_with(victim.pod, true, "Evicted", std::move(words.message), std::move(words.annotations));
  return true;
}

io::Task<bool> Evictor::keep_storage_limits(Disks disks) {
  int64_t began = io::Loop::current().clock().monotonic_ns();
  bool any = std::ranges::any_of(
      pods_.workers(), [](const auto* worker) { return worker->is_active() && has_storage_limits(worker->pod()); });
  if (!any || began < measure_again_ns_) co_return false;
  bool evicted = false;
  for (const auto& candidate : co_await measure(has_storage_limits))
    if (auto passed = storage_limit_passed(candidate, disks))
      evicted = evict(candidate, {.message = *passed}, kHardGraceSeconds, false) || evicted;
  int64_t ended = io::Loop::current().clock().monotonic_ns();
  measure_again_ns_ = ended + (ended - began) * kMeasureShare;
  co_return evicted;
}

io::Task<void> Evictor::look() {
  auto seen = co_await observe();
  auto before = pressure_.conditions();
  pressure_.look(seen.seen, io::Loop::current().clock().monotonic_ns());
  if (pressure_.conditions() != before) hooks_.conditions_changed();
  if (context_.options.eviction.local_storage && co_await keep_storage_limits(seen.disks)) co_return;
  if (pressure_.due().empty()) co_return;
  co_await make_room(pressure_.due().front(), std::move(seen));
}

io::Task<void> Evictor::make_room(Threshold threshold, NodeObservation seen) {
  LOG_WARNING("The node runs low", {"signal", signal_name(threshold.signal)});
  hooks_.node_warning("EvictionThresholdMet",
                      base::cat({"Attempting to reclaim ", starved_resource(threshold.signal)}));
  if (is_disk(threshold.signal)) {
    co_await hooks_.reclaim_disk();
    seen = co_await observe();
    if (thresholds_met(context_.options.eviction.thresholds, seen.seen, false).empty()) co_return;
  }
  double measured_at = static_cast<double>(io::Loop::current().clock().monotonic_ns()) / 1e9;
  auto victims = order_of_victims(threshold.signal, seen.disks, co_await measure({}));
  for (const auto& victim : victims) {
    int64_t grace = kHardGraceSeconds;
    if (!threshold.is_hard())
      grace = std::min(context_.options.eviction.pod_grace_seconds_max,
                       victim.pod.spec.termination_grace_period_seconds.value_or(30));
    if (!evict(victim, eviction_words(threshold, seen.seen, victim), grace, true)) continue;
    auto& metrics = *context_.metrics;
    metrics.evictions.with({signal_name(threshold.signal)}).add();
    metrics.eviction_stats_age.with({signal_name(threshold.signal)})
        .observe(static_cast<double>(io::Loop::current().clock().monotonic_ns()) / 1e9 - measured_at);
    co_await wait_until_gone(victim.pod.metadata.uid);
    co_return;
  }
  LOG_ERROR("The node runs low, and no pod can be evicted", {"signal", signal_name(threshold.signal)});
}

io::Task<void> Evictor::wait_until_gone(std::string uid) {
  int64_t end = io::Loop::current().clock().monotonic_ns() + io::Duration(kGoneWithin).count();
  auto still_there = [&] {
    return std::ranges::any_of(
        pods_.workers(), [&](const auto* worker) { return worker->pod().metadata.uid == uid && !worker->has_ended(); });
  };
  while (still_there() && io::Loop::current().clock().monotonic_ns() < end) co_await io::sleep(std::chrono::seconds(1));
}

}  // namespace kubelet
