#include "controller/job/plan.h"

#include <algorithm>

#include "base/strings.h"
#include "controller/common/ownership.h"

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

  void count() {
    JobStatus& status = plan_.status;
    auto& uncounted = status.uncounted_terminated_pods.ensure();
    std::map<std::string, PodPointer, std::less<>> tracked;
    for (const PodPointer& pod : pods_) {
      if (is_tracked(*pod)) tracked[pod->metadata.uid] = pod;
    }
    auto settle = [&](std::vector<std::string>& uids, int32_t& number) {
      std::erase_if(uids, [&](const std::string& uid) {
        bool done = !tracked.contains(uid);
        if (done) number++;
        return done;
      });
    };
    int32_t by_number = 0;
    settle(uncounted.succeeded, is_indexed(job_) ? by_number : status.succeeded);
    settle(uncounted.failed, status.failed);
    auto known = [&](const std::string& uid) {
      return std::find(uncounted.succeeded.begin(), uncounted.succeeded.end(), uid) != uncounted.succeeded.end() ||
             std::find(uncounted.failed.begin(), uncounted.failed.end(), uid) != uncounted.failed.end();
    };
    completed_ = parse_indexes(status.completed_indexes);
    active_.clear();
    int32_t ready = 0, terminating = 0;
    for (const PodPointer& pod : pods_) {
      if (is_active(*pod)) {
        active_.push_back(pod);
        ready += is_ready(*pod) ? 1 : 0;
      }
      if (is_terminating(*pod)) terminating++;
      bool succeeded = pod->status.phase == "Succeeded";
      bool failed = has_failed(job_, *pod);
      if (failed) last_failure_ = std::max(last_failure_, ended_at(*pod, now_));
      if (!is_tracked(*pod) || !(succeeded || failed)) continue;
      if (!known(pod->metadata.uid)) {
        // Of an index that is done already a second success does not count.
        if (succeeded && is_indexed(job_)) completed_.insert(index_of(*pod));
        (succeeded ? uncounted.succeeded : uncounted.failed).push_back(pod->metadata.uid);
      }
      plan_.release.push_back(pod);
    }
    completed_.erase(-1);
    if (is_indexed(job_)) {
      status.completed_indexes = format_indexes(completed_);
      status.succeeded = static_cast<int32_t>(completed_.size());
    }
    status.active = static_cast<int32_t>(active_.size());
    status.ready = ready;
    status.terminating = terminating;
    uncounted_ = uncounted.succeeded.size() + uncounted.failed.size();
    succeeded_ =
        is_indexed(job_) ? status.succeeded : status.succeeded + static_cast<int32_t>(uncounted.succeeded.size());
    failed_ = status.failed + static_cast<int32_t>(uncounted.failed.size());
    terminating_ = terminating;
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
    if (failed_ > limit || (limit > 0 ? restarts() > limit : restarts() > 0)) {
      set(status, "FailureTarget", "True", "BackoffLimitExceeded", "Job has reached the specified backoff limit", now_);
    } else if (late) {
      set(status, "FailureTarget", "True", "DeadlineExceeded", "Job was active longer than specified deadline", now_);
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
      set(status, "Complete", "True", "CompletionsReached", "Reached expected number of succeeded pods", now_);
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
    if (running > wanted) {
      // Those that have got least far.
      std::sort(active_.begin(), active_.end(), [](const PodPointer& a, const PodPointer& b) {
        bool a_ready = is_ready(*a), b_ready = is_ready(*b);
        if (a_ready != b_ready) return !a_ready;
        return std::tie(b->metadata.creation_timestamp, b->metadata.name) <
               std::tie(a->metadata.creation_timestamp, a->metadata.name);
      });
      plan_.remove.assign(active_.begin(), active_.begin() + (running - wanted));
      return;
    }
    int32_t missing = wanted - running;
    if (job_.spec.pod_replacement_policy == "Failed") missing -= terminating_;
    if (missing <= 0) return;
    if (failed_ > 0 && !last_failure_.is_zero()) {
      int64_t wait = std::min(kBackoffSecondsMax, kBackoffSeconds << std::min(failed_ - 1, 10));
      base::Time at{last_failure_.seconds + wait, 0};
      if (at > now_) {
        if (plan_.again.is_zero() || at < plan_.again) plan_.again = at;
        return;
      }
    }
    if (!is_indexed(job_)) {
      plan_.create.assign(static_cast<size_t>(missing), -1);
      return;
    }
    std::set<int32_t> taken = completed_;
    for (const PodPointer& pod : active_) taken.insert(index_of(*pod));
    for (int32_t index = 0; index < job_.spec.completions.value_or(0) && missing > 0; index++) {
      if (taken.contains(index)) continue;
      plan_.create.push_back(index);
      missing--;
    }
  }

  const Job& job_;
  const std::vector<PodPointer>& pods_;
  base::Time now_;
  Plan plan_;
  std::vector<PodPointer> active_;
  std::set<int32_t> completed_;
  base::Time last_failure_;
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

Pod make_pod(const Job& job, int32_t index) {
  Pod pod = pod_from_template(job.spec.template_, Job::kType, job.metadata);
  pod.metadata.finalizers.emplace_back(kTracking);
  if (index < 0) return pod;
  std::string number = std::to_string(index);
  pod.metadata.annotations[std::string(kIndex)] = number;
  pod.metadata.labels[std::string(kIndex)] = number;
  pod.metadata.generate_name = base::cat({job.metadata.name, "-", number, "-"});
  if (pod.spec.hostname.empty()) pod.spec.hostname = base::cat({job.metadata.name, "-", number});
  auto tell = [](std::vector<api::core_v1::Container>& containers) {
    for (auto& container : containers) {
      bool there = std::any_of(container.env.begin(), container.env.end(),
                               [](const auto& one) { return one.name == "JOB_COMPLETION_INDEX"; });
      if (there) continue;
      auto& variable = container.env.emplace_back();
      variable.name = "JOB_COMPLETION_INDEX";
      variable.value_from.ensure().field_ref.ensure().field_path = base::cat({"metadata.labels['", kIndex, "']"});
    }
  };
  tell(pod.spec.init_containers);
  tell(pod.spec.containers);
  return pod;
}

std::set<int32_t> parse_indexes(std::string_view text) {
  std::set<int32_t> indexes;
  if (text.empty()) return indexes;
  for (std::string_view part : base::split(text, ',')) {
    size_t dash = part.find('-');
    auto first = base::parse_int(part.substr(0, dash));
    auto last = dash == std::string_view::npos ? first : base::parse_int(part.substr(dash + 1));
    if (!first || !last) continue;
    for (int64_t index = *first; index <= *last; index++) indexes.insert(static_cast<int32_t>(index));
  }
  return indexes;
}

std::string format_indexes(const std::set<int32_t>& indexes) {
  std::string text;
  for (auto at = indexes.begin(); at != indexes.end();) {
    int32_t first = *at, last = *at;
    for (++at; at != indexes.end() && *at == last + 1; ++at) last++;
    if (!text.empty()) text += ",";
    text += std::to_string(first);
    if (last > first) text += (last == first + 1 ? "," : "-") + std::to_string(last);
  }
  return text;
}

}  // namespace controller::job
