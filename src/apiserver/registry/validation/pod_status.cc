// What the status of a pod may say.

#include <algorithm>
#include <set>

#include "apiserver/registry/validation/addresses.h"
#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/pod.h"
#include "apiserver/registry/validation/pod_parts.h"
#include "apiserver/registry/validation/values.h"
#include "base/contains.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;

using Statuses = std::vector<core::ContainerStatus>;

// What has ended for good does not run again.
void check_transitions(Report& report, const Statuses& next, const Statuses& current, std::string_view restart_policy,
                       const core::PodSpec& spec, const Place& at) {
  for (size_t i = 0; i < current.size(); ++i) {
    const auto& old = current[i];
    if (!old.state.terminated) continue;
    const core::Container* own = nullptr;
    for (const auto* list : {&spec.containers, &spec.init_containers}) {
      for (const auto& container : *list) {
        if (container.name == old.name) own = &container;
      }
    }
    // A container's own policy counts before the pod's.
    if (own != nullptr && !own->restart_policy_rules.empty()) continue;
    std::string_view policy =
        own != nullptr && own->restart_policy ? std::string_view(*own->restart_policy) : restart_policy;
    if (policy == "Always" || (policy == "OnFailure" && old.state.terminated->exit_code != 0)) continue;
    for (const auto& status : next) {
      if (status.name != old.name || status.state.terminated) continue;
      Place here(at, i);
      report.forbidden(Place(here, "state"), "may not be transitioned to non-terminated state");
    }
  }
}

template <class Address>
void check_addresses(Report& report, const std::vector<Address>& addresses, const std::vector<Address>& current,
                     const Place& at, bool pod) {
  std::vector<std::string> texts;
  std::vector<std::string> kept;
  for (const auto& address : addresses) texts.push_back(address.ip);
  for (const auto& address : current) kept.push_back(address.ip);
  for (size_t i = 0; i < texts.size(); ++i) check_ip(report, texts[i], Place(at, i), kept);
  if (texts.size() < 2) return;
  auto one_per_family = [&] {
    if (!is_dual_stack(texts) || texts.size() > 2) {
      report.invalid(at, go_value(addresses), "may specify no more than one IP for each IP family");
    }
  };
  auto each_once = [&] {
    for (size_t i = 0; i < texts.size(); ++i) {
      if (std::find(texts.begin(), texts.begin() + static_cast<ptrdiff_t>(i), texts[i]) !=
          texts.begin() + static_cast<ptrdiff_t>(i)) {
        report.duplicate(Place(at, i), go_value(addresses[i]));
      }
    }
  };
  if (pod) {
    one_per_family();
    each_once();
  } else {
    each_once();
    one_per_family();
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
      report.problems(name, *status.resource_claim_name, schema::check_dns1123_subdomain(*status.resource_claim_name));
    }
  }
}

void check_users(Report& report, const core::Pod& pod, const Statuses& statuses, const Place& at) {
  bool windows = pod.spec.os && pod.spec.os->name == "windows";
  for (size_t i = 0; i < statuses.size(); ++i) {
    if (!statuses[i].user || !statuses[i].user->linux) continue;
    Place here(at, i);
    Place user(here, "linux");
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
  Place metadata("metadata");
  Place conditions(metadata, "conditions");
  for (size_t i = 0; i < next.status.conditions.size(); ++i) {
    const auto& type = next.status.conditions[i].type;
    Place here(conditions, i);
    report.problems(Place(here, "Type"), type, schema::check_qualified_name(type));
  }
  Place status("status");
  const auto& own = next.status;
  const auto& before = current.status;
  if (own.nominated_node_name != before.nominated_node_name && !own.nominated_node_name.empty()) {
    report.problems(Place(status, "nominatedNodeName"), own.nominated_node_name,
                    schema::check_dns1123_subdomain(own.nominated_node_name));
  }
  report.immutable_unless(own.qos_class == before.qos_class, Place(status, "qosClass"), own.qos_class);
  Place containers(status, "containerStatuses");
  Place init(status, "initContainerStatuses");
  Place ephemeral(status, "ephemeralContainerStatuses");
  const auto& policy = current.spec.restart_policy;
  check_transitions(report, own.container_statuses, before.container_statuses, policy, current.spec, containers);
  check_transitions(report, own.init_container_statuses, before.init_container_statuses, policy, current.spec, init);
  check_transitions(report, own.ephemeral_container_statuses, before.ephemeral_container_statuses, "Never", {},
                    ephemeral);
  check_claim_statuses(report, next, Place(status, "resourceClaimStatuses"));
  check_addresses(report, own.pod_ips, before.pod_ips, Place(status, "podIPs"), true);
  if (!own.host_ips.empty()) {
    Place host_ips(status, "hostIPs");
    Place first(host_ips, size_t{0});
    if (own.host_ip != own.host_ips[0].ip)
      report.invalid(Place(first, "ip"), own.host_ips[0].ip, "must be equal to `hostIP`");
    check_addresses(report, own.host_ips, before.host_ips, host_ips, false);
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
