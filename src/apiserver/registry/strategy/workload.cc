// What makes pods and keeps them running.

#include "apiserver/registry/validation/workload.h"

#include <algorithm>

#include "api/apps_v1.h"
#include "api/core_v1.h"
#include "apiserver/registry/strategy/pod_rules.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/strategy/typed.h"
#include "apiserver/registry/validation/pod_warnings.h"
#include "apiserver/registry/validation/storage_warnings.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace apps = api::apps_v1;
namespace core = api::core_v1;
using schema::FieldErrors;

// People are told about a template when it is new, and again when the spec has changed.
template <class T>
bool is_news(const T& next, const T* current) {
  return current == nullptr || next.metadata.generation != current->metadata.generation;
}

class ReplicationControllerStrategy final : public Typed<core::ReplicationController> {
 public:
  Traits traits() const override {
    return {.orphans_by_default = true,
            .generation = GenerationRule::OnSpec,
            .name_rule = NameRule::LongName,
            .update_checks_whole_metadata = true};
  }

 protected:
  void born(const Situation&, core::ReplicationController& next) const override {
    if (next.spec.template_) drop_disabled_fields(next.spec.template_->spec, nullptr);
  }
  void changed(const Situation&, core::ReplicationController& next,
               const core::ReplicationController& current) const override {
    if (next.spec.template_) {
      drop_disabled_fields(next.spec.template_->spec, current.spec.template_ ? &current.spec.template_->spec : nullptr);
    }
  }
  FieldErrors check(const Situation&, const core::ReplicationController& next,
                    const core::ReplicationController* current) const override {
    return validate_replication_controller(next, current);
  }
  FieldErrors check_status(const Situation&, const core::ReplicationController& next,
                           const core::ReplicationController&) const override {
    return validate_replication_controller_status(next);
  }
  void notice(const Situation& situation, const core::ReplicationController& next,
              const core::ReplicationController* current) const override {
    if (current == nullptr) warn_about_name(situation.warnings, next.metadata.name, NameUse::PodNames);
    if (is_news(next, current) && next.spec.template_)
      warn_about_template(situation.warnings, *next.spec.template_, "spec.template");
  }
};

class PodTemplateStrategy final : public Typed<core::PodTemplate> {
 public:
  Traits traits() const override { return {.returns_deleted_object = true, .generation = GenerationRule::OnSpec}; }

 protected:
  void born(const Situation&, core::PodTemplate& next) const override {
    drop_disabled_fields(next.template_.spec, nullptr);
  }
  void changed(const Situation&, core::PodTemplate& next, const core::PodTemplate& current) const override {
    drop_disabled_fields(next.template_.spec, &current.template_.spec);
  }
  FieldErrors check(const Situation&, const core::PodTemplate& next, const core::PodTemplate* current) const override {
    return validate_pod_template_object(next, current);
  }
  void notice(const Situation& situation, const core::PodTemplate& next,
              const core::PodTemplate* current) const override {
    if (is_news(next, current)) warn_about_template(situation.warnings, next.template_, "template");
  }
};

// Deployments and replica sets differ in their rules only.
template <class T>
struct WorkloadRules {
  Traits traits;
  FieldErrors (*check)(const T& next, const T* current);
  FieldErrors (*check_status)(const T& next, const T& current);
};

template <class T>
class WorkloadStrategy final : public Typed<T> {
 public:
  explicit WorkloadStrategy(WorkloadRules<T> rules) : rules_(rules) {}
  Traits traits() const override { return rules_.traits; }

 protected:
  void born(const Situation&, T& next) const override { drop_disabled_fields(next.spec.template_.spec, nullptr); }
  void changed(const Situation&, T& next, const T& current) const override {
    drop_disabled_fields(next.spec.template_.spec, &current.spec.template_.spec);
  }
  FieldErrors check(const Situation&, const T& next, const T* current) const override {
    return rules_.check(next, current);
  }
  FieldErrors check_status(const Situation&, const T& next, const T& current) const override {
    return rules_.check_status(next, current);
  }
  void notice(const Situation& situation, const T& next, const T* current) const override {
    if (current == nullptr) warn_about_name(situation.warnings, next.metadata.name, NameUse::PodNames);
    if (is_news(next, current)) warn_about_template(situation.warnings, next.spec.template_, "spec.template");
  }

 private:
  const WorkloadRules<T> rules_;
};

FieldErrors check_replica_set_status(const apps::ReplicaSet& next, const apps::ReplicaSet&) {
  return validate_replica_set_status(next);
}

// How often the template has changed is told by an annotation: once there was a field.
constexpr std::string_view kTemplateGeneration = "deprecated.daemonset.template.generation";

int64_t template_generation(const apps::DaemonSet& set) {
  auto found = set.metadata.annotations.find(kTemplateGeneration);
  if (found == set.metadata.annotations.end()) return 0;
  return base::parse_int(found->second).value_or(0);
}

class DaemonSetStrategy final : public Typed<apps::DaemonSet> {
 public:
  Traits traits() const override {
    return {.generation = GenerationRule::OnSpec, .update_checks_whole_metadata = true};
  }

 protected:
  void born(const Situation&, apps::DaemonSet& next) const override {
    drop_disabled_fields(next.spec.template_.spec, nullptr);
    set_template_generation(next, std::max<int64_t>(template_generation(next), 1));
  }
  void changed(const Situation&, apps::DaemonSet& next, const apps::DaemonSet& current) const override {
    drop_disabled_fields(next.spec.template_.spec, &current.spec.template_.spec);
    int64_t before = std::max<int64_t>(template_generation(current), 1);
    set_template_generation(next, next.spec.template_ == current.spec.template_ ? before : before + 1);
  }
  void status_changed(const Situation&, apps::DaemonSet& next, const apps::DaemonSet& current) const override {
    set_template_generation(next, std::max<int64_t>(template_generation(current), 1));
  }
  FieldErrors check(const Situation&, const apps::DaemonSet& next, const apps::DaemonSet* current) const override {
    return validate_daemon_set(next, current);
  }
  FieldErrors check_status(const Situation&, const apps::DaemonSet& next,
                           const apps::DaemonSet& current) const override {
    return validate_daemon_set_status(next, current);
  }
  void notice(const Situation& situation, const apps::DaemonSet& next, const apps::DaemonSet* current) const override {
    if (is_news(next, current)) warn_about_template(situation.warnings, next.spec.template_, "spec.template");
  }

 private:
  static void set_template_generation(apps::DaemonSet& set, int64_t generation) {
    set.metadata.annotations[std::string(kTemplateGeneration)] = std::to_string(generation);
  }
};

class StatefulSetStrategy final : public Typed<apps::StatefulSet> {
 public:
  Traits traits() const override {
    return {.generation = GenerationRule::OnSpec, .name_rule = NameRule::Label, .update_checks_whole_metadata = true};
  }

 protected:
  void born(const Situation&, apps::StatefulSet& next) const override {
    drop_disabled_fields(next.spec.template_.spec, nullptr);
    if (next.spec.update_strategy.rolling_update) next.spec.update_strategy.rolling_update->max_unavailable.reset();
  }
  void changed(const Situation&, apps::StatefulSet& next, const apps::StatefulSet& current) const override {
    drop_disabled_fields(next.spec.template_.spec, &current.spec.template_.spec);
    const auto& before = current.spec.update_strategy.rolling_update;
    if (next.spec.update_strategy.rolling_update && !(before && before->max_unavailable)) {
      next.spec.update_strategy.rolling_update->max_unavailable.reset();
    }
  }
  FieldErrors check(const Situation&, const apps::StatefulSet& next, const apps::StatefulSet* current) const override {
    return validate_stateful_set(next, current);
  }
  FieldErrors check_status(const Situation&, const apps::StatefulSet& next,
                           const apps::StatefulSet& current) const override {
    return validate_stateful_set_status(next, current);
  }
  void notice(const Situation& situation, const apps::StatefulSet& next,
              const apps::StatefulSet* current) const override {
    if (!is_news(next, current)) return;
    warn_about_template(situation.warnings, next.spec.template_, "spec.template");
    Place templates("spec.volumeClaimTemplates");
    for (size_t i = 0; i < next.spec.volume_claim_templates.size(); ++i) {
      warn_about_claim_spec(situation.warnings, next.spec.volume_claim_templates[i].spec, Place(templates, i));
    }
    if (next.spec.revision_history_limit.value_or(0) < 0) {
      situation.warnings.emplace_back(
          "spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended");
    }
  }
};

}  // namespace

void add_workload_strategies(StrategyMap& all) {
  using Rule = GenerationRule;
  all["replicationcontrollers"] = std::make_unique<ReplicationControllerStrategy>();
  all["podtemplates"] = std::make_unique<PodTemplateStrategy>();
  all["deployments.apps"] = std::make_unique<WorkloadStrategy<apps::Deployment>>(
      WorkloadRules<apps::Deployment>{.traits = {.status_keeps_labels = true, .generation = Rule::OnSpecAndAnnotations},
                                      .check = validate_deployment,
                                      .check_status = validate_deployment_status});
  all["replicasets.apps"] = std::make_unique<WorkloadStrategy<apps::ReplicaSet>>(
      WorkloadRules<apps::ReplicaSet>{.traits = {.generation = Rule::OnSpec, .update_checks_whole_metadata = true},
                                      .check = validate_replica_set,
                                      .check_status = check_replica_set_status});
  all["daemonsets.apps"] = std::make_unique<DaemonSetStrategy>();
  all["statefulsets.apps"] = std::make_unique<StatefulSetStrategy>();
  all["controllerrevisions.apps"] =
      std::make_unique<Ruled<apps::ControllerRevision>>(Traits{}, validate_controller_revision);
}

}  // namespace apiserver
