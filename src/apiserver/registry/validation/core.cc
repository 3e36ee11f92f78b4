#include "apiserver/registry/validation/core.h"

#include <algorithm>
#include <set>

#include "apiserver/registry/metadata.h"
#include "apiserver/registry/validation/pod_template.h"
#include "base/strings.h"
#include "schema/names.h"
#include "schema/object.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::BadValue;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

constexpr size_t kDataBytesMax = size_t{1} << 20;

template <class Map>
bool check_data(FieldErrors& errors, const Map& data, const FieldPath& path, size_t& bytes) {
  for (const auto& [key, value] : data) {
    schema::append_invalid(errors, path.key(key), key, schema::check_config_key(key));
    bytes += value.size();
  }
  return true;
}

void check_immutable(FieldErrors& errors, bool same, std::string_view field, bool in_force) {
  if (in_force && !same) errors.push_back(FieldError::forbidden(FieldPath(field), "field is immutable when `immutable` is set"));
}

bool needs_cluster_ip(const core::ServiceSpec& spec) { return spec.type != "ExternalName" && spec.cluster_ip != "None"; }

}  // namespace

FieldErrors validate_pod(const core::Pod& pod) { return validate_pod_spec(pod.spec, FieldPath("spec")); }

FieldErrors validate_pod_update(const core::Pod& next, const core::Pod& current, std::string_view subresource) {
  FieldErrors errors;
  FieldPath spec("spec");
  if (!subresource.empty()) return errors;
  // What may change is set back, the rest has to be what it was.
  core::PodSpec mended = next.spec;
  if (mended.containers.size() != current.spec.containers.size()) {
    errors.push_back(FieldError::forbidden(spec.child("containers"), "pod updates may not add or remove containers"));
    return errors;
  }
  if (mended.init_containers.size() != current.spec.init_containers.size()) {
    errors.push_back(FieldError::forbidden(spec.child("initContainers"), "pod updates may not add or remove containers"));
    return errors;
  }
  for (size_t i = 0; i < mended.containers.size(); ++i) {
    if (mended.containers[i].image.empty()) {
      errors.push_back(FieldError::required(spec.child("containers").index(i).child("image")));
    }
    mended.containers[i].image = current.spec.containers[i].image;
  }
  for (size_t i = 0; i < mended.init_containers.size(); ++i) mended.init_containers[i].image = current.spec.init_containers[i].image;
  if (next.spec.active_deadline_seconds) {
    int64_t seconds = *next.spec.active_deadline_seconds;
    if (seconds < 0 || seconds > INT32_MAX) {
      errors.push_back(FieldError::invalid(spec.child("activeDeadlineSeconds"), seconds, "must be between 0 and 2147483647, inclusive"));
      return errors;
    }
    if (current.spec.active_deadline_seconds && *current.spec.active_deadline_seconds < seconds) {
      errors.push_back(FieldError::invalid(
          spec.child("activeDeadlineSeconds"), seconds,
          base::cat({"must be less than or equal to previous value ", std::to_string(*current.spec.active_deadline_seconds)})));
      return errors;
    }
  } else if (current.spec.active_deadline_seconds) {
    errors.push_back(FieldError::invalid(spec.child("activeDeadlineSeconds"), nullptr, "must not update from a positive integer to nil value"));
  }
  mended.active_deadline_seconds = current.spec.active_deadline_seconds;
  for (const auto& toleration : current.spec.tolerations) {
    auto same = [&](core::Toleration other) {
      if (other == toleration) return true;
      other.toleration_seconds = toleration.toleration_seconds;
      return other == toleration;
    };
    if (!std::any_of(mended.tolerations.begin(), mended.tolerations.end(), same)) {
      errors.push_back(FieldError::forbidden(spec.child("tolerations"), "existing toleration can not be modified except its tolerationSeconds"));
      return errors;
    }
  }
  mended.tolerations = current.spec.tolerations;
  if (!current.spec.scheduling_gates.empty()) {
    for (const auto& gate : next.spec.scheduling_gates) {
      if (std::find(current.spec.scheduling_gates.begin(), current.spec.scheduling_gates.end(), gate) == current.spec.scheduling_gates.end()) {
        errors.push_back(FieldError::forbidden(spec.child("schedulingGates").index(&gate - next.spec.scheduling_gates.data()),
                                               "only deletion is allowed, but found new scheduling gate '" + gate.name + "'"));
      }
    }
    mended.scheduling_gates = current.spec.scheduling_gates;
    mended.node_selector = current.spec.node_selector;
    mended.affinity = current.spec.affinity;
  }
  if (current.spec.termination_grace_period_seconds && *current.spec.termination_grace_period_seconds < 0 &&
      mended.termination_grace_period_seconds == 1) {
    mended.termination_grace_period_seconds = current.spec.termination_grace_period_seconds;
  }
  if (!(mended == current.spec)) {
    errors.push_back(FieldError::forbidden(
        spec,
        "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
        "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"));
  }
  return errors;
}

FieldErrors validate_pod_status(const core::Pod& next, const core::Pod& current) {
  FieldErrors errors;
  FieldPath status("status");
  for (size_t i = 0; i < next.status.pod_ips.size(); ++i) {
    schema::append_invalid(errors, status.child("podIPs").index(i), next.status.pod_ips[i].ip, schema::check_ip(next.status.pod_ips[i].ip));
  }
  if (!next.status.nominated_node_name.empty()) {
    schema::append_invalid(errors, status.child("nominatedNodeName"), next.status.nominated_node_name,
                           schema::check_dns1123_subdomain(next.status.nominated_node_name));
  }
  return errors;
}

FieldErrors validate_service(const core::Service& next, const core::Service* current) {
  FieldErrors errors;
  FieldPath spec("spec");
  const auto& s = next.spec;
  bool headless = s.cluster_ip == "None";
  if (s.ports.empty() && !headless && s.type != "ExternalName") errors.push_back(FieldError::required(spec.child("ports")));
  if (s.type == "ExternalName") {
    if (s.external_name.empty()) {
      errors.push_back(FieldError::required(spec.child("externalName")));
    } else {
      std::string_view name = s.external_name;
      if (name.ends_with('.')) name.remove_suffix(1);
      schema::append_invalid(errors, spec.child("externalName"), s.external_name, schema::check_dns1123_subdomain(name));
    }
  }
  std::set<std::string> names;
  bool named = s.ports.size() > 1;
  for (size_t i = 0; i < s.ports.size(); ++i) {
    const auto& port = s.ports[i];
    auto at = spec.child("ports").index(i);
    if (named && port.name.empty()) {
      errors.push_back(FieldError::required(at.child("name")));
    } else if (!port.name.empty()) {
      schema::append_invalid(errors, at.child("name"), port.name, schema::check_dns1123_label(port.name));
      if (!names.insert(port.name).second) errors.push_back(FieldError::duplicate(at.child("name"), port.name));
    }
    schema::append_invalid(errors, at.child("port"), port.port, schema::check_port_number(port.port));
    if (port.protocol.empty()) {
      errors.push_back(FieldError::required(at.child("protocol")));
    } else if (port.protocol != "TCP" && port.protocol != "UDP" && port.protocol != "SCTP") {
      errors.push_back(FieldError::not_supported(at.child("protocol"), port.protocol, {"SCTP", "TCP", "UDP"}));
    }
    if (port.target_port.is_int()) {
      schema::append_invalid(errors, at.child("targetPort"), port.target_port.number, schema::check_port_number(port.target_port.number));
    } else {
      schema::append_invalid(errors, at.child("targetPort"), port.target_port.text, schema::check_port_name(port.target_port.text));
    }
  }
  validate_labels(errors, s.selector, spec.child("selector"));
  if (s.session_affinity.empty()) {
    errors.push_back(FieldError::required(spec.child("sessionAffinity")));
  } else if (s.session_affinity != "ClientIP" && s.session_affinity != "None") {
    errors.push_back(FieldError::not_supported(spec.child("sessionAffinity"), s.session_affinity, {"ClientIP", "None"}));
  }
  if (s.type != "ClusterIP" && s.type != "NodePort" && s.type != "LoadBalancer" && s.type != "ExternalName") {
    errors.push_back(FieldError::not_supported(spec.child("type"), s.type, {"ClusterIP", "ExternalName", "LoadBalancer", "NodePort"}));
  }
  if (s.traffic_distribution && *s.traffic_distribution != "PreferClose" && *s.traffic_distribution != "PreferSameZone" &&
      *s.traffic_distribution != "PreferSameNode") {
    errors.push_back(FieldError::not_supported(spec.child("trafficDistribution"), *s.traffic_distribution,
                                               {"PreferClose", "PreferSameZone", "PreferSameNode"}));
  }
  if (current != nullptr) {
    const auto& old = current->spec;
    if (needs_cluster_ip(old) && needs_cluster_ip(s) && !old.cluster_ip.empty() && old.cluster_ip != s.cluster_ip) {
      errors.push_back(FieldError::invalid(spec.child("clusterIPs").index(0), s.cluster_ip, "may not change once set"));
    }
    if (old.type == "LoadBalancer" && s.type == "LoadBalancer" && old.load_balancer_class != s.load_balancer_class) {
      errors.push_back(FieldError::invalid(spec.child("loadBalancerClass"),
                                           s.load_balancer_class ? BadValue(*s.load_balancer_class) : BadValue(),
                                           "may not change once set"));
    }
  }
  return errors;
}

FieldErrors validate_service_status(const core::Service& next) {
  FieldErrors errors;
  FieldPath path = FieldPath("status").child("loadBalancer", "ingress");
  const auto& ingress = next.status.load_balancer.ingress;
  if (next.spec.type != "LoadBalancer" && !ingress.empty()) {
    errors.push_back(FieldError::forbidden(path, "may only be used when `spec.type` is \"LoadBalancer\""));
    return errors;
  }
  for (size_t i = 0; i < ingress.size(); ++i) {
    if (ingress[i].ip.empty()) continue;
    schema::append_invalid(errors, path.index(i).child("ip"), ingress[i].ip, schema::check_ip(ingress[i].ip));
  }
  return errors;
}

FieldErrors validate_node(const core::Node& node) {
  FieldErrors errors;
  FieldPath taints = FieldPath("spec").child("taints");
  for (size_t i = 0; i < node.spec.taints.size(); ++i) {
    const auto& taint = node.spec.taints[i];
    auto at = taints.index(i);
    schema::append_invalid(errors, at.child("key"), taint.key, schema::check_qualified_name(taint.key));
    schema::append_invalid(errors, at.child("value"), taint.value, schema::check_label_value(taint.value));
    if (taint.effect.empty()) {
      errors.push_back(FieldError::required(at.child("effect")));
    } else if (taint.effect != "NoSchedule" && taint.effect != "PreferNoSchedule" && taint.effect != "NoExecute") {
      errors.push_back(FieldError::not_supported(at.child("effect"), taint.effect, {"NoSchedule", "PreferNoSchedule", "NoExecute"}));
    }
  }
  return errors;
}

FieldErrors validate_node_update(const core::Node& next, const core::Node& current) {
  FieldErrors errors = validate_node(next);
  FieldPath spec("spec");
  if (!current.spec.pod_cidrs.empty() && next.spec.pod_cidrs != current.spec.pod_cidrs) {
    errors.push_back(FieldError::forbidden(spec.child("podCIDRs"), "node updates may not change podCIDR except from \"\" to valid"));
  }
  if (!current.spec.provider_id.empty() && next.spec.provider_id != current.spec.provider_id) {
    errors.push_back(FieldError::forbidden(spec.child("providerID"), "node updates may not change providerID except from \"\" to valid"));
  }
  return errors;
}

FieldErrors validate_namespace_finalizers(const core::Namespace& next) {
  FieldErrors errors;
  FieldPath path = FieldPath("spec").child("finalizers");
  for (size_t i = 0; i < next.spec.finalizers.size(); ++i) {
    const auto& finalizer = next.spec.finalizers[i];
    schema::append_invalid(errors, path, finalizer, schema::check_qualified_name(finalizer));
    if (finalizer.find('/') == std::string::npos && finalizer != "kubernetes" && finalizer != "orphan" &&
        finalizer != "foregroundDeletion") {
      errors.push_back(FieldError::invalid(path, finalizer, "name is neither a standard finalizer name nor is it fully qualified"));
    }
  }
  return errors;
}

FieldErrors validate_namespace_status(const core::Namespace& next) {
  FieldErrors errors;
  bool terminating = !next.metadata.deletion_timestamp.is_zero();
  if (!terminating && next.status.phase != "Active") {
    errors.push_back(FieldError::invalid(FieldPath("status").child("Phase"), next.status.phase,
                                         "may only be 'Active' if `deletionTimestamp` is empty"));
  }
  if (terminating && next.status.phase != "Terminating") {
    errors.push_back(FieldError::invalid(FieldPath("status").child("Phase"), next.status.phase,
                                         "may only be 'Terminating' if `deletionTimestamp` is not empty"));
  }
  return errors;
}

FieldErrors validate_persistent_volume(const core::PersistentVolume& next, const core::PersistentVolume* current) {
  FieldErrors errors;
  FieldPath spec("spec");
  if (next.spec.access_modes.empty()) errors.push_back(FieldError::required(spec.child("accessModes")));
  if (next.spec.capacity.empty()) errors.push_back(FieldError::required(spec.child("capacity")));
  return errors;
}

FieldErrors validate_claim(const core::PersistentVolumeClaim& next, const core::PersistentVolumeClaim* current) {
  FieldErrors errors;
  FieldPath spec("spec");
  if (next.spec.access_modes.empty()) {
    errors.push_back(FieldError::required(spec.child("accessModes"), "at least 1 access mode is required"));
  }
  auto storage = next.spec.resources.requests.find("storage");
  if (storage == next.spec.resources.requests.end()) {
    errors.push_back(FieldError::required(spec.child("resources").key("storage")));
  } else if (storage->second.sign() <= 0) {
    errors.push_back(FieldError::invalid(spec.child("resources").key("storage"), storage->second.to_string(), "must be greater than zero"));
  }
  return errors;
}

FieldErrors validate_config_map(const core::ConfigMap& next, const core::ConfigMap* current) {
  FieldErrors errors;
  size_t bytes = 0;
  for (const auto& [key, value] : next.data) {
    schema::append_invalid(errors, FieldPath("data").key(key), key, schema::check_config_key(key));
    if (next.binary_data.contains(key)) {
      errors.push_back(FieldError::invalid(FieldPath("data").key(key), key, "duplicate of key present in binaryData"));
    }
    bytes += value.size();
  }
  check_data(errors, next.binary_data, FieldPath("binaryData"), bytes);
  if (bytes > kDataBytesMax) errors.push_back(FieldError::too_long(FieldPath("[]"), kDataBytesMax));
  if (current == nullptr) return errors;
  bool frozen = current->immutable.value_or(false);
  check_immutable(errors, next.immutable.value_or(false), "immutable", frozen);
  check_immutable(errors, next.data == current->data, "data", frozen);
  check_immutable(errors, next.binary_data == current->binary_data, "binaryData", frozen);
  return errors;
}

FieldErrors validate_secret(const core::Secret& next, const core::Secret* current) {
  FieldErrors errors;
  size_t bytes = 0;
  check_data(errors, next.data, FieldPath("data"), bytes);
  if (bytes > kDataBytesMax) errors.push_back(FieldError::too_long(FieldPath("data"), kDataBytesMax));
  auto needs = [&](std::string_view key) {
    if (!next.data.contains(key)) errors.push_back(FieldError::required(FieldPath("data").key(key)));
  };
  if (next.type == "kubernetes.io/tls") {
    needs("tls.crt");
    needs("tls.key");
  } else if (next.type == "kubernetes.io/dockerconfigjson") {
    needs(".dockerconfigjson");
  } else if (next.type == "kubernetes.io/dockercfg") {
    needs(".dockercfg");
  } else if (next.type == "kubernetes.io/ssh-auth") {
    needs("ssh-privatekey");
  } else if (next.type == "kubernetes.io/service-account-token" &&
             !next.metadata.annotations.contains("kubernetes.io/service-account.name")) {
    errors.push_back(FieldError::required(FieldPath("metadata").child("annotations").key("kubernetes.io/service-account.name")));
  }
  if (current == nullptr) return errors;
  if (next.type != current->type) errors.push_back(FieldError::invalid(FieldPath("type"), next.type, "field is immutable"));
  bool frozen = current->immutable.value_or(false);
  check_immutable(errors, next.immutable.value_or(false), "immutable", frozen);
  check_immutable(errors, next.data == current->data, "data", frozen);
  return errors;
}

FieldErrors validate_replication_controller(const core::ReplicationController& next) {
  FieldErrors errors;
  FieldPath spec("spec");
  if (next.spec.replicas && *next.spec.replicas < 0) {
    errors.push_back(FieldError::invalid(spec.child("replicas"), *next.spec.replicas, "must be greater than or equal to 0"));
  }
  if (next.spec.selector.empty()) errors.push_back(FieldError::required(spec.child("selector")));
  if (!next.spec.template_) {
    errors.push_back(FieldError::required(spec.child("template")));
  } else {
    schema::append(errors, validate_pod_template(*next.spec.template_, spec.child("template")));
  }
  return errors;
}

}  // namespace apiserver
