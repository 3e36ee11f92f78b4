#include "apiserver/registry/allocations.h"

#include <algorithm>
#include <map>
#include <set>

#include "api/networking_k8s_io_v1.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/port_record.h"
#include "apiserver/registry/service_fields.h"
#include "base/strings.h"
#include "schema/protobuf.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
namespace networking = api::networking_k8s_io_v1;
using schema::BadValue;
using schema::FieldError;
using schema::FieldErrors;
using schema::FieldPath;

constexpr int kRandomTries = 64;

base::Error refuse(const core::Service& service, const FieldErrors& errors) {
  return invalid("", "Service", service.metadata.name, errors);
}

// The first address of a network is its own, and the last of an IPv4 one its broadcast.
bool is_usable(const base::IpNetwork& network, const base::IpAddress& address) {
  if (address == network.address()) return false;
  int host_bits = 32 - network.prefix_length();
  return !network.is_v4() || host_bits <= 0 || address != network.address().plus((uint64_t{1} << host_bits) - 1);
}

}  // namespace

Allocations::Allocations(Options options) : options_(std::move(options)) {}

io::Task<base::Result<Allocations::Taken>> Allocations::claim(schema::Object& next, const schema::Object* current,
                                                              bool dry_run) {
  auto* service = next.get_if<core::Service>();
  if (service == nullptr) co_return Taken{};
  co_return co_await allocate(*service, current == nullptr ? nullptr : current->get_if<core::Service>(), dry_run);
}

io::Task<void> Allocations::release(const schema::Object& current, const schema::Object* next) {
  if (auto* service = current.get_if<core::Service>()) {
    co_await release_unused(*service, next == nullptr ? nullptr : next->get_if<core::Service>());
  }
}

io::Task<base::Result<Allocations::Taken>> Allocations::allocate(core::Service& next, const core::Service* current,
                                                                 bool dry_run) {
  Taken taken;
  // Nothing of ours takes such a service's traffic.
  if (next.spec.type == "ExternalName") next.spec.internal_traffic_policy.reset();
  if (current != nullptr) keep_allocated(next, *current);
  link_cluster_ips(next, current);
  if (current != nullptr) drop_of_other_types(next, *current);
  bool settled = keeps_preferred_families(next, current);
  base::Result<void> done = settle_families(next, current, options_.service_networks);
  if (done && !settled) done = co_await allocate_addresses(next, current, dry_run, taken);
  if (done && needs_node_ports(next.spec)) done = co_await allocate_ports(next, current, dry_run, taken);
  if (done) done = co_await allocate_health_port(next, current, dry_run, taken);
  if (dry_run) taken.ports.clear();  // looked at only
  if (!done) {
    co_await give_back(std::move(taken));
    co_return base::fail(std::move(done).error());
  }
  co_return taken;
}

io::Task<base::Result<void>> Allocations::allocate_addresses(core::Service& next, const core::Service* current,
                                                             bool dry_run, Taken& taken) {
  auto& spec = next.spec;
  if (!needs_cluster_ip(spec) || is_headless(spec)) co_return {};
  auto refuse_address = [&](const std::string& address, std::string_view why) {
    std::string shown;
    for (const auto& one : spec.cluster_ips) shown += base::cat({shown.empty() ? "[" : ",", base::quote(one)});
    return base::fail(
        refuse(next, {FieldError::invalid(FieldPath("spec").child("clusterIPs"), BadValue::json(shown + "]"),
                                          base::cat({"failed to allocate IP ", address, ": ", why}))}));
  };
  // What a service has it keeps; that it must not be changed is for validation to say. A second family may come later.
  size_t first = current != nullptr && needs_cluster_ip(current->spec) ? current->spec.cluster_ips.size() : 0;
  if (first != 0 && is_headless(current->spec)) co_return {};
  if (first >= spec.ip_families.size()) co_return {};
  CO_TRY(auto ranges, co_await usable_networks());
  for (size_t i = first; i < spec.ip_families.size(); ++i) {
    std::vector<base::IpNetwork> networks;
    for (const auto& one : ranges)
      if (family_name(one.is_v4()) == spec.ip_families[i]) networks.push_back(one);
    if (networks.empty()) continue;
    if (i >= spec.cluster_ips.size() || spec.cluster_ips[i].empty()) {
      CO_TRY(auto address, co_await take_any_address(networks, next.metadata.namespace_, next.metadata.name));
      taken.addresses.push_back(address);
      if (spec.cluster_ips.size() <= i) spec.cluster_ips.resize(i + 1);
      spec.cluster_ips[i] = address;
      continue;
    }
    const std::string& address = spec.cluster_ips[i];
    auto parsed = base::IpAddress::parse(address);
    auto network = std::ranges::find_if(networks, [&](const auto& one) { return parsed && one.contains(*parsed); });
    if (network == networks.end()) {
      co_return refuse_address(address, "the provided network does not match the current range");
    }
    if (!is_usable(*network, *parsed)) {
      co_return refuse_address(
          address, base::cat({"the provided IP (", address, ") is not in the valid range. The range of valid IPs is ",
                              network->to_string()}));
    }
    bool free = true;
    if (dry_run) {
      CO_TRY(auto entry, co_await options_.store.get(base::cat({"/registry/ipaddresses/", address})));
      free = entry == nullptr;
    } else {
      CO_TRY(free, co_await take_address(address, next.metadata.namespace_, next.metadata.name));
      if (free) taken.addresses.push_back(address);
    }
    if (!free) co_return refuse_address(address, "provided IP is already allocated");
  }
  if (!spec.cluster_ips.empty()) spec.cluster_ip = spec.cluster_ips[0];
  co_return {};
}

io::Task<base::Result<std::string>> Allocations::take_asked_port(int32_t port, const Taken& taken, bool dry_run) {
  int first = options_.node_port_first;
  int last = options_.node_port_last;
  if (port < first || port > last) {
    co_return base::cat({"provided port is not in the valid range. The range of valid ports is ", std::to_string(first),
                         "-", std::to_string(last)});
  }
  bool free = std::find(taken.ports.begin(), taken.ports.end(), port) == taken.ports.end();
  if (free) {
    CO_TRY(free, co_await take_port(port, dry_run));
  }
  co_return free ? std::string() : "provided port is already allocated";
}

io::Task<base::Result<void>> Allocations::allocate_ports(core::Service& next, const core::Service* current,
                                                         bool dry_run, Taken& taken) {
  auto& ports = next.spec.ports;
  bool chooses = wants_node_ports_chosen(next.spec);
  auto has = current == nullptr ? std::set<int32_t>() : node_ports_of(*current);
  // At birth one number serves a port over several protocols, and the first that is asked for further on counts.
  std::map<int32_t, int32_t> asked, given;
  for (const auto& port : ports) {
    if (current == nullptr && port.node_port != 0) asked.emplace(port.port, port.node_port);
  }
  std::set<std::pair<int32_t, std::string>> seen;
  for (size_t i = 0; i < ports.size(); ++i) {
    auto& port = ports[i];
    if (port.node_port == 0 && !chooses) continue;
    bool is_new = !has.contains(port.node_port);
    if (current == nullptr) {
      auto known = given.find(port.port);
      if (known == given.end()) {
        if (auto found = asked.find(port.port); found != asked.end()) port.node_port = found->second;
      } else {
        if (port.node_port == 0) port.node_port = known->second;
        is_new = port.node_port != known->second;
      }
    } else if (std::find(taken.ports.begin(), taken.ports.end(), port.node_port) != taken.ports.end()) {
      is_new = false;
    }
    if (port.node_port == 0) {
      auto avoid = node_ports_of(next);
      avoid.insert(taken.ports.begin(), taken.ports.end());
      CO_TRY(port.node_port, co_await take_any_port(std::vector<int32_t>(avoid.begin(), avoid.end()), dry_run));
      taken.ports.push_back(port.node_port);
    } else if (is_new) {
      CO_TRY(auto why, co_await take_asked_port(port.node_port, taken, dry_run));
      if (!why.empty()) {
        co_return base::fail(refuse(
            next,
            {FieldError::invalid(FieldPath("spec").child("ports").index(i).child("nodePort"), port.node_port, why)}));
      }
      taken.ports.push_back(port.node_port);
    }
    given.emplace(port.port, port.node_port);
    if (current != nullptr && !seen.emplace(port.node_port, port.protocol).second) {
      co_return base::fail(
          plain_error(base::cat({"duplicate nodePort: {", port.protocol, " ", std::to_string(port.node_port), "}"})));
    }
  }
  co_return {};
}

io::Task<base::Result<void>> Allocations::allocate_health_port(core::Service& next, const core::Service* current,
                                                               bool dry_run, Taken& taken) {
  int32_t& port = next.spec.health_check_node_port;
  if (needs_health_port(next.spec)) {
    if (current != nullptr && needs_health_port(current->spec)) {
      if (port != current->spec.health_check_node_port) {
        co_return base::fail(
            refuse(next, {FieldError::invalid(FieldPath("spec").child("healthCheckNodePort"), port,
                                              "cannot change healthCheckNodePort on loadBalancer service with "
                                              "externalTraffic=Local during update")}));
      }
    } else if (port != 0) {
      CO_TRY(auto why, co_await take_asked_port(port, taken, dry_run));
      if (!why.empty()) {
        co_return base::fail(internal_error(
            base::cat({"failed to allocate requested HealthCheck NodePort ", std::to_string(port), ": ", why})));
      }
      taken.ports.push_back(port);
    } else {
      CO_TRY(port, co_await take_any_port(taken.ports, dry_run));
      taken.ports.push_back(port);
    }
  }
  co_return {};
}

io::Task<base::Result<bool>> Allocations::take_address(std::string address, std::string namespace_, std::string name) {
  const Served& served = options_.catalog.of<networking::IPAddress>();
  networking::IPAddress object;
  auto& meta = object.metadata;
  meta.name = address;
  meta.uid = options_.random.uuid();
  meta.creation_timestamp = base::Time::from_ns(options_.clock.wall_ns()).truncated_to_seconds();
  auto parsed = base::IpAddress::parse(address);
  meta.labels["ipaddress.kubernetes.io/ip-family"] = parsed && parsed->is_v4() ? "IPv4" : "IPv6";
  meta.labels["ipaddress.kubernetes.io/managed-by"] = "ipallocator.k8s.io";
  auto& parent = object.spec.parent_ref.emplace();
  parent.resource = "services";
  parent.namespace_ = namespace_;
  parent.name = name;
  base::Bytes bytes(served.encode(schema::Object(std::move(object))));
  bool taken = false;
  CO_TRY(co_await options_.store.update(served.key("", address),
                                        [&](const store::Entry* current) -> base::Result<store::Change> {
                                          taken = current == nullptr;
                                          return taken ? store::Change::put(bytes) : store::Change::keep();
                                        }));
  co_return taken;
}

io::Task<base::Result<std::vector<base::IpNetwork>>> Allocations::usable_networks() {
  auto networks = options_.service_networks;
  Reader reader(options_.store, options_.catalog);
  CO_TRY(auto ranges, co_await reader.list<networking::ServiceCIDR>(""));
  for (const auto& range : ranges) {
    // One that nobody has judged yet may be used: the controllers may be away.
    bool ready = std::ranges::none_of(range.status.conditions,
                                      [](const auto& one) { return one.type == "Ready" && one.status != "True"; });
    if (!ready || !range.metadata.deletion_timestamp.is_zero()) continue;
    for (const auto& text : range.spec.cidrs) {
      auto network = base::IpNetwork::parse(text);
      if (network && std::ranges::find(networks, *network) == networks.end()) networks.push_back(*network);
    }
  }
  co_return networks;
}

io::Task<base::Result<std::string>> Allocations::take_any_address(std::vector<base::IpNetwork> networks,
                                                                  std::string namespace_, std::string name) {
  base::Result<std::string> taken = base::fail(internal_error("failed to allocate a serviceIP: range is full"));
  for (const auto& network : networks) {
    taken = co_await take_address_of(network, namespace_, name);
    if (taken) break;
  }
  co_return taken;
}

io::Task<base::Result<std::string>> Allocations::take_address_of(const base::IpNetwork& network, std::string namespace_,
                                                                 std::string name) {
  int host_bits = (network.is_v4() ? 32 : 128) - network.prefix_length();
  uint64_t size = host_bits >= 63 ? INT64_MAX : (uint64_t{1} << host_bits);
  if (size < 3) co_return base::fail(internal_error("failed to allocate a serviceIP: range is full"));
  // The first address is the network's own and the last its broadcast; the low end is left to those who ask for one by
  // number.
  uint64_t usable = size - 2;
  uint64_t reserved = std::min<uint64_t>(std::max<uint64_t>(usable / 16, 16), 256);
  if (usable <= reserved + 16) reserved = 0;
  for (int i = 0; i < kRandomTries; ++i) {
    uint64_t offset = 1 + reserved + options_.random.below(usable - reserved);
    std::string address = network.address().plus(offset).to_string();
    CO_TRY(bool taken, co_await take_address(address, namespace_, name));
    if (taken) co_return address;
  }
  // A full range, or nearly: one by one.
  for (uint64_t offset = 1; offset <= std::min<uint64_t>(usable, 1 << 20); ++offset) {
    std::string address = network.address().plus(offset).to_string();
    CO_TRY(auto entry, co_await options_.store.get(base::cat({"/registry/ipaddresses/", address})));
    if (entry != nullptr) continue;
    CO_TRY(bool taken, co_await take_address(address, namespace_, name));
    if (taken) co_return address;
  }
  co_return base::fail(internal_error("failed to allocate a serviceIP: range is full"));
}

io::Task<base::Result<bool>> Allocations::take_port(int32_t port, bool dry_run) {
  int first = options_.node_port_first;
  int last = options_.node_port_last;
  if (port < first || port > last) co_return true;  // outside of the range nobody keeps count
  bool free = false;
  CO_TRY(co_await options_.store.update(std::string(kPortsKey),
                                        [&](const store::Entry* current) -> base::Result<store::Change> {
                                          TRY(auto range, read_range(current, first, last));
                                          PortBits bits(range.data, last - first + 1);
                                          free = !bits.get(port - first);
                                          if (!free || dry_run) return store::Change::keep();
                                          bits.set(port - first, true);
                                          return store::Change::put(write_range(std::move(range), bits.data()));
                                        }));
  co_return free;
}

io::Task<base::Result<int32_t>> Allocations::take_any_port(std::vector<int32_t> avoid, bool dry_run) {
  int first = options_.node_port_first;
  int last = options_.node_port_last;
  int size = last - first + 1;
  // The low end is left to those who ask for one by number.
  int reserved = std::min(std::max(size / 32, 16), 128);
  if (size < reserved * 2) reserved = 0;
  int start = reserved + static_cast<int>(options_.random.below(static_cast<uint64_t>(size - reserved)));
  int chosen = -1;
  CO_TRY(co_await options_.store.update(
      std::string(kPortsKey), [&](const store::Entry* current) -> base::Result<store::Change> {
        TRY(auto range, read_range(current, first, last));
        PortBits bits(range.data, size);
        chosen = -1;
        auto usable = [&](int i) {
          return !bits.get(i) && std::find(avoid.begin(), avoid.end(), first + i) == avoid.end();
        };
        for (int step = 0; step < size - reserved && chosen < 0; ++step) {
          int i = reserved + (start - reserved + step) % (size - reserved);
          if (usable(i)) chosen = i;
        }
        for (int i = 0; i < reserved && chosen < 0; ++i) {
          if (usable(i)) chosen = i;
        }
        if (chosen < 0) return base::fail(internal_error("failed to allocate a nodePort: range is full"));
        if (dry_run) return store::Change::keep();
        bits.set(chosen, true);
        return store::Change::put(write_range(std::move(range), bits.data()));
      }));
  co_return first + chosen;
}

io::Task<void> Allocations::return_address(std::string address) {
  auto gone = co_await options_.store.update(
      base::cat({"/registry/ipaddresses/", address}),
      [](const store::Entry*) -> base::Result<store::Change> { return store::Change::remove(); });
}

io::Task<void> Allocations::return_port(int32_t port) {
  int first = options_.node_port_first;
  int last = options_.node_port_last;
  if (port < first || port > last) co_return;
  auto gone = co_await options_.store.update(std::string(kPortsKey),
                                             [&](const store::Entry* current) -> base::Result<store::Change> {
                                               TRY(auto range, read_range(current, first, last));
                                               PortBits bits(range.data, last - first + 1);
                                               if (!bits.get(port - first)) return store::Change::keep();
                                               bits.set(port - first, false);
                                               return store::Change::put(write_range(std::move(range), bits.data()));
                                             });
}

io::Task<void> Allocations::release_unused(const core::Service& current, const core::Service* next) {
  auto addresses = next == nullptr ? std::vector<std::string>() : addresses_of(*next);
  for (const auto& address : addresses_of(current)) {
    if (std::find(addresses.begin(), addresses.end(), address) == addresses.end()) co_await return_address(address);
  }
  auto ports = next == nullptr ? std::set<int32_t>() : ports_of(*next);
  for (int32_t port : ports_of(current)) {
    if (!ports.contains(port)) co_await return_port(port);
  }
}

io::Task<void> Allocations::give_back(Taken taken) {
  for (const auto& address : taken.addresses) co_await return_address(address);
  for (int32_t port : taken.ports) co_await return_port(port);
}

}  // namespace apiserver
