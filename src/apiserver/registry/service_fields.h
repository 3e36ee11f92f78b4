// The fields of a service that hang together: what a client meant who changed one of them, and which families of
// addresses the service is to have. Pure; the addresses and ports themselves are handed out by Allocations.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/core_v1.h"
#include "base/ip.h"
#include "base/result.h"

namespace apiserver {

bool needs_cluster_ip(const api::core_v1::ServiceSpec& spec);
bool needs_node_ports(const api::core_v1::ServiceSpec& spec);         // of whatever origin
bool wants_node_ports_chosen(const api::core_v1::ServiceSpec& spec);  // where it names none
bool needs_health_port(const api::core_v1::ServiceSpec& spec);
inline bool is_headless(const api::core_v1::ServiceSpec& spec) {
  return !spec.cluster_ips.empty() && spec.cluster_ips[0] == "None";
}

std::string_view family_name(bool v4);

// What is held for a service, without "None" and zeros.
std::vector<std::string> addresses_of(const api::core_v1::Service& service);
std::set<int32_t> node_ports_of(const api::core_v1::Service& service);  // of its ports
std::set<int32_t> ports_of(const api::core_v1::Service& service);       // and of its health check

// clusterIP and clusterIPs say the same: old clients know the first only. `current` is null at birth.
void link_cluster_ips(api::core_v1::Service& next, const api::core_v1::Service* current);
// What the new state leaves open the old one fills in, where it still makes sense.
void keep_allocated(api::core_v1::Service& next, const api::core_v1::Service& current);
// What belongs to a type that the service no longer is goes, unless it was changed on purpose.
void drop_of_other_types(api::core_v1::Service& next, const api::core_v1::Service& current);
// Whether nothing changes for a service that takes two families where it can: the cluster's having got or lost one is
// no reason.
bool keeps_preferred_families(const api::core_v1::Service& next, const api::core_v1::Service* current);
// Decides ipFamilyPolicy and ipFamilies; Invalid in upstream's words for what contradicts itself or the cluster.
// `networks` are the cluster's, the default family first.
base::Result<void> settle_families(api::core_v1::Service& next, const api::core_v1::Service* current,
                                   const std::vector<base::IpNetwork>& networks);

}  // namespace apiserver
