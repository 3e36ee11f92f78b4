#include "apiserver/registry/service_fields.h"

#include <algorithm>
#include <map>

#include "apiserver/pipeline/errors.h"
#include "base/json.h"
#include "base/strings.h"
#include "schema/field_error.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::BadValue;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

constexpr std::string_view kSingleStack = "SingleStack";
constexpr std::string_view kPreferDualStack = "PreferDualStack";
constexpr std::string_view kRequireDualStack = "RequireDualStack";

BadValue shown(const std::vector<std::string>& texts) {
  std::string json = "[";
  for (const auto& text : texts) {
    if (json.size() > 1) json += ',';
    base::append_json_string(json, text);
  }
  return BadValue::json(json + "]");
}

bool is_v6(std::string_view address) {
  return address.find(':') != std::string_view::npos;
}

void check_address(FieldErrors& errors, const FieldPath& path, const std::string& address) {
  if (!base::IpAddress::parse(address)) {
    errors.push_back(
        FieldError::invalid(path, address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"));
    return;
  }
  if (is_v6(address)) return;
  for (std::string_view part : base::split(address, '.')) {
    if (part.size() < 2 || part[0] != '0') continue;
    errors.push_back(FieldError::invalid(path, address, "must not have leading 0s"));
    return;
  }
}

// That the fields about addresses agree among themselves.
FieldErrors check_linked(const core::ServiceSpec& spec, const core::Service* current) {
  FieldErrors errors;
  auto path = FieldPath("spec");
  auto addresses = path.child("clusterIPs");
  auto families = path.child("ipFamilies");
  if (!spec.cluster_ip.empty() && spec.cluster_ips.empty()) {
    errors.push_back(FieldError::required(addresses));
  } else if (!spec.cluster_ip.empty() && spec.cluster_ips[0] != spec.cluster_ip) {
    errors.push_back(FieldError::invalid(addresses, shown(spec.cluster_ips), "first value must match `clusterIP`"));
  } else if (spec.cluster_ip.empty() && !spec.cluster_ips.empty()) {
    errors.push_back(
        FieldError::invalid(addresses, shown(spec.cluster_ips), "must be empty when `clusterIP` is not specified"));
  }
  std::set<std::string> seen;
  for (size_t i = 0; i < spec.ip_families.size(); ++i) {
    const auto& family = spec.ip_families[i];
    if (family != "IPv4" && family != "IPv6")
      errors.push_back(FieldError::not_supported(families.index(i), family, {"IPv4", "IPv6"}));
    if (!seen.insert(family).second) errors.push_back(FieldError::duplicate(families.index(i), family));
  }
  if (spec.ip_family_policy) {
    const auto& policy = *spec.ip_family_policy;
    if (policy != kSingleStack && policy != kPreferDualStack && policy != kRequireDualStack) {
      errors.push_back(FieldError::not_supported(
          path.child("ipFamilyPolicy"), policy,
          {std::string(kPreferDualStack), std::string(kRequireDualStack), std::string(kSingleStack)}));
    }
  }
  size_t before = errors.size();
  for (size_t i = 0; i < spec.cluster_ips.size(); ++i) {
    const auto& address = spec.cluster_ips[i];
    if (i == 0 && address == "None") {
      if (spec.cluster_ips.size() > 1) {
        errors.push_back(
            FieldError::invalid(addresses, shown(spec.cluster_ips), "'None' must be the first and only value"));
      }
      continue;
    }
    bool known =
        current != nullptr && std::ranges::find(current->spec.cluster_ips, address) != current->spec.cluster_ips.end();
    if (!known) check_address(errors, addresses.index(i), address);
  }
  bool bad_addresses = errors.size() != before;
  if (spec.cluster_ips.size() > 2)
    errors.push_back(FieldError::invalid(addresses, shown(spec.cluster_ips), "may only hold up to 2 values"));
  if (bad_addresses) return errors;
  bool both = std::ranges::any_of(spec.cluster_ips, is_v6) && !std::ranges::all_of(spec.cluster_ips, is_v6);
  if (spec.cluster_ips.size() > 1 && !both) {
    errors.push_back(
        FieldError::invalid(addresses, shown(spec.cluster_ips), "may specify no more than one IP for each IP family"));
  }
  if (is_headless(spec)) return errors;
  for (size_t i = 0; i < std::min(spec.cluster_ips.size(), spec.ip_families.size()); ++i) {
    bool wants_v6 = spec.ip_families[i] == "IPv6";
    if (!wants_v6 && spec.ip_families[i] != "IPv4") continue;
    if (is_v6(spec.cluster_ips[i]) == wants_v6) continue;
    errors.push_back(FieldError::invalid(addresses.index(i), spec.cluster_ips[i],
                                         base::cat({"expected an ", family_name(!wants_v6),
                                                    " value as indicated by `ipFamilies[", std::to_string(i), "]`"})));
  }
  return errors;
}

// Whether `next` has only the first of the two that were there.
bool reduced(const std::vector<std::string>& next, const std::vector<std::string>& old) {
  return next.size() == 1 && old.size() == 2 && next[0] == old[0];
}

// Whether a service that keeps to no policy of one family lost its second address or family in passing.
void check_reduction(FieldErrors& errors, core::ServiceSpec& spec, const core::ServiceSpec& old) {
  if (*spec.ip_family_policy == kSingleStack) {
    if (spec.cluster_ips == old.cluster_ips && spec.cluster_ips.size() > 1) spec.cluster_ips.resize(1);
    if (spec.ip_families == old.ip_families && spec.ip_families.size() > 1) spec.ip_families.resize(1);
    return;
  }
  auto path = FieldPath("spec").child("ipFamilyPolicy");
  if (reduced(spec.cluster_ips, old.cluster_ips)) {
    errors.push_back(
        FieldError::invalid(path, *spec.ip_family_policy, "must be 'SingleStack' to release the secondary cluster IP"));
  }
  if (reduced(spec.ip_families, old.ip_families)) {
    errors.push_back(
        FieldError::invalid(path, *spec.ip_family_policy, "must be 'SingleStack' to release the secondary IP family"));
  }
}

void add_other_family(core::ServiceSpec& spec) {
  spec.ip_families.emplace_back(spec.ip_families[0] == "IPv4" ? "IPv6" : "IPv4");
}

}  // namespace

bool needs_cluster_ip(const core::ServiceSpec& spec) {
  return spec.type == "ClusterIP" || spec.type == "NodePort" || spec.type == "LoadBalancer";
}

bool needs_node_ports(const core::ServiceSpec& spec) {
  return spec.type == "NodePort" || spec.type == "LoadBalancer";
}

bool wants_node_ports_chosen(const core::ServiceSpec& spec) {
  return spec.type == "NodePort" ||
         (spec.type == "LoadBalancer" && spec.allocate_load_balancer_node_ports.value_or(true));
}

bool needs_health_port(const core::ServiceSpec& spec) {
  return spec.type == "LoadBalancer" && spec.external_traffic_policy == "Local";
}

std::string_view family_name(bool v4) {
  return v4 ? "IPv4" : "IPv6";
}

std::vector<std::string> addresses_of(const core::Service& service) {
  std::vector<std::string> addresses;
  for (const auto& address : service.spec.cluster_ips) {
    if (!address.empty() && address != "None") addresses.push_back(address);
  }
  return addresses;
}

std::set<int32_t> node_ports_of(const core::Service& service) {
  std::set<int32_t> ports;
  for (const auto& port : service.spec.ports) {
    if (port.node_port != 0) ports.insert(port.node_port);
  }
  return ports;
}

std::set<int32_t> ports_of(const core::Service& service) {
  auto ports = node_ports_of(service);
  if (service.spec.health_check_node_port != 0) ports.insert(service.spec.health_check_node_port);
  return ports;
}

void link_cluster_ips(core::Service& next, const core::Service* current) {
  auto& spec = next.spec;
  if (current == nullptr) {
    if (!spec.cluster_ip.empty() && spec.cluster_ips.empty()) spec.cluster_ips = {spec.cluster_ip};
    return;
  }
  const auto& old = current->spec;
  if (spec.cluster_ip == old.cluster_ip || spec.cluster_ips != old.cluster_ips) return;
  // Only the first was changed: the others follow.
  spec.cluster_ips.clear();
  if (!spec.cluster_ip.empty()) spec.cluster_ips = {spec.cluster_ip};
}

void keep_allocated(core::Service& next, const core::Service& current) {
  auto& spec = next.spec;
  const auto& old = current.spec;
  if (needs_cluster_ip(spec) && needs_cluster_ip(old)) {
    if (spec.cluster_ip.empty()) spec.cluster_ip = old.cluster_ip;
    if (spec.cluster_ips.empty()) spec.cluster_ips = old.cluster_ips;
  }
  if (needs_node_ports(spec) && needs_node_ports(old)) {
    auto used = node_ports_of(next);
    std::map<std::string_view, int32_t> had;
    for (const auto& port : old.ports) had[port.name] = port.node_port;
    for (auto& port : spec.ports) {
      auto before = had.find(port.name);
      if (port.node_port != 0 || before == had.end() || before->second == 0) continue;
      if (used.insert(before->second).second) port.node_port = before->second;
    }
  }
  if (needs_health_port(spec) && needs_health_port(old) && spec.health_check_node_port == 0) {
    spec.health_check_node_port = old.health_check_node_port;
  }
}

void drop_of_other_types(core::Service& next, const core::Service& current) {
  auto& spec = next.spec;
  const auto& old = current.spec;
  if (needs_cluster_ip(old) && !needs_cluster_ip(spec)) {
    if (spec.cluster_ip == old.cluster_ip && spec.cluster_ips == old.cluster_ips) {
      spec.cluster_ip.clear();
      spec.cluster_ips.clear();
    }
    if (spec.ip_families == old.ip_families) spec.ip_families.clear();
    if (spec.ip_family_policy == old.ip_family_policy) spec.ip_family_policy.reset();
  }
  if (needs_node_ports(old) && !needs_node_ports(spec)) {
    auto had = node_ports_of(current);
    bool same = std::ranges::all_of(
        spec.ports, [&](const auto& port) { return port.node_port == 0 || had.contains(port.node_port); });
    if (same) {
      for (auto& port : spec.ports) port.node_port = 0;
    }
    if (spec.external_traffic_policy == old.external_traffic_policy) spec.external_traffic_policy.clear();
  }
  if (needs_health_port(old) && !needs_health_port(spec) && spec.health_check_node_port == old.health_check_node_port) {
    spec.health_check_node_port = 0;
  }
  if (old.type == "LoadBalancer" && spec.type != "LoadBalancer") {
    if (spec.allocate_load_balancer_node_ports == old.allocate_load_balancer_node_ports)
      spec.allocate_load_balancer_node_ports.reset();
    if (spec.load_balancer_class == old.load_balancer_class) spec.load_balancer_class.reset();
    next.status.load_balancer = {};
  }
}

bool keeps_preferred_families(const core::Service& next, const core::Service* current) {
  if (current == nullptr) return false;
  const auto& spec = next.spec;
  const auto& old = current->spec;
  return needs_cluster_ip(spec) && needs_cluster_ip(old) && spec.ip_family_policy &&
         *spec.ip_family_policy == kPreferDualStack && spec.ip_family_policy == old.ip_family_policy &&
         spec.cluster_ips == old.cluster_ips && spec.ip_families == old.ip_families;
}

base::Result<void> settle_families(core::Service& next, const core::Service* current,
                                   const std::vector<base::IpNetwork>& networks) {
  auto& spec = next.spec;
  if (!needs_cluster_ip(spec) || keeps_preferred_families(next, current)) return {};
  auto refuse = [&](const FieldErrors& errors) {
    return base::fail(invalid("", "Service", next.metadata.name, errors));
  };
  auto configured = [&](std::string_view family) {
    return std::ranges::any_of(networks, [&](const auto& network) { return family_name(network.is_v4()) == family; });
  };
  bool selectorless = spec.cluster_ip == "None" && spec.selector.empty();
  if (!spec.ip_family_policy) {
    if (current != nullptr && current->spec.ip_family_policy) {
      spec.ip_family_policy = current->spec.ip_family_policy;
    } else {
      spec.ip_family_policy = selectorless ? kRequireDualStack : kSingleStack;
    }
  }
  if (auto errors = check_linked(spec, current); !errors.empty()) return refuse(errors);

  FieldPath path("spec");
  auto policy_path = path.child("ipFamilyPolicy");
  FieldErrors errors;
  if (current != nullptr) check_reduction(errors, spec, current->spec);
  if (*spec.ip_family_policy == kSingleStack) {
    if (spec.cluster_ips.size() == 2) {
      errors.push_back(FieldError::invalid(
          policy_path, *spec.ip_family_policy,
          "must be 'RequireDualStack' or 'PreferDualStack' when multiple cluster IPs are specified"));
    }
    if (spec.ip_families.size() == 2) {
      errors.push_back(FieldError::invalid(
          policy_path, *spec.ip_family_policy,
          "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"));
    }
  }
  for (size_t i = 0; i < spec.cluster_ips.size() && spec.cluster_ips[i] != "None"; ++i) {
    if (i < spec.ip_families.size()) continue;
    std::string family(family_name(!is_v6(spec.cluster_ips[i])));
    if (configured(family)) {
      spec.ip_families.push_back(family);
    } else {
      errors.push_back(FieldError::invalid(path.child("clusterIPs").index(i), shown(spec.cluster_ips),
                                           base::cat({family, " is not configured on this cluster"})));
    }
  }
  if (!errors.empty()) return refuse(errors);

  std::string first(family_name(networks.empty() || networks[0].is_v4()));
  if (selectorless) {
    // Nobody's addresses are ours to choose: every family may come.
    if (spec.ip_families.empty()) spec.ip_families = {first};
    if (*spec.ip_family_policy != kSingleStack && spec.ip_families.size() == 1) add_other_family(spec);
    return {};
  }
  bool dual = configured("IPv4") && configured("IPv6");
  if (*spec.ip_family_policy == kRequireDualStack && !dual) {
    errors.push_back(FieldError::invalid(policy_path, *spec.ip_family_policy,
                                         "this cluster is not configured for dual-stack services"));
  }
  for (size_t i = 0; i < spec.ip_families.size(); ++i) {
    if (configured(spec.ip_families[i])) continue;
    errors.push_back(
        FieldError::invalid(path.child("ipFamilies").index(i), spec.ip_families[i], "not configured on this cluster"));
  }
  if (!errors.empty()) return refuse(errors);
  if (spec.ip_families.empty()) spec.ip_families = {first};
  if (*spec.ip_family_policy != kSingleStack && spec.ip_families.size() == 1 && dual) add_other_family(spec);
  return {};
}

}  // namespace apiserver
