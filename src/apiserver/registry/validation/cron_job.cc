#include "apiserver/registry/validation/job.h"
#include "apiserver/registry/validation/job_parts.h"
#include "apiserver/registry/validation/values.h"
#include "base/cron_schedule.h"
#include "base/strings.h"
#include "base/time_zone.h"

namespace apiserver {
namespace {

namespace batch = api::batch_v1;
using schema::FieldErrors;

constexpr size_t kNameMax = 52;  // jobs are named after it, and the moment

bool names_zone(std::string_view schedule) {
  return schedule.find("TZ") != schedule.npos;
}

// The parts of a zone's name, as the database's theory of names has them, and digits and + of old names.
bool could_be_zone(std::string_view name) {
  for (std::string_view part : base::split(name, '/')) {
    bool fine = !part.empty() && part.size() <= 14 && part != "." && part != ".." && !part.starts_with('-');
    for (char c : part) {
      fine &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              std::string_view(".-_+").find(c) != std::string_view::npos;
    }
    if (!fine) return false;
  }
  return true;
}

void check_time_zone(Report& report, const std::optional<std::string>& zone, const Place& at) {
  if (!zone) return;
  if (zone->empty()) {
    report.invalid(at, *zone, "timeZone must be nil or non-empty string");
    return;
  }
  if (!could_be_zone(*zone)) {
    report.invalid(at, *zone, "unknown time zone " + *zone);
    return;
  }
  if (base::equals_ignoring_case(*zone, "Local")) {
    report.invalid(at, *zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
  }
  // Written like this it is known, and the machine's own.
  if (*zone == "Local") return;
  if (auto found = base::TimeZone::find(*zone); !found) report.invalid(at, *zone, found.error().message());
}

void check_schedule(Report& report, const batch::CronJobSpec& spec, const batch::CronJobSpec* current,
                    const Place& at) {
  if (spec.schedule.empty()) {
    report.required(at);
    return;
  }
  if (auto parsed = base::CronSchedule::parse(spec.schedule); !parsed)
    report.invalid(at, spec.schedule, parsed.error().message());
  if (!names_zone(spec.schedule)) return;
  if (current == nullptr || !names_zone(current->schedule)) {
    report.invalid(at, spec.schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  } else if (spec.time_zone) {
    report.invalid(at, spec.schedule, "cannot use both timeZone field and TZ or CRON_TZ in schedule");
  }
}

}  // namespace

FieldErrors validate_cron_job(const batch::CronJob& next, const batch::CronJob* current) {
  Report report;
  const auto& spec = next.spec;
  Place at("spec");
  check_schedule(report, spec, current == nullptr ? nullptr : &current->spec, Place(at, "schedule"));
  report.not_negative(Place(at, "startingDeadlineSeconds"), spec.starting_deadline_seconds);
  if (current == nullptr || spec.time_zone != current->spec.time_zone)
    check_time_zone(report, spec.time_zone, Place(at, "timeZone"));
  report.required_one_of(Place(at, "concurrencyPolicy"), spec.concurrency_policy, {"Allow", "Forbid", "Replace"});
  Place job(at, "jobTemplate.spec");
  const auto& template_ = spec.job_template.spec;
  check_job_spec(report, template_, current == nullptr ? nullptr : &current->spec.job_template.spec.template_, job);
  if (template_.selector)
    report.invalid(Place(job, "selector"), bad_value(template_.selector), "`selector` will be auto-generated");
  if (template_.manual_selector.value_or(false))
    report.not_supported(Place(job, "manualSelector"), true, {"nil", "false"});
  report.not_negative(Place(at, "successfulJobsHistoryLimit"), spec.successful_jobs_history_limit);
  report.not_negative(Place(at, "failedJobsHistoryLimit"), spec.failed_jobs_history_limit);
  if (current == nullptr && next.metadata.name.size() > kNameMax) {
    report.invalid(Place("metadata.name"), next.metadata.name, "must be no more than 52 characters");
  }
  return report.take();
}

}  // namespace apiserver
