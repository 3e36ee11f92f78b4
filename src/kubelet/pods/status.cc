#include "kubelet/pods/status.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "kubelet/pods/resources.h"

namespace kubelet {
namespace {

using base::Time;

class StatusMaker {
 public:
  explicit StatusMaker(const StatusInput& input)
      : in_(input), pod_(input.pod), now_(Time::from_ns(input.now_ns).truncated_to_seconds()) {}

  core::PodStatus run() {
    // What others write (nominatedNodeName, resource claims, their conditions) is kept.
    out_ = pod_.status;
    out_.observed_generation = pod_.metadata.generation;
    if (out_.qos_class.empty()) out_.qos_class = qos_class_name(qos_class(pod_));
    if (out_.start_time.is_zero()) out_.start_time = now_;
    addresses();
    whole();
    containers();
    phase();
    conditions();
    return std::move(out_);
  }

 private:
  // What the pod as a whole was granted, and what it has.
  void whole() {
    out_.allocated_resources.clear();
    out_.resources = {};
    if (!pod_.spec.resources) return;
    out_.allocated_resources = pod_.spec.resources->requests;
    if (!in_.resize.applied_to_pod) return;
    auto& has = *(out_.resources = core::ResourceRequirements());
    has.requests = in_.resize.applied_to_pod->requests;
    has.limits = in_.resize.applied_to_pod->limits;
  }

  void addresses() {
    out_.host_ips.clear();
    for (auto& ip : in_.host_ips) out_.host_ips.push_back({.ip = ip});
    out_.host_ip = in_.host_ips.empty() ? "" : in_.host_ips.front();
    std::vector<std::string> ips;
    if (pod_.spec.host_network) {
      if (!in_.record.sandboxes.empty()) ips = in_.host_ips;
    } else if (!in_.record.sandboxes.empty()) {
      ips = in_.record.sandboxes.front().ips;
    }
    // A pod that has ended keeps showing the address it had.
    if (ips.empty()) return;
    out_.pod_ips.clear();
    for (auto& ip : ips) out_.pod_ips.push_back({.ip = ip});
    out_.pod_ip = ips.front();
  }

  core::ContainerState state_of(const ContainerRecord& record) const {
    core::ContainerState state;
    switch (record.phase) {
      case ContainerPhase::Running:
        state.running.emplace().started_at = Time::from_ns(record.started_ns).truncated_to_seconds();
        break;
      case ContainerPhase::Exited: {
        auto& end = state.terminated.emplace();
        end.exit_code = record.exit_code;
        end.reason = !record.reason.empty() ? record.reason : record.exit_code == 0 ? "Completed" : "Error";
        auto message = in_.messages.find(record.id);
        end.message = message != in_.messages.end() ? message->second : record.message;
        // The runtime says 0 of what never started; the API has no such time.
        end.started_at =
            Time::from_ns(record.started_ns > 0 ? record.started_ns : record.created_ns).truncated_to_seconds();
        end.finished_at = Time::from_ns(record.finished_ns).truncated_to_seconds();
        end.container_id = id_of(record);
        break;
      }
      case ContainerPhase::Unknown: {
        auto& end = state.terminated.emplace();
        end.exit_code = 137;
        end.reason = "ContainerStatusUnknown";
        end.message = "The container could not be located when the pod was terminated";
        end.container_id = id_of(record);
        break;
      }
      case ContainerPhase::Created:
        state.waiting.emplace().reason = "ContainerCreating";
        break;
    }
    return state;
  }

  std::string id_of(const ContainerRecord& record) const { return in_.runtime_name + "://" + record.id; }

  core::ContainerStatus one(const core::Container& container, bool is_init, bool initializing) {
    core::ContainerStatus status;
    status.name = container.name;
    status.image = container.image;
    auto* before = find_status(pod_.status, container.name);
    if (before != nullptr) status.restart_count = before->restart_count;
    auto* newest = in_.record.newest(container.name);
    if (newest == nullptr && before != nullptr && was_removed(*before)) {
      status.last_state = before->state.terminated ? before->state : before->last_state;
      status.image = before->image;
      status.image_id = before->image_id;
      status.container_id = before->container_id;
      status.state.waiting.emplace().reason = has_inits() ? "PodInitializing" : "ContainerCreating";
      removed_.insert(container.name);
    } else if (newest == nullptr) {
      // What the runtime no longer knows but the API has seen end is told as it was.
      if (before != nullptr && before->state.terminated) {
        core::ContainerStatus kept = *before;
        kept.ready = is_init && kept.state.terminated->exit_code == 0;
        kept.started = false;
        if (!in_.ended && !is_init) apply_waiting(kept, container.name);
        return kept;
      }
      if (before != nullptr && (before->state.running || !before->container_id.empty())) {
        status.last_state = before->last_state;
        status.container_id = before->container_id;
        status.image_id = before->image_id;
        status.image = before->image;
        if (before->state.running || in_.ended) {
          core::ContainerState gone;
          auto& end = gone.terminated.emplace();
          end.exit_code = 137;
          end.reason = "ContainerStatusUnknown";
          end.message = "The container could not be located when the pod was terminated";
          end.container_id = before->container_id;
          (in_.ended ? status.state : status.last_state) = gone;
        }
      }
      if (!status.state.terminated) {
        auto& waiting = status.state.waiting.emplace();
        waiting.reason = initializing && !is_init ? "PodInitializing"
                         : has_inits()            ? "PodInitializing"
                                                  : "ContainerCreating";
      }
    } else {
      status.state = state_of(*newest);
      status.restart_count = std::max(status.restart_count, newest->restart_count);
      status.image = newest->image.empty() ? container.image : newest->image;
      status.image_id = newest->image_id;
      status.container_id = id_of(*newest);
      for (auto& record : in_.record.containers) {
        if (&record == newest || record.name != container.name || record.phase != ContainerPhase::Exited) continue;
        status.last_state = state_of(record);
        break;
      }
      if (!status.last_state.terminated && before != nullptr && before->container_id == status.container_id)
        status.last_state = before->last_state;
      status.started = has_started(container, *newest, in_.probes);
      readiness(status, container, *newest, is_init);
    }
    if (!in_.ended) apply_waiting(status, container.name);
    if (!status.started) status.started = false;
    if (!container.resources.requests.empty()) status.allocated_resources = container.resources.requests;
    if (newest != nullptr) {
      auto& resources = status.resources.emplace();
      auto applied = in_.resize.applied.find(newest->id);
      const auto& shown = applied == in_.resize.applied.end() ? container.resources : applied->second;
      resources.limits = shown.limits;
      resources.requests = shown.requests;
      // What it runs with for the pod's sake is the pod's.
      if (pod_.spec.resources)
        std::erase_if(resources.limits,
                      [&](const auto& limit) { return !container.resources.limits.contains(limit.first); });
    }
    for (auto& mount : container.volume_mounts) {
      core::VolumeMountStatus shown;
      shown.name = mount.name;
      shown.mount_path = mount.mount_path;
      shown.read_only = mount.read_only;
      if (mount.read_only) {
        std::string path = mount.mount_path.starts_with('/') ? mount.mount_path : "/" + mount.mount_path;
        bool recursive = newest != nullptr && newest->recursive_read_only.contains(path);
        shown.recursive_read_only = recursive ? "Enabled" : "Disabled";
      }
      status.volume_mounts.push_back(std::move(shown));
    }
    return status;
  }

  // Whether what it tells of is from before all containers were restarted. They are gone, but their end is remembered.
  bool was_removed(const core::ContainerStatus& before) const {
    auto* restarted = find_condition(pod_.status, kAllContainersRestarting);
    if (in_.ended || restarted == nullptr || restarted->status == "True") return false;
    auto& end = before.state.terminated ? before.state.terminated : before.last_state.terminated;
    return end && !before.state.running && end->finished_at <= restarted->last_transition_time;
  }

  void apply_waiting(core::ContainerStatus& status, const std::string& name) {
    auto reason = in_.waiting.find(name);
    if (reason == in_.waiting.end() || status.state.running) return;
    if (status.state.terminated) status.last_state = status.state;
    status.state = {};
    auto& waiting = status.state.waiting.emplace();
    waiting.reason = reason->second.reason;
    waiting.message = reason->second.message;
    status.ready = false;
    status.started = false;
  }

  void readiness(core::ContainerStatus& status, const core::Container& container, const ContainerRecord& record,
                 bool is_init) {
    if (is_init && !is_sidecar(container)) {
      status.ready = record.phase == ContainerPhase::Exited && record.exit_code == 0;
      return;
    }
    if (!status.started.value_or(false)) {
      status.ready = false;
      return;
    }
    if (!container.readiness_probe) {
      status.ready = true;
      return;
    }
    auto found = in_.probes.find(record.id);
    status.ready = found != in_.probes.end() && found->second.readiness == Outcome::Success;
  }

  bool has_inits() const { return !pod_.spec.init_containers.empty(); }

  void containers() {
    out_.init_container_statuses.clear();
    out_.container_statuses.clear();
    out_.ephemeral_container_statuses.clear();
    for (auto& container : pod_.spec.init_containers)
      out_.init_container_statuses.push_back(one(container, true, true));
    for (size_t i = 0; i < pod_.spec.init_containers.size(); ++i) {
      auto& container = pod_.spec.init_containers[i];
      auto& status = out_.init_container_statuses[i];
      bool done = is_sidecar(container) ? status.started.value_or(false)
                                        : status.state.terminated && status.state.terminated->exit_code == 0;
      if (!done) incomplete_.push_back(container.name);
    }
    bool initializing = !incomplete_.empty();
    for (auto& container : pod_.spec.containers) out_.container_statuses.push_back(one(container, false, initializing));
    for (auto& container : pod_.spec.ephemeral_containers)
      out_.ephemeral_container_statuses.push_back(one(from_ephemeral(container), false, false));
    for (auto& status : out_.ephemeral_container_statuses) status.ready = false;
    // Once the containers proper have begun the pod has been initialized, whatever a sidecar does later.
    begun_ = std::ranges::any_of(out_.container_statuses, [](auto& status) {
      return status.state.running || status.state.terminated || status.last_state.terminated;
    });
    if (begun_) {
      std::erase_if(incomplete_, [&](auto& name) {
        auto* container = find_container(pod_, name);
        return container != nullptr && !is_sidecar(*container);
      });
      if (auto* before = find_condition(pod_.status, "Initialized"); before != nullptr && before->status == "True")
        incomplete_.clear();
    }
  }

  void phase() {
    // Only once nothing runs any more: others may then have what it held.
    if (in_.failure && !in_.ended) {
      if (out_.phase.empty()) out_.phase = "Pending";
      return;
    }
    if (in_.failure) {
      out_.phase = "Failed";
      out_.reason = in_.failure->reason;
      out_.message = in_.failure->message;
      return;
    }
    if (is_terminal(pod_)) return;  // for good
    auto next = phase_of_containers();
    if ((next == "Succeeded" || next == "Failed") && !in_.ended && anything_runs()) {
      if (out_.phase.empty()) out_.phase = "Pending";
      return;
    }
    out_.phase = std::move(next);
  }

  // Sidecars end after the containers proper.
  bool anything_runs() const {
    auto runs = [](const auto& statuses) {
      return std::ranges::any_of(statuses, [](const auto& one) { return one.state.running.has_value(); });
    };
    return runs(out_.init_container_statuses) || runs(out_.container_statuses);
  }

  std::string phase_of_containers() const {
    if (!in_.restarting_all.empty() && !in_.ended) return "Pending";
    bool init_failed = false, init_pending = false;
    for (size_t i = 0; i < pod_.spec.init_containers.size(); ++i) {
      auto& container = pod_.spec.init_containers[i];
      auto& status = out_.init_container_statuses[i];
      if (is_sidecar(container)) {
        if (!status.started.value_or(false)) init_pending = true;
        continue;
      }
      auto& end = status.state.terminated ? status.state.terminated : status.last_state.terminated;
      if (status.state.terminated && status.state.terminated->exit_code == 0) continue;
      if (end && end->exit_code != 0 && !restarts_after(pod_, container, true, end->exit_code)) init_failed = true;
      init_pending = true;
    }
    int waiting = 0, running = 0, stopped = 0, succeeded = 0, will_restart = 0;
    for (size_t i = 0; i < pod_.spec.containers.size(); ++i) {
      auto& status = out_.container_statuses[i];
      if (status.state.running) {
        ++running;
        continue;
      }
      auto& end = status.state.terminated ? status.state.terminated : status.last_state.terminated;
      if (!end || removed_.contains(status.name)) {
        ++waiting;
        continue;
      }
      ++stopped;
      if (end->exit_code == 0) ++succeeded;
      if (restarts_after(pod_, pod_.spec.containers[i], false, end->exit_code)) ++will_restart;
    }
    if (in_.ended) {
      if (running == 0 && waiting == 0 && stopped == succeeded && !init_failed) return "Succeeded";
      return "Failed";
    }
    if (init_failed && !begun_) return "Failed";
    if (init_pending && !begun_) return "Pending";
    if (waiting > 0) return "Pending";
    if (running > 0 || will_restart > 0) return "Running";
    if (stopped == succeeded) return "Succeeded";
    return "Failed";
  }

  void set(std::string type, bool holds, std::string reason = "", std::string message = "") {
    core::PodCondition next;
    next.type = std::move(type);
    next.observed_generation = pod_.metadata.generation;
    next.status = holds ? "True" : "False";
    next.reason = std::move(reason);
    next.message = std::move(message);
    next.last_transition_time = now_;
    if (auto* before = find_condition(pod_.status, next.type); before != nullptr && before->status == next.status)
      next.last_transition_time = before->last_transition_time;
    ours_.push_back(std::move(next));
  }

  void conditions() {
    bool sandbox = !in_.record.sandboxes.empty() && in_.record.sandboxes.front().ready &&
                   (pod_.spec.host_network || !in_.record.sandboxes.front().ips.empty());
    set("PodReadyToStartContainers", sandbox);
    bool succeeded = out_.phase == "Succeeded", failed = out_.phase == "Failed" || in_.failure.has_value();
    if (succeeded) {
      set("Initialized", true, "PodCompleted");
    } else if (incomplete_.empty()) {
      set("Initialized", true);
    } else {
      set("Initialized", false, "ContainersNotInitialized",
          "containers with incomplete status: [" + joined(incomplete_) + "]");
    }

    std::vector<std::string> unready;
    for (size_t i = 0; i < pod_.spec.init_containers.size(); ++i)
      if (is_sidecar(pod_.spec.init_containers[i]) && !out_.init_container_statuses[i].ready)
        unready.push_back(pod_.spec.init_containers[i].name);
    for (auto& status : out_.container_statuses)
      if (!status.ready) unready.push_back(status.name);
    bool containers_ready = false;
    std::string reason, message;
    if (succeeded) {
      reason = "PodCompleted";
    } else if (failed) {
      reason = "PodFailed";
    } else if (!unready.empty()) {
      reason = "ContainersNotReady";
      message = "containers with unready status: [" + joined(unready) + "]";
    } else {
      containers_ready = true;
    }
    std::string gates;
    if (containers_ready)
      for (auto& gate : pod_.spec.readiness_gates) {
        auto* condition = find_condition(pod_.status, gate.condition_type);
        if (condition != nullptr && condition->status == "True") continue;
        if (!gates.empty()) gates += ", ";
        gates += condition == nullptr
                     ? "corresponding condition of pod readiness gate \"" + gate.condition_type + "\" does not exist."
                     : "the status of pod readiness gate \"" + gate.condition_type + "\" is not \"True\", but " +
                           condition->status;
      }
    if (!gates.empty()) {
      set("Ready", false, "ReadinessGatesNotReady", gates);
    } else {
      set("Ready", containers_ready, reason, message);
    }
    set("ContainersReady", containers_ready, reason, message);
    set("PodScheduled", true);
    auto* restarting = find_condition(pod_.status, kAllContainersRestarting);
    if (!in_.restarting_all.empty()) {
      set(std::string(kAllContainersRestarting), true, "ContainerExited", in_.restarting_all);
    } else if (restarting != nullptr) {
      set(std::string(kAllContainersRestarting), false, restarting->reason, restarting->message);
    }
    if (in_.failure && in_.failure->disruption)
      set("DisruptionTarget", true, "TerminationByKubelet", in_.failure->message);
    if (auto& pending = in_.resize.pending) set("PodResizePending", true, pending->reason, pending->message);
    if (in_.resize.in_progress)
      set("PodResizeInProgress", true, in_.resize.error.empty() ? "" : "Error", in_.resize.error);

    std::vector<core::PodCondition> all = std::move(ours_);
    for (auto& condition : pod_.status.conditions) {
      if (condition.type == "PodResizePending" || condition.type == "PodResizeInProgress") continue;  // over
      if (std::ranges::none_of(all, [&](auto& one) { return one.type == condition.type; })) all.push_back(condition);
    }
    out_.conditions = std::move(all);
  }

  static std::string joined(const std::vector<std::string>& names) { return base::join(names, " "); }

  const StatusInput& in_;
  const core::Pod& pod_;
  Time now_;
  core::PodStatus out_;
  std::vector<core::PodCondition> ours_;
  std::vector<std::string> incomplete_;  // init containers
  std::set<std::string> removed_;        // containers that all ended for a restart, and have not begun again
  bool begun_ = false;
};

}  // namespace

PodFailure unexpected_admission_error(const base::Error& why) {
  return {.reason = "UnexpectedAdmissionError",
          .message = base::cat({"Pod was rejected: Allocate failed due to ", why.message(), ", which is unexpected"})};
}

core::PodStatus make_status(const StatusInput& input) {
  return StatusMaker(input).run();
}

bool same_status(const core::PodStatus& a, const core::PodStatus& b) {
  return a == b;
}

}  // namespace kubelet
