// When a job has failed, and when it has succeeded before all is done.

#include <set>

#include "apiserver/registry/validation/job_parts.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace batch = api::batch_v1;
using schema::BadValue;

constexpr size_t kRulesMax = 20;
constexpr size_t kExitCodesMax = 255;
constexpr size_t kIndexesLengthMax = 65536;

const BadValue& no_value() {
  static const BadValue kNone = BadValue::json("");
  return kNone;
}

void check_exit_codes(Report& report, const batch::PodFailurePolicyOnExitCodesRequirement& codes,
                      const std::set<std::string_view>& containers, const Place& at) {
  Place op(at, "operator");
  if (codes.operator_.empty()) {
    report.required(op, "valid values: [\"In\" \"NotIn\"]");
  } else {
    report.one_of(op, codes.operator_, {"In", "NotIn"});
  }
  if (codes.container_name && !containers.contains(*codes.container_name)) {
    report.invalid(Place(at, "containerName"), *codes.container_name,
                   "must be one of the container or initContainer names in the pod template");
  }
  Place values(at, "values");
  std::string shown = "[";
  for (int32_t code : codes.values) shown += (shown.size() > 1 ? "," : "") + std::to_string(code);
  shown += "]";
  if (codes.values.empty()) {
    report.invalid(values, BadValue::json("null"), "at least one value is required");
  } else if (codes.values.size() > kExitCodesMax) {
    report.too_many(values, codes.values.size(), kExitCodesMax);
  }
  std::set<int32_t> seen;
  bool ordered = true;
  for (size_t i = 0; i < codes.values.size(); ++i) {
    int32_t code = codes.values[i];
    Place here(values, i);
    if (codes.operator_ == "In" && code == 0) report.invalid(here, code, "must not be 0 for the In operator");
    if (!seen.insert(code).second) report.duplicate(here, code);
    if (i > 0 && codes.values[i - 1] > code) ordered = false;
  }
  if (!ordered) report.invalid(values, BadValue::json(shown), "must be ordered");
}

void check_conditions(Report& report, const std::vector<batch::PodFailurePolicyOnPodConditionsPattern>& patterns,
                      const Place& at) {
  if (patterns.size() > kRulesMax) report.too_many(at, patterns.size(), kRulesMax);
  for (size_t i = 0; i < patterns.size(); ++i) {
    Place here(at, i);
    report.problems(Place(here, "type"), patterns[i].type, schema::check_qualified_name(patterns[i].type));
    if (patterns[i].status.empty()) {
      report.required(Place(here, "status"), "valid values: [\"False\" \"True\" \"Unknown\"]");
    } else {
      report.one_of(Place(here, "status"), patterns[i].status, {"False", "True", "Unknown"});
    }
  }
}

void check_rule(Report& report, const batch::JobSpec& spec, const batch::PodFailurePolicyRule& rule,
                const std::set<std::string_view>& containers, const Place& at) {
  Place action(at, "action");
  if (rule.action.empty()) {
    report.required(action, "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]");
  } else if (rule.action == "FailIndex") {
    if (!spec.backoff_limit_per_index)
      report.invalid(action, rule.action, "requires the backoffLimitPerIndex to be set");
  } else {
    report.one_of(action, rule.action, {"Count", "FailIndex", "FailJob", "Ignore"});
  }
  if (rule.on_exit_codes) check_exit_codes(report, *rule.on_exit_codes, containers, Place(at, "onExitCodes"));
  if (!rule.on_pod_conditions.empty()) check_conditions(report, rule.on_pod_conditions, Place(at, "onPodConditions"));
  if (rule.on_exit_codes && !rule.on_pod_conditions.empty()) {
    report.invalid(at, no_value(), "specifying both OnExitCodes and OnPodConditions is not supported");
  }
  if (!rule.on_exit_codes && rule.on_pod_conditions.empty()) {
    report.invalid(at, no_value(), "specifying one of OnExitCodes and OnPodConditions is required");
  }
}

std::string wrong_order(int64_t previous, int64_t now) {
  return base::cat({"non-increasing order, previous: ", std::to_string(previous), ", current: ", std::to_string(now)});
}

}  // namespace

IndexInterval read_index_interval(std::string_view text, int64_t completions) {
  IndexInterval interval;
  auto limits = base::split(text, '-');
  if (limits.empty()) limits.emplace_back();
  if (limits.size() > 2) {
    interval.problem =
        base::cat({"the fragment ", base::quote(text),
                   " violates the requirement that an index interval can have at most two parts separated by '-'"});
    return interval;
  }
  auto read = [&](std::string_view limit) -> int64_t {
    auto index = base::parse_int(limit);
    if (!index) {
      interval.problem = base::cat({"cannot convert string to integer for index: ", base::quote(limit)});
    } else if (*index >= completions) {
      interval.problem = base::cat({"too large index: ", base::quote(limit)});
    }
    return index.value_or(0);
  };
  interval.first = interval.last = read(limits[0]);
  if (limits.size() < 2 || !interval.problem.empty()) return interval;
  interval.last = read(limits[1]);
  if (interval.problem.empty() && interval.first >= interval.last)
    interval.problem = wrong_order(interval.first, interval.last);
  return interval;
}

Indexes read_indexes(std::string_view text, int64_t completions) {
  Indexes indexes;
  if (text.empty()) return indexes;
  std::optional<int64_t> last;
  for (auto part : base::split(text, ',')) {
    auto interval = read_index_interval(part, completions);
    if (interval.problem.empty() && last && *last >= interval.first)
      interval.problem = wrong_order(*last, interval.first);
    if (!interval.problem.empty()) return {.total = 0, .problem = std::move(interval.problem)};
    indexes.total += interval.last - interval.first + 1;
    last = interval.last;
  }
  return indexes;
}

void check_pod_failure_policy(Report& report, const batch::JobSpec& spec, const Place& at) {
  const auto& rules = spec.pod_failure_policy->rules;
  Place list(at, "rules");
  if (rules.size() > kRulesMax) report.too_many(list, rules.size(), kRulesMax);
  std::set<std::string_view> containers;
  for (const auto& container : spec.template_.spec.containers) containers.insert(container.name);
  for (const auto& container : spec.template_.spec.init_containers) containers.insert(container.name);
  for (size_t i = 0; i < rules.size(); ++i) check_rule(report, spec, rules[i], containers, Place(list, i));
}

void check_success_policy(Report& report, const batch::JobSpec& spec, const Place& at) {
  const auto& rules = spec.success_policy->rules;
  Place list(at, "rules");
  if (rules.empty()) report.required(list, "at least one rules must be specified when the successPolicy is specified");
  if (rules.size() > kRulesMax) report.too_many(list, rules.size(), kRulesMax);
  int64_t completions = spec.completions.value_or(0);
  for (size_t i = 0; i < rules.size(); ++i) {
    const auto& rule = rules[i];
    Place here(list, i);
    if (!rule.succeeded_count && !rule.succeeded_indexes) {
      report.required(here, "at least one of succeededCount or succeededIndexes must be specified");
    }
    Indexes indexes;
    if (rule.succeeded_indexes) {
      Place place(here, "succeededIndexes");
      if (rule.succeeded_indexes->size() > kIndexesLengthMax) report.too_long(place, kIndexesLengthMax);
      indexes = read_indexes(*rule.succeeded_indexes, completions);
      if (!indexes.problem.empty()) {
        report.invalid(place, *rule.succeeded_indexes, "error parsing succeededIndexes: " + indexes.problem);
      }
    }
    if (!rule.succeeded_count) continue;
    Place count(here, "succeededCount");
    report.not_negative(count, rule.succeeded_count);
    if (*rule.succeeded_count > completions) {
      report.invalid(count, *rule.succeeded_count,
                     base::cat({"must be less than or equal to ", std::to_string(completions),
                                " (the number of specified completions)"}));
    }
    if (rule.succeeded_indexes && *rule.succeeded_count > indexes.total) {
      report.invalid(count, *rule.succeeded_count,
                     base::cat({"must be less than or equal to ", std::to_string(indexes.total),
                                " (the number of indexes in the specified succeededIndexes field)"}));
    }
  }
}

}  // namespace apiserver
