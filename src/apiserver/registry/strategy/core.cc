// Pods, services, nodes, namespaces and their neighbours of the core group.

#include <algorithm>

#include "api/core_v1.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/metadata.h"
#include "apiserver/registry/served.h"
#include "apiserver/registry/strategy/pod_rules.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/validation/core.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;
using schema::Object;

constexpr std::string_view kNamespaceFinalizer = "kubernetes";

class PodStrategy final : public Strategy {
 public:
  Traits traits() const override {
    return {.unconditional_update = true, .returns_deleted_object = true, .generation = GenerationRule::OnSpec};
  }
  void prepare_create(const Situation& situation, Object& next) const override {
    auto& pod = next.as<core::Pod>();
    pod.status = {};
    pod.status.phase = "Pending";
    pod.status.qos_class = qos_class(pod.spec);
    if (!pod.spec.scheduling_gates.empty()) {
      auto& condition = pod.status.conditions.emplace_back();
      condition.type = "PodScheduled";
      condition.status = "False";
      condition.reason = "SchedulingGated";
      condition.message = "Scheduling is blocked due to non-empty scheduling gates";
    }
  }
  void prepare_update(const Situation& situation, Object& next, const Object& current) const override {
    if (situation.subresource != "ephemeralcontainers" && situation.subresource != "resize") return;
    // They change one part of the spec each.
    core::Pod pod = current.as<core::Pod>();
    auto& asked = next.as<core::Pod>();
    if (situation.subresource == "ephemeralcontainers") {
      pod.spec.ephemeral_containers = asked.spec.ephemeral_containers;
    } else if (situation.subresource == "resize") {
      take_resources(pod.spec.containers, asked.spec.containers);
      take_resources(pod.spec.init_containers, asked.spec.init_containers);
    }
    pod.metadata.resource_version = asked.metadata.resource_version;
    asked = std::move(pod);
  }
  void prepare_status(const Situation&, Object& next, const Object& current) const override {
    auto& pod = next.as<core::Pod>();
    const auto& before = current.as<core::Pod>();
    pod.metadata.owner_references = before.metadata.owner_references;
    if (pod.status.qos_class.empty()) pod.status.qos_class = before.status.qos_class;
    auto& ips = pod.status.pod_ips;
    if (!pod.status.pod_ip.empty() && (ips.empty() || ips[0].ip != pod.status.pod_ip)) {
      ips.clear();
      ips.emplace_back().ip = pod.status.pod_ip;
    }
    if (pod.status.pod_ip.empty() && !ips.empty()) pod.status.pod_ip = ips[0].ip;
  }
  FieldErrors validate_create(const Situation&, const Object& next) const override { return validate_pod(next.as<core::Pod>()); }
  FieldErrors validate_status(const Situation&, const Object& next, const Object& current) const override {
    return validate_pod_status(next.as<core::Pod>(), current.as<core::Pod>());
  }
  FieldErrors validate_update(const Situation& situation, const Object& next, const Object& current) const override {
    return validate_pod_update(next.as<core::Pod>(), current.as<core::Pod>(), situation.subresource);
  }
  std::optional<int64_t> grace_seconds(const api::meta_v1::DeleteOptions& options, const Object& current) const override {
    const auto& pod = current.as<core::Pod>();
    int64_t seconds = options.grace_period_seconds ? *options.grace_period_seconds
                                                   : pod.spec.termination_grace_period_seconds.value_or(0);
    // Nobody would end what never ran or has ended.
    if (pod.spec.node_name.empty() || pod.status.phase == "Failed" || pod.status.phase == "Succeeded") seconds = 0;
    return seconds < 0 ? 1 : seconds;
  }

 private:
  static void take_resources(std::vector<core::Container>& to, const std::vector<core::Container>& from) {
    for (auto& container : to) {
      for (const auto& asked : from) {
        if (asked.name != container.name) continue;
        container.resources = asked.resources;
        container.resize_policy = asked.resize_policy;
      }
    }
  }
};

class ServiceStrategy final : public Strategy {
 public:
  Traits traits() const override {
    return {.create_on_update = true, .returns_deleted_object = true, .name_rule = NameRule::Label1035};
  }
  FieldErrors validate_create(const Situation&, const Object& next) const override {
    return validate_service(next.as<core::Service>(), nullptr);
  }
  FieldErrors validate_update(const Situation&, const Object& next, const Object& current) const override {
    return validate_service(next.as<core::Service>(), &current.as<core::Service>());
  }
  FieldErrors validate_status(const Situation&, const Object& next, const Object& current) const override {
    return validate_service_status(next.as<core::Service>());
  }
  void warn(const Situation& situation, const Object& next, const Object*) const override {
    const auto& spec = next.as<core::Service>().spec;
    if (!spec.external_ips.empty()) {
      situation.warnings.emplace_back("spec.externalIPs is deprecated and may no longer be implemented in some clusters");
    }
    if (spec.traffic_distribution && *spec.traffic_distribution == "PreferClose") {
      situation.warnings.emplace_back("spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"");
    }
  }
};

class NodeStrategy final : public Strategy {
 public:
  Traits traits() const override { return {.keeps_status_on_create = true}; }
  void prepare_create(const Situation&, Object& next) const override { agree_on_cidrs(next.as<core::Node>().spec); }
  void prepare_update(const Situation&, Object& next, const Object&) const override { agree_on_cidrs(next.as<core::Node>().spec); }
  FieldErrors validate_create(const Situation&, const Object& next) const override { return validate_node(next.as<core::Node>()); }
  FieldErrors validate_update(const Situation&, const Object& next, const Object& current) const override {
    return validate_node_update(next.as<core::Node>(), current.as<core::Node>());
  }

 private:
  // The older field names the first of the newer ones; where they differ the older wins.
  static void agree_on_cidrs(core::NodeSpec& spec) {
    if (spec.pod_cidr.empty()) {
      if (!spec.pod_cidrs.empty()) spec.pod_cidr = spec.pod_cidrs[0];
    } else if (spec.pod_cidrs.empty() || spec.pod_cidrs[0] != spec.pod_cidr) {
      spec.pod_cidrs = {spec.pod_cidr};
    }
  }
};

// A namespace lives until its content is gone: its own finalizers stand in the spec.
class NamespaceStrategy final : public Strategy {
 public:
  Traits traits() const override { return {.returns_deleted_object = true, .name_rule = NameRule::Label}; }
  void prepare_create(const Situation&, Object& next) const override {
    auto& one = next.as<core::Namespace>();
    one.status = {};
    one.status.phase = "Active";
    auto& finalizers = one.spec.finalizers;
    if (std::find(finalizers.begin(), finalizers.end(), kNamespaceFinalizer) == finalizers.end()) {
      finalizers.emplace_back(kNamespaceFinalizer);
    }
  }
  void prepare_update(const Situation& situation, Object& next, const Object& current) const override {
    auto& one = next.as<core::Namespace>();
    const auto& before = current.as<core::Namespace>();
    if (situation.subresource == "finalize") {
      one.status = before.status;
      return;
    }
    one.spec = before.spec;
  }
  FieldErrors validate_create(const Situation&, const Object& next) const override {
    return validate_namespace_finalizers(next.as<core::Namespace>());
  }
  FieldErrors validate_update(const Situation&, const Object& next, const Object&) const override {
    return validate_namespace_finalizers(next.as<core::Namespace>());
  }
  FieldErrors validate_status(const Situation&, const Object& next, const Object&) const override {
    return validate_namespace_status(next.as<core::Namespace>());
  }
  void mark_deleting(const Situation& situation, Object& next) const override {
    auto& one = next.as<core::Namespace>();
    if (one.metadata.deletion_timestamp.is_zero()) one.metadata.deletion_timestamp = situation.now.truncated_to_seconds();
    one.metadata.deletion_grace_period_seconds.reset();
    one.status.phase = "Terminating";
  }
  bool outlives_delete(const Object& next) const override { return !next.as<core::Namespace>().spec.finalizers.empty(); }
  bool ends_with(const Object& next) const override {
    const auto& one = next.as<core::Namespace>();
    return !one.metadata.deletion_timestamp.is_zero() && one.spec.finalizers.empty() && one.metadata.finalizers.empty();
  }
};

class PersistentVolumeStrategy final : public Strategy {
 public:
  Traits traits() const override { return {.returns_deleted_object = true}; }
  void prepare_create(const Situation& situation, Object& next) const override {
    auto& volume = next.as<core::PersistentVolume>();
    volume.status = {};
    volume.status.phase = "Pending";
    volume.status.last_phase_transition_time = situation.now.truncated_to_seconds();
  }
  void prepare_status(const Situation& situation, Object& next, const Object& current) const override {
    auto& volume = next.as<core::PersistentVolume>();
    const auto& before = current.as<core::PersistentVolume>();
    if (volume.status.phase != before.status.phase &&
        volume.status.last_phase_transition_time == before.status.last_phase_transition_time) {
      volume.status.last_phase_transition_time = situation.now.truncated_to_seconds();
    }
  }
  FieldErrors validate_create(const Situation&, const Object& next) const override {
    return validate_persistent_volume(next.as<core::PersistentVolume>(), nullptr);
  }
  FieldErrors validate_update(const Situation&, const Object& next, const Object& current) const override {
    return validate_persistent_volume(next.as<core::PersistentVolume>(), &current.as<core::PersistentVolume>());
  }
};

class PersistentVolumeClaimStrategy final : public Strategy {
 public:
  Traits traits() const override { return {.returns_deleted_object = true}; }
  void prepare_create(const Situation&, Object& next) const override {
    auto& claim = next.as<core::PersistentVolumeClaim>();
    claim.status = {};
    claim.status.phase = "Pending";
  }
  FieldErrors validate_create(const Situation&, const Object& next) const override {
    return validate_claim(next.as<core::PersistentVolumeClaim>(), nullptr);
  }
  FieldErrors validate_update(const Situation&, const Object& next, const Object& current) const override {
    return validate_claim(next.as<core::PersistentVolumeClaim>(), &current.as<core::PersistentVolumeClaim>());
  }
};

class ConfigMapStrategy final : public Strategy {
 public:
  Traits traits() const override { return {.update_checks_whole_metadata = true}; }
  FieldErrors validate_create(const Situation&, const Object& next) const override {
    return validate_config_map(next.as<core::ConfigMap>(), nullptr);
  }
  FieldErrors validate_update(const Situation&, const Object& next, const Object& current) const override {
    return validate_config_map(next.as<core::ConfigMap>(), &current.as<core::ConfigMap>());
  }
};

class SecretStrategy final : public Strategy {
 public:
  Traits traits() const override { return {.update_checks_whole_metadata = true}; }
  void prepare_create(const Situation&, Object& next) const override { fold_string_data(next.as<core::Secret>()); }
  void prepare_update(const Situation&, Object& next, const Object& current) const override {
    auto& secret = next.as<core::Secret>();
    if (secret.type.empty()) secret.type = current.as<core::Secret>().type;
    fold_string_data(secret);
  }
  FieldErrors validate_create(const Situation&, const Object& next) const override {
    return validate_secret(next.as<core::Secret>(), nullptr);
  }
  FieldErrors validate_update(const Situation&, const Object& next, const Object& current) const override {
    return validate_secret(next.as<core::Secret>(), &current.as<core::Secret>());
  }

 private:
  // stringData is for writing only.
  static void fold_string_data(core::Secret& secret) {
    for (auto& [key, value] : secret.string_data) secret.data[key] = value;
    secret.string_data.clear();
  }
};

class ReplicationControllerStrategy final : public Strategy {
 public:
  Traits traits() const override {
    return {.orphans_by_default = true, .generation = GenerationRule::OnSpec, .name_rule = NameRule::LongName};
  }
  FieldErrors validate_create(const Situation&, const Object& next) const override {
    return validate_replication_controller(next.as<core::ReplicationController>());
  }
  FieldErrors validate_update(const Situation&, const Object& next, const Object&) const override {
    return validate_replication_controller(next.as<core::ReplicationController>());
  }
};

}  // namespace

void add_core_strategies(StrategyMap& all) {
  all["pods"] = std::make_unique<PodStrategy>();
  all["services"] = std::make_unique<ServiceStrategy>();
  all["nodes"] = std::make_unique<NodeStrategy>();
  all["namespaces"] = std::make_unique<NamespaceStrategy>();
  all["persistentvolumes"] = std::make_unique<PersistentVolumeStrategy>();
  all["persistentvolumeclaims"] = std::make_unique<PersistentVolumeClaimStrategy>();
  all["configmaps"] = std::make_unique<ConfigMapStrategy>();
  all["secrets"] = std::make_unique<SecretStrategy>();
  all["replicationcontrollers"] = std::make_unique<ReplicationControllerStrategy>();
}

}  // namespace apiserver
