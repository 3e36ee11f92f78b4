#include "apiserver/registry/strategy/pod_rules.h"

#include <map>

namespace apiserver {
namespace {

namespace core = api::core_v1;

using Labels = std::map<std::string, std::string, std::less<>>;
using Amounts = std::map<std::string, base::Quantity, std::less<>>;

// Adds what counts for the class: processor time and memory, where they are more than nothing.
template <class Resources>
void add(Amounts& sums, const Resources& amounts) {
  for (const auto& [name, amount] : amounts) {
    if ((name == "cpu" || name == "memory") && amount.sign() > 0) sums[name] += amount;
  }
}

constexpr std::string_view kAppArmor = "container.apparmor.security.beta.kubernetes.io/";
constexpr std::string_view kLocalhost = "localhost/";

template <class Visit>
void visit_lifecycles(const core::PodSpec& spec, Visit visit) {
  for (const auto* list : {&spec.init_containers, &spec.containers}) {
    for (const auto& container : *list) visit(container);
  }
}

bool uses_stop_signal(const core::PodSpec& spec) {
  bool uses = false;
  visit_lifecycles(spec,
                   [&](const auto& container) { uses |= container.lifecycle && container.lifecycle->stop_signal; });
  return uses;
}

template <class Has>
bool has_projection(const core::PodSpec& spec, Has has) {
  for (const auto& volume : spec.volumes) {
    if (!volume.projected) continue;
    for (const auto& source : volume.projected->sources) {
      if (has(source)) return true;
    }
  }
  return false;
}

void merge(api::meta_v1::LabelSelector& selector, const Labels& labels, const std::vector<std::string>& keys,
           const char* op) {
  for (const auto& key : keys) {
    auto label = labels.find(key);
    if (label == labels.end()) continue;
    auto& expression = selector.match_expressions.emplace_back();
    expression.key = key;
    expression.operator_ = op;
    expression.values = {label->second};
  }
}

void merge(core::PodAffinityTerm& term, const Labels& labels) {
  if (!term.label_selector) return;
  merge(*term.label_selector, labels, term.match_label_keys, "In");
  merge(*term.label_selector, labels, term.mismatch_label_keys, "NotIn");
}

template <class Affinity>
void merge(schema::Box<Affinity>& affinity, const Labels& labels) {
  if (!affinity) return;
  for (auto& term : affinity->required_during_scheduling_ignored_during_execution) merge(term, labels);
  for (auto& weighted : affinity->preferred_during_scheduling_ignored_during_execution)
    merge(weighted.pod_affinity_term, labels);
}

// Nothing when the annotation says nothing that a field could.
schema::Box<core::AppArmorProfile> profile_of(const std::string& annotation) {
  core::AppArmorProfile profile;
  if (annotation == "runtime/default") {
    profile.type = "RuntimeDefault";
  } else if (annotation == "unconfined") {
    profile.type = "Unconfined";
  } else if (annotation.starts_with(kLocalhost) && annotation.size() > kLocalhost.size()) {
    profile.type = "Localhost";
    profile.localhost_profile = annotation.substr(kLocalhost.size());
  } else {
    return {};
  }
  return profile;
}

}  // namespace

void drop_disabled_fields(core::PodSpec& next, const core::PodSpec* current) {
  if (current == nullptr || !current->scheduling_group) next.scheduling_group.reset();
  if (current == nullptr || !uses_stop_signal(*current)) {
    for (auto* list : {&next.init_containers, &next.containers}) {
      for (auto& container : *list) {
        if (!container.lifecycle || !container.lifecycle->stop_signal) continue;
        container.lifecycle->stop_signal.reset();
        if (*container.lifecycle == core::Lifecycle()) container.lifecycle.reset();
      }
    }
  }
  auto bundle = [](const auto& source) { return source.cluster_trust_bundle.has_value(); };
  auto certificate = [](const auto& source) { return source.pod_certificate.has_value(); };
  bool keeps_bundles = current != nullptr && has_projection(*current, bundle);
  bool keeps_certificates = current != nullptr && has_projection(*current, certificate);
  for (auto& volume : next.volumes) {
    if (volume.ephemeral && volume.ephemeral->volume_claim_template) {
      drop_disabled_fields(volume.ephemeral->volume_claim_template->spec, nullptr);
    }
    if (!volume.projected) continue;
    for (auto& source : volume.projected->sources) {
      if (!keeps_bundles) source.cluster_trust_bundle.reset();
      if (!keeps_certificates) source.pod_certificate.reset();
    }
  }
}

void drop_disabled_fields(core::PersistentVolumeClaimSpec& next, const core::PersistentVolumeClaimSpec* current) {
  auto crosses = [](const core::PersistentVolumeClaimSpec& spec) {
    return spec.data_source_ref && spec.data_source_ref->namespace_ && !spec.data_source_ref->namespace_->empty();
  };
  if (crosses(next) && (current == nullptr || !current->data_source_ref)) next.data_source_ref.reset();
}

void merge_label_keys(core::Pod& pod) {
  const auto& labels = pod.metadata.labels;
  if (pod.spec.affinity) {
    merge(pod.spec.affinity->pod_affinity, labels);
    merge(pod.spec.affinity->pod_anti_affinity, labels);
  }
  for (auto& constraint : pod.spec.topology_spread_constraints) {
    if (constraint.label_selector) merge(*constraint.label_selector, labels, constraint.match_label_keys, "In");
  }
}

void settle_app_armor(core::Pod& pod, std::vector<std::string>& warnings) {
  if (pod.spec.os && pod.spec.os->name == "windows") return;
  const core::AppArmorProfile* whole =
      pod.spec.security_context ? pod.spec.security_context->app_armor_profile.get() : nullptr;
  for (auto* list : {&pod.spec.init_containers, &pod.spec.containers}) {
    for (auto& container : *list) {
      std::string key = std::string(kAppArmor) + container.name;
      const core::AppArmorProfile* own =
          container.security_context ? container.security_context->app_armor_profile.get() : nullptr;
      if (own == nullptr) own = whole;
      auto annotation = pod.metadata.annotations.find(key);
      if (annotation == pod.metadata.annotations.end() || own != nullptr) continue;
      warnings.push_back("metadata.annotations[" + key +
                         "]: deprecated since v1.30; use the \"appArmorProfile\" field instead");
      if (auto profile = profile_of(annotation->second)) {
        container.security_context.ensure().app_armor_profile = std::move(profile);
      }
    }
  }
}

std::string qos_class(const core::PodSpec& spec) {
  Amounts requests;
  Amounts limits;
  bool guaranteed = true;
  auto look = [&](const auto& resources) {
    add(requests, resources.requests);
    add(limits, resources.limits);
    for (const char* name : {"cpu", "memory"}) {
      auto limit = resources.limits.find(name);
      if (limit == resources.limits.end() || limit->second.is_zero()) guaranteed = false;
    }
  };
  if (spec.resources && (!spec.resources->requests.empty() || !spec.resources->limits.empty())) {
    look(*spec.resources);
  } else {
    for (const auto& container : spec.containers) look(container.resources);
    for (const auto& container : spec.init_containers) look(container.resources);
  }
  if (requests.empty() && limits.empty()) return "BestEffort";
  if (guaranteed && requests == limits) return "Guaranteed";
  return "Burstable";
}

}  // namespace apiserver
