// What the rules of a pod's parts need to know of the whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core_v1.h"
#include "apiserver/registry/validation/report.h"
#include "apiserver/registry/validation/resources.h"
#include "apiserver/registry/validation/values.h"

namespace apiserver {

// How strict to be. What was stored before a rule came keeps its liberty on updates.
struct PodRules {
  bool is_pod = false;  // else a template of pods
  SelectorValues selector_values = SelectorValues::Checked;
  SelectorValues node_affinity_values = SelectorValues::Checked;
  bool checks_spread_selectors = true;
  HugePages huge_pages = HugePages::WholePages;
  bool token_paths_are_local = true;
  bool host_sysctls = false;                // namespaced ones are let be where the namespace is the host's
  bool init_containers_restart = false;     // those that end may say that a resize restarts them
  bool devices_without_host_users = false;  // block devices where users are not the host's
  bool spread_keys_in_selectors = true;     // keys of spread constraints were merged into their selectors at birth

  // The liberties of what `current` contains already.
  static PodRules for_update(const api::core_v1::PodSpec& current, bool is_pod);
};

struct PodScope {
  PodScope(const api::core_v1::PodSpec& spec, const api::meta_v1::ObjectMeta* pod, const PodRules& rules);

  const api::core_v1::PodSpec& spec;
  const api::meta_v1::ObjectMeta* pod;  // null in templates
  const PodRules& rules;
  const std::optional<int64_t>& grace_seconds;
  const bool host_users;
  std::vector<const api::core_v1::Volume*> volumes;  // those that are well formed
  Names claims;

  const api::core_v1::Volume* volume(std::string_view name) const;
};

void check_volumes(Report& report, PodScope& scope, const Place& at);
void check_containers(Report& report, const PodScope& scope, const Place& at);
void check_init_containers(Report& report, const PodScope& scope, const Place& at);
void check_ephemeral_containers(Report& report, const PodScope& scope, const Place& at);
// Pods only, for compatibility; those of ephemeral containers are checked with them.
void check_image_spaces(Report& report, const std::vector<api::core_v1::Container>& containers, const Place& at);

template <class Container>
void check_env(Report& report, const Container& container, const Place& at);
// Files of variables are in volumes that begin empty.
void check_file_key_volumes(Report& report, const api::core_v1::PodSpec& spec, const Place& at);
void check_field_ref(Report& report, const api::core_v1::ObjectFieldSelector& field, Supported paths, const Place& at);
enum class ResourceFieldUse : uint8_t { Variable, File };
void check_resource_field_ref(Report& report, const api::core_v1::ResourceFieldSelector& field, ResourceFieldUse use,
                              const Place& at);

void check_liveness_probe(Report& report, const PodScope& scope, const schema::Box<api::core_v1::Probe>& probe,
                          const Place& at);
void check_startup_probe(Report& report, const PodScope& scope, const schema::Box<api::core_v1::Probe>& probe,
                         const Place& at);
void check_readiness_probe(Report& report, const PodScope& scope, const schema::Box<api::core_v1::Probe>& probe,
                           const Place& at);
void check_lifecycle(Report& report, const PodScope& scope, const api::core_v1::Lifecycle& lifecycle, const Place& at);

void check_container_security(Report& report, const PodScope& scope, const api::core_v1::SecurityContext& context,
                              const Place& at);
// `spec` is the pod spec's place, `at` that of its security context.
void check_pod_security(Report& report, const PodScope& scope, const Place& at);
void check_windows_options(Report& report, const api::core_v1::WindowsSecurityContextOptions& options, const Place& at);
void check_host_process(Report& report, const api::core_v1::PodSpec& spec, const Place& at);
void check_host_users(Report& report, const PodScope& scope, const Place& at);
// The rules of the operating system it is for.
void check_os(Report& report, const api::core_v1::PodSpec& spec, const Place& at);

void check_affinity(Report& report, const PodRules& rules, const api::core_v1::Affinity& affinity, const Place& at);
void check_node_selector(Report& report, const api::core_v1::NodeSelector& selector, SelectorValues values,
                         const Place& at);
void check_topology_spread(Report& report, const PodRules& rules,
                           const std::vector<api::core_v1::TopologySpreadConstraint>& constraints, const Place& at);
// Whether the keys of its spread constraints keep today's rules.
bool has_merged_spread_keys(const api::core_v1::PodSpec& spec);
void check_tolerations(Report& report, const std::vector<api::core_v1::Toleration>& tolerations, const Place& at);
void check_taint_effect(Report& report, std::string_view effect, const Place& at);
void check_dns(Report& report, const api::core_v1::PodSpec& spec, const Place& at);

// Annotations with a meaning: mirror pods, deletion cost, seccomp and AppArmor as they were before they had fields.
void check_pod_annotations(Report& report, const Labels& annotations, const api::core_v1::PodSpec& spec,
                           const Place& at);
void check_profile_annotations_match(Report& report, const Labels& annotations, const api::core_v1::PodSpec& spec,
                                     const Place& at);

// All containers of a pod with their places: visit(container, place). Init containers first, then the others.
template <class Visit>
void visit_containers(const api::core_v1::PodSpec& spec, const Place& at, Visit visit) {
  Place init(at, "initContainers");
  for (size_t i = 0; i < spec.init_containers.size(); ++i) visit(spec.init_containers[i], Place(init, i));
  Place regular(at, "containers");
  for (size_t i = 0; i < spec.containers.size(); ++i) visit(spec.containers[i], Place(regular, i));
  Place ephemeral(at, "ephemeralContainers");
  for (size_t i = 0; i < spec.ephemeral_containers.size(); ++i)
    visit(spec.ephemeral_containers[i], Place(ephemeral, i));
}

}  // namespace apiserver
