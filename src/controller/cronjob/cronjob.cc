#include "controller/cronjob/cronjob.h"

#include <algorithm>

#include "base/strings.h"
#include "base/time_zone.h"
#include "client/events.h"
#include "client/queue.h"
#include "client/status.h"
#include "controller/common/ownership.h"
#include "controller/job/plan.h"

namespace controller {
namespace cronjob {

using api::batch_v1::CronJob;
using api::batch_v1::Job;

Due due(const CronJob& cron_job, const base::CronSchedule& schedule, base::Time now) {
  constexpr int kMissedMax = 100;
  Due due;
  base::Time from = cron_job.metadata.creation_timestamp;
  if (!cron_job.status.last_schedule_time.is_zero()) from = std::max(from, cron_job.status.last_schedule_time);
  if (auto deadline = cron_job.spec.starting_deadline_seconds)
    from = std::max(from, base::Time{now.seconds - *deadline, 0});
  int missed = 0;
  auto at = schedule.next(from);
  while (at && *at <= now) {
    due.time = at;
    // Far behind: jump near the present instead of counting every moment since.
    if (++missed > kMissedMax) {
      due.too_many = true;
      base::Time near{std::max(at->seconds, now.seconds - 86400), 0};
      if (near > *at) at = near;
    }
    at = schedule.next(*at);
  }
  due.next = at;
  auto deadline = cron_job.spec.starting_deadline_seconds;
  due.too_late = due.time && deadline && due.time->seconds + *deadline < now.seconds;
  return due;
}

Job make_job(const CronJob& cron_job, base::Time scheduled) {
  Job job;
  job.metadata.namespace_ = cron_job.metadata.namespace_;
  job.metadata.name = base::cat({cron_job.metadata.name, "-", std::to_string(scheduled.seconds / 60)});
  job.metadata.labels = cron_job.spec.job_template.metadata.labels;
  job.metadata.annotations = cron_job.spec.job_template.metadata.annotations;
  auto zone = base::TimeZone::find(cron_job.spec.time_zone.value_or("UTC"));
  job.metadata.annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"] =
      zone.value_or(base::TimeZone()).format_rfc3339(scheduled);
  job.metadata.owner_references.push_back(controller_reference(cron_job));
  job.spec = cron_job.spec.job_template.spec;
  return job;
}

}  // namespace cronjob

namespace {

using api::batch_v1::CronJob;
using api::batch_v1::CronJobStatus;
using api::batch_v1::Job;
using base::Code;
using base::Result;
using client::EventRecorder;
using client::EventType;
using client::Key;
using JobPointer = std::shared_ptr<const Job>;

constexpr std::string_view kName = "cronjob-controller";

bool has_succeeded(const Job& job) {
  return std::any_of(job.status.conditions.begin(), job.status.conditions.end(),
                     [](const auto& one) { return one.type == "Complete" && one.status == "True"; });
}

class CronJobController final : public Controller {
 public:
  explicit CronJobController(Context& context)
      : context_(context),
        cron_jobs_(context.caches.of<CronJob>()),
        jobs_(context.caches.owned<Job>()),
        queue_(context.random),
        events_(context.client, context.clock, context.random, std::string(kName)) {
    cron_jobs_.add_listener([this](const Key& key, const CronJob*, const CronJob*) { queue_.add(key); });
    jobs_.add_listener([this](const Key& key, const Job* before, const Job* now) {
      const auto* owner = controller_of((now != nullptr ? now : before)->metadata);
      if (owner != nullptr && owner->kind == CronJob::kType.name) queue_.add({key.namespace_, owner->name});
    });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await cron_jobs_.wait_synced();
    co_await jobs_.wait_synced();
    co_await client::run_workers(std::string(kName), queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  void tell(const CronJob& cron_job, EventType type, std::string_view reason, std::string message) {
    events_.record(EventRecorder::reference(cron_job), type, reason, std::move(message));
  }

  io::Task<Result<void>> reconcile(Key key) {
    auto cron_job = cron_jobs_.get(key);
    if (!cron_job || is_being_deleted(cron_job->metadata)) co_return {};
    std::vector<JobPointer> jobs = jobs_.by_index("controller", cron_job->metadata.uid);
    CronJobStatus status = status_of(*cron_job, jobs);
    CO_TRY(co_await forget_history(cron_job, jobs));
    auto started = co_await start(cron_job, jobs, &status);
    if (status != cron_job->status) {
      CronJob changed = *cron_job;
      changed.status = std::move(status);
      auto updated = co_await context_.client.update_status(std::move(changed));
      if (!updated && updated.error().code() != Code::NotFound) co_return base::fail(updated.error());
    }
    co_return started;
  }

  CronJobStatus status_of(const CronJob& cron_job, const std::vector<JobPointer>& jobs) {
    CronJobStatus status = cron_job.status;
    status.active.clear();
    for (const JobPointer& job : jobs) {
      auto listed = std::find_if(cron_job.status.active.begin(), cron_job.status.active.end(),
                                 [&](const auto& one) { return one.uid == job->metadata.uid; });
      if (!job::is_finished(*job)) {
        status.active.push_back(listed != cron_job.status.active.end() ? *listed : EventRecorder::reference(*job));
        continue;
      }
      bool succeeded = has_succeeded(*job);
      if (listed != cron_job.status.active.end()) {
        tell(
            cron_job, EventType::Normal, "SawCompletedJob",
            base::cat({"Saw completed job: ", job->metadata.name, ", condition: ", succeeded ? "Complete" : "Failed"}));
      }
      if (succeeded && job->status.completion_time > status.last_successful_time)
        status.last_successful_time = job->status.completion_time;
    }
    // One just started may not be in the cache yet.
    for (const auto& reference : cron_job.status.active) {
      bool known = std::any_of(jobs.begin(), jobs.end(),
                               [&](const JobPointer& job) { return job->metadata.uid == reference.uid; });
      if (known) continue;
      if (base::parse_uint(jobs_.resource_version()).value_or(0) <
          base::parse_uint(reference.resource_version).value_or(0)) {
        status.active.push_back(reference);
      } else {
        tell(cron_job, EventType::Normal, "MissingJob", "Active job went missing: " + reference.name);
      }
    }
    return status;
  }

  io::Task<Result<void>> forget_history(std::shared_ptr<const CronJob> cron_job, std::vector<JobPointer> jobs) {
    std::erase_if(jobs,
                  [](const JobPointer& job) { return !job::is_finished(*job) || is_being_deleted(job->metadata); });
    std::sort(jobs.begin(), jobs.end(), [](const JobPointer& a, const JobPointer& b) {
      return std::tie(b->status.start_time, b->metadata.name) < std::tie(a->status.start_time, a->metadata.name);
    });
    int32_t kept[2] = {cron_job->spec.failed_jobs_history_limit.value_or(1),
                       cron_job->spec.successful_jobs_history_limit.value_or(3)};
    for (const JobPointer& job : jobs) {
      if (kept[has_succeeded(*job) ? 1 : 0]-- > 0) continue;
      CO_TRY(co_await remove(cron_job, job));
    }
    co_return {};
  }

  io::Task<Result<void>> remove(std::shared_ptr<const CronJob> cron_job, JobPointer job) {
    client::DeleteOptions options{.propagation_policy = "Background", .uid = job->metadata.uid};
    auto removed =
        co_await context_.client.remove<Job>(job->metadata.namespace_, job->metadata.name, std::move(options));
    if (!removed && removed.error().code() == Code::NotFound) co_return {};
    if (!removed) {
      tell(*cron_job, EventType::Warning, "FailedDelete", "Deleted job: " + removed.error().message());
      co_return removed;
    }
    tell(*cron_job, EventType::Normal, "SuccessfulDelete", "Deleted job " + job->metadata.name);
    co_return {};
  }

  io::Task<Result<void>> start(std::shared_ptr<const CronJob> cron_job, std::vector<JobPointer> jobs,
                               CronJobStatus* status) {
    if (cron_job->spec.suspend.value_or(false)) co_return {};
    const std::string& fields = cron_job->spec.schedule;
    bool names_zone = fields.find("TZ") != std::string::npos;
    if (const auto& zone = cron_job->spec.time_zone) {
      if (auto found = base::TimeZone::find(*zone); !found) {
        tell(*cron_job, EventType::Warning, "UnknownTimeZone",
             base::cat({"invalid timeZone: ", base::quote(*zone), ": ", found.error().message()}));
        co_return {};
      }
    }
    if (names_zone) {
      tell(*cron_job, EventType::Warning, "UnsupportedSchedule",
           base::cat({"CRON_TZ or TZ used in schedule ", base::quote(fields),
                      " is not officially supported, see "
                      "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details"}));
    }
    auto schedule = base::CronSchedule::parse(
        names_zone || !cron_job->spec.time_zone ? fields : base::cat({"TZ=", *cron_job->spec.time_zone, " ", fields}));
    if (!schedule) {
      tell(*cron_job, EventType::Warning, "UnparseableSchedule",
           base::cat({"unparseable schedule: ", base::quote(fields), " : ", schedule.error().message()}));
      co_return {};
    }
    base::Time now = context_.now();
    if (!schedule->next(now)) {
      tell(*cron_job, EventType::Warning, "InvalidSchedule",
           base::cat({"invalid schedule: ", cron_job->spec.schedule,
                      " : time difference between two schedules is less than 1 second"}));
      co_return {};
    }
    cronjob::Due due = cronjob::due(*cron_job, *schedule, now);
    if (due.next)
      queue_.add_after({cron_job->metadata.namespace_, cron_job->metadata.name},
                       io::Duration(due.next->to_ns() - context_.clock.wall_ns()));
    if (due.too_many) {
      tell(*cron_job, EventType::Warning, "TooManyMissedTimes",
           "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
    }
    if (!due.time) co_return {};
    if (due.too_late) {
      tell(*cron_job, EventType::Warning, "MissSchedule",
           "Missed scheduled time to start a job: " + base::format_rfc3339(*due.time));
      co_return {};
    }
    if (!status->active.empty() && cron_job->spec.concurrency_policy == "Forbid") {
      tell(*cron_job, EventType::Normal, "JobAlreadyActive",
           "Not starting job because prior execution is running and concurrency policy is Forbid");
      co_return {};
    }
    if (cron_job->spec.concurrency_policy == "Replace") {
      for (const JobPointer& job : jobs) {
        if (!job::is_finished(*job)) CO_TRY(co_await remove(cron_job, job));
      }
      status->active.clear();
    }
    // The name says the time: of two starts of one moment the second already exists.
    auto created = co_await context_.client.create(cronjob::make_job(*cron_job, *due.time));
    if (created) {
      tell(*cron_job, EventType::Normal, "SuccessfulCreate", "Created job " + created->metadata.name);
      status->active.push_back(EventRecorder::reference(*created));
    } else if (client::is_namespace_terminating(created.error())) {
      co_return {};
    } else if (created.error().code() != Code::AlreadyExists) {
      tell(*cron_job, EventType::Warning, "FailedCreate", "Error creating job: " + created.error().message());
      co_return base::fail(created.error());
    }
    status->last_schedule_time = *due.time;
    co_return {};
  }

  Context& context_;
  client::Cache<CronJob>& cron_jobs_;
  client::Cache<Job>& jobs_;
  client::Queue queue_;
  EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_cronjob_controller(Context& context) {
  return std::make_unique<CronJobController>(context);
}

}  // namespace controller
