#include "apiserver/registry/validation/pod_template.h"

#include <set>

#include "apiserver/registry/metadata.h"
#include "base/strings.h"
#include "schema/names.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

void validate_ports(FieldErrors& errors, const std::vector<core::ContainerPort>& ports, const FieldPath& path) {
  std::set<std::string> names;
  for (size_t i = 0; i < ports.size(); ++i) {
    auto at = path.index(i);
    const auto& port = ports[i];
    if (!port.name.empty()) {
      auto problems = schema::check_port_name(port.name);
      schema::append_invalid(errors, at.child("name"), port.name, problems);
      if (problems.empty() && !names.insert(port.name).second) errors.push_back(FieldError::duplicate(at.child("name"), port.name));
    }
    if (port.container_port == 0) {
      errors.push_back(FieldError::required(at.child("containerPort")));
    } else {
      schema::append_invalid(errors, at.child("containerPort"), port.container_port, schema::check_port_number(port.container_port));
    }
    if (port.host_port != 0) schema::append_invalid(errors, at.child("hostPort"), port.host_port, schema::check_port_number(port.host_port));
    if (port.protocol.empty()) {
      errors.push_back(FieldError::required(at.child("protocol")));
    } else if (port.protocol != "TCP" && port.protocol != "UDP" && port.protocol != "SCTP") {
      errors.push_back(FieldError::not_supported(at.child("protocol"), port.protocol, {"SCTP", "TCP", "UDP"}));
    }
  }
}

template <class Container>
void validate_container(FieldErrors& errors, const Container& container, const FieldPath& at, const std::set<std::string>& volumes) {
  if (container.image.empty()) {
    errors.push_back(FieldError::required(at.child("image")));
  } else if (base::trim(container.image) != container.image) {
    errors.push_back(FieldError::invalid(at.child("image"), container.image, "must not have leading or trailing whitespace"));
  }
  if (container.termination_message_policy != "File" && container.termination_message_policy != "FallbackToLogsOnError") {
    if (container.termination_message_policy.empty()) {
      errors.push_back(FieldError::required(at.child("terminationMessagePolicy")));
    } else {
      errors.push_back(FieldError::not_supported(at.child("terminationMessagePolicy"), container.termination_message_policy,
                                                 {"FallbackToLogsOnError", "File"}));
    }
  }
  validate_ports(errors, container.ports, at.child("ports"));
  for (size_t i = 0; i < container.env.size(); ++i) {
    auto path = at.child("env").index(i);
    if (container.env[i].name.empty()) {
      errors.push_back(FieldError::required(path.child("name")));
    } else {
      schema::append_invalid(errors, path.child("name"), container.env[i].name, schema::check_relaxed_env_var_name(container.env[i].name));
    }
  }
  std::set<std::string> mount_points;
  for (size_t i = 0; i < container.volume_mounts.size(); ++i) {
    const auto& mount = container.volume_mounts[i];
    auto path = at.child("volumeMounts").index(i);
    if (mount.name.empty()) errors.push_back(FieldError::required(path.child("name")));
    if (!volumes.contains(mount.name)) errors.push_back(FieldError::not_found(path.child("name"), mount.name));
    if (mount.mount_path.empty()) {
      errors.push_back(FieldError::required(path.child("mountPath")));
    } else if (!mount_points.insert(mount.mount_path).second) {
      errors.push_back(FieldError::invalid(path.child("mountPath"), mount.mount_path, "must be unique"));
    }
  }
  if (container.image_pull_policy.empty()) {
    errors.push_back(FieldError::required(at.child("imagePullPolicy")));
  } else if (container.image_pull_policy != "Always" && container.image_pull_policy != "IfNotPresent" &&
             container.image_pull_policy != "Never") {
    errors.push_back(FieldError::not_supported(at.child("imagePullPolicy"), container.image_pull_policy,
                                               {"Always", "IfNotPresent", "Never"}));
  }
  const auto& resources = container.resources;
  for (const auto& [name, amount] : resources.limits) {
    if (amount.sign() < 0) {
      errors.push_back(FieldError::invalid(at.child("resources", "limits").key(name), amount.to_string(), "must be greater than or equal to 0"));
    }
  }
  for (const auto& [name, amount] : resources.requests) {
    auto path = at.child("resources", "requests");
    if (amount.sign() < 0) {
      errors.push_back(FieldError::invalid(path.key(name), amount.to_string(), "must be greater than or equal to 0"));
    }
    auto limit = resources.limits.find(name);
    if (limit != resources.limits.end() && amount > limit->second) {
      errors.push_back(FieldError::invalid(path, amount.to_string(),
                                           base::cat({"must be less than or equal to ", name, " limit of ", limit->second.to_string()})));
    }
  }
}

void validate_name(FieldErrors& errors, const std::string& name, const FieldPath& at, std::set<std::string>& names) {
  if (name.empty()) {
    errors.push_back(FieldError::required(at.child("name")));
    return;
  }
  schema::append_invalid(errors, at.child("name"), name, schema::check_dns1123_label(name));
  if (!names.insert(name).second) errors.push_back(FieldError::duplicate(at.child("name"), name));
}

}  // namespace

FieldErrors validate_pod_spec(const core::PodSpec& spec, const FieldPath& path) {
  FieldErrors errors;
  std::set<std::string> volumes;
  for (size_t i = 0; i < spec.volumes.size(); ++i) validate_name(errors, spec.volumes[i].name, path.child("volumes").index(i), volumes);
  std::set<std::string> names;
  if (spec.containers.empty()) errors.push_back(FieldError::required(path.child("containers")));
  for (size_t i = 0; i < spec.containers.size(); ++i) {
    auto at = path.child("containers").index(i);
    validate_name(errors, spec.containers[i].name, at, names);
    validate_container(errors, spec.containers[i], at, volumes);
  }
  for (size_t i = 0; i < spec.init_containers.size(); ++i) {
    auto at = path.child("initContainers").index(i);
    validate_name(errors, spec.init_containers[i].name, at, names);
    validate_container(errors, spec.init_containers[i], at, volumes);
  }
  if (spec.restart_policy.empty()) {
    errors.push_back(FieldError::required(path.child("restartPolicy")));
  } else if (spec.restart_policy != "Always" && spec.restart_policy != "OnFailure" && spec.restart_policy != "Never") {
    errors.push_back(FieldError::not_supported(path.child("restartPolicy"), spec.restart_policy, {"Always", "Never", "OnFailure"}));
  }
  if (!spec.service_account_name.empty()) {
    schema::append_invalid(errors, path.child("serviceAccountName"), spec.service_account_name,
                           schema::check_dns1123_subdomain(spec.service_account_name));
  }
  if (!spec.node_name.empty()) {
    schema::append_invalid(errors, path.child("nodeName"), spec.node_name, schema::check_dns1123_subdomain(spec.node_name));
  }
  if (!spec.hostname.empty()) schema::append_invalid(errors, path.child("hostname"), spec.hostname, schema::check_dns1123_label(spec.hostname));
  if (!spec.subdomain.empty()) {
    schema::append_invalid(errors, path.child("subdomain"), spec.subdomain, schema::check_dns1123_label(spec.subdomain));
  }
  if (spec.active_deadline_seconds && (*spec.active_deadline_seconds < 1 || *spec.active_deadline_seconds > INT32_MAX)) {
    errors.push_back(FieldError::invalid(path.child("activeDeadlineSeconds"), *spec.active_deadline_seconds,
                                         "must be between 1 and 2147483647, inclusive"));
  }
  validate_labels(errors, spec.node_selector, path.child("nodeSelector"));
  return errors;
}

FieldErrors validate_pod_template(const core::PodTemplateSpec& pod, const FieldPath& path) {
  FieldErrors errors;
  validate_labels(errors, pod.metadata.labels, path.child("labels"));
  validate_annotations(errors, pod.metadata.annotations, path.child("annotations"));
  schema::append(errors, validate_pod_spec(pod.spec, path.child("spec")));
  return errors;
}

}  // namespace apiserver
