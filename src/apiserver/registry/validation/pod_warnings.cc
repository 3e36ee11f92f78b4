#include "apiserver/registry/validation/pod_warnings.h"

#include <algorithm>
#include <set>

#include "apiserver/registry/validation/addresses.h"
#include "apiserver/registry/validation/pod_scope.h"
#include "apiserver/registry/validation/storage_warnings.h"
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

void warn_about_sources(Warnings& warnings, const core::Volume& volume, const Place& at) {
  if (volume.photon_persistent_disk) {
    warn(warnings, Place(at, "photonPersistentDisk"), "deprecated in v1.11, non-functional in v1.16+");
  }
  if (volume.git_repo) warn(warnings, Place(at, "gitRepo"), "deprecated in v1.11, and disabled by default in v1.33+");
  if (volume.scale_io) warn(warnings, Place(at, "scaleIO"), "deprecated in v1.16, non-functional in v1.22+");
  if (volume.flocker) warn(warnings, Place(at, "flocker"), "deprecated in v1.22, non-functional in v1.25+");
  if (volume.storageos) warn(warnings, Place(at, "storageOS"), "deprecated in v1.22, non-functional in v1.25+");
  if (volume.quobyte) warn(warnings, Place(at, "quobyte"), "deprecated in v1.22, non-functional in v1.25+");
  if (volume.glusterfs) warn(warnings, Place(at, "glusterfs"), "deprecated in v1.25, non-functional in v1.26+");
  if (volume.ephemeral && volume.ephemeral->volume_claim_template) {
    warn_about_claim_spec(warnings, volume.ephemeral->volume_claim_template->spec,
                          Place(at, "ephemeral.volumeClaimTemplate.spec"));
  }
  if (volume.cephfs) warn(warnings, Place(at, "cephfs"), "deprecated in v1.28, non-functional in v1.31+");
  if (volume.rbd) warn(warnings, Place(at, "rbd"), "deprecated in v1.28, non-functional in v1.31+");
}

// Files of one volume that are to lie where another is.
class FileOverlaps {
 public:
  FileOverlaps(Warnings& warnings, std::string_view volume, std::string description)
      : warnings_(warnings), volume_(volume), description_(std::move(description)) {}

  template <class Items>
  void add_items(const Items& items, const std::string& source) {
    for (const auto& item : items) add(item.path, source);
  }

  void add(std::string_view path, const std::string& source) {
    File file{path.substr(0, path.find_last_not_of('/') + 1), source};
    for (const auto& other : files_) {
      if (!is_within(file.path, other.path) && !is_within(other.path, file.path)) continue;
      warnings_.push_back(base::cat({"volume ", base::quote(volume_), " (", description_,
                                     "): overlapping paths: ", file.to_string(), " with ", other.to_string()}));
    }
    files_.push_back(std::move(file));
  }

 private:
  struct File {
    std::string_view path;
    std::string source;

    std::string to_string() const {
      return source.empty() ? base::quote(path) : base::cat({base::quote(path), " (", source, ")"});
    }
  };

  static bool is_within(std::string_view path, std::string_view other) {
    return path.starts_with(other) && (path.size() == other.size() || path[other.size()] == '/');
  }

  Warnings& warnings_;
  std::string_view volume_;
  std::string description_;
  std::vector<File> files_;
};

void add_projection(FileOverlaps& files, const core::VolumeProjection& source) {
  if (source.config_map) {
    files.add_items(source.config_map->items, base::cat({"ConfigMap ", base::quote(source.config_map->name)}));
  } else if (source.secret) {
    files.add_items(source.secret->items, base::cat({"Secret ", base::quote(source.secret->name)}));
  } else if (source.downward_api) {
    files.add_items(source.downward_api->items, "DownwardAPI");
  } else if (source.service_account_token) {
    files.add(source.service_account_token->path, "ServiceAccountToken");
  } else if (source.cluster_trust_bundle) {
    const auto& bundle = *source.cluster_trust_bundle;
    files.add(bundle.path,
              base::cat({"ClusterTrustBundle ", base::quote(bundle.name.value_or(bundle.signer_name.value_or("")))}));
  } else if (source.pod_certificate) {
    const auto& own = *source.pod_certificate;
    for (const auto* path : {&own.credential_bundle_path, &own.key_path, &own.certificate_chain_path}) {
      if (!path->empty()) files.add(*path, "PodCertificate chain");
    }
  }
}

bool is_empty(const core::VolumeProjection& source) {
  return !source.config_map && !source.secret && !source.downward_api && !source.service_account_token &&
         !source.cluster_trust_bundle && !source.pod_certificate;
}

void warn_about_overlapping_files(Warnings& warnings, const core::Volume& volume) {
  if (volume.config_map) {
    FileOverlaps(warnings, volume.name, base::cat({"ConfigMap ", base::quote(volume.config_map->name)}))
        .add_items(volume.config_map->items, "");
  }
  if (volume.secret) {
    FileOverlaps(warnings, volume.name, base::cat({"Secret ", base::quote(volume.secret->secret_name)}))
        .add_items(volume.secret->items, "");
  }
  if (volume.downward_api) FileOverlaps(warnings, volume.name, "DownwardAPI").add_items(volume.downward_api->items, "");
  if (!volume.projected) return;
  FileOverlaps files(warnings, volume.name, "Projected");
  for (const auto& source : volume.projected->sources) {
    if (is_empty(source)) {
      warnings.push_back(base::cat({"volume ", base::quote(volume.name), " (Projected) has no sources provided"}));
    } else {
      add_projection(files, source);
    }
  }
}

void warn_about_volumes(Warnings& warnings, const core::PodSpec& spec, const Place& at) {
  Place volumes(at, "volumes");
  for (size_t i = 0; i < spec.volumes.size(); ++i) warn_about_sources(warnings, spec.volumes[i], Place(volumes, i));
  for (const auto& volume : spec.volumes) warn_about_overlapping_files(warnings, volume);
}

void warn_about_lists(Warnings& warnings, const core::PodSpec& spec, const Place& at) {
  Place aliases(at, "hostAliases");
  std::set<std::string_view> seen;
  for (size_t i = 0; i < spec.host_aliases.size(); ++i) {
    const auto& text = spec.host_aliases[i].ip;
    Place here(aliases, i);
    if (!seen.insert(text).second) warn(warnings, Place(here, "ip"), base::cat({"duplicate ip ", base::quote(text)}));
    warn_about_ip(warnings, text, Place(here, "ip"));
  }
  seen.clear();
  Place secrets(at, "imagePullSecrets");
  for (size_t i = 0; i < spec.image_pull_secrets.size(); ++i) {
    const auto& name = spec.image_pull_secrets[i].name;
    Place here(secrets, i);
    if (name.empty()) {
      warn(warnings, Place(here, "name"), "invalid empty name \"\"");
    } else if (!seen.insert(name).second) {
      warn(warnings, Place(here, "name"), base::cat({"duplicate name ", base::quote(name)}));
    }
  }
  if (spec.dns_config) {
    Place servers(at, "dnsConfig.nameservers");
    const auto& list = spec.dns_config->nameservers;
    for (size_t i = 0; i < list.size(); ++i) warn_about_ip(warnings, list[i], Place(servers, i));
  }
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
    if (!spec_.affinity) return;
    Place affinity(at_, "affinity");
    if (spec_.affinity->pod_affinity)
      warn_about_null_selectors(warnings_, *spec_.affinity->pod_affinity, Place(affinity, "podAffinity"));
    if (spec_.affinity->pod_anti_affinity) {
      warn_about_null_selectors(warnings_, *spec_.affinity->pod_anti_affinity, Place(affinity, "podAntiAffinity"));
    }
  }

 private:
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
