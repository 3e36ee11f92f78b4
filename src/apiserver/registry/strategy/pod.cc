// Pods.

#include "apiserver/registry/validation/pod.h"

#include <algorithm>
#include <utility>

#include "api/core_v1.h"
#include "apiserver/registry/strategy/pod_rules.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/strategy/typed.h"
#include "apiserver/registry/validation/pod_warnings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;

class PodStrategy final : public Typed<core::Pod> {
 public:
  Traits traits() const override {
    return {.unconditional_update = true,
            .returns_deleted_object = true,
            .generation = GenerationRule::OnSpec,
            .update_checks_whole_metadata = true};
  }
  std::optional<int64_t> grace_seconds(const api::meta_v1::DeleteOptions& options,
                                       const schema::Object& current) const override {
    const auto& pod = current.as<core::Pod>();
    int64_t seconds = options.grace_period_seconds ? *options.grace_period_seconds
                                                   : pod.spec.termination_grace_period_seconds.value_or(0);
    // Nobody would end what never ran or has ended.
    if (pod.spec.node_name.empty() || pod.status.phase == "Failed" || pod.status.phase == "Succeeded") seconds = 0;
    return seconds < 0 ? 1 : seconds;
  }

 protected:
  void born(const Situation& situation, core::Pod& pod) const override {
    pod.status = {};
    pod.status.phase = "Pending";
    pod.status.qos_class = qos_class(pod.spec);
    drop_disabled_fields(pod.spec, nullptr);
    if (pod.spec.termination_grace_period_seconds.value_or(0) < 0) pod.spec.termination_grace_period_seconds = 1;
    merge_label_keys(pod);
    settle_app_armor(pod, situation.warnings);
    if (!pod.spec.scheduling_gates.empty()) {
      auto& condition = pod.status.conditions.emplace_back();
      condition.type = "PodScheduled";
      condition.status = "False";
      condition.reason = "SchedulingGated";
      condition.message = "Scheduling is blocked due to non-empty scheduling gates";
      condition.last_transition_time = situation.now.truncated_to_seconds();
    }
  }
  void changed(const Situation& situation, core::Pod& next, const core::Pod& current) const override {
    bool ephemeral = situation.subresource == "ephemeralcontainers";
    bool resize = situation.subresource == "resize";
    // What adds, takes away or moves containers is left as it is, for validation to refuse.
    bool comparable = next.spec.containers.size() == current.spec.containers.size() &&
                      next.spec.init_containers.size() == current.spec.init_containers.size();
    if (ephemeral || (resize && comparable)) {
      // They change one part of the spec each.
      core::Pod pod = current;
      if (ephemeral) {
        pod.spec.ephemeral_containers = next.spec.ephemeral_containers;
      } else {
        take_resources(pod.spec.containers, next.spec.containers);
        take_resources(pod.spec.init_containers, next.spec.init_containers);
        pod.spec.resources = next.spec.resources;
      }
      pod.metadata.resource_version = next.metadata.resource_version;
      // Who writes what is put back has written all the same.
      pod.metadata.managed_fields = std::move(next.metadata.managed_fields);
      next = std::move(pod);
    }
    drop_disabled_fields(next.spec, &current.spec);
  }
  void status_changed(const Situation&, core::Pod& next, const core::Pod& current) const override {
    next.metadata.owner_references = current.metadata.owner_references;
    if (next.status.qos_class.empty()) next.status.qos_class = current.status.qos_class;
    keep_observed_generations(next.status, current.status);
    auto& ips = next.status.pod_ips;
    if (!next.status.pod_ip.empty() && (ips.empty() || ips[0].ip != next.status.pod_ip)) {
      ips.clear();
      ips.emplace_back().ip = next.status.pod_ip;
    }
    if (next.status.pod_ip.empty() && !ips.empty()) next.status.pod_ip = ips[0].ip;
  }
  FieldErrors check(const Situation& situation, const core::Pod& next, const core::Pod* current) const override {
    if (current == nullptr) return validate_pod(next);
    if (situation.subresource == "ephemeralcontainers") return validate_ephemeral_containers_update(next, *current);
    if (situation.subresource == "resize") return validate_pod_resize(next, *current);
    if (!situation.subresource.empty()) return {};  // what binds and evicts pods knows what it does
    return validate_pod_update(next, *current);
  }
  FieldErrors check_status(const Situation&, const core::Pod& next, const core::Pod& current) const override {
    return validate_pod_status(next, current);
  }
  void notice(const Situation& situation, const core::Pod& next, const core::Pod* current) const override {
    // Updates of pods are many, and seldom by people.
    if (current == nullptr) warn_about_pod(situation.warnings, next);
  }
  void notice_status(const Situation& situation, const core::Pod& next) const override {
    warn_about_pod_status(situation.warnings, next.status);
  }

 private:
  static void take_resources(std::vector<core::Container>& to, const std::vector<core::Container>& from) {
    auto taken = to;
    for (size_t i = 0; i < taken.size(); ++i) {
      if (taken[i].name != from[i].name) {
        to = from;
        return;
      }
      taken[i].resources = from[i].resources;
      taken[i].resize_policy = from[i].resize_policy;
    }
    to = std::move(taken);
  }
  // What is not said of the generation that was looked at stays as it was.
  static void keep_observed_generations(core::PodStatus& next, const core::PodStatus& current) {
    if (next.observed_generation == 0) next.observed_generation = current.observed_generation;
    // A type may be there more than once: the first goes with the first.
    std::vector<const core::PodCondition*> left;
    for (const auto& condition : current.conditions) left.push_back(&condition);
    for (auto& condition : next.conditions) {
      auto old = std::ranges::find(left, condition.type, &core::PodCondition::type);
      if (old == left.end()) continue;
      if (condition.observed_generation == 0) condition.observed_generation = (*old)->observed_generation;
      left.erase(old);
    }
  }
};

}  // namespace

void add_pod_strategies(StrategyMap& all) {
  all["pods"] = std::make_unique<PodStrategy>();
}

}  // namespace apiserver
