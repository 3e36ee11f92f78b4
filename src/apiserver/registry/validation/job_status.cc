// What a job's status may say. Controllers other than ours may own a job, so that clients can rely on these rules. What
// has not changed is left alone: it may have become wrong by a change of the spec.

#include <algorithm>
#include <set>

#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/job.h"
#include "apiserver/registry/validation/job_parts.h"
#include "apiserver/registry/validation/workload_parts.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace batch = api::batch_v1;
using schema::BadValue;

const BadValue& no_value() {
  static const BadValue kNone = BadValue::json("");
  return kNone;
}

bool is_finished(const batch::Job& job) {
  return has_condition(job, "Complete") || has_condition(job, "Failed");
}

// What is asked of both states, to learn which rules are to be looked at.
struct Change {
  const batch::Job& next;
  const batch::Job& current;

  bool condition(std::string_view type) const { return has_condition(next, type) != has_condition(current, type); }
  bool finished() const { return is_finished(next) != is_finished(current); }
  template <class Member>
  bool of(Member member) const {
    return !(next.status.*member == current.status.*member);
  }
};
using Status = batch::JobStatus;

void check_uncounted(Report& report, const std::vector<std::string>& pods, std::set<std::string_view>& seen,
                     const Place& at) {
  for (size_t i = 0; i < pods.size(); ++i) {
    if (pods[i].empty()) {
      report.invalid(Place(at, i), "", "must not be empty");
    } else if (!seen.insert(pods[i]).second) {
      report.duplicate(Place(at, i), pods[i]);
    }
  }
}

void check_end(Report& report, const Change& change, const Place& at) {
  const auto& next = change.next;
  const auto& status = next.status;
  Place conditions(at, "conditions");
  Place completion_time(at, "completionTime");
  bool complete = has_condition(next, "Complete");
  bool failed = has_condition(next, "Failed");
  bool to_fail = has_condition(next, "FailureTarget");
  bool times = change.of(&Status::completion_time);
  auto refuse = [&](bool wrong, std::string_view why) {
    if (wrong) report.invalid(conditions, no_value(), why);
  };
  bool completes = change.condition("Complete");
  refuse((completes || change.condition("Failed")) && complete && failed,
         "cannot set Complete=True and Failed=true conditions");
  refuse((completes || change.condition("FailureTarget")) && complete && to_fail,
         "cannot set Complete=True and FailureTarget=true conditions");
  if ((completes || times) && !complete && !status.completion_time.is_zero()) {
    report.invalid(completion_time, base::format_rfc3339(status.completion_time),
                   "cannot set completionTime when there is no Complete=True condition");
  }
  if ((completes || times) && complete && status.completion_time.is_zero())
    report.required(completion_time, "completionTime is required for Complete jobs");
  if ((times || change.of(&Status::start_time)) && !status.start_time.is_zero() && !status.completion_time.is_zero() &&
      status.completion_time < status.start_time) {
    report.invalid(completion_time, base::format_rfc3339(status.completion_time),
                   "completionTime cannot be set before startTime");
  }
  refuse((change.condition("Failed") || change.condition("FailureTarget")) && failed && !to_fail,
         "cannot set Failed=True condition without the FailureTarget=true condition");
  refuse(
      (completes || change.condition("SuccessCriteriaMet")) && complete && !has_condition(next, "SuccessCriteriaMet"),
      "cannot set Complete=True condition without the SuccessCriteriaMet=true condition");
}

void check_finished(Report& report, const Change& change, const Place& at) {
  const auto& status = change.next.status;
  if (!is_finished(change.next)) return;
  bool ends = change.finished();
  if ((ends || change.of(&Status::active)) && status.active > 0)
    report.invalid(Place(at, "active"), status.active, "active>0 is invalid for finished job");
  if ((ends || change.of(&Status::start_time)) && status.start_time.is_zero())
    report.required(Place(at, "startTime"), "startTime is required for finished job");
  const auto& uncounted = status.uncounted_terminated_pods;
  if ((ends || change.of(&Status::uncounted_terminated_pods)) && uncounted &&
      uncounted->failed.size() + uncounted->succeeded.size() > 0) {
    report.invalid(Place(at, "uncountedTerminatedPods"), go_value(uncounted),
                   "uncountedTerminatedPods needs to be empty for finished job");
  }
}

// The first index that is in both; what cannot be read is complained about elsewhere.
std::optional<int64_t> shared_index(const std::string& completed, const std::string& failed, int64_t completions) {
  std::vector<IndexInterval> left;
  std::vector<IndexInterval> right;
  for (auto [text, list] : {std::pair{&completed, &left}, std::pair{&failed, &right}}) {
    for (auto part : base::split(*text, ',')) {
      auto interval = read_index_interval(part, completions);
      if (interval.problem.empty()) list->push_back(std::move(interval));
    }
  }
  for (size_t i = 0, j = 0; i < left.size() && j < right.size();) {
    if (left[i].first <= right[j].last && right[j].first <= left[i].last)
      return std::max(left[i].first, right[j].first);
    (left[i].first <= right[j].first ? i : j) += 1;
  }
  return std::nullopt;
}

void check_indexes(Report& report, const Change& change, const Place& at) {
  const auto& spec = change.next.spec;
  const auto& status = change.next.status;
  Place completed(at, "completedIndexes");
  Place failed(at, "failedIndexes");
  bool news = change.of(&Status::completed_indexes);
  bool bad_news = change.of(&Status::failed_indexes);
  auto refuse = [&](const Place& place, std::string_view name, const std::string& text) {
    auto indexes = read_indexes(text, *spec.completions);
    if (!indexes.problem.empty())
      report.invalid(place, text, base::cat({"error parsing ", name, ": ", indexes.problem}));
  };
  if (news && spec.completions) refuse(completed, "completedIndexes", status.completed_indexes);
  if (bad_news && spec.completions && spec.backoff_limit_per_index && status.failed_indexes)
    refuse(failed, "failedIndexes", *status.failed_indexes);
  if (news && !status.completed_indexes.empty() && !is_indexed(spec)) {
    report.invalid(completed, status.completed_indexes,
                   "cannot set non-empty completedIndexes when non-indexed completion mode");
  }
  if (bad_news && !spec.backoff_limit_per_index && status.failed_indexes) {
    report.invalid(failed, *status.failed_indexes,
                   "cannot set non-null failedIndexes when backoffLimitPerIndex is null");
  }
  if ((news || bad_news) && spec.completions && status.failed_indexes) {
    if (auto both = shared_index(status.completed_indexes, *status.failed_indexes, *spec.completions)) {
      report.invalid(failed, *status.failed_indexes,
                     "failedIndexes and completedIndexes overlap at index: " + std::to_string(*both));
    }
  }
}

void check_success(Report& report, const batch::Job& next, const Place& conditions) {
  bool met = has_condition(next, "SuccessCriteriaMet");
  if (met && has_condition(next, "Failed"))
    report.invalid(conditions, no_value(), "cannot set SuccessCriteriaMet=True and Failed=true conditions");
  if (met && has_condition(next, "FailureTarget"))
    report.invalid(conditions, no_value(), "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions");
  if (next.spec.success_policy && !met && has_condition(next, "Complete")) {
    report.invalid(conditions, no_value(),
                   "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True");
  }
}

// What never goes back.
void check_progress(Report& report, const Change& change, const Place& at) {
  const auto& [next, current] = change;
  Place conditions(at, "conditions");
  for (const char* type : {"Failed", "Complete", "FailureTarget"}) {
    if (has_condition(current, type) && !has_condition(next, type)) {
      report.invalid(conditions, no_value(), base::cat({"cannot disable the terminal ", type, "=True condition"}));
    }
  }
  if (next.status.failed < current.status.failed)
    report.invalid(Place(at, "failed"), next.status.failed, "cannot decrease the failed counter");
  // A job whose completions follow its parallelism may be made smaller.
  bool elastic = is_indexed(next.spec) && next.spec.completions == next.spec.parallelism;
  if (!elastic && next.status.succeeded < current.status.succeeded)
    report.invalid(Place(at, "succeeded"), next.status.succeeded, "cannot decrease the succeeded counter");
  if (!next.status.completion_time.is_zero() && !current.status.completion_time.is_zero() &&
      change.of(&Status::completion_time)) {
    report.invalid(Place(at, "completionTime"), base::format_rfc3339(next.status.completion_time),
                   "completionTime cannot be mutated");
  }
  if (!current.status.start_time.is_zero() && change.of(&Status::start_time) && !next.spec.suspend.value_or(false))
    report.required(Place(at, "startTime"), "startTime cannot be removed for unsuspended job");
  if (has_condition(current, "SuccessCriteriaMet") && !has_condition(next, "SuccessCriteriaMet"))
    report.invalid(conditions, no_value(), "cannot disable the SuccessCriteriaMet=True condition");
  if (has_condition(current, "Complete") && !has_condition(current, "SuccessCriteriaMet") &&
      has_condition(next, "SuccessCriteriaMet")) {
    report.invalid(conditions, no_value(),
                   "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions");
  }
}

}  // namespace

schema::FieldErrors validate_job_status(const batch::Job& next, const batch::Job& current) {
  Report report;
  Change change{next, current};
  const auto& status = next.status;
  Place at("status");
  check_counts(report, {{"active", status.active},
                        {"succeeded", status.succeeded},
                        {"failed", status.failed},
                        {"ready", status.ready.value_or(0)},
                        {"terminating", status.terminating.value_or(0)}});
  if (status.uncounted_terminated_pods) {
    std::set<std::string_view> seen;
    Place uncounted(at, "uncountedTerminatedPods");
    check_uncounted(report, status.uncounted_terminated_pods->succeeded, seen, Place(uncounted, "succeeded"));
    check_uncounted(report, status.uncounted_terminated_pods->failed, seen, Place(uncounted, "failed"));
  }
  check_end(report, change, at);
  check_finished(report, change, at);
  check_indexes(report, change, at);
  if ((change.finished() || change.of(&Status::terminating)) && is_finished(next) &&
      status.terminating.value_or(0) > 0) {
    report.invalid(Place(at, "terminating"), *status.terminating, "terminating>0 is invalid for finished job");
  }
  if ((change.of(&Status::ready) || change.of(&Status::active)) && status.ready.value_or(0) > status.active)
    report.invalid(Place(at, "ready"), *status.ready, "cannot set more ready pods than active");
  check_success(report, next, Place(at, "conditions"));
  check_progress(report, change, at);
  return report.take();
}

}  // namespace apiserver
