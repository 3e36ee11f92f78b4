// How a pod's worker follows a change of its containers' resources.
#include "base/log.h"
#include "kubelet/metrics/stopwatch.h"
#include "kubelet/pods/configuration.h"
#include "kubelet/pods/worker.h"

namespace kubelet {
namespace {

constexpr auto kRetryResize = std::chrono::seconds(10);

std::optional<core::ResourceRequirements> whole_of(const core::Pod& pod) {
  return pod.spec.resources ? std::optional(*pod.spec.resources) : std::nullopt;
}

}  // namespace

void PodWorker::decide_resize() {
  Allocation granted = allocation_in_spec(pod_);
  if (wanted_ == granted) {
    resize_.pending.reset();
    return;
  }
  core::Pod wanted = pod_;
  put_allocation(wanted, wanted_);
  auto pending = judge_resize(wanted, context_.allocatable, context_.others(pod_.metadata.uid));
  if (pending && pending != resize_.pending) event(true, "Resize" + pending->reason, pending->message);
  resize_.pending = std::move(pending);
  if (resize_.pending) return;
  put_allocation(pod_, wanted_);
  context_.freed();
  resize_.in_progress = is_resizing(pod_, record_, resize_);
  if (resize_.in_progress) event(false, "ResizeStarted", "Pod resize started");
}

// What runs already when a kubelet takes over runs with what the API was told last.
void PodWorker::seed_applied() {
  if (pod_.spec.resources && !resize_.applied_to_pod && !record_.sandboxes.empty()) {
    auto& applied = resize_.applied_to_pod.emplace(*pod_.spec.resources);
    if (pod_.status.resources) {
      applied.requests = pod_.status.resources->requests;
      applied.limits = pod_.status.resources->limits;
    }
  }
  for (auto& record : record_.containers) {
    auto* container = find_container(pod_, record.name);
    if (container == nullptr || resize_.applied.contains(record.id)) continue;
    auto* status = find_status(pod_.status, record.name);
    bool told = status != nullptr && status->resources && status->container_id.ends_with("://" + record.id);
    core::Container as_told = *container;
    if (told) {
      as_told.resources.requests = status->resources->requests;
      as_told.resources.limits = status->resources->limits;
    }
    resize_.applied[record.id] = effective_resources(pod_, as_told);
  }
}

bool PodWorker::containers_resize() const {
  ResizeState but_the_pod = resize_;
  but_the_pod.applied_to_pod.reset();
  return is_resizing(pod_, record_, but_the_pod);
}

io::Task<PodWorker::Pause> PodWorker::apply_resizes() {
  auto resizes = plan_resizes(pod_, record_, resize_, stopping_ids_);
  if (resizes.empty()) {
    if (!resize_.in_progress || containers_resize()) co_return Pause();
    // The pod's own group is bounded last, so that no container meets a limit that is not its own.
    co_await set_pod_limits(limits_of_pod());
    resize_.applied_to_pod = whole_of(pod_);
    resize_.in_progress = false;
    resize_.error.clear();
    event(false, "ResizeCompleted", "Pod resize completed");
    publish(false);
    co_return Pause();
  }
  resize_.in_progress = true;
  publish(false);
  co_await set_pod_limits(larger(pod_limits_, limits_of_pod()));
  for (auto& one : resizes) {
    auto* found = find_container(pod_, one.name);
    if (found == nullptr) continue;
    core::Container container = *found;
    if (one.restart) {
      for (auto& record : record_.containers)
        if (record.id == one.id) stop(record, "Container " + one.name + " resize requires restart", {});
      continue;
    }
    auto updated = co_await context_.runtime.update_container_resources(
        one.id, container_resources(pod_, container, context_.rules));
    if (!updated) {
      if (resize_.error != updated.error().message())
        event(true, "ResizeError", "Error resizing pod: " + updated.error().message());
      resize_.error = updated.error().message();
      publish(false);
      co_return kRetryResize;
    }
    resize_.applied[one.id] = effective_resources(pod_, container);
  }
  resize_.error.clear();
  wake_.set();
  co_return Pause();
}

CgroupLimits PodWorker::limits_of_pod() const {
  return pod_cgroup_limits(pod_, context_.options.pod_processes_max, context_.rules.cpu_quota);
}

io::Task<void> PodWorker::set_pod_limits(CgroupLimits limits) {
  pod_limits_ = limits;
  if (!context_.cgroups) co_return;
  Stopwatch stopwatch(context_.metrics->cgroup_work.with({"update"}));
  auto set = co_await context_.pool.run([groups = *context_.cgroups, group = pod_cgroup(context_.cgroup_base(), pod_),
                                         limits] { return groups.ensure(group, limits); });
  if (!set) LOG_WARNING("Cannot set a pod's limits", {"pod", pod_text(pod_)}, {"error", set.error().message()});
}

}  // namespace kubelet
