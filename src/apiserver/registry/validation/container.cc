// Containers: what all have to keep, and what is special about regular ones, those of the beginning and those that are
// added later.

#include <algorithm>
#include <set>

#include "apiserver/registry/validation/pod_scope.h"
#include "base/contains.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

void check_ports(Report& report, const std::vector<core::ContainerPort>& ports, const Place& at) {
  Names names;
  for (size_t i = 0; i < ports.size(); ++i) {
    const auto& port = ports[i];
    Place here(at, i);
    if (!port.name.empty()) {
      auto problems = schema::check_port_name(port.name);
      report.problems(Place(here, "name"), port.name, problems);
      if (problems.empty() && !names.insert(port.name).second) report.duplicate(Place(here, "name"), port.name);
    }
    if (port.container_port == 0) {
      report.required(Place(here, "containerPort"));
    } else {
      report.problems(Place(here, "containerPort"), int64_t{port.container_port},
                      schema::check_port_number(port.container_port));
    }
    if (port.host_port != 0) {
      report.problems(Place(here, "hostPort"), int64_t{port.host_port}, schema::check_port_number(port.host_port));
    }
    report.required_one_of(Place(here, "protocol"), port.protocol, {"SCTP", "TCP", "UDP"});
  }
}

// No two containers may take the same port of the node.
class HostPorts {
 public:
  void add(Report& report, const std::vector<core::ContainerPort>& ports, const Place& container) {
    Place at(container, "ports");
    for (size_t i = 0; i < ports.size(); ++i) {
      const auto& port = ports[i];
      if (port.host_port == 0) continue;
      std::string key = base::cat({port.protocol, "/", port.host_ip, "/", std::to_string(port.host_port)});
      Place here(at, i);
      if (!taken_.insert(key).second) report.duplicate(Place(here, "hostPort"), key);
    }
  }

 private:
  std::set<std::string> taken_;
};

bool is_privileged(const schema::Box<core::SecurityContext>& context) {
  return context && context->privileged.value_or(false);
}

template <class Container>
void check_mounts(Report& report, const PodScope& scope, const Container& container, const Place& at) {
  for (size_t i = 0; i < container.volume_mounts.size(); ++i) {
    const auto& mount = container.volume_mounts[i];
    Place here(at, i);
    const auto* volume = scope.volume(mount.name);
    if (mount.name.empty()) report.required(Place(here, "name"));
    if (volume == nullptr) report.not_found(Place(here, "name"), mount.name);
    if (mount.mount_path.empty()) report.required(Place(here, "mountPath"));
    for (size_t j = 0; j < i; ++j) {
      if (container.volume_mounts[j].mount_path != mount.mount_path) continue;
      report.invalid(Place(here, "mountPath"), mount.mount_path, "must be unique");
      break;
    }
    if (base::contains(container.volume_devices, mount.name, &core::VolumeDevice::name)) {
      report.invalid(Place(here, "name"), mount.name, "must not already exist in volumeDevices");
    }
    if (base::contains(container.volume_devices, mount.mount_path, &core::VolumeDevice::device_path)) {
      report.invalid(Place(here, "mountPath"), mount.mount_path, "must not already exist as a path in volumeDevices");
    }
    if (!mount.sub_path.empty()) check_descending_path(report, mount.sub_path, Place(at, "subPath"));
    if (!mount.sub_path_expr.empty()) {
      if (!mount.sub_path.empty()) {
        report.invalid(Place(here, "subPathExpr"), mount.sub_path_expr,
                       "subPathExpr and subPath are mutually exclusive");
      }
      check_descending_path(report, mount.sub_path_expr, Place(at, "subPathExpr"));
    }
    if (mount.mount_propagation) {
      Place propagation(at, "mountPropagation");
      report.one_of(propagation, *mount.mount_propagation, {"Bidirectional", "HostToContainer", "None"});
      if (*mount.mount_propagation == "Bidirectional" && !is_privileged(container.security_context)) {
        report.forbidden(propagation, "Bidirectional mount propagation is available only to privileged containers");
      }
    }
    if (mount.recursive_read_only && *mount.recursive_read_only != "Disabled") {
      Place recursive(at, "recursiveReadOnly");
      if (is_one_of(*mount.recursive_read_only, {"Enabled", "IfPossible"})) {
        if (!mount.read_only) report.forbidden(recursive, "may only be specified when readOnly is true");
        if (mount.mount_propagation && *mount.mount_propagation != "None") {
          report.forbidden(recursive, "may only be specified when mountPropagation is None or not specified");
        }
      } else {
        report.not_supported(recursive, *mount.recursive_read_only, {"Disabled", "Enabled", "IfPossible"});
      }
    }
  }
}

template <class Container>
void check_devices(Report& report, const PodScope& scope, const Container& container, const Place& at) {
  Names names;
  Names paths;
  for (size_t i = 0; i < container.volume_devices.size(); ++i) {
    const auto& device = container.volume_devices[i];
    Place here(at, i);
    Place name(here, "name");
    Place path(here, "devicePath");
    const auto* volume = scope.volume(device.name);
    if (device.name.empty()) report.required(name);
    if (names.contains(device.name)) report.invalid(name, device.name, "must be unique");
    if (volume == nullptr) {
      report.not_found(name, device.name);
    } else if (!volume->persistent_volume_claim && !volume->ephemeral) {
      report.invalid(name, device.name,
                     "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
    }
    if (device.device_path.empty()) report.required(path);
    if (paths.contains(device.device_path)) report.invalid(path, device.device_path, "must be unique");
    if (has_backsteps(device.device_path)) {
      report.invalid(path, device.device_path, "can not contain backsteps ('..')");
    } else {
      paths.insert(device.device_path);
    }
    if (base::contains(container.volume_mounts, device.name, &core::VolumeMount::name)) {
      report.invalid(name, device.name, "must not already exist in volumeMounts");
    }
    if (base::contains(container.volume_mounts, device.device_path, &core::VolumeMount::mount_path)) {
      report.invalid(path, device.device_path, "must not already exist as a path in volumeMounts");
    }
    if (!device.name.empty()) names.insert(device.name);
  }
}

void check_resize_policy(Report& report, const PodScope& scope,
                         const std::vector<core::ContainerResizePolicy>& policies, const Place& at) {
  Names resources;
  for (size_t i = 0; i < policies.size(); ++i) {
    const auto& policy = policies[i];
    if (!resources.insert(policy.resource_name).second) report.duplicate(Place(at, i), policy.resource_name);
    report.required_one_of(at, policy.resource_name, {"cpu", "memory"});
    report.required_one_of(at, policy.restart_policy, {"NotRequired", "RestartContainer"});
    if (scope.spec.restart_policy == "Never" && policy.restart_policy != "NotRequired") {
      report.invalid(at, policy.restart_policy, "must be 'NotRequired' when pod `restartPolicy` is 'Never'");
    }
  }
}

constexpr size_t kRestartRulesMax = 20;
constexpr size_t kExitCodesMax = 255;
constexpr std::string_view kRulesNeedPolicy = "must specify restartPolicy when restart rules are used";

void check_restart_rules(Report& report, const core::Container& container, const Place& at) {
  if (container.restart_policy) {
    report.one_of(Place(at, "restartPolicy"), *container.restart_policy, {"Always", "Never", "OnFailure"});
  } else if (!container.restart_policy_rules.empty()) {
    report.required(Place(at, "restartPolicy"), kRulesNeedPolicy);
  }
  Place rules(at, "restartPolicyRules");
  if (container.restart_policy_rules.size() > kRestartRulesMax) {
    report.too_many(rules, container.restart_policy_rules.size(), kRestartRulesMax);
  }
  for (size_t i = 0; i < container.restart_policy_rules.size(); ++i) {
    const auto& rule = container.restart_policy_rules[i];
    Place here(rules, i);
    report.one_of(Place(here, "action"), rule.action, {"Restart", "RestartAllContainers"});
    Place codes(here, "exitCodes");
    if (!rule.exit_codes) {
      report.required(codes, "must be specified");
      continue;
    }
    report.one_of(Place(codes, "operator"), rule.exit_codes->operator_, {"In", "NotIn"});
    if (rule.exit_codes->values.size() > kExitCodesMax) {
      report.too_many(Place(codes, "values"), rule.exit_codes->values.size(), kExitCodesMax);
    }
  }
}

template <class Container>
void check_common(Report& report, const PodScope& scope, const Container& container, const Place& at) {
  if (container.name.empty()) {
    report.required(Place(at, "name"));
  } else {
    report.problems(Place(at, "name"), container.name, schema::check_dns1123_label(container.name));
  }
  if (container.image.empty()) report.required(Place(at, "image"));
  report.required_one_of(Place(at, "terminationMessagePolicy"), container.termination_message_policy,
                         {"File", "FallbackToLogsOnError"});
  check_ports(report, container.ports, Place(at, "ports"));
  check_env(report, container, at);
  check_mounts(report, scope, container, Place(at, "volumeMounts"));
  check_devices(report, scope, container, Place(at, "volumeDevices"));
  report.required_one_of(Place(at, "imagePullPolicy"), container.image_pull_policy,
                         {"Always", "IfNotPresent", "Never"});
  check_resource_requirements(report, container.resources, scope.claims, Place(at, "resources"),
                              ResourceOwner::Container, scope.rules.huge_pages);
  check_resize_policy(report, scope, container.resize_policy, Place(at, "resizePolicy"));
  if (container.security_context)
    check_container_security(report, scope, *container.security_context, Place(at, "securityContext"));
}

void check_running(Report& report, const PodScope& scope, const core::Container& container, const Place& at) {
  if (container.lifecycle) check_lifecycle(report, scope, *container.lifecycle, Place(at, "lifecycle"));
  check_liveness_probe(report, scope, container.liveness_probe, Place(at, "livenessProbe"));
  check_readiness_probe(report, scope, container.readiness_probe, Place(at, "readinessProbe"));
  check_startup_probe(report, scope, container.startup_probe, Place(at, "startupProbe"));
}

// What runs once, at the beginning, cannot be begun anew.
void check_no_restart_on_resize(Report& report, const core::Container& container, const Place& at) {
  Place policies(at, "resizePolicy");
  for (size_t i = 0; i < container.resize_policy.size(); ++i) {
    if (container.resize_policy[i].restart_policy != "RestartContainer") continue;
    Place here(policies, i);
    report.invalid(Place(here, "restartPolicy"), container.resize_policy[i].restart_policy,
                   "must not be set to 'RestartContainer' for non-sidecar initContainers");
  }
}

template <class Container>
void check_image_space(Report& report, const Container& container, const Place& at) {
  if (base::trim(container.image).size() != container.image.size()) {
    report.invalid(Place(at, "image"), container.image, "must not have leading or trailing whitespace");
  }
}

}  // namespace

void check_containers(Report& report, const PodScope& scope, const Place& at) {
  const auto& containers = scope.spec.containers;
  if (containers.empty()) {
    report.required(at);
    return;
  }
  HostPorts ports;
  Names names;
  Report conflicts;
  for (size_t i = 0; i < containers.size(); ++i) {
    const auto& container = containers[i];
    Place here(at, i);
    check_common(report, scope, container, here);
    if (!names.insert(container.name).second) report.duplicate(Place(here, "name"), container.name);
    check_running(report, scope, container, here);
    check_restart_rules(report, container, here);
    ports.add(conflicts, container.ports, here);
  }
  report.add(conflicts.take());
}

void check_init_containers(Report& report, const PodScope& scope, const Place& at) {
  Names names;
  for (const auto& container : scope.spec.containers) names.insert(container.name);
  for (size_t i = 0; i < scope.spec.init_containers.size(); ++i) {
    const auto& container = scope.spec.init_containers[i];
    Place here(at, i);
    check_common(report, scope, container, here);
    if (container.restart_policy) {
      check_restart_rules(report, container, here);
    } else if (!container.restart_policy_rules.empty()) {
      report.required(Place(here, "restartPolicy"), kRulesNeedPolicy);
    }
    if (names.contains(container.name)) {
      report.duplicate(Place(here, "name"), container.name);
    } else if (!container.name.empty()) {
      names.insert(container.name);
    }
    HostPorts().add(report, container.ports, here);  // they run one by one
    if (container.restart_policy == "Always") {
      check_running(report, scope, container, here);
      continue;
    }
    auto refuse = [&](bool set, const char* name) {
      if (set) report.forbidden(Place(here, name), "may not be set for init containers without restartPolicy=Always");
    };
    refuse(container.lifecycle.has_value(), "lifecycle");
    refuse(container.liveness_probe.has_value(), "livenessProbe");
    refuse(container.readiness_probe.has_value(), "readinessProbe");
    refuse(container.startup_probe.has_value(), "startupProbe");
    if (!scope.rules.init_containers_restart) check_no_restart_on_resize(report, container, here);
  }
}

void check_ephemeral_containers(Report& report, const PodScope& scope, const Place& at) {
  constexpr std::string_view kCannot = "cannot be set for an Ephemeral Container";
  if (scope.spec.ephemeral_containers.empty()) return;
  Names others;
  for (const auto& container : scope.spec.containers) others.insert(container.name);
  for (const auto& container : scope.spec.init_containers) others.insert(container.name);
  Names names = others;
  for (size_t i = 0; i < scope.spec.ephemeral_containers.size(); ++i) {
    const auto& container = scope.spec.ephemeral_containers[i];
    Place here(at, i);
    check_common(report, scope, container, here);
    check_image_space(report, container, here);
    if (!names.insert(container.name).second) report.duplicate(Place(here, "name"), container.name);
    if (!container.target_container_name.empty() && !others.contains(container.target_container_name)) {
      report.not_found(Place(here, "targetContainerName"), container.target_container_name);
    }
    auto refuse = [&](bool set, const char* name) {
      if (set) report.forbidden(Place(here, name), kCannot);
    };
    refuse(!container.ports.empty(), "ports");
    refuse(!(container.resources == core::ResourceRequirements()), "resources");
    refuse(!container.resize_policy.empty(), "resizePolicy");
    refuse(container.restart_policy.has_value(), "restartPolicy");
    refuse(!container.restart_policy_rules.empty(), "restartPolicyRules");
    refuse(container.liveness_probe.has_value(), "livenessProbe");
    refuse(container.readiness_probe.has_value(), "readinessProbe");
    refuse(container.startup_probe.has_value(), "startupProbe");
    refuse(container.lifecycle.has_value(), "lifecycle");
    Place mounts(here, "volumeMounts");
    for (size_t j = 0; j < container.volume_mounts.size(); ++j) {
      Place mount(mounts, j);
      if (!container.volume_mounts[j].sub_path.empty()) report.forbidden(Place(mount, "subPath"), kCannot);
      if (!container.volume_mounts[j].sub_path_expr.empty()) report.forbidden(Place(mount, "subPathExpr"), kCannot);
    }
  }
}

void check_image_spaces(Report& report, const std::vector<core::Container>& containers, const Place& at) {
  for (size_t i = 0; i < containers.size(); ++i) check_image_space(report, containers[i], Place(at, i));
}

}  // namespace apiserver
