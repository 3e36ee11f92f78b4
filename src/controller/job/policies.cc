#include "controller/job/policies.h"

#include <algorithm>

#include "base/strings.h"
#include "controller/job/indexes.h"

namespace controller::job {
namespace {

using api::batch_v1::JobSpec;
using api::batch_v1::PodFailurePolicyOnExitCodesRequirement;
using api::batch_v1::PodFailurePolicyRule;
using api::core_v1::ContainerStatus;
using api::core_v1::Pod;

// A container that ended in a way the rule is about. Success never is.
const ContainerStatus* find_container(const Pod& pod, const PodFailurePolicyOnExitCodesRequirement& wanted) {
  for (const auto* statuses : {&pod.status.container_statuses, &pod.status.init_container_statuses}) {
    for (const ContainerStatus& status : *statuses) {
      if (!status.state.terminated || status.state.terminated->exit_code == 0) continue;
      if (wanted.container_name && *wanted.container_name != status.name) continue;
      bool listed = std::find(wanted.values.begin(), wanted.values.end(), status.state.terminated->exit_code) !=
                    wanted.values.end();
      if (listed == (wanted.operator_ == "In")) return &status;
    }
  }
  return nullptr;
}

const api::core_v1::PodCondition* find_condition(const Pod& pod, const PodFailurePolicyRule& rule) {
  for (const auto& wanted : rule.on_pod_conditions) {
    for (const auto& condition : pod.status.conditions) {
      if (condition.type == wanted.type && condition.status == wanted.status) return &condition;
    }
  }
  return nullptr;
}

int32_t number_in(const Pod& pod, std::string_view annotation) {
  auto found = pod.metadata.annotations.find(annotation);
  if (found == pod.metadata.annotations.end()) return 0;
  return static_cast<int32_t>(base::parse_int(found->second).value_or(0));
}

}  // namespace

Verdict judge_failed_pod(const JobSpec& spec, const Pod& pod) {
  if (!spec.pod_failure_policy) return {};
  const auto& rules = spec.pod_failure_policy->rules;
  for (size_t i = 0; i < rules.size(); i++) {
    const PodFailurePolicyRule& rule = rules[i];
    std::string what;
    if (rule.on_exit_codes) {
      const ContainerStatus* container = find_container(pod, *rule.on_exit_codes);
      if (container == nullptr) continue;
      what = base::cat({"Container ", container->name, " for pod ", pod.metadata.namespace_, "/", pod.metadata.name,
                        " failed with exit code ", std::to_string(container->state.terminated->exit_code)});
    } else {
      const auto* condition = find_condition(pod, rule);
      if (condition == nullptr) continue;
      what = base::cat({"Pod ", pod.metadata.namespace_, "/", pod.metadata.name, " has condition ", condition->type});
    }
    if (rule.action == "Ignore") return {.counts = false};
    if (rule.action == "FailIndex") return {.fails_index = true};
    if (rule.action == "FailJob") {
      return {.fails_job = base::cat({what, " matching FailJob rule at index ", std::to_string(i)})};
    }
    return {};  // Count
  }
  return {};
}

Failures failures_before(const Pod& pod) {
  return {number_in(pod, kFailureCount), number_in(pod, kIgnoredFailureCount)};
}

Failures failures_with(const JobSpec& spec, const Pod& pod) {
  Failures failures = failures_before(pod);
  (judge_failed_pod(spec, pod).counts ? failures.counted : failures.ignored)++;
  return failures;
}

bool gives_up_index(const JobSpec& spec, const Pod& pod) {
  Verdict verdict = judge_failed_pod(spec, pod);
  if (verdict.fails_index) return true;
  return verdict.counts && failures_before(pod).counted >= spec.backoff_limit_per_index.value_or(0);
}

std::optional<std::string> success_rule_met(const JobSpec& spec, const std::set<int32_t>& succeeded) {
  if (!spec.success_policy) return std::nullopt;
  const auto& rules = spec.success_policy->rules;
  for (size_t i = 0; i < rules.size(); i++) {
    size_t have = succeeded.size(), needed = static_cast<size_t>(rules[i].succeeded_count.value_or(0));
    if (rules[i].succeeded_indexes) {
      std::set<int32_t> wanted = parse_indexes(*rules[i].succeeded_indexes);
      have = static_cast<size_t>(
          std::count_if(wanted.begin(), wanted.end(), [&](int32_t index) { return succeeded.contains(index); }));
      if (!rules[i].succeeded_count) needed = wanted.size();
    }
    if (have >= needed) return "Matched rules at index " + std::to_string(i);
  }
  return std::nullopt;
}

}  // namespace controller::job
