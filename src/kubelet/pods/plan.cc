#include "kubelet/pods/plan.h"

#include <algorithm>

#include "base/strings.h"
#include "base/time.h"

namespace kubelet {
namespace {

class Planner {
 public:
  explicit Planner(const PlanInput& input) : in_(input), pod_(input.pod) {}

  PodPlan run() {
    if (needs_sandbox()) {
      plan_new_sandbox();
      return std::move(plan_);
    }
    plan_.restart_all = reason_to_restart_all();
    if (!plan_.restart_all.empty()) return std::move(plan_);
    plan_ephemeral();
    if (plan_init()) plan_main();
    return std::move(plan_);
  }

 private:
  const SandboxRecord* sandbox() const {
    return in_.record.sandboxes.empty() ? nullptr : &in_.record.sandboxes.front();
  }

  bool needs_sandbox() const {
    auto* newest = sandbox();
    if (newest == nullptr || !newest->ready) return true;
    if (std::ranges::count_if(in_.record.sandboxes, [](auto& one) { return one.ready; }) > 1) return true;
    return !pod_.spec.host_network && newest->ips.empty();
  }

  void plan_new_sandbox() {
    bool had_sandbox = sandbox() != nullptr;
    plan_.sandbox_attempt = had_sandbox ? sandbox()->attempt + 1 : 0;
    bool something_left =
        in_.record.any_running() || std::ranges::any_of(in_.record.sandboxes, [](auto& one) { return one.ready; });
    bool anything_to_run = std::ranges::any_of(pod_.spec.containers, [&](auto& container) {
      auto* record = in_.record.newest(container.name);
      if (record == nullptr) return !(had_sandbox && pod_.spec.restart_policy == "Never" && any_main_record());
      if (record->phase == ContainerPhase::Created) return true;
      int32_t exit_code = record->phase == ContainerPhase::Exited ? record->exit_code : 137;
      return restarts_after(pod_, container, false, exit_code);
    });
    if (!anything_to_run) {
      plan_.finished = true;
      plan_.stop_all = something_left;
      return;
    }
    if (something_left) {
      plan_.stop_all = true;
      return;
    }
    plan_.create_sandbox = true;
  }

  bool any_main_record() const {
    return std::ranges::any_of(pod_.spec.containers,
                               [&](auto& container) { return in_.record.newest(container.name) != nullptr; });
  }

  std::string reason_to_restart_all() const {
    // Begun, perhaps by the kubelet before this one.
    auto* begun = find_condition(pod_.status, kAllContainersRestarting);
    bool is_begun = begun != nullptr && begun->status == "True";
    for (auto* list : {&pod_.spec.init_containers, &pod_.spec.containers})
      for (auto& container : *list) {
        auto* record = in_.record.current(container.name);
        if (record == nullptr) continue;
        if (is_begun) return begun->message;
        if (record->phase == ContainerPhase::Exited && restarts_all_after(container, record->exit_code))
          return base::cat({"Container ", container.name, " exited with code ", std::to_string(record->exit_code),
                            ", triggering pod restart"});
      }
    return "";
  }

  void plan_ephemeral() {
    for (size_t i = 0; i < pod_.spec.ephemeral_containers.size(); ++i)
      if (in_.record.newest(pod_.spec.ephemeral_containers[i].name) == nullptr)
        plan_.start.push_back({.kind = ContainerKind::Ephemeral, .index = i});
  }

  // True once the containers proper may run.
  bool plan_init() {
    auto& inits = pod_.spec.init_containers;
    // Those before one that was ever begun in this sandbox have done their work, though their remains may be gone.
    size_t begun = 0;
    for (size_t i = 0; i < inits.size(); ++i)
      if (in_.record.current(inits[i].name) != nullptr) begun = i;
    bool mains_begun = std::ranges::any_of(
        pod_.spec.containers, [&](auto& container) { return in_.record.current(container.name) != nullptr; });
    if (mains_begun) begun = inits.size();

    for (size_t i = 0; i < inits.size(); ++i) {
      auto& init = inits[i];
      auto* record = in_.record.current(init.name);
      if (is_sidecar(init)) {
        bool runs = record != nullptr && record->is_running();
        if (!runs) {
          // When the pod is about to finish nobody needs it; plan_main() finds out.
          if (mains_begun && mains_finished()) continue;
          start(ContainerKind::Init, i, init);
          if (i < begun) continue;
          return false;
        }
        bool stopped = stop_if_unfit(init, *record);
        if (i < begun) continue;
        if (stopped || !has_started(init, *record, in_.probes)) return false;
        continue;
      }
      if (i < begun) continue;
      if (record == nullptr || record->phase == ContainerPhase::Created || record->phase == ContainerPhase::Unknown) {
        start(ContainerKind::Init, i, init);
        return false;
      }
      if (record->is_running()) {
        stop_if_unfit(init, *record);
        return false;
      }
      if (record->exit_code == 0) continue;
      if (!restarts_after(pod_, init, true, record->exit_code)) {
        finish();
        return false;
      }
      start(ContainerKind::Init, i, init);
      return false;
    }
    return true;
  }

  bool is_finished(const core::Container& container) const {
    auto* record = in_.record.current(container.name);
    if (record == nullptr) {
      // In a new sandbox only what has not succeeded before runs again.
      auto* before = in_.record.newest(container.name);
      return before != nullptr && before->phase == ContainerPhase::Exited &&
             !restarts_after(pod_, container, false, before->exit_code);
    }
    return record->phase == ContainerPhase::Exited && !restarts_after(pod_, container, false, record->exit_code);
  }

  bool mains_finished() const {
    return std::ranges::all_of(pod_.spec.containers, [&](auto& container) { return is_finished(container); });
  }

  void plan_main() {
    if (mains_finished()) return finish();
    for (size_t i = 0; i < pod_.spec.containers.size(); ++i) {
      auto& container = pod_.spec.containers[i];
      if (is_finished(container)) continue;
      auto* record = in_.record.current(container.name);
      if (record != nullptr && record->is_running()) {
        stop_if_unfit(container, *record);
        continue;
      }
      start(ContainerKind::Main, i, container);
    }
  }

  void finish() {
    plan_.finished = true;
    plan_.start.clear();
    plan_.waiting.clear();
    plan_.again_ns.reset();
    plan_.stop_all = true;
  }

  // Whether it has to wait because it keeps failing; `failed_ns` is when it failed last.
  bool waits(const core::Container& container, int64_t failed_ns) {
    auto key = back_off_key(pod_, container);
    auto until = in_.back_off.until(key, failed_ns, in_.now_ns);
    if (!until) return false;
    plan_.waiting[container.name] = {"CrashLoopBackOff",
                                     "back-off " + base::format_duration(in_.back_off.pause_ns(key)) +
                                         " restarting failed container=" + container.name + " pod=" + pod_text(pod_)};
    plan_.again_ns = std::min(plan_.again_ns.value_or(*until), *until);
    return true;
  }

  void start(ContainerKind kind, size_t index, const core::Container& container) {
    StartContainer wanted{.kind = kind, .index = index};
    if (auto* before = in_.record.newest(container.name)) {
      wanted.attempt = before->restart_count + 1;
      if (in_.stopping.contains(before->id)) return;
      if (before->phase == ContainerPhase::Unknown) {
        plan_.stop.push_back({.id = before->id,
                              .name = container.name,
                              .message = "Container is in unknown state, try killing it before restart",
                              .grace_seconds = {}});
        return;
      }
      if (before->phase == ContainerPhase::Exited) {
        wanted.failed_ns = before->finished_ns;
        if (waits(container, wanted.failed_ns)) return;
      }
    } else if (auto* status = find_status(pod_.status, container.name);
               status != nullptr && !status->container_id.empty()) {
      // The runtime lost its memory; the API has not.
      wanted.attempt = status->restart_count + 1;
      // The one for which all were restarted waits as if it had been restarted alone.
      auto& end = status->state.terminated ? status->state.terminated : status->last_state.terminated;
      if (end && restarts_all_after(container, end->exit_code)) {
        wanted.failed_ns = end->finished_at.to_ns();
        if (waits(container, wanted.failed_ns)) return;
      }
    }
    plan_.start.push_back(wanted);
  }

  // True if the running container is to be stopped, or is being stopped.
  bool stop_if_unfit(const core::Container& container, const ContainerRecord& record) {
    if (in_.stopping.contains(record.id)) return true;
    auto found = in_.probes.find(record.id);
    ProbeResults probes = found == in_.probes.end() ? ProbeResults() : found->second;
    StopContainer stop{.id = record.id, .name = container.name, .message = {}, .grace_seconds = {}};
    if (!record.hash.empty() && record.hash != container_hash(container)) {
      stop.message = "Container " + container.name + " definition changed";
    } else if (probes.liveness == Outcome::Failure) {
      stop.message = "Container " + container.name + " failed liveness probe";
      if (container.liveness_probe) stop.grace_seconds = container.liveness_probe->termination_grace_period_seconds;
    } else if (probes.startup == Outcome::Failure) {
      stop.message = "Container " + container.name + " failed startup probe";
      if (container.startup_probe) stop.grace_seconds = container.startup_probe->termination_grace_period_seconds;
    } else {
      return false;
    }
    if (restarts_after(pod_, container, false, 137)) stop.message += ", will be restarted";
    plan_.stop.push_back(std::move(stop));
    return true;
  }

  const PlanInput& in_;
  const core::Pod& pod_;
  PodPlan plan_;
};

}  // namespace

PodPlan plan_pod(const PlanInput& input) {
  return Planner(input).run();
}

bool has_started(const core::Container& container, const ContainerRecord& record, const ProbeResultsById& probes) {
  if (!record.is_running()) return false;
  if (!container.startup_probe) return true;
  auto found = probes.find(record.id);
  return found != probes.end() && found->second.startup == Outcome::Success;
}

std::string back_off_key(const core::Pod& pod, const core::Container& container) {
  return base::cat({pod.metadata.uid, "/", container.name, "/", container_hash(container)});
}

std::vector<std::string> removable_containers(const PodRecord& record, const DeadContainerRules& rules,
                                              int64_t now_ns) {
  std::vector<std::string> out;
  std::map<std::string_view, int32_t> dead;
  for (auto& container : record.containers) {
    auto [found, is_newest] = dead.try_emplace(container.name, 0);
    if (container.is_running()) continue;
    // The newest tells how often its like ran before.
    bool may_go = !is_newest && rules.kept >= 0 && found->second >= rules.kept;
    ++found->second;
    if (may_go && now_ns - container.created_ns >= rules.age_ns) out.push_back(container.id);
  }
  return out;
}

}  // namespace kubelet
