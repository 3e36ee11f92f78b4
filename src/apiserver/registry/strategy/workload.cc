// What makes pods: deployments, stateful sets and the like.

#include "api/apps_v1.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/validation/workload.h"

namespace apiserver {
namespace {

namespace apps = api::apps_v1;
using schema::FieldErrors;
using schema::Object;

class DeploymentStrategy final : public Strategy {
 public:
  Traits traits() const override { return {.status_keeps_labels = true, .generation = GenerationRule::OnSpec}; }
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

}  // namespace

void add_workload_strategies(StrategyMap& all) {
  all["deployments.apps"] = std::make_unique<DeploymentStrategy>();
  all["statefulsets.apps"] = std::make_unique<StatefulSetStrategy>();
}

}  // namespace apiserver
