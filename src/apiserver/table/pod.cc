#include "apiserver/table/pod.h"

#include <algorithm>

#include "base/strings.h"

namespace apiserver::table {
namespace {

namespace core = api::core_v1;

bool is_sidecar(const core::Container& container) {
  return container.restart_policy && *container.restart_policy == "Always";
}

const core::Container* find_init(const core::Pod& pod, std::string_view name) {
  for (const auto& container : pod.spec.init_containers) {
    if (container.name == name) return &container;
  }
  return nullptr;
}

const core::PodCondition* find_condition(const core::Pod& pod, std::string_view type) {
  for (const auto& condition : pod.status.conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

std::string ended_text(const core::ContainerStateTerminated& ended) {
  if (!ended.reason.empty()) return ended.reason;
  if (ended.signal != 0) return base::cat({"Signal:", std::to_string(ended.signal)});
  return base::cat({"ExitCode:", std::to_string(ended.exit_code)});
}

// What the Status, Ready and Restarts columns are made of.
struct Summary {
  std::string reason;
  int ready = 0;
  size_t total = 0;
  int64_t restarts = 0;
  base::Time last_restart;
};

void count_restart(Summary& summary, const core::ContainerStatus& status) {
  summary.restarts += status.restart_count;
  if (const auto& last = status.last_state.terminated)
    summary.last_restart = std::max(summary.last_restart, last->finished_at);
}

// True while init containers are what the pod is about.
bool summarize_init(const core::Pod& pod, Summary& summary) {
  for (size_t i = 0; i < pod.status.init_container_statuses.size(); ++i) {
    const auto& status = pod.status.init_container_statuses[i];
    count_restart(summary, status);
    const auto* container = find_init(pod, status.name);
    bool sidecar = container && is_sidecar(*container);
    const auto& state = status.state;
    if (state.terminated && state.terminated->exit_code == 0) continue;
    if (sidecar && status.started.value_or(false)) {
      if (status.ready) ++summary.ready;
      continue;
    }
    if (state.terminated) {
      summary.reason = "Init:" + ended_text(*state.terminated);
    } else if (state.waiting && !state.waiting->reason.empty() && state.waiting->reason != "PodInitializing") {
      summary.reason = "Init:" + state.waiting->reason;
    } else {
      summary.reason = base::cat({"Init:", std::to_string(i), "/", std::to_string(pod.spec.init_containers.size())});
    }
    return true;
  }
  return false;
}

void summarize_main(const core::Pod& pod, Summary& summary) {
  summary.restarts = 0;
  summary.last_restart = {};
  for (const auto& status : pod.status.init_container_statuses) {
    const auto* container = find_init(pod, status.name);
    if (container && is_sidecar(*container)) count_restart(summary, status);
  }
  bool running = false;
  for (auto status = pod.status.container_statuses.rbegin(); status != pod.status.container_statuses.rend(); ++status) {
    count_restart(summary, *status);
    if (status->state.waiting && !status->state.waiting->reason.empty()) {
      summary.reason = status->state.waiting->reason;
    } else if (status->state.terminated) {
      summary.reason = ended_text(*status->state.terminated);
    } else if (status->ready && status->state.running) {
      running = true;
      ++summary.ready;
    }
  }
  // Some containers have ended, others still run.
  if (summary.reason == "Completed" && running) {
    const auto* ready = find_condition(pod, "Ready");
    summary.reason = ready && ready->status == "True" ? "Running" : "NotReady";
  }
}

Summary summarize(const core::Pod& pod) {
  Summary summary;
  summary.total = pod.spec.containers.size();
  summary.total +=
      static_cast<size_t>(std::count_if(pod.spec.init_containers.begin(), pod.spec.init_containers.end(), is_sidecar));
  summary.reason = pod.status.reason.empty() ? pod.status.phase : pod.status.reason;
  const auto* scheduled = find_condition(pod, "PodScheduled");
  if (scheduled && scheduled->reason == "SchedulingGated") summary.reason = "SchedulingGated";
  const auto* initialized = find_condition(pod, "Initialized");
  if (!summarize_init(pod, summary) || (initialized && initialized->status == "True")) summarize_main(pod, summary);
  if (!pod.metadata.deletion_timestamp.is_zero()) {
    bool over = pod.status.phase == "Succeeded" || pod.status.phase == "Failed";
    if (pod.status.reason == "NodeLost") {
      summary.reason = "Unknown";
    } else if (!over) {
      summary.reason = "Terminating";
    }
  }
  return summary;
}

std::string gates_text(const core::Pod& pod) {
  if (pod.spec.readiness_gates.empty()) return "<none>";
  auto open = std::count_if(pod.spec.readiness_gates.begin(), pod.spec.readiness_gates.end(), [&](const auto& gate) {
    const auto* condition = find_condition(pod, gate.condition_type);
    return condition && condition->status == "True";
  });
  return base::cat({std::to_string(open), "/", std::to_string(pod.spec.readiness_gates.size())});
}

}  // namespace

void print_pod(const schema::Object& object, Cells& cells, std::vector<api::meta_v1::TableRowCondition>& conditions) {
  const auto& pod = object.as<core::Pod>();
  auto summary = summarize(pod);
  std::string restarts = std::to_string(summary.restarts);
  if (summary.restarts != 0 && !summary.last_restart.is_zero()) {
    restarts += base::cat({" (", cells.age_text(summary.last_restart), " ago)"});
  }
  std::string address = pod.status.pod_ips.empty() ? pod.status.pod_ip : pod.status.pod_ips[0].ip;
  cells.text(pod.metadata.name)
      .text(base::cat({std::to_string(summary.ready), "/", std::to_string(summary.total)}))
      .text(summary.reason)
      .text(restarts)
      .age(pod.metadata.creation_timestamp)
      .text_or(address, "<none>")
      .text_or(pod.spec.node_name, "<none>")
      .text_or(pod.status.nominated_node_name, "<none>")
      .text(gates_text(pod));
  if (pod.status.phase == "Succeeded" || pod.status.phase == "Failed") {
    auto& over = conditions.emplace_back();
    over.type = "Completed";
    over.status = "True";
    over.reason = pod.status.phase;
    over.message = pod.status.phase == "Succeeded" ? "The pod has completed successfully." : "The pod failed.";
  }
}

}  // namespace apiserver::table
