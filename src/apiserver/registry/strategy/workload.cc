// What makes pods: deployments, stateful sets and the like.

#include "api/apps_v1.h"
#include "api/batch_v1.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/validation/workload.h"

namespace apiserver {
namespace {

namespace apps = api::apps_v1;
namespace batch = api::batch_v1;
using schema::FieldErrors;
using schema::Object;

class DeploymentStrategy final : public Strategy {
 public:
  Traits traits() const override { return {.status_keeps_labels = true, .generation = GenerationRule::OnSpecAndAnnotations}; }
  FieldErrors validate_create(const Situation&, const Object& next) const override {
    return validate_deployment(next.as<apps::Deployment>(), nullptr);
  }
  FieldErrors validate_update(const Situation&, const Object& next, const Object& current) const override {
    return validate_deployment(next.as<apps::Deployment>(), &current.as<apps::Deployment>());
  }
};

class StatefulSetStrategy final : public Strategy {
 public:
  Traits traits() const override { return {.generation = GenerationRule::OnSpec}; }
  FieldErrors validate_create(const Situation&, const Object& next) const override {
    return validate_stateful_set(next.as<apps::StatefulSet>(), nullptr);
  }
  FieldErrors validate_update(const Situation&, const Object& next, const Object& current) const override {
    return validate_stateful_set(next.as<apps::StatefulSet>(), &current.as<apps::StatefulSet>());
  }
};

// A job knows its pods by labels made from its uid, unless it is told to use a selector of its own.
class JobStrategy final : public Strategy {
 public:
  Traits traits() const override { return {.orphans_by_default = true, .generation = GenerationRule::OnSpec}; }
  void prepare_create(const Situation&, Object& next) const override {
    auto& job = next.as<batch::Job>();
    if (job.spec.manual_selector.value_or(false)) return;
    auto& labels = job.spec.template_.metadata.labels;
    // Labels that were defaulted from the template's stay the same as the template's.
    bool shared = job.metadata.labels == labels;
    for (const char* prefix : {"batch.kubernetes.io/", ""}) {
      labels[std::string(prefix) + "controller-uid"] = job.metadata.uid;
      labels[std::string(prefix) + "job-name"] = job.metadata.name;
    }
    if (shared) job.metadata.labels = labels;
    job.spec.selector.ensure().match_labels["batch.kubernetes.io/controller-uid"] = job.metadata.uid;
  }
};

}  // namespace

void add_workload_strategies(StrategyMap& all) {
  all["deployments.apps"] = std::make_unique<DeploymentStrategy>();
  all["jobs.batch"] = std::make_unique<JobStrategy>();
  all["statefulsets.apps"] = std::make_unique<StatefulSetStrategy>();
}

}  // namespace apiserver
