#include "apiserver/registry/validation/pod_template.h"

#include <algorithm>

#include "apiserver/registry/validation/addresses.h"
#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/pod_parts.h"
#include "base/contains.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
namespace meta = api::meta_v1;

constexpr size_t kHostnameOverrideMax = 64;

void check_resource_claims(Report& report, const PodScope& scope, const Place& at) {
  const auto& claims = scope.spec.resource_claims;
  bool is_static = scope.pod != nullptr && scope.pod->annotations.contains(kMirrorPod);
  Names names;
  for (size_t i = 0; i < claims.size(); ++i) {
    const auto& claim = claims[i];
    if (is_static) {
      report.forbidden(Place(kWholePath), "static pods do not support resource claims");
      continue;
    }
    Place here(at, i);
    Place name(here, "name");
    if (claim.name.empty()) {
      report.required(name);
    } else if (!names.insert(claim.name).second) {
      report.duplicate(name, claim.name);
    } else {
      report.problems(name, claim.name, schema::check_dns1123_label(claim.name));
    }
    if (claim.resource_claim_name && claim.resource_claim_template_name) {
      report.invalid(here, go_value(claim),
                     "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified");
    }
    if (!claim.resource_claim_name && !claim.resource_claim_template_name) {
      report.invalid(here, go_value(claim), "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`");
    }
    if (claim.resource_claim_name) {
      report.problems(Place(here, "resourceClaimName"), *claim.resource_claim_name,
                      schema::check_dns1123_subdomain(*claim.resource_claim_name));
    }
    if (claim.resource_claim_template_name) {
      report.problems(Place(here, "resourceClaimTemplateName"), *claim.resource_claim_template_name,
                      schema::check_dns1123_subdomain(*claim.resource_claim_template_name));
    }
  }
}

void check_host_network(Report& report, const PodScope& scope, const Place& at) {
  if (!scope.spec.host_network) return;
  Place containers(at, "containers");
  for (size_t i = 0; i < scope.spec.containers.size(); ++i) {
    Place container(containers, i);
    Place ports(container, "ports");
    for (size_t j = 0; j < scope.spec.containers[i].ports.size(); ++j) {
      const auto& port = scope.spec.containers[i].ports[j];
      // A template may leave it open: pods get it by default.
      if (port.host_port == port.container_port || (!scope.rules.is_pod && port.host_port == 0)) continue;
      Place here(ports, j);
      report.invalid(Place(here, "hostPort"), port.host_port, "must match `containerPort` when `hostNetwork` is true");
    }
  }
}

void check_gates(Report& report, const std::vector<core::PodSchedulingGate>& gates, const Place& at) {
  for (size_t i = 0; i < gates.size(); ++i) {
    Place here(at, i);
    report.problems(here, gates[i].name, schema::check_qualified_name(gates[i].name));
    for (size_t j = 0; j < i; ++j) {
      if (gates[j].name != gates[i].name) continue;
      report.duplicate(here, gates[i].name);
      break;
    }
  }
}

void check_host_aliases(Report& report, const std::vector<core::HostAlias>& aliases, const Place& at) {
  for (size_t i = 0; i < aliases.size(); ++i) {
    Place here(at, i);
    check_ip(report, aliases[i].ip, Place(here, "ip"));
    Place names(here, "hostnames");
    for (size_t j = 0; j < aliases[i].hostnames.size(); ++j) {
      report.problems(Place(names, j), aliases[i].hostnames[j],
                      schema::check_dns1123_subdomain(aliases[i].hostnames[j]));
    }
  }
}

void check_names(Report& report, const core::PodSpec& spec, const Place& at) {
  auto check = [&](const std::string& text, const char* name,
                   schema::Problems (*rule)(std::string_view, schema::LengthUnit)) {
    if (!text.empty()) report.problems(Place(at, name), text, rule(text, schema::LengthUnit::Characters));
  };
  check(spec.service_account_name, "serviceAccountName", schema::check_dns1123_subdomain);
  check(spec.node_name, "nodeName", schema::check_dns1123_subdomain);
  if (spec.active_deadline_seconds) {
    report.problems(Place(at, "activeDeadlineSeconds"), *spec.active_deadline_seconds,
                    schema::check_in_range(*spec.active_deadline_seconds, 1, INT32_MAX));
  }
  check(spec.hostname, "hostname", schema::check_dns1123_label);
  check(spec.subdomain, "subdomain", schema::check_dns1123_label);
}

void check_hostname_override(Report& report, const core::PodSpec& spec, const Place& at) {
  if (!spec.hostname_override) return;
  Place here(at, "hostnameOverride");
  if (spec.set_hostname_as_fqdn.value_or(false)) {
    report.forbidden(here, "may not be specified when setHostnameAsFQDN is true");
  }
  if (spec.host_network) report.forbidden(here, "may not be specified when hostNetwork is true");
  if (spec.hostname_override->size() > kHostnameOverrideMax) report.too_long(here, kHostnameOverrideMax);
  report.problems(here, *spec.hostname_override, schema::check_dns1123_subdomain(*spec.hostname_override));
}

bool has_bad_values(const schema::Box<meta::LabelSelector>& selector) {
  if (!selector) return false;
  for (const auto& expression : selector->match_expressions) {
    for (const auto& value : expression.values) {
      if (!schema::is_label_value(value)) return true;
    }
  }
  return false;
}

template <class Affinity>
bool has_bad_values(const schema::Box<Affinity>& affinity) {
  if (!affinity) return false;
  for (const auto& term : affinity->required_during_scheduling_ignored_during_execution) {
    if (has_bad_values(term.label_selector) || has_bad_values(term.namespace_selector)) return true;
  }
  for (const auto& weighted : affinity->preferred_during_scheduling_ignored_during_execution) {
    const auto& term = weighted.pod_affinity_term;
    if (has_bad_values(term.label_selector) || has_bad_values(term.namespace_selector)) return true;
  }
  return false;
}

}  // namespace

PodScope::PodScope(const core::PodSpec& spec, const meta::ObjectMeta* pod, const PodRules& rules)
    : spec(spec),
      pod(pod),
      rules(rules),
      grace_seconds(spec.termination_grace_period_seconds),
      host_users(spec.host_users.value_or(true)) {
  for (const auto& claim : spec.resource_claims) {
    if (!claim.name.empty()) claims.insert(claim.name);
  }
}

const core::Volume* PodScope::volume(std::string_view name) const {
  for (const auto* volume : volumes) {
    if (volume->name == name) return volume;
  }
  return nullptr;
}

PodRules PodRules::for_update(const core::PodSpec& current, bool is_pod) {
  PodRules rules{.is_pod = is_pod};
  if (current.affinity) {
    if (has_bad_values(current.affinity->pod_affinity) || has_bad_values(current.affinity->pod_anti_affinity)) {
      rules.selector_values = SelectorValues::Unchecked;
    }
    const auto& node = current.affinity->node_affinity;
    if (node && node->required_during_scheduling_ignored_during_execution) {
      for (const auto& term : node->required_during_scheduling_ignored_during_execution->node_selector_terms) {
        for (const auto& expression : term.match_expressions) {
          if (!std::ranges::all_of(expression.values, schema::is_label_value))
            rules.node_affinity_values = SelectorValues::Unchecked;
        }
      }
    }
  }
  for (const auto& constraint : current.topology_spread_constraints) {
    if (!constraint.label_selector) continue;
    Report report;
    check_label_selector(report, *constraint.label_selector, Place(""));
    if (!report.empty()) rules.checks_spread_selectors = false;
  }
  rules.spread_keys_in_selectors = has_merged_spread_keys(current);
  visit_containers(current, Place("spec"), [&](const auto& container, const Place&) {
    if (has_indivisible_huge_pages(container.resources)) rules.huge_pages = HugePages::AnyAmount;
    if (!current.host_users.value_or(true) && !container.volume_devices.empty())
      rules.devices_without_host_users = true;
  });
  for (const auto& container : current.init_containers) {
    if (container.restart_policy == "Always") continue;
    if (base::contains(container.resize_policy, "RestartContainer", &core::ContainerResizePolicy::restart_policy))
      rules.init_containers_restart = true;
  }
  for (const auto& volume : current.volumes) {
    if (!volume.projected) continue;
    for (const auto& source : volume.projected->sources) {
      if (!source.service_account_token) continue;
      Report report;
      check_non_reserved_path(report, source.service_account_token->path, Place(""));
      if (!report.empty()) rules.token_paths_are_local = false;
    }
  }
  // Rules about the node's own namespaces came late; those who broke them before may go on.
  if (current.security_context && !current.security_context->sysctls.empty() &&
      (current.host_network || current.host_ipc)) {
    rules.host_sysctls = true;
  }
  return rules;
}

void check_pod_spec(Report& report, const core::PodSpec& spec, const meta::ObjectMeta* pod, const PodRules& rules,
                    const Place& at) {
  PodScope scope(spec, pod, rules);
  if (!spec.termination_grace_period_seconds) report.required(Place(at, "terminationGracePeriodSeconds"));
  check_volumes(report, scope, Place(at, "volumes"));
  check_resource_claims(report, scope, Place(at, "resourceClaims"));
  check_containers(report, scope, Place(at, "containers"));
  check_init_containers(report, scope, Place(at, "initContainers"));
  check_ephemeral_containers(report, scope, Place(at, "ephemeralContainers"));
  check_pod_resources(report, spec, scope.claims, Place(at, "resources"), rules.huge_pages);
  check_host_network(report, scope, at);
  report.required_one_of(Place(at, "restartPolicy"), spec.restart_policy, {"Always", "OnFailure", "Never"});
  report.required_one_of(Place(at, "dnsPolicy"), spec.dns_policy,
                         {"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"});
  check_labels(report, spec.node_selector, Place(at, "nodeSelector"));
  check_pod_security(report, scope, Place(at, "securityContext"));
  if (spec.affinity) check_affinity(report, rules, *spec.affinity, Place(at, "affinity"));
  check_dns(report, spec, Place(at, "dnsConfig"));
  Place readiness_gates(at, "readinessGates");
  for (size_t i = 0; i < spec.readiness_gates.size(); ++i) {
    const auto& type = spec.readiness_gates[i].condition_type;
    Place here(readiness_gates, i);
    report.problems(Place(here, "conditionType"), type, schema::check_qualified_name(type));
  }
  check_gates(report, spec.scheduling_gates, Place(at, "schedulingGates"));
  check_topology_spread(report, rules, spec.topology_spread_constraints, Place(at, "topologySpreadConstraints"));
  check_host_process(report, spec, at);
  check_host_users(report, scope, at);
  check_hostname_override(report, spec, at);
  check_names(report, spec, at);
  check_tolerations(report, spec.tolerations, Place(at, "tolerations"));
  check_host_aliases(report, spec.host_aliases, Place(at, "hostAliases"));
  if (!spec.priority_class_name.empty()) {
    report.problems(Place(at, "priorityClassName"), spec.priority_class_name,
                    schema::check_dns1123_subdomain(spec.priority_class_name));
  }
  if (spec.runtime_class_name) {
    report.problems(Place(at, "runtimeClassName"), *spec.runtime_class_name,
                    schema::check_dns1123_subdomain(*spec.runtime_class_name));
  }
  if (spec.preemption_policy) {
    report.required_one_of(Place(at, "preemptionPolicy"), *spec.preemption_policy, {"PreemptLowerPriority", "Never"});
  }
  if (!spec.overhead.empty()) check_overhead(report, spec.overhead, Place(at, "overhead"), rules.huge_pages);
  check_os(report, spec, at);
  check_file_key_volumes(report, spec, at);
}

void check_pod_template(Report& report, const core::PodTemplateSpec& pod, const core::PodTemplateSpec* current,
                        const Place& at) {
  Place spec(at, "spec");
  auto check = [&](Report& into, const PodRules& rules) {
    check_labels(into, pod.metadata.labels, Place(at, "labels"));
    check_annotations(into, pod.metadata.annotations, Place(at, "annotations"));
    check_pod_annotations(into, pod.metadata.annotations, pod.spec, Place(at, "annotations"));
    check_pod_spec(into, pod.spec, nullptr, rules, spec);
    check_profile_annotations_match(into, pod.metadata.annotations, pod.spec, spec);
    if (!pod.spec.ephemeral_containers.empty()) {
      into.forbidden(Place(spec, "ephemeralContainers"), "ephemeral containers not allowed in pod template");
    }
  };
  Report found;
  check(found, PodRules{});
  // Liberties are looked for only when they may be needed.
  if (!found.empty() && current != nullptr) {
    found = Report();
    check(found, PodRules::for_update(current->spec, false));
  }
  report.add(found.take());
}

}  // namespace apiserver
