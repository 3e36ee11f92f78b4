#include "apiserver/registry/validation/job.h"

#include <algorithm>

#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/job_parts.h"
#include "apiserver/registry/validation/pod_template.h"
#include "apiserver/registry/validation/workload_parts.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace batch = api::batch_v1;
namespace core = api::core_v1;
using schema::FieldErrors;

constexpr int32_t kIndexedMax = 100000;         // pods at a time, and completions that are easy to keep account of
constexpr int32_t kManyCompletionsMax = 10000;  // pods at a time and failed indexes beyond that
constexpr size_t kManagedByMax = 63;

// "example.com/foo"
void check_managed_by(Report& report, const std::string& name, const Place& at) {
  size_t slash = name.find('/');
  if (name.empty()) {
    report.required(at);
  } else if (slash == std::string::npos || slash == 0 || slash + 1 == name.size()) {
    report.invalid(at, name, "must be a domain-prefixed path (such as \"acme.io/foo\")");
  } else {
    std::string_view domain = std::string_view(name).substr(0, slash);
    std::string_view path = std::string_view(name).substr(slash + 1);
    report.problems(at, domain, schema::check_dns1123_subdomain(domain));
    auto allowed = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             std::string_view("-._~!$&'()*+,;=:/@%").find(c) != std::string_view::npos;
    };
    if (!std::ranges::all_of(path, allowed)) {
      report.invalid(at, path, schema::regex_problem("Invalid path", "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+", {}));
    }
  }
  if (name.size() > kManagedByMax) report.too_long(at, kManagedByMax);
}

void check_completion_mode(Report& report, const batch::JobSpec& spec, const Place& at) {
  Place failed(at, "maxFailedIndexes");
  Place parallelism(at, "parallelism");
  if (spec.completion_mode)
    report.one_of(Place(at, "completionMode"), *spec.completion_mode, {"NonIndexed", "Indexed"});
  if (!is_indexed(spec)) {
    if (spec.completion_mode && *spec.completion_mode != "NonIndexed") return;
    constexpr std::string_view kIndexedOnly = "requires indexed completion mode";
    if (spec.backoff_limit_per_index)
      report.invalid(Place(at, "backoffLimitPerIndex"), *spec.backoff_limit_per_index, kIndexedOnly);
    if (spec.max_failed_indexes) report.invalid(failed, *spec.max_failed_indexes, kIndexedOnly);
    return;
  }
  if (!spec.completions) report.required(Place(at, "completions"), "when completion mode is Indexed");
  if (spec.parallelism && *spec.parallelism > kIndexedMax) {
    report.invalid(parallelism, *spec.parallelism,
                   "must be less than or equal to 100000 when completion mode is Indexed");
  }
  if (spec.completions && spec.max_failed_indexes && *spec.max_failed_indexes > *spec.completions) {
    report.invalid(failed, *spec.max_failed_indexes, "must be less than or equal to completions");
  }
  if (spec.max_failed_indexes && *spec.max_failed_indexes > kIndexedMax) {
    report.invalid(failed, *spec.max_failed_indexes, "must be less than or equal to 100000");
  }
  if (spec.completions.value_or(0) <= kIndexedMax || !spec.backoff_limit_per_index) return;
  constexpr std::string_view kMany =
      "must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index";
  if (!spec.max_failed_indexes) report.required(failed, "must be specified when completions is above 100000");
  if (spec.parallelism && *spec.parallelism > kManyCompletionsMax)
    report.invalid(parallelism, *spec.parallelism, kMany);
  if (spec.max_failed_indexes && *spec.max_failed_indexes > kManyCompletionsMax)
    report.invalid(failed, *spec.max_failed_indexes, kMany);
}

void check_has_label(Report& report, const core::PodTemplateSpec& pod, std::string_view key, const std::string& value) {
  Place labels("spec.template.metadata.labels");
  auto found = pod.metadata.labels.find(key);
  std::string detail = base::cat({"must be '", value, "'"});
  if (found == pod.metadata.labels.end()) {
    report.required(Place::key(labels, key), detail);
  } else if (found->second != value) {
    report.invalid(Place::key(labels, key), bad_value(pod.metadata, pod.metadata.labels), detail);
  }
}

// A job's own selector: by labels made from its uid and name.
void check_made_selector(Report& report, const batch::Job& job) {
  if (job.spec.manual_selector.value_or(false) || !job.spec.selector) return;
  if (job.metadata.uid.empty()) report.required(Place("metadata.uid"));
  std::map<std::string, std::string, std::less<>> expected;
  for (const char* prefix : {"", "batch.kubernetes.io/"}) {
    std::string uid = std::string(prefix) + "controller-uid";
    std::string name = std::string(prefix) + "job-name";
    check_has_label(report, job.spec.template_, uid, job.metadata.uid);
    check_has_label(report, job.spec.template_, name, job.metadata.name);
    expected[uid] = job.metadata.uid;
    expected[name] = job.metadata.name;
  }
  if (selects(job.spec.selector, expected) == false) {
    report.invalid(Place("spec.selector"), bad_value(job.spec.selector), "`selector` not auto-generated");
  }
}

// The pods of an indexed job are called after it and their index.
void check_last_host(Report& report, const batch::Job& job) {
  if (!is_indexed(job.spec) || job.spec.completions.value_or(0) <= 0) return;
  std::string last = base::cat({job.metadata.name, "-", std::to_string(*job.spec.completions - 1)});
  if (!schema::is_dns1123_label(last)) {
    report.invalid(Place("metadata.name"), job.metadata.name,
                   "will not able to create pod with invalid DNS label: " + last);
  }
}

// A job that waits may still be told where its pods may run, and what they need.
void check_template_update(Report& report, const batch::Job& next, const batch::Job& current) {
  core::PodTemplateSpec before = current.spec.template_;
  const auto& now = next.spec.template_;
  bool waits =
      current.spec.suspend.value_or(false) &&
      (current.status.start_time.is_zero() || (has_condition(current, "Suspended") && current.status.active == 0));
  if (waits) {
    if (!now.spec.affinity) {
      if (before.spec.affinity) {
        before.spec.affinity->node_affinity.reset();
        if (*before.spec.affinity == core::Affinity()) before.spec.affinity.reset();
      }
    } else {
      before.spec.affinity.ensure().node_affinity = now.spec.affinity->node_affinity;
    }
    before.spec.node_selector = now.spec.node_selector;
    before.spec.tolerations = now.spec.tolerations;
    before.metadata.annotations = now.metadata.annotations;
    before.metadata.labels = now.metadata.labels;
    before.spec.scheduling_gates = now.spec.scheduling_gates;
    for (auto [left, right] : {std::pair{&before.spec.containers, &now.spec.containers},
                               std::pair{&before.spec.init_containers, &now.spec.init_containers}}) {
      for (size_t i = 0; i < left->size() && i < right->size(); ++i) (*left)[i].resources = (*right)[i].resources;
    }
  }
  if (!(now == before)) report.invalid(Place("spec.template"), go_value(now), kImmutable);
}

void check_completions_update(Report& report, const batch::JobSpec& next, const batch::JobSpec& current) {
  if (next.completions == current.completions) return;
  Place at("spec.completions");
  if (!is_indexed(next)) {
    report.invalid(at, bad_value(next.completions), kImmutable);
  } else if (next.completions && *next.completions != next.parallelism.value_or(0)) {
    report.invalid(at, *next.completions, "can only be modified in tandem with spec.parallelism");
  }
}

}  // namespace

bool is_indexed(const batch::JobSpec& spec) {
  return spec.completion_mode == "Indexed";
}

bool has_condition(const batch::Job& job, std::string_view type) {
  return std::ranges::any_of(job.status.conditions,
                             [&](const auto& one) { return one.type == type && one.status == "True"; });
}

void check_job_spec(Report& report, const batch::JobSpec& spec, const core::PodTemplateSpec* current, const Place& at) {
  report.not_negative(Place(at, "parallelism"), spec.parallelism);
  report.not_negative(Place(at, "completions"), spec.completions);
  report.not_negative(Place(at, "activeDeadlineSeconds"), spec.active_deadline_seconds);
  report.not_negative(Place(at, "backoffLimit"), spec.backoff_limit);
  report.not_negative(Place(at, "ttlSecondsAfterFinished"), spec.ttl_seconds_after_finished);
  report.not_negative(Place(at, "backoffLimitPerIndex"), spec.backoff_limit_per_index);
  if (spec.max_failed_indexes) {
    report.not_negative(Place(at, "maxFailedIndexes"), spec.max_failed_indexes);
    if (!spec.backoff_limit_per_index)
      report.required(Place(at, "backoffLimitPerIndex"), "when maxFailedIndexes is specified");
  }
  if (spec.managed_by) check_managed_by(report, *spec.managed_by, Place(at, "managedBy"));
  check_completion_mode(report, spec, at);
  if (spec.pod_failure_policy) check_pod_failure_policy(report, spec, Place(at, "podFailurePolicy"));
  if (spec.success_policy) {
    Place success(at, "successPolicy");
    if (is_indexed(spec)) {
      check_success_policy(report, spec, success);
    } else {
      report.invalid(success, go_value(spec.success_policy), "requires indexed completion mode");
    }
  }
  if (spec.pod_replacement_policy) {
    Place replacement(at, "podReplacementPolicy");
    if (spec.pod_failure_policy) {
      report.one_of(replacement, *spec.pod_replacement_policy, {"Failed"});
    } else {
      report.one_of(replacement, *spec.pod_replacement_policy, {"Failed", "TerminatingOrFailed"});
    }
  }
  Place template_(at, "template");
  check_pod_template(report, spec.template_, current, template_);
  Place restart(template_, "spec.restartPolicy");
  const auto& policy = spec.template_.spec.restart_policy;
  if (policy.empty() || policy == "Always") {
    report.required(restart, "valid values: \"OnFailure\", \"Never\"");
  } else if (policy != "OnFailure" && policy != "Never") {
    report.not_supported(restart, policy, {"OnFailure", "Never"});
  } else if (spec.pod_failure_policy && policy != "Never") {
    report.invalid(restart, policy, "only \"Never\" is supported when podFailurePolicy is specified");
  }
}

FieldErrors validate_job(const batch::Job& next, const batch::Job* current) {
  Report report;
  Place spec("spec");
  if (current == nullptr) check_made_selector(report, next);
  check_job_spec(report, next.spec, current == nullptr ? nullptr : &current->spec.template_, spec);
  Place selector(spec, "selector");
  if (next.spec.selector) {
    check_label_selector(report, *next.spec.selector, selector);
  } else {
    report.required(selector);
  }
  if (selects(next.spec.selector, next.spec.template_.metadata.labels) == false) {
    complain_about_labels(report, next.spec.template_, Place(spec, "template"));
  }
  check_last_host(report, next);
  if (current == nullptr) return report.take();
  const auto& now = next.spec;
  const auto& before = current->spec;
  check_completions_update(report, now, before);
  report.immutable_unless(now.selector == before.selector, selector, bad_value(now.selector));
  check_template_update(report, next, *current);
  report.immutable_unless(now.completion_mode == before.completion_mode, Place(spec, "completionMode"),
                          bad_value(now.completion_mode));
  report.immutable_unless(now.pod_failure_policy == before.pod_failure_policy, Place(spec, "podFailurePolicy"),
                          go_value(now.pod_failure_policy));
  report.immutable_unless(now.backoff_limit_per_index == before.backoff_limit_per_index,
                          Place(spec, "backoffLimitPerIndex"), bad_value(now.backoff_limit_per_index));
  report.immutable_unless(now.managed_by == before.managed_by, Place(spec, "managedBy"), bad_value(now.managed_by));
  report.immutable_unless(now.success_policy == before.success_policy, Place(spec, "successPolicy"),
                          go_value(now.success_policy));
  return report.take();
}

}  // namespace apiserver
