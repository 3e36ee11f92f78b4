#include "kubelet/pods/pod.h"

#include <algorithm>

#include "base/json.h"
#include "base/strings.h"

namespace kubelet {

std::string pod_text(const core::Pod& pod) {
  return base::cat({pod.metadata.name, "_", pod.metadata.namespace_, "(", pod.metadata.uid, ")"});
}

bool is_sidecar(const core::Container& init_container) {
  return init_container.restart_policy && *init_container.restart_policy == "Always";
}

// The container's own rule for that end, or null.
static const core::ContainerRestartRule* rule_for(const core::Container& container, int32_t exit_code) {
  for (auto& rule : container.restart_policy_rules) {
    if (!rule.exit_codes) continue;
    bool in = std::ranges::find(rule.exit_codes->values, exit_code) != rule.exit_codes->values.end();
    if (in == (rule.exit_codes->operator_ == "In")) return &rule;
  }
  return nullptr;
}

bool restarts_all_after(const core::Container& container, int32_t exit_code) {
  auto* rule = rule_for(container, exit_code);
  return rule != nullptr && rule->action == "RestartAllContainers";
}

bool restarts_after(const core::Pod& pod, const core::Container& container, bool is_init, int32_t exit_code) {
  // Each action of a rule makes it run again, alone or with all others.
  if (rule_for(container, exit_code) != nullptr) return true;
  std::string_view policy = container.restart_policy ? std::string_view(*container.restart_policy)
                                                     : std::string_view(pod.spec.restart_policy);
  if (policy == "Never") return false;
  // An init container of the usual kind runs until it has succeeded once.
  if (policy == "OnFailure" || (is_init && !is_sidecar(container))) return exit_code != 0;
  return true;
}

std::string container_hash(const core::Container& container) {
  std::string text = "{\"name\":";
  base::append_json_string(text, container.name);
  text += ",\"image\":";
  base::append_json_string(text, container.image);
  text += "}";
  uint32_t hash = 2166136261U;  // FNV-1a
  for (unsigned char byte : text) hash = (hash ^ byte) * 16777619U;
  char out[9];
  snprintf(out, sizeof out, "%x", hash);
  return out;
}

const core::Container* find_container(const core::Pod& pod, std::string_view name) {
  for (auto& container : pod.spec.containers)
    if (container.name == name) return &container;
  for (auto& container : pod.spec.init_containers)
    if (container.name == name) return &container;
  return nullptr;
}

core::Container from_ephemeral(const core::EphemeralContainer& from) {
  core::Container out;
  out.name = from.name;
  out.image = from.image;
  out.command = from.command;
  out.args = from.args;
  out.working_dir = from.working_dir;
  out.env_from = from.env_from;
  out.env = from.env;
  out.volume_mounts = from.volume_mounts;
  out.termination_message_path = from.termination_message_path;
  out.termination_message_policy = from.termination_message_policy;
  out.image_pull_policy = from.image_pull_policy;
  out.security_context = from.security_context;
  out.stdin = from.stdin;
  out.stdin_once = from.stdin_once;
  out.tty = from.tty;
  return out;
}

bool is_mirror_or_static(const core::Pod& pod) {
  auto source = pod.metadata.annotations.find("kubernetes.io/config.source");
  return pod.metadata.annotations.contains("kubernetes.io/config.mirror") ||
         (source != pod.metadata.annotations.end() && source->second != "api");
}

bool is_critical(const core::Pod& pod) {
  constexpr int32_t kSystemCritical = 2'000'000'000;
  return is_mirror_or_static(pod) || pod.spec.priority.value_or(0) >= kSystemCritical;
}

bool is_terminal(const core::Pod& pod) {
  return pod.status.phase == "Failed" || pod.status.phase == "Succeeded";
}

int64_t grace_seconds(const core::Pod& pod) {
  if (pod.metadata.deletion_grace_period_seconds) return *pod.metadata.deletion_grace_period_seconds;
  return pod.spec.termination_grace_period_seconds.value_or(30);
}

std::string log_directory_name(std::string_view namespace_, std::string_view name, std::string_view uid) {
  return base::cat({namespace_, "_", name, "_", uid});
}

const core::ContainerStatus* find_status(const core::PodStatus& status, std::string_view container) {
  for (auto* list : {&status.container_statuses, &status.init_container_statuses, &status.ephemeral_container_statuses})
    for (auto& one : *list)
      if (one.name == container) return &one;
  return nullptr;
}

const core::PodCondition* find_condition(const core::PodStatus& status, std::string_view type) {
  for (auto& condition : status.conditions)
    if (condition.type == type) return &condition;
  return nullptr;
}

}  // namespace kubelet
