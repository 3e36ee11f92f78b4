#include "controller/job/plan.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "base/strings.h"
#include "controller/common/ownership.h"
#include "controller/job/indexes.h"

namespace controller::job {
namespace {

using api::batch_v1::JobCondition;
using api::core_v1::Pod;

constexpr int64_t kBackoffSeconds = 10;  // after the first failure, doubled with each
constexpr int64_t kBackoffSecondsMax = 600;

bool is_indexed(const Job& job) {
  return job.spec.completion_mode == "Indexed";
}

bool is_tracked(const Pod& pod) {
  return std::find(pod.metadata.finalizers.begin(), pod.metadata.finalizers.end(), kTracking) !=
         pod.metadata.finalizers.end();
}

// A pod that is on its way out counts as failed, unless the job wants to see it end.
bool has_failed(const Job& job, const Pod& pod) {
  if (pod.status.phase == "Failed") return true;
  return is_terminating(pod) && job.spec.pod_replacement_policy != "Failed";
}

int32_t index_of(const Pod& pod) {
  auto index = pod.metadata.annotations.find(kIndex);
  return index == pod.metadata.annotations.end() ? -1
                                                 : static_cast<int32_t>(base::parse_int(index->second).value_or(-1));
}

base::Time ended_at(const Pod& pod, base::Time now) {
  base::Time latest;
  for (const auto& container : pod.status.container_statuses) {
    if (container.state.terminated) latest = std::max(latest, container.state.terminated->finished_at);
  }
  // An evicted pod has no containers to tell: its conditions do, or else its age bounds it.
  for (const auto& condition : pod.status.conditions) {
    if (latest.is_zero() && condition.type == "Ready") latest = condition.last_transition_time;
  }
  if (latest.is_zero() && is_being_deleted(pod.metadata)) latest = pod.metadata.deletion_timestamp;
  if (latest.is_zero()) latest = pod.metadata.creation_timestamp;
  return std::min(latest, now);
}

const JobCondition* find(const JobStatus& status, std::string_view type) {
  for (const auto& condition : status.conditions) {
    if (condition.type == type && condition.status == "True") return &condition;
  }
  return nullptr;
}

void set(JobStatus& status, std::string_view type, std::string_view value, std::string_view reason,
         std::string_view message, base::Time now) {
  auto place = std::find_if(status.conditions.begin(), status.conditions.end(),
                            [&](const auto& one) { return one.type == type; });
  if (place == status.conditions.end()) {
    if (value == "False") return;
    place = status.conditions.insert(status.conditions.end(), JobCondition());
  } else if (place->status == value && place->reason == reason) {
    return;
  }
  place->type = type;
  place->status = value;
  place->reason = reason;
  place->message = message;
  place->last_probe_time = place->last_transition_time = now;
}

class Planner {
 public:
  Planner(const Job& job, const std::vector<PodPointer>& pods, base::Time now) : job_(job), pods_(pods), now_(now) {
    plan_.status = job.status;
  }

  Plan run() {
    if (is_finished(job_)) {
      for (const PodPointer& pod : pods_) {
        if (is_tracked(*pod)) plan_.release.push_back(pod);
      }
      return std::move(plan_);
    }
    JobStatus& status = plan_.status;
    bool suspended = job_.spec.suspend.value_or(false);
    if (status.start_time.is_zero() && !suspended) status.start_time = now_;
    count();
    judge();
    release_counted();
    if (find(status, "FailureTarget") != nullptr || find(status, "SuccessCriteriaMet") != nullptr) {
      finish();
    } else if (suspended) {
      suspend();
    } else {
      if (find(status, "Suspended") != nullptr) {
        set(status, "Suspended", "False", "JobResumed", "Job resumed", now_);
        status.start_time = now_;
        note(false, "Resumed", "Job resumed");
      }
      manage();
    }
    return std::move(plan_);
  }

 private:
  void note(bool warning, std::string reason, std::string message) {
    plan_.notes.push_back({warning, std::move(reason), std::move(message)});
  }

  bool is_limited_per_index() const { return is_indexed(job_) && job_.spec.backoff_limit_per_index.has_value(); }
  bool is_index(int32_t index) const { return index >= 0 && index < job_.spec.completions.value_or(0); }

  void count() {
    JobStatus& status = plan_.status;
    auto& uncounted = status.uncounted_terminated_pods.ensure();
    settle(uncounted);
    auto known = [&](const std::string& uid) {
      return std::find(uncounted.succeeded.begin(), uncounted.succeeded.end(), uid) != uncounted.succeeded.end() ||
             std::find(uncounted.failed.begin(), uncounted.failed.end(), uid) != uncounted.failed.end();
    };
    completed_ = parse_indexes(status.completed_indexes);
    int32_t ready = 0;
    for (const PodPointer& pod : pods_) {
      if (is_active(*pod)) {
        active_.push_back(pod);
        ready += is_ready(*pod) ? 1 : 0;
      }
      if (is_terminating(*pod)) terminating_++;
      bool succeeded = pod->status.phase == "Succeeded";
      if (!succeeded && !has_failed(job_, *pod)) continue;
      if (is_tracked(*pod)) ended_.push_back(pod);
      if (succeeded) {
        last_success_ = std::max(last_success_, ended_at(*pod, now_));
        if (!is_tracked(*pod) || known(pod->metadata.uid)) continue;
        // Of an index that is done already a second success does not count.
        if (is_indexed(job_)) completed_.insert(index_of(*pod));
        uncounted.succeeded.push_back(pod->metadata.uid);
        continue;
      }
      Verdict verdict = judge_failed_pod(job_.spec, *pod);
      if (fails_job_.empty()) fails_job_ = verdict.fails_job;
      if (verdict.counts) failures_.push_back(ended_at(*pod, now_));
      if (!is_tracked(*pod) || known(pod->metadata.uid)) continue;
      if (verdict.counts && (!is_indexed(job_) || is_index(index_of(*pod)))) {
        uncounted.failed.push_back(pod->metadata.uid);
      }
    }
    if (is_indexed(job_)) {
      std::erase_if(completed_, [&](int32_t index) { return !is_index(index); });
      status.completed_indexes = format_indexes(completed_);
      status.succeeded = static_cast<int32_t>(completed_.size());
    }
    if (is_limited_per_index()) count_failed_indexes();
    status.active = static_cast<int32_t>(active_.size());
    status.ready = ready;
    status.terminating = terminating_;
    uncounted_ = uncounted.succeeded.size() + uncounted.failed.size();
    succeeded_ =
        is_indexed(job_) ? status.succeeded : status.succeeded + static_cast<int32_t>(uncounted.succeeded.size());
    failed_ = status.failed + static_cast<int32_t>(uncounted.failed.size());
  }

  // Uids of pods whose finalizer is gone turn into numbers.
  void settle(api::batch_v1::UncountedTerminatedPods& uncounted) {
    std::set<std::string_view> tracked;
    for (const PodPointer& pod : pods_) {
      if (is_tracked(*pod)) tracked.insert(pod->metadata.uid);
    }
    auto settled = [&](std::vector<std::string>& uids) {
      return static_cast<int32_t>(std::erase_if(uids, [&](const auto& uid) { return !tracked.contains(uid); }));
    };
    int32_t succeeded = settled(uncounted.succeeded);
    if (!is_indexed(job_)) plan_.status.succeeded += succeeded;
    plan_.status.failed += settled(uncounted.failed);
  }

  // Indexes that get no further pod, and the pods that tell those to come how often their index has failed.
  void count_failed_indexes() {
    failed_indexes_ = parse_indexes(plan_.status.failed_indexes.value_or(""));
    std::set<int32_t> busy = completed_;
    for (const PodPointer& pod : active_) busy.insert(index_of(*pod));
    for (const PodPointer& pod : ended_) {
      int32_t index = index_of(*pod);
      if (pod->status.phase == "Succeeded" || !is_index(index)) continue;
      if (gives_up_index(job_.spec, *pod) && !completed_.contains(index)) failed_indexes_.insert(index);
      if (busy.contains(index)) continue;
      PodPointer& last = last_failed_[index];
      if (!last || failures_before(*last).total() < failures_before(*pod).total()) last = pod;
    }
    std::erase_if(last_failed_, [&](const auto& one) { return failed_indexes_.contains(one.first); });
    plan_.status.failed_indexes = format_indexes(failed_indexes_);
  }

  // The last failed pod of an index stays until its replacement knows of it.
  void release_counted() {
    bool ends = find(plan_.status, "FailureTarget") != nullptr || find(plan_.status, "SuccessCriteriaMet") != nullptr;
    for (const PodPointer& pod : ended_) {
      auto last = last_failed_.find(index_of(*pod));
      if (ends || last == last_failed_.end() || last->second != pod) plan_.release.push_back(pod);
    }
  }

  int32_t restarts() const {
    if (job_.spec.template_.spec.restart_policy != "OnFailure") return 0;
    int32_t total = 0;
    for (const PodPointer& pod : active_) {
      for (const auto& container : pod->status.container_statuses) total += container.restart_count;
    }
    return total;
  }

  // Whether it has come to an end, one way or the other.
  void judge() {
    JobStatus& status = plan_.status;
    if (find(status, "FailureTarget") != nullptr || find(status, "SuccessCriteriaMet") != nullptr) return;
    int32_t limit = job_.spec.backoff_limit.value_or(6);
    bool suspended = job_.spec.suspend.value_or(false);
    int64_t deadline = job_.spec.active_deadline_seconds.value_or(0);
    bool late = deadline > 0 && !suspended && now_.seconds >= status.start_time.seconds + deadline;
    if (deadline > 0 && !suspended && !late) plan_.again = {status.start_time.seconds + deadline, 0};
    auto fail = [&](std::string_view reason, std::string_view message) {
      set(status, "FailureTarget", "True", reason, message, now_);
    };
    auto failed_indexes = static_cast<int32_t>(failed_indexes_.size());
    if (!fails_job_.empty()) {
      fail("PodFailurePolicy", fails_job_);
    } else if (failed_ > limit || (limit > 0 ? restarts() > limit : restarts() > 0)) {
      fail("BackoffLimitExceeded", "Job has reached the specified backoff limit");
    } else if (late) {
      fail("DeadlineExceeded", "Job was active longer than specified deadline");
    } else if (job_.spec.max_failed_indexes && failed_indexes > *job_.spec.max_failed_indexes) {
      fail("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
    } else if (failed_indexes > 0 && failed_indexes + succeeded_ >= job_.spec.completions.value_or(0)) {
      fail("FailedIndexes", "Job has failed indexes");
    } else if (auto met = is_indexed(job_) ? success_rule_met(job_.spec, completed_) : std::nullopt) {
      set(status, "SuccessCriteriaMet", "True", "SuccessPolicy", *met, now_);
    } else if (job_.spec.completions ? succeeded_ >= *job_.spec.completions : succeeded_ > 0 && active_.empty()) {
      set(status, "SuccessCriteriaMet", "True", "CompletionsReached", "Reached expected number of succeeded pods",
          now_);
    }
  }

  // The end is decided; it is reached when no pod runs any more and all are counted.
  void finish() {
    JobStatus& status = plan_.status;
    plan_.again = {};
    for (const PodPointer& pod : active_) plan_.remove.push_back(pod);
    if (!active_.empty() || terminating_ > 0 || uncounted_ > 0) return;
    status.uncounted_terminated_pods.emplace();
    if (const JobCondition* failure = find(status, "FailureTarget")) {
      std::string reason = failure->reason, message = failure->message;
      set(status, "Failed", "True", reason, message, now_);
      note(true, reason, message);
    } else {
      const JobCondition* success = find(status, "SuccessCriteriaMet");
      std::string reason = success->reason, message = success->message;
      set(status, "Complete", "True", reason, message, now_);
      status.completion_time = now_;
      note(false, "Completed", "Job completed");
    }
  }

  void suspend() {
    for (const PodPointer& pod : active_) plan_.remove.push_back(pod);
    plan_.status.start_time = {};
    if (find(plan_.status, "Suspended") != nullptr) return;
    set(plan_.status, "Suspended", "True", "JobSuspended", "Job suspended", now_);
    note(false, "Suspended", "Job suspended");
  }

  void manage() {
    int32_t parallelism = job_.spec.parallelism.value_or(1);
    int32_t wanted = parallelism;
    auto running = static_cast<int32_t>(active_.size());
    if (job_.spec.completions) {
      wanted = std::min(parallelism, *job_.spec.completions - succeeded_);
    } else if (succeeded_ > 0) {
      wanted = std::min(parallelism, running);  // a work queue that is empty gets no new workers
    }
    wanted = std::max(wanted, 0);
    if (remove_surplus(wanted)) return;
    int32_t missing = wanted - running;
    if (replaces_only_failed()) missing -= terminating_;
    if (missing <= 0) return;
    if (!is_limited_per_index() && !may_create()) return;
    if (is_indexed(job_)) {
      create_indexes(missing);
    } else {
      plan_.create.assign(static_cast<size_t>(missing), Creation());
    }
  }

  bool replaces_only_failed() const { return job_.spec.pod_replacement_policy == "Failed"; }

  // Pods of indexes that are beyond the last or have a pod already; then, of too many, those that have got least far.
  bool remove_surplus(int32_t wanted) {
    std::sort(active_.begin(), active_.end(), [](const PodPointer& a, const PodPointer& b) {
      bool a_ready = is_ready(*a), b_ready = is_ready(*b);
      if (a_ready != b_ready) return !a_ready;
      return std::tie(b->metadata.creation_timestamp, b->metadata.name) <
             std::tie(a->metadata.creation_timestamp, a->metadata.name);
    });
    std::vector<PodPointer> left;
    std::set<int32_t> seen;
    for (auto pod = active_.rbegin(); pod != active_.rend(); ++pod) {
      int32_t index = index_of(**pod);
      bool surplus = is_indexed(job_) && (!is_index(index) || !seen.insert(index).second);
      (surplus ? plan_.remove : left).push_back(*pod);
    }
    while (!left.empty() && active_.size() - plan_.remove.size() > static_cast<size_t>(wanted)) {
      plan_.remove.push_back(left.back());
      left.pop_back();
    }
    return !plan_.remove.empty();
  }

  static base::Time after_backoff(base::Time last, int32_t failures) {
    return {last.seconds + std::min(kBackoffSecondsMax, kBackoffSeconds << std::clamp(failures - 1, 0, 10)), 0};
  }
  bool is_due(base::Time at) {
    if (at <= now_) return true;
    if (plan_.again.is_zero() || at < plan_.again) plan_.again = at;
    return false;
  }

  // The more failures since the last success, the longer the wait after the last of them.
  bool may_create() {
    std::erase_if(failures_, [&](base::Time at) { return at <= last_success_; });
    if (failed_ == 0 || failures_.empty()) return true;
    int32_t failures = last_success_.is_zero() ? failed_ : static_cast<int32_t>(failures_.size());
    return is_due(after_backoff(*std::max_element(failures_.begin(), failures_.end()), failures));
  }

  void create_indexes(int32_t missing) {
    std::set<int32_t> taken = completed_;
    taken.insert(failed_indexes_.begin(), failed_indexes_.end());
    for (const PodPointer& pod : pods_) {
      if (is_active(*pod) || (replaces_only_failed() && is_terminating(*pod))) taken.insert(index_of(*pod));
    }
    for (int32_t index = 0; index < job_.spec.completions.value_or(0) && missing > 0; index++) {
      if (taken.contains(index)) continue;
      missing--;
      Creation creation{.index = index, .failures = std::nullopt};
      if (is_limited_per_index()) {
        auto last = last_failed_.find(index);
        creation.failures = last == last_failed_.end() ? Failures() : failures_with(job_.spec, *last->second);
        int32_t failures = creation.failures->total();
        if (failures > 0 && !is_due(after_backoff(ended_at(*last->second, now_), failures))) continue;
      }
      plan_.create.push_back(creation);
    }
  }

  const Job& job_;
  const std::vector<PodPointer>& pods_;
  base::Time now_;
  Plan plan_;
  std::vector<PodPointer> active_;
  std::vector<PodPointer> ended_;  // and still tracked
  std::set<int32_t> completed_;
  std::set<int32_t> failed_indexes_;
  std::map<int32_t, PodPointer> last_failed_;  // by index, of those that wait for another pod
  std::vector<base::Time> failures_;           // when pods that count failed
  base::Time last_success_;
  std::string fails_job_;  // why, if a failed pod ends it
  size_t uncounted_ = 0;
  int32_t succeeded_ = 0, failed_ = 0, terminating_ = 0;
};

}  // namespace

Plan plan(const Job& job, const std::vector<PodPointer>& pods, base::Time now) {
  return Planner(job, pods, now).run();
}

bool is_finished(const Job& job) {
  return !finished_at(job).is_zero();
}

base::Time finished_at(const Job& job) {
  const JobCondition* end = find(job.status, "Complete");
  if (end == nullptr) end = find(job.status, "Failed");
  return end == nullptr ? base::Time() : end->last_transition_time;
}

}  // namespace controller::job
