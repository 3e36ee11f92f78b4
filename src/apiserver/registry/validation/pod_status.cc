// What the status of a pod may say.

#include <algorithm>
#include <set>
#include <tuple>

#include "apiserver/registry/validation/addresses.h"
#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/pod.h"
#include "apiserver/registry/validation/pod_parts.h"
#include "apiserver/registry/validation/values.h"
#include "base/contains.h"
#include "base/ip.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;

using Statuses = std::vector<core::ContainerStatus>;

constexpr size_t kHealthMessageMax = 1024;
constexpr std::string_view kNotBelowZero = "must be a non-negative integer";

bool restarts_everything(const core::Container& container) {
  return base::contains(container.restart_policy_rules, "RestartAllContainers", &core::ContainerRestartRule::action);
}

// A container's own rules and policy count before the pod's.
bool may_run_again(const core::PodSpec& spec, const core::Container& container, int32_t exit_code) {
  std::string_view policy = spec.restart_policy;
  if (container.restart_policy) {
    for (const auto& rule : container.restart_policy_rules) {
      if (!rule.exit_codes) continue;
      bool listed = base::contains(rule.exit_codes->values, exit_code);
      if (listed != (rule.exit_codes->operator_ == "In")) continue;
      if (rule.action == "Restart") return true;
      break;
    }
    policy = *container.restart_policy;
  }
  return policy == "Always" || (policy == "OnFailure" && exit_code != 0);
}

// What has ended for good does not run again. `containers` are those it is about; what is added later never does.
void check_transitions(Report& report, const Statuses& next, const Statuses& current, const core::PodSpec& spec,
                       const std::vector<core::Container>& containers, const Place& at) {
  for (size_t i = 0; i < current.size(); ++i) {
    const auto& old = current[i];
    if (!old.state.terminated) continue;
    auto status = std::ranges::find_if(
        next, [&](const core::ContainerStatus& one) { return one.name == old.name && !one.state.terminated; });
    if (status == next.end()) continue;
    auto own = std::ranges::find(containers, old.name, &core::Container::name);
    if (own != containers.end() && may_run_again(spec, *own, old.state.terminated->exit_code)) continue;
    Place here(at, i);
    report.forbidden(Place(here, "state"), "may not be transitioned to non-terminated state");
  }
}

template <class Address>
void check_addresses(Report& report, const std::vector<Address>& addresses, const std::vector<Address>& current,
                     const Place& at) {
  std::vector<std::string> texts;
  std::vector<std::string> kept;
  for (const auto& address : addresses) texts.push_back(address.ip);
  for (const auto& address : current) kept.push_back(address.ip);
  for (size_t i = 0; i < texts.size(); ++i) check_ip(report, texts[i], Place(at, i), kept);
  if (texts.size() < 2) return;
  if (auto bad = std::ranges::find_if(texts, [](const auto& text) { return !base::IpAddress::parse(text); });
      bad != texts.end()) {
    report.internal(at, base::cat({"failed to check for dual stack with error:", "invalid ip: ", *bad}));
  }
  if (!is_dual_stack(texts) || texts.size() > 2) {
    report.invalid(at, go_value(addresses), "may specify no more than one IP for each IP family");
  }
}

void check_conditions(Report& report, const std::vector<core::PodCondition>& conditions, const Place& at) {
  for (size_t i = 0; i < conditions.size(); ++i) {
    Place here(at, i);
    if (conditions[i].observed_generation < 0)
      report.invalid(Place(here, "observedGeneration"), conditions[i].observed_generation, kNotBelowZero);
    report.problems(Place(here, "Type"), conditions[i].type, schema::check_qualified_name(conditions[i].type));
  }
}

// The claim that was made for what containers ask for by the names of resources.
void check_extended_claim(Report& report, const core::Pod& pod, const Place& at) {
  if (!pod.status.extended_resource_claim_status) return;
  const auto& status = *pod.status.extended_resource_claim_status;
  Place mappings(at, "requestMappings");
  if (status.request_mappings.empty()) report.required(mappings, "at least one request mapping is required");
  std::set<std::tuple<std::string_view, std::string_view, std::string_view>> seen;
  for (size_t i = 0; i < status.request_mappings.size(); ++i) {
    const auto& mapping = status.request_mappings[i];
    Place here(mappings, i);
    const core::Container* own = nullptr;
    for (const auto* list : {&pod.spec.init_containers, &pod.spec.containers}) {
      for (const auto& container : *list) {
        if (container.name == mapping.container_name) own = &container;
      }
    }
    if (own == nullptr) {
      report.invalid(Place(here, "containerName"), mapping.container_name,
                     "must match the name of an entry in spec.initContainers.name or spec.containers.name");
    } else if (!own->resources.requests.contains(mapping.resource_name)) {
      report.invalid(Place(here, "resourceName"), mapping.resource_name,
                     "must match the extended resource name of an entry in spec.initContainers.resources.requests or "
                     "spec.containers.resources.requests");
    }
    report.problems(Place(at, "requestName"), mapping.request_name, schema::check_dns1123_label(mapping.request_name));
    if (seen.emplace(mapping.container_name, mapping.resource_name, mapping.request_name).second) continue;
    report.duplicate(Place(here, "containerName"), mapping.container_name);
    report.duplicate(Place(here, "resourceName"), mapping.resource_name);
    report.duplicate(Place(here, "requestName"), mapping.request_name);
  }
  Place name(at, "resourceClaimName");
  if (status.resource_claim_name.empty()) {
    report.required(name);
  } else {
    report.problems(name, status.resource_claim_name, schema::check_dns1123_subdomain(status.resource_claim_name));
  }
}

void check_claim_statuses(Report& report, const core::Pod& pod, const Place& at) {
  std::set<std::string_view> seen;
  for (size_t i = 0; i < pod.status.resource_claim_statuses.size(); ++i) {
    const auto& status = pod.status.resource_claim_statuses[i];
    Place here(at, i);
    Place name(here, "name");
    if (!base::contains(pod.spec.resource_claims, status.name, &core::PodResourceClaim::name)) {
      report.invalid(name, status.name, "must match the name of an entry in `spec.resourceClaims`");
    }
    if (!seen.insert(status.name).second) report.duplicate(name, status.name);
    if (status.resource_claim_name) {
      report.problems(Place(here, "resourceClaimName"), *status.resource_claim_name,
                      schema::check_dns1123_subdomain(*status.resource_claim_name));
    }
  }
}

void check_users(Report& report, const core::Pod& pod, const Statuses& statuses, const Place& at) {
  bool windows = pod.spec.os && pod.spec.os->name == "windows";
  for (size_t i = 0; i < statuses.size(); ++i) {
    if (!statuses[i].user || !statuses[i].user->linux) continue;
    Place here(at, i);
    Place user(here, "user.linux");
    if (windows) {
      report.forbidden(user, "cannot be set for a windows pod");
      continue;
    }
    const auto& own = *statuses[i].user->linux;
    check_user_id(report, own.uid, Place(user, "uid"));
    check_group_id(report, own.gid, Place(user, "gid"));
    Place groups(user, "supplementalGroups");
    for (size_t j = 0; j < own.supplemental_groups.size(); ++j)
      check_group_id(report, own.supplemental_groups[j], Place(groups, j));
  }
}

bool asks_for(const core::Container& container, std::string_view resource) {
  if (!resource.starts_with("claim:")) return container.resources.requests.contains(resource);
  return std::ranges::any_of(container.resources.claims, [&](const core::ResourceClaim& claim) {
    std::string name = "claim:" + claim.name;
    if (!claim.request.empty()) name += "/" + claim.request;
    return name == resource;
  });
}

void check_health(Report& report, const Statuses& statuses, const std::vector<core::Container>& containers,
                  const Place& at) {
  for (size_t i = 0; i < statuses.size(); ++i) {
    Place status(at, i);
    Place list(status, "allocatedResourcesStatus");
    auto own = std::ranges::find(containers, statuses[i].name, &core::Container::name);
    for (size_t j = 0; j < statuses[i].allocated_resources_status.size(); ++j) {
      const auto& allocated = statuses[i].allocated_resources_status[j];
      Place here(list, j);
      if (own != containers.end() && !asks_for(*own, allocated.name)) {
        report.invalid(
            Place(here, "name"), allocated.name,
            allocated.name.starts_with("claim:")
                ? "must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or "
                  "'claim:<claimName>' if request is empty"
                : "must match one of the container's resource requests");
      }
      std::set<std::string_view> ids;
      Place resources(here, "resources");
      for (size_t k = 0; k < allocated.resources.size(); ++k) {
        Place resource(resources, k);
        report.one_of(Place(resource, "health"), allocated.resources[k].health, {"Healthy", "Unhealthy", "Unknown"});
        if (const auto& message = allocated.resources[k].message; message && message->empty()) {
          report.required(Place(resource, "message"), "must be non-empty if specified");
        } else if (message && message->size() > kHealthMessageMax) {
          report.too_long(Place(resource, "message"), kHealthMessageMax);
        }
        if (!ids.insert(allocated.resources[k].resource_id).second) {
          report.duplicate(Place(resource, "resourceID"), allocated.resources[k].resource_id);
        }
      }
    }
  }
}

}  // namespace

FieldErrors validate_pod_status(const core::Pod& next, const core::Pod& current) {
  Report report;
  check_pod_annotation_updates(report, next, current);
  Place status("status");
  const auto& own = next.status;
  const auto& before = current.status;
  check_conditions(report, own.conditions, Place(status, "conditions"));
  if (own.nominated_node_name != before.nominated_node_name && !own.nominated_node_name.empty()) {
    Place nominated(status, "nominatedNodeName");
    report.problems(nominated, own.nominated_node_name, schema::check_dns1123_subdomain(own.nominated_node_name));
    if (!current.spec.node_name.empty())
      report.forbidden(nominated, "may not be set on pods that are already bound to a node");
  }
  if (own.observed_generation < 0)
    report.invalid(Place(status, "observedGeneration"), own.observed_generation, kNotBelowZero);
  report.immutable_unless(own.qos_class == before.qos_class, Place(status, "qosClass"), own.qos_class);
  Place containers(status, "containerStatuses");
  Place init(status, "initContainerStatuses");
  Place ephemeral(status, "ephemeralContainerStatuses");
  const auto& spec = current.spec;
  // Where one of them can begin all anew, all can run again.
  if (!std::ranges::any_of(spec.containers, restarts_everything) &&
      !std::ranges::any_of(spec.init_containers, restarts_everything)) {
    check_transitions(report, own.container_statuses, before.container_statuses, spec, spec.containers, containers);
    check_transitions(report, own.init_container_statuses, before.init_container_statuses, spec, spec.init_containers,
                      init);
  }
  check_transitions(report, own.ephemeral_container_statuses, before.ephemeral_container_statuses, spec, {}, ephemeral);
  check_claim_statuses(report, next, Place(status, "resourceClaimStatuses"));
  check_extended_claim(report, next, Place(status, "extendedResourceClaimStatus"));
  check_addresses(report, own.pod_ips, before.pod_ips, Place(status, "podIPs"));
  if (!own.host_ips.empty()) {
    Place host_ips(status, "hostIPs");
    Place first(host_ips, size_t{0});
    if (own.host_ip != own.host_ips[0].ip)
      report.invalid(Place(first, "ip"), own.host_ips[0].ip, "must be equal to `hostIP`");
    check_addresses(report, own.host_ips, before.host_ips, host_ips);
  }
  check_users(report, next, own.container_statuses, containers);
  check_users(report, next, own.init_container_statuses, init);
  check_users(report, next, own.ephemeral_container_statuses, ephemeral);
  check_health(report, own.container_statuses, next.spec.containers, containers);
  check_health(report, own.init_container_statuses, next.spec.init_containers, init);
  for (size_t i = 0; i < own.ephemeral_container_statuses.size(); ++i) {
    if (own.ephemeral_container_statuses[i].allocated_resources_status.empty()) continue;
    Place here(ephemeral, i);
    report.forbidden(Place(here, "allocatedResourcesStatus"), "must not be specified in container status");
  }
  return report.take();
}

}  // namespace apiserver
