// Jobs, and what starts them by the clock.

#include "apiserver/registry/validation/job.h"

#include "api/batch_v1.h"
#include "apiserver/registry/served.h"
#include "apiserver/registry/strategy/delete_warnings.h"
#include "apiserver/registry/strategy/pod_rules.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/strategy/typed.h"
#include "apiserver/registry/validation/pod_warnings.h"

namespace apiserver {
namespace {

namespace batch = api::batch_v1;
using schema::FieldErrors;

// Beyond these together the indexes that failed may not be kept account of.
constexpr int32_t kManyCompletions = 100000;
constexpr int32_t kManyPods = 10000;

void warn_about_job_spec(std::vector<std::string>& warnings, const batch::JobSpec& spec, const std::string& at) {
  if (spec.completion_mode == "Indexed" && spec.completions.value_or(0) > kManyCompletions &&
      spec.parallelism.value_or(0) > kManyPods) {
    warnings.push_back(at +
                       ": In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than "
                       "10^4, Kubernetes "
                       "might not be able to track completedIndexes when a big number of indexes fail");
  }
  warn_about_template(warnings, spec.template_, at + ".template");
}

// A job knows its pods by labels made from its uid, unless it is told to use a selector of its own.
class JobStrategy final : public Typed<batch::Job> {
 public:
  Traits traits() const override {
    return {.orphans_by_default = true, .generation = GenerationRule::OnSpec, .update_checks_whole_metadata = true};
  }

 protected:
  void born(const Situation&, batch::Job& job) const override {
    drop_disabled_fields(job.spec.template_.spec, nullptr);
    if (job.spec.manual_selector.value_or(false)) return;
    auto& labels = job.spec.template_.metadata.labels;
    // Labels that were defaulted from the template's stay the same as the template's.
    bool shared = job.metadata.labels == labels;
    for (const char* prefix : {"batch.kubernetes.io/", ""}) {
      labels.try_emplace(std::string(prefix) + "controller-uid", job.metadata.uid);
      labels.try_emplace(std::string(prefix) + "job-name", job.metadata.name);
    }
    if (shared) job.metadata.labels = labels;
    job.spec.selector.ensure().match_labels.try_emplace("batch.kubernetes.io/controller-uid", job.metadata.uid);
  }
  void changed(const Situation&, batch::Job& next, const batch::Job& current) const override {
    drop_disabled_fields(next.spec.template_.spec, &current.spec.template_.spec);
  }
  FieldErrors check(const Situation&, const batch::Job& next, const batch::Job* current) const override {
    return validate_job(next, current);
  }
  FieldErrors check_status(const Situation&, const batch::Job& next, const batch::Job& current) const override {
    return validate_job_status(next, current);
  }
  void notice(const Situation& situation, const batch::Job& next, const batch::Job* current) const override {
    if (current == nullptr) {
      warn_about_name(situation.warnings, next.metadata.name, NameUse::PodNames);
    } else if (next.metadata.generation == current->metadata.generation) {
      return;
    }
    warn_about_job_spec(situation.warnings, next.spec, "spec");
  }
};

class CronJobStrategy final : public Typed<batch::CronJob> {
 public:
  Traits traits() const override { return {.generation = GenerationRule::OnSpec}; }

 protected:
  void born(const Situation&, batch::CronJob& next) const override {
    drop_disabled_fields(next.spec.job_template.spec.template_.spec, nullptr);
  }
  void changed(const Situation&, batch::CronJob& next, const batch::CronJob& current) const override {
    drop_disabled_fields(next.spec.job_template.spec.template_.spec, &current.spec.job_template.spec.template_.spec);
  }
  FieldErrors check(const Situation&, const batch::CronJob& next, const batch::CronJob* current) const override {
    return validate_cron_job(next, current);
  }
  void notice(const Situation& situation, const batch::CronJob& next, const batch::CronJob* current) const override {
    auto& warnings = situation.warnings;
    if (current == nullptr) {
      warn_about_name(warnings, next.metadata.name, NameUse::PodNames);
    } else if (next.metadata.generation == current->metadata.generation) {
      return;
    }
    warn_about_job_spec(warnings, next.spec.job_template.spec, "spec.jobTemplate.spec");
    if (next.spec.schedule.find("TZ") != std::string::npos) {
      warnings.emplace_back("CRON_TZ or TZ used in spec.schedule \"" + next.spec.schedule +
                            "\" is not officially supported, see "
                            "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details");
    }
  }
};

}  // namespace

void add_job_strategies(StrategyMap& all) {
  all["jobs.batch"] = std::make_unique<JobStrategy>();
  all["cronjobs.batch"] = std::make_unique<CronJobStrategy>();
}

void warn_about_delete(const Served& served, const api::meta_v1::DeleteOptions& options,
                       std::vector<std::string>& warnings) {
  if (served.row().plural != "jobs" || served.row().group != "batch") return;
  if (options.propagation_policy || options.orphan_dependents) return;
  warnings.emplace_back(
      "child pods are preserved by default when jobs are deleted; set propagationPolicy=Background to remove them or "
      "set "
      "propagationPolicy=Orphan to suppress this warning");
}

}  // namespace apiserver
