// How a pod's worker follows a change of its containers' resources.
#include "base/log.h"
#include "kubelet/metrics/stopwatch.h"
#include "kubelet/pods/configuration.h"
#include "kubelet/pods/worker.h"

namespace kubelet {
namespace {

constexpr auto kRetryResize = std::chrono::seconds(10);

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
  for (auto& record : record_.containers) {
    auto* container = find_container(pod_, record.name);
    if (container == nullptr || resize_.applied.contains(record.id)) continue;
    auto* status = find_status(pod_.status, record.name);
    bool told = status != nullptr && status->resources && status->container_id.ends_with("://" + record.id);
    auto& applied = resize_.applied[record.id] = container->resources;
    if (!told) continue;
    applied.requests = status->resources->requests;
    applied.limits = status->resources->limits;
  }
}

io::Task<PodWorker::Pause> PodWorker::apply_resizes() {
  auto resizes = plan_resizes(pod_, record_, resize_, stopping_ids_);
  if (resizes.empty()) {
    if (!resize_.in_progress || is_resizing(pod_, record_, resize_)) co_return Pause();
    // The pod's own group is bounded last, so that no container meets a limit that is not its own.
    set_pod_limits(pod_cgroup_limits(pod_, context_.options.pod_processes_max));
    resize_.in_progress = false;
    resize_.error.clear();
    event(false, "ResizeCompleted", "Pod resize completed");
    publish(false);
    co_return Pause();
  }
  resize_.in_progress = true;
  publish(false);
  set_pod_limits(larger(pod_limits_, pod_cgroup_limits(pod_, context_.options.pod_processes_max)));
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
        one.id, container_resources(pod_, container, context_.memory_capacity_bytes, context_.page_sizes));
    if (!updated) {
      if (resize_.error != updated.error().message())
        event(true, "ResizeError", "Error resizing pod: " + updated.error().message());
      resize_.error = updated.error().message();
      publish(false);
      co_return kRetryResize;
    }
    resize_.applied[one.id] = container.resources;
  }
  resize_.error.clear();
  wake_.set();
  co_return Pause();
}

void PodWorker::set_pod_limits(const CgroupLimits& limits) {
  pod_limits_ = limits;
  if (!context_.cgroups) return;
  Stopwatch stopwatch(context_.metrics->cgroup_work.with({"update"}));
  if (auto set = context_.cgroups->ensure(pod_cgroup(context_.cgroup_base(), pod_), limits); !set)
    LOG_WARNING("Cannot set a pod's limits", {"pod", pod_text(pod_)}, {"error", set.error().message()});
}

}  // namespace kubelet
