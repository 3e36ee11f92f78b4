#include "proxy/family.h"

#include <arpa/inet.h>
#include <ifaddrs.h>

#include <algorithm>
#include <iterator>
#include <memory>

#include "base/file.h"
#include "base/ip.h"
#include "base/log.h"
#include "base/strings.h"
#include "io/process.h"
#include "proxy/conntrack.h"

namespace proxy {
namespace {

bool is_of(Family family, std::string_view text) {
  return text.contains(':') == (family == Family::IPv6);
}

// What the rules rely on: bridged pod traffic passes them, and local addresses may be routed for node ports.
void set_kernel_switches(Family family, bool local_node_ports) {
  auto set = [](const std::string& path, std::string_view value) {
    auto now = base::read_file(path);
    if (now && now->starts_with(value)) return;
    if (FILE* file = fopen(path.c_str(), "we")) {
      fwrite(value.data(), 1, value.size(), file);
      fclose(file);
    } else {
      LOG_WARNING("Kernel switch cannot be set", {"path", path}, {"value", std::string(value)});
    }
  };
  bool v6 = family == Family::IPv6;
  set(v6 ? "/proc/sys/net/bridge/bridge-nf-call-ip6tables" : "/proc/sys/net/bridge/bridge-nf-call-iptables", "1");
  set(v6 ? "/proc/sys/net/ipv6/conf/all/forwarding" : "/proc/sys/net/ipv4/ip_forward", "1");
  if (!v6 && local_node_ports) set("/proc/sys/net/ipv4/conf/all/route_localnet", "1");
}

// The addresses of this machine that lie in one of the ranges.
std::vector<std::string> machine_addresses_in(const std::vector<base::IpNetwork>& ranges) {
  std::vector<std::string> found;
  ifaddrs* first = nullptr;
  if (getifaddrs(&first) != 0) return found;
  std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> list(first, freeifaddrs);
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr) continue;
    char text[INET6_ADDRSTRLEN] = "";
    if (one->ifa_addr->sa_family == AF_INET) {
      inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr, text, sizeof text);
    } else if (one->ifa_addr->sa_family == AF_INET6) {
      inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr, text, sizeof text);
    }
    auto address = base::IpAddress::parse(text);
    if (address && std::ranges::any_of(ranges, [&](const auto& range) { return range.contains(*address); }))
      found.emplace_back(text);
  }
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  return found;
}

io::Task<void> forget_flows(std::vector<ConntrackCommand> commands) {
  for (auto& command : commands) {
    io::CommandOptions options;
    options.argv = std::move(command);
    options.argv.insert(options.argv.begin(), "conntrack");
    auto result = co_await io::run_command(std::move(options));
    // "0 flow entries have been deleted" is an exit status of 1, and what mostly happens.
    if (!result) LOG_WARNING("Stale UDP flows cannot be forgotten", {"err", result.error().message()});
  }
}

}  // namespace

FamilyRules::FamilyRules(Family family, const ProxyOptions& options)
    : family_(family), options_(options), rules_(family) {}

PodTraffic FamilyRules::pods(const Surroundings& around) const {
  auto by_range = [&](auto&& ranges) -> PodTraffic {
    for (const auto& range : ranges)
      if (!range.empty() && is_of(family_, range)) return {PodTraffic::By::Range, std::string(range)};
    return {};
  };
  switch (options_.detect_local) {
    case DetectLocal::ClusterCidr:
      return by_range(base::split(options_.cluster_cidr, ','));
    case DetectLocal::NodeCidr:
      return by_range(around.pod_ranges);
    case DetectLocal::BridgeInterface:
      return {PodTraffic::By::Bridge, options_.bridge_interface};
    case DetectLocal::InterfaceNamePrefix:
      return {PodTraffic::By::Interface, options_.interface_name_prefix};
  }
  return {};
}

std::optional<std::vector<std::string>> FamilyRules::node_port_addresses(const Surroundings& around) const {
  const auto& asked = options_.node_port_addresses;
  if (asked.empty() && options_.mode == Mode::Iptables) return std::nullopt;
  std::vector<std::string> addresses;
  auto own = [&](const std::vector<std::string>& from) {
    std::ranges::copy_if(from, std::back_inserter(addresses), [&](const auto& one) { return is_of(family_, one); });
  };
  if (asked.empty() || asked.front() == "primary") {
    own(around.node_addresses);
    return addresses;
  }
  std::vector<base::IpNetwork> ranges;
  for (const auto& text : asked) {
    auto range = base::IpNetwork::parse(text);
    if (!range || range->is_v4() != (family_ == Family::IPv4)) continue;
    if (range->prefix_length() == 0) return std::nullopt;
    ranges.push_back(*range);
  }
  own(machine_addresses_in(ranges));
  return addresses;
}

io::Task<base::Result<void>> FamilyRules::apply(const Services& services, const Slices& slices,
                                                const Surroundings& around) {
  auto snapshot = make_snapshot(services, slices, around.here, family_);
  if (!used_ && snapshot.ports.empty() && family_ == Family::IPv6) co_return {};
  if (!used_) set_kernel_switches(family_, options_.local_node_ports);
  used_ = true;
  if (options_.mode == Mode::Nftables) {
    nftables::Options wanted{.family = family_,
                             .pods = pods(around),
                             .masquerade_all = options_.masquerade_all,
                             .node_port_addresses = node_port_addresses(around)};
    if (!tables_ || !(wanted == tables_options_)) {
      tables_options_ = wanted;
      tables_.emplace(std::move(wanted));
    }
    CO_TRY(co_await tables_->apply(snapshot));
  } else {
    iptables::Options wanted{.family = family_,
                             .pods = pods(around),
                             .masquerade_all = options_.masquerade_all,
                             .local_node_ports = options_.local_node_ports,
                             .node_port_addresses = node_port_addresses(around)};
    CO_TRY(co_await rules_.apply(iptables::make_ruleset(snapshot, wanted)));
  }
  co_await forget_flows(stale_flows(current_, snapshot));
  current_ = std::move(snapshot);
  co_return {};
}

}  // namespace proxy
