#include "apiserver/registry/validation/pod_warnings.h"

#include <map>
#include <set>

#include "apiserver/registry/validation/addresses.h"
#include "apiserver/registry/validation/pod_scope.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr std::string_view kNullSelector = "a null labelSelector results in matching no pod";
constexpr std::string_view kSeccompText = "non-functional in v1.27+; use the \"seccompProfile\" field instead";

void warn_about_node_choice(Warnings& warnings, const core::PodSpec& spec, const Place& at) {
  Place selector(at, "nodeSelector");
  for (const auto& [label, value] : spec.node_selector) {
    if (auto text = node_label_deprecation(label); !text.empty()) warn(warnings, Place::key(selector, label), text);
  }
  if (spec.affinity && spec.affinity->node_affinity) {
    const auto& own = *spec.affinity->node_affinity;
    Place affinity(at, "affinity.nodeAffinity");
    if (own.required_during_scheduling_ignored_during_execution) {
      Place terms(affinity, "requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms");
      const auto& list = own.required_during_scheduling_ignored_during_execution->node_selector_terms;
      for (size_t i = 0; i < list.size(); ++i)
        warn_about_node_term(warnings, list[i], TermUse::Requirement, Place(terms, i));
    }
    Place preferred(affinity, "preferredDuringSchedulingIgnoredDuringExecution");
    const auto& list = own.preferred_during_scheduling_ignored_during_execution;
    for (size_t i = 0; i < list.size(); ++i) {
      warn_about_node_term(warnings, list[i].preference, TermUse::Preference, Place(Place(preferred, i), "preference"));
    }
  }
  Place spread(at, "topologySpreadConstraints");
  for (size_t i = 0; i < spec.topology_spread_constraints.size(); ++i) {
    const auto& constraint = spec.topology_spread_constraints[i];
    Place here(spread, i);
    if (auto text = node_label_deprecation(constraint.topology_key); !text.empty()) {
      warn(warnings, Place(here, "topologyKey"), base::cat({constraint.topology_key, " is ", text}));
    }
    if (!constraint.label_selector) warn(warnings, Place(here, "labelSelector"), kNullSelector);
  }
}

void warn_about_annotations(Warnings& warnings, const Labels& annotations, const Place& at) {
  struct Deprecated {
    std::string_view name;
    std::string_view text;
  };
  constexpr Deprecated kDeprecated[] = {
      {"scheduler.alpha.kubernetes.io/critical-pod",
       "non-functional in v1.16+; use the \"priorityClassName\" field instead"},
      {"security.alpha.kubernetes.io/sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"},
      {"security.alpha.kubernetes.io/unsafe-sysctls", "non-functional in v1.11+; use the \"sysctls\" field instead"},
  };
  for (const auto& deprecated : kDeprecated) {
    if (annotations.contains(deprecated.name)) warn(warnings, Place::key(at, deprecated.name), deprecated.text);
  }
}

void warn_about_lists(Warnings& warnings, const core::PodSpec& spec, const Place& at) {
  Place aliases(at, "hostAliases");
  std::set<std::string_view> seen;
  for (size_t i = 0; i < spec.host_aliases.size(); ++i) {
    const auto& text = spec.host_aliases[i].ip;
    Place here(aliases, i);
    if (!seen.insert(text).second) warn(warnings, Place(here, "ip"), base::cat({"duplicate ip ", base::quote(text)}));
  }
  seen.clear();
  Place secrets(at, "imagePullSecrets");
  for (size_t i = 0; i < spec.image_pull_secrets.size(); ++i) {
    const auto& name = spec.image_pull_secrets[i].name;
    Place here(secrets, i);
    if (!seen.insert(name).second)
      warn(warnings, Place(here, "name"), base::cat({"duplicate name ", base::quote(name)}));
  }
  for (size_t i = 0; i < spec.image_pull_secrets.size(); ++i) {
    Place here(secrets, i);
    if (spec.image_pull_secrets[i].name.empty()) warn(warnings, Place(here, "name"), "invalid empty name \"\"");
  }
}

void warn_about_addresses(Warnings& warnings, const core::PodSpec& spec, const Place& at) {
  if (spec.dns_config) {
    Place servers(at, "dnsConfig.nameservers");
    const auto& list = spec.dns_config->nameservers;
    for (size_t i = 0; i < list.size(); ++i) warn_about_ip(warnings, list[i], Place(servers, i));
  }
  Place aliases(at, "hostAliases");
  for (size_t i = 0; i < spec.host_aliases.size(); ++i) {
    Place here(aliases, i);
    warn_about_ip(warnings, spec.host_aliases[i].ip, Place(here, "ip"));
  }
}

// Who selects a port by its name gets the first of that name.
void warn_about_port_names(Warnings& warnings, const core::PodSpec& spec, const Place& at) {
  std::map<std::string_view, std::string> first;
  visit_containers(spec, at, [&](const auto& container, const Place& here) {
    Place ports(here, "ports");
    for (size_t i = 0; i < container.ports.size(); ++i) {
      const auto& name = container.ports[i].name;
      if (name.empty()) continue;
      Place port(ports, i);
      auto [other, is_new] = first.try_emplace(name, port.path().text());
      if (is_new) continue;
      warn(warnings, port,
           base::cat({"duplicate port name ", base::quote(name), " with ", other->second,
                      ", services and probes that select ports by name will use ", other->second}));
    }
  });
}

void warn_about_byte_fractions(Warnings& warnings, const auto& resources, const Place& at) {
  for (std::string_view name : {"memory", "ephemeral-storage"}) {
    warn_about_fraction(warnings, resources.limits, name, Place(at, "limits"));
    warn_about_fraction(warnings, resources.requests, name, Place(at, "requests"));
  }
}

// Server-side apply keeps one variable of a name, so the others are lost.
void warn_about_hidden_variables(Warnings& warnings, const std::vector<core::EnvVar>& variables, const Place& at) {
  std::set<std::string_view> seen;
  for (size_t i = 0; i < variables.size(); ++i) {
    const auto& variable = variables[i];
    if (seen.insert(variable.name).second) continue;
    std::string reference = base::cat({"$(", variable.name, ")"});
    bool builds_on_it = !variable.value_from && variable.value != reference && variable.value.contains(reference);
    if (builds_on_it) continue;
    warn(warnings, Place(at, i),
         base::cat(
             {"hides previous definition of ", base::quote(variable.name), ", which may be dropped when using apply"}));
  }
}

class PortOverlaps {
 public:
  explicit PortOverlaps(Warnings& warnings) : warnings_(warnings) {}

  void add(const core::ContainerPort& port, const Place& at) {
    if (!port.host_ip.empty() && port.host_port == 0) {
      warn(warnings_, at, base::cat({"hostIP set without hostPort: ", to_string(port)}));
    }
    for (const auto& other : ports_) {
      if (other.port->protocol != port.protocol || other.port->container_port != port.container_port) continue;
      if (auto relation = relation_of(port, *other.port); !relation.empty()) {
        warn(warnings_, at, base::cat({relation, " port definition with ", other.place}));
      }
    }
    ports_.push_back({&port, at.path().text()});
  }

 private:
  struct Known {
    const core::ContainerPort* port;
    std::string place;
  };

  static std::string_view relation_of(const core::ContainerPort& port, const core::ContainerPort& other) {
    if (port.host_ip == other.host_ip && port.host_port == other.host_port) return "duplicate";
    if (port.host_port == 0 || other.host_port == 0) return "overlapping";
    if (port.host_port == other.host_port && port.host_ip.empty() != other.host_ip.empty())
      return "dangerously ambiguous";
    return "";
  }

  static std::string to_string(const core::ContainerPort& port) {
    return base::cat({"{Name:", port.name, " HostPort:", std::to_string(port.host_port), " ContainerPort:",
                      std::to_string(port.container_port), " Protocol:", port.protocol, " HostIP:", port.host_ip, "}"});
  }

  Warnings& warnings_;
  std::vector<Known> ports_;
};

template <class Affinity>
void warn_about_null_selectors(Warnings& warnings, const Affinity& affinity, const Place& at) {
  Place required(at, "requiredDuringSchedulingIgnoredDuringExecution");
  const auto& terms = affinity.required_during_scheduling_ignored_during_execution;
  for (size_t i = 0; i < terms.size(); ++i) {
    if (!terms[i].label_selector) warn(warnings, Place(Place(required, i), "labelSelector"), kNullSelector);
  }
  Place preferred(at, "preferredDuringSchedulingIgnoredDuringExecution");
  const auto& weighted = affinity.preferred_during_scheduling_ignored_during_execution;
  for (size_t i = 0; i < weighted.size(); ++i) {
    if (!weighted[i].pod_affinity_term.label_selector) {
      warn(warnings, Place(Place(preferred, i), "podAffinityTerm.labelSelector"), kNullSelector);
    }
  }
}

class PodWarner {
 public:
  PodWarner(Warnings& warnings, const api::meta_v1::ObjectMeta& metadata, const core::PodSpec& spec,
            const Place& annotations, const Place& at)
      : warnings_(warnings), annotations_(metadata.annotations), spec_(spec), annotations_at_(annotations), at_(at) {}

  void warn_about_everything(bool is_template) {
    warn_about_node_choice(warnings_, spec_, at_);
    warn_about_annotations(warnings_, annotations_, annotations_at_);
    warn_about_volumes(warnings_, spec_, at_);
    warn_about_lists(warnings_, spec_, at_);
    for (std::string_view name : {"memory", "ephemeral-storage"}) {
      warn_about_fraction(warnings_, spec_.overhead, name, Place(at_, "overhead"));
    }
    constexpr std::string_view kPodSeccomp = "seccomp.security.alpha.kubernetes.io/pod";
    bool has_seccomp = spec_.security_context && spec_.security_context->seccomp_profile;
    if (!has_seccomp && annotations_.contains(kPodSeccomp))
      warn(warnings_, Place::key(annotations_at_, kPodSeccomp), kSeccompText);
    bool has_app_armor = spec_.security_context && spec_.security_context->app_armor_profile;
    visit_containers(spec_, at_, [&](const auto& container, const Place& at) {
      warn_about_profiles(container, is_template && !has_app_armor);
      warn_about_byte_fractions(warnings_, container.resources, Place(at, "resources"));
      warn_about_hidden_variables(warnings_, container.env, Place(at, "env"));
    });
    PortOverlaps ports(warnings_);
    visit_containers(spec_, at_, [&](const auto& container, const Place& at) {
      Place list(at, "ports");
      for (size_t i = 0; i < container.ports.size(); ++i) ports.add(container.ports[i], Place(list, i));
    });
    warn_about_port_names(warnings_, spec_, at_);
    if (spec_.termination_grace_period_seconds.value_or(0) < 0) {
      warn(warnings_, Place(at_, "terminationGracePeriodSeconds"),
           "must be >= 0; negative values are invalid and will be treated as 1");
    }
    warn_about_affinity();
    warn_about_addresses(warnings_, spec_, at_);
  }

 private:
  void warn_about_affinity() {
    if (!spec_.affinity) return;
    Place affinity(at_, "affinity");
    if (spec_.affinity->pod_affinity)
      warn_about_null_selectors(warnings_, *spec_.affinity->pod_affinity, Place(affinity, "podAffinity"));
    if (spec_.affinity->pod_anti_affinity) {
      warn_about_null_selectors(warnings_, *spec_.affinity->pod_anti_affinity, Place(affinity, "podAntiAffinity"));
    }
  }

  // Profiles by annotation, from before there were fields. Those of a pod are moved, and warned about then.
  void warn_about_profiles(const auto& container, bool app_armor_too) {
    bool has_seccomp = container.security_context && container.security_context->seccomp_profile;
    std::string seccomp = base::cat({"container.seccomp.security.alpha.kubernetes.io/", container.name});
    if (!has_seccomp && annotations_.contains(seccomp))
      warn(warnings_, Place::key(annotations_at_, seccomp), kSeccompText);
    bool has_app_armor = container.security_context && container.security_context->app_armor_profile;
    std::string app_armor = base::cat({"container.apparmor.security.beta.kubernetes.io/", container.name});
    if (app_armor_too && !has_app_armor && annotations_.contains(app_armor)) {
      warn(warnings_, Place::key(annotations_at_, app_armor),
           "deprecated since v1.30; use the \"appArmorProfile\" field instead");
    }
  }

  Warnings& warnings_;
  const Labels& annotations_;
  const core::PodSpec& spec_;
  const Place& annotations_at_;
  const Place& at_;
};

}  // namespace

void warn_about_pod(Warnings& warnings, const core::Pod& pod) {
  warn_about_name(warnings, pod.metadata.name, NameUse::PodHostname);
  Place annotations("metadata.annotations");
  Place spec("spec");
  PodWarner(warnings, pod.metadata, pod.spec, annotations, spec).warn_about_everything(/*is_template=*/false);
}

void warn_about_pod_status(Warnings& warnings, const core::PodStatus& status) {
  auto look = [&](const auto& addresses, const char* name) {
    Place list(name);
    for (size_t i = 0; i < addresses.size(); ++i) {
      Place here(list, i);
      warn_about_ip(warnings, addresses[i].ip, Place(here, "ip"));
    }
  };
  look(status.pod_ips, "status.podIPs");
  look(status.host_ips, "status.hostIPs");
}

void warn_about_template(Warnings& warnings, const core::PodTemplateSpec& pod, std::string_view at) {
  Place root(at);
  Place annotations(root, "metadata.annotations");
  Place spec(root, "spec");
  PodWarner(warnings, pod.metadata, pod.spec, annotations, spec).warn_about_everything(/*is_template=*/true);
}

void warn_about_name(Warnings& warnings, std::string_view name, NameUse use) {
  auto problems = schema::check_dns1123_label(name);
  if (problems.empty()) return;
  std::string_view where = use == NameUse::PodHostname ? "the Pod's hostname" : "Pod names and hostnames";
  warnings.push_back(base::cat({"metadata.name: this is used in ", where,
                                ", which can result in surprising behavior; a DNS label is recommended: [",
                                base::join(problems, " "), "]"}));
}

}  // namespace apiserver
