#include "apiserver/registry/allocations.h"

#include <algorithm>
#include <set>

#include "api/networking_k8s_io_v1.h"
#include "apiserver/pipeline/errors.h"
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

constexpr std::string_view kPortsKey = "/registry/ranges/servicenodeports";
constexpr int kRandomTries = 64;

base::Error refuse(const core::Service& service, const FieldErrors& errors) {
  return invalid("", "Service", service.metadata.name, errors);
}

bool wants_address(const core::ServiceSpec& spec) {
  return spec.type == "ClusterIP" || spec.type == "NodePort" || spec.type == "LoadBalancer";
}

bool wants_ports(const core::ServiceSpec& spec) {
  return spec.type == "NodePort" || (spec.type == "LoadBalancer" && spec.allocate_load_balancer_node_ports.value_or(true));
}

bool wants_health_port(const core::ServiceSpec& spec) {
  return spec.type == "LoadBalancer" && spec.external_traffic_policy == "Local";
}

std::vector<std::string> addresses_of(const core::Service& service) {
  std::vector<std::string> addresses;
  for (const auto& address : service.spec.cluster_ips) {
    if (!address.empty() && address != "None") addresses.push_back(address);
  }
  return addresses;
}

std::set<int32_t> ports_of(const core::Service& service) {
  std::set<int32_t> ports;
  for (const auto& port : service.spec.ports) {
    if (port.node_port != 0) ports.insert(port.node_port);
  }
  if (service.spec.health_check_node_port != 0) ports.insert(service.spec.health_check_node_port);
  return ports;
}

std::string_view family_name(bool v4) { return v4 ? "IPv4" : "IPv6"; }

// What the new state leaves open the old one fills in, where it still makes sense.
void keep_allocated(core::Service& next, const core::Service& current) {
  auto& spec = next.spec;
  const auto& old = current.spec;
  if (wants_address(spec) && wants_address(old)) {
    if (spec.cluster_ip.empty() && spec.cluster_ips.empty()) {
      spec.cluster_ip = old.cluster_ip;
      spec.cluster_ips = old.cluster_ips;
    } else if (spec.cluster_ips.empty() && spec.cluster_ip == old.cluster_ip) {
      spec.cluster_ips = old.cluster_ips;
    } else if (spec.cluster_ip.empty() && !spec.cluster_ips.empty()) {
      spec.cluster_ip = spec.cluster_ips[0];
    }
    if (spec.ip_families.empty()) spec.ip_families = old.ip_families;
    if (!spec.ip_family_policy) spec.ip_family_policy = old.ip_family_policy;
  }
  if (wants_ports(spec) && wants_ports(old)) {
    std::set<int32_t> used;
    for (const auto& port : spec.ports) used.insert(port.node_port);
    for (auto& port : spec.ports) {
      if (port.node_port != 0) continue;
      for (const auto& before : old.ports) {
        if (before.port != port.port || before.protocol != port.protocol || before.node_port == 0) continue;
        if (used.insert(before.node_port).second) port.node_port = before.node_port;
      }
    }
  }
  if (wants_health_port(spec) && wants_health_port(old) && spec.health_check_node_port == 0) {
    spec.health_check_node_port = old.health_check_node_port;
  }
}

// What belongs to a type that the service no longer is goes, unless it was changed on purpose.
void drop_unneeded(core::Service& next, const core::Service& current) {
  auto& spec = next.spec;
  const auto& old = current.spec;
  if (wants_address(old) && !wants_address(spec)) {
    if (spec.cluster_ip == old.cluster_ip && spec.cluster_ips == old.cluster_ips) {
      spec.cluster_ip.clear();
      spec.cluster_ips.clear();
      if (spec.ip_families == old.ip_families) spec.ip_families.clear();
      if (spec.ip_family_policy == old.ip_family_policy) spec.ip_family_policy.reset();
    }
    spec.internal_traffic_policy.reset();
  }
  if (wants_ports(old) && !wants_ports(spec) && spec.type != "LoadBalancer") {
    bool same = spec.ports.size() <= old.ports.size();
    for (auto& port : spec.ports) {
      bool was = std::any_of(old.ports.begin(), old.ports.end(), [&](const auto& before) { return before.node_port == port.node_port; });
      if (!was) same = false;
    }
    if (same) {
      for (auto& port : spec.ports) port.node_port = 0;
    }
  }
  bool was_external = old.type == "NodePort" || old.type == "LoadBalancer";
  bool is_external = spec.type == "NodePort" || spec.type == "LoadBalancer";
  if (was_external && !is_external && spec.external_traffic_policy == old.external_traffic_policy) spec.external_traffic_policy.clear();
  if (wants_health_port(old) && !wants_health_port(spec) && spec.health_check_node_port == old.health_check_node_port) {
    spec.health_check_node_port = 0;
  }
  if (old.type == "LoadBalancer" && spec.type != "LoadBalancer") {
    if (spec.allocate_load_balancer_node_ports == old.allocate_load_balancer_node_ports) spec.allocate_load_balancer_node_ports.reset();
    if (spec.load_balancer_class == old.load_balancer_class) spec.load_balancer_class.reset();
    next.status.load_balancer = {};
  }
}

}  // namespace

Allocations::Allocations(Options options) : options_(std::move(options)) {}

io::Task<base::Result<Allocations::Taken>> Allocations::claim(schema::Object& next, const schema::Object* current, bool dry_run) {
  auto* service = next.get_if<core::Service>();
  if (service == nullptr) co_return Taken{};
  co_return co_await allocate(*service, current == nullptr ? nullptr : current->get_if<core::Service>(), dry_run);
}

io::Task<void> Allocations::release(const schema::Object& current, const schema::Object* next) {
  if (auto* service = current.get_if<core::Service>()) {
    co_await release_unused(*service, next == nullptr ? nullptr : next->get_if<core::Service>());
  }
}

io::Task<base::Result<Allocations::Taken>> Allocations::allocate(core::Service& next, const core::Service* current, bool dry_run) {
  Taken taken;
  // Nothing of ours takes such a service's traffic.
  if (next.spec.type == "ExternalName") next.spec.internal_traffic_policy.reset();
  if (current != nullptr) {
    keep_allocated(next, *current);
    drop_unneeded(next, *current);
  }
  auto done = co_await allocate_addresses(next, current, dry_run, taken);
  if (done) done = co_await allocate_ports(next, current, dry_run, taken);
  if (!done) {
    co_await give_back(std::move(taken));
    co_return base::fail(std::move(done).error());
  }
  co_return taken;
}

io::Task<base::Result<void>> Allocations::allocate_addresses(core::Service& next, const core::Service* current, bool dry_run,
                                                             Taken& taken) {
  auto& spec = next.spec;
  if (!wants_address(spec) || options_.service_networks.empty()) co_return {};
  FieldPath path("spec");
  FieldErrors errors;
  if (spec.cluster_ip.empty() && !spec.cluster_ips.empty()) {
    std::string shown = "[";
    for (const auto& address : spec.cluster_ips) shown += (shown.size() > 1 ? "," : "") + base::quote(address);
    errors.push_back(FieldError::invalid(path.child("clusterIPs"), BadValue::json(shown + "]"), "must be empty when `clusterIP` is not specified"));
    co_return base::fail(refuse(next, errors));
  }
  if (!spec.cluster_ip.empty() && spec.cluster_ips.empty()) spec.cluster_ips = {spec.cluster_ip};
  if (!spec.cluster_ips.empty() && spec.cluster_ips[0] != spec.cluster_ip) {
    std::string shown = "[";
    for (const auto& address : spec.cluster_ips) shown += (shown.size() > 1 ? "," : "") + base::quote(address);
    errors.push_back(FieldError::invalid(path.child("clusterIPs"), BadValue::json(shown + "]"), "first value must match `clusterIP`"));
    co_return base::fail(refuse(next, errors));
  }

  bool headless = spec.cluster_ip == "None";
  bool dual = options_.service_networks.size() > 1;
  if (spec.ip_families.size() > 1 && spec.ip_family_policy.value_or("SingleStack") == "SingleStack") {
    errors.push_back(FieldError::invalid(path.child("ipFamilyPolicy"), spec.ip_family_policy.value_or("SingleStack"),
                                         "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified"));
    co_return base::fail(refuse(next, errors));
  }
  std::string first_family(family_name(options_.service_networks[0].is_v4()));
  if (headless && spec.selector.empty()) {
    // Nobody's addresses are ours to choose: every family may come.
    if (!spec.ip_family_policy) spec.ip_family_policy = "RequireDualStack";
    if (spec.ip_families.empty()) spec.ip_families = {first_family};
    if (*spec.ip_family_policy != "SingleStack" && spec.ip_families.size() == 1) {
      spec.ip_families.emplace_back(spec.ip_families[0] == "IPv4" ? "IPv6" : "IPv4");
    }
    co_return {};
  }
  if (spec.ip_family_policy.value_or("") == "RequireDualStack" && !dual) {
    errors.push_back(FieldError::invalid(path.child("ipFamilyPolicy"), *spec.ip_family_policy,
                                         "this cluster is not configured for dual-stack services"));
  }
  for (size_t i = 0; i < spec.ip_families.size(); ++i) {
    bool known = std::any_of(options_.service_networks.begin(), options_.service_networks.end(),
                             [&](const auto& network) { return family_name(network.is_v4()) == spec.ip_families[i]; });
    if (!known) {
      errors.push_back(FieldError::invalid(path.child("ipFamilies").index(i), spec.ip_families[i], "not configured on this cluster"));
    }
  }
  if (!errors.empty()) co_return base::fail(refuse(next, errors));
  if (!spec.ip_family_policy) spec.ip_family_policy = spec.ip_families.size() > 1 ? "PreferDualStack" : "SingleStack";
  if (spec.ip_families.empty()) {
    auto fixed = headless || spec.cluster_ips.empty() ? std::nullopt : base::IpAddress::parse(spec.cluster_ips[0]);
    spec.ip_families = {fixed ? std::string(family_name(fixed->is_v4())) : first_family};
  }
  if (dual && *spec.ip_family_policy != "SingleStack" && spec.ip_families.size() == 1) {
    spec.ip_families.emplace_back(spec.ip_families[0] == "IPv4" ? "IPv6" : "IPv4");
  }
  if (headless) co_return {};

  auto has = current == nullptr ? std::vector<std::string>() : addresses_of(*current);
  for (size_t i = 0; i < spec.ip_families.size(); ++i) {
    auto network = std::find_if(options_.service_networks.begin(), options_.service_networks.end(),
                                [&](const auto& one) { return family_name(one.is_v4()) == spec.ip_families[i]; });
    auto at = path.child("clusterIPs").index(i);
    if (i < spec.cluster_ips.size() && !spec.cluster_ips[i].empty()) {
      const std::string& address = spec.cluster_ips[i];
      if (std::find(has.begin(), has.end(), address) != has.end()) continue;
      auto parsed = base::IpAddress::parse(address);
      if (!parsed) {
        co_return base::fail(refuse(next, {FieldError::invalid(at, address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")}));
      }
      // A service keeps the address it has: another one is refused by validation, and not taken here.
      if (!has.empty()) continue;
      if (!network->contains(*parsed)) {
        co_return base::fail(refuse(next, {FieldError::invalid(at, BadValue::json("[" + base::quote(address) + "]"),
                                                               base::cat({"failed to allocate IP ", address, ": the provided IP (", address,
                                                                          ") is not in the valid range. The range of valid IPs is ",
                                                                          network->to_string()}))}));
      }
      bool free = true;
      if (dry_run) {
        CO_TRY(auto entry, co_await options_.store.get(base::cat({"/registry/ipaddresses/", address})));
        free = entry == nullptr;
      } else {
        CO_TRY(free, co_await take_address(address, next.metadata.namespace_, next.metadata.name));
        if (free) taken.addresses.push_back(address);
      }
      if (!free) {
        co_return base::fail(refuse(next, {FieldError::invalid(path.child("clusterIPs"), BadValue::json("[" + base::quote(address) + "]"),
                                                               base::cat({"failed to allocate IP ", address, ": provided IP is already allocated"}))}));
      }
      continue;
    }
    CO_TRY(auto address, co_await take_any_address(*network, next.metadata.namespace_, next.metadata.name));
    taken.addresses.push_back(address);
    if (spec.cluster_ips.size() <= i) spec.cluster_ips.resize(i + 1);
    spec.cluster_ips[i] = address;
  }
  spec.cluster_ip = spec.cluster_ips.empty() ? "" : spec.cluster_ips[0];
  co_return {};
}

io::Task<base::Result<void>> Allocations::allocate_ports(core::Service& next, const core::Service* current, bool dry_run, Taken& taken) {
  auto& spec = next.spec;
  auto has = current == nullptr ? std::set<int32_t>() : ports_of(*current);
  FieldPath ports = FieldPath("spec").child("ports");
  auto in_range = [&](int32_t port) { return port >= options_.node_port_first && port <= options_.node_port_last; };
  std::string range = base::cat({"provided port is not in the valid range. The range of valid ports is ",
                                 std::to_string(options_.node_port_first), "-", std::to_string(options_.node_port_last)});
  // What is asked for by number first, so that nothing that is to be chosen freely stands in its way.
  std::set<int32_t> own;
  for (size_t i = 0; i < spec.ports.size(); ++i) {
    int32_t port = spec.ports[i].node_port;
    if (port == 0 || !own.insert(port).second || has.contains(port)) continue;
    if (spec.type != "NodePort" && spec.type != "LoadBalancer") continue;  // validation refuses it
    auto at = ports.index(i).child("nodePort");
    if (!in_range(port)) co_return base::fail(refuse(next, {FieldError::invalid(at, port, range)}));
    CO_TRY(bool free, co_await take_port(port, dry_run));
    if (!free) co_return base::fail(refuse(next, {FieldError::invalid(at, port, "provided port is already allocated")}));
    taken.ports.push_back(port);
  }
  std::vector<int32_t> avoid(own.begin(), own.end());
  if (wants_ports(spec)) {
    for (auto& port : spec.ports) {
      if (port.node_port != 0) continue;
      // One number for the same port over several protocols.
      for (const auto& other : spec.ports) {
        if (other.port == port.port && other.protocol != port.protocol && other.node_port != 0) port.node_port = other.node_port;
      }
      if (port.node_port != 0) continue;
      CO_TRY(port.node_port, co_await take_any_port(avoid, dry_run));
      avoid.push_back(port.node_port);
      taken.ports.push_back(port.node_port);
    }
  }
  if (wants_health_port(spec)) {
    int32_t& port = spec.health_check_node_port;
    if (port != 0 && !has.contains(port)) {
      CO_TRY(bool free, co_await take_port(port, dry_run));
      if (!free) {
        co_return base::fail(refuse(next, {FieldError::invalid(FieldPath("spec").child("healthCheckNodePort"), port,
                                                               "failed to allocate requested HealthCheck NodePort: provided port is already allocated")}));
      }
      taken.ports.push_back(port);
    } else if (port == 0) {
      CO_TRY(port, co_await take_any_port(avoid, dry_run));
      taken.ports.push_back(port);
    }
  }
  if (dry_run) taken.ports.clear();
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
  CO_TRY(co_await options_.store.update(served.key("", address), [&](const store::Entry* current) -> base::Result<store::Change> {
    taken = current == nullptr;
    return taken ? store::Change::put(bytes) : store::Change::keep();
  }));
  co_return taken;
}

io::Task<base::Result<std::string>> Allocations::take_any_address(const base::IpNetwork& network, std::string namespace_,
                                                                  std::string name) {
  int host_bits = (network.is_v4() ? 32 : 128) - network.prefix_length();
  uint64_t size = host_bits >= 63 ? INT64_MAX : (uint64_t{1} << host_bits);
  if (size < 3) co_return base::fail(internal_error("failed to allocate a serviceIP: range is full"));
  // The first address is the network's own and the last its broadcast; the low end is left to those who ask for one by number.
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

namespace {

// The record of ports as a run of bits, bit 0 the first port of the range; upstream's form: a big-endian number.
class PortBits {
 public:
  PortBits(std::string data, int size) : size_(size), data_(std::move(data)) {}
  bool get(int i) const {
    size_t byte = static_cast<size_t>(i / 8);
    return byte < data_.size() && (data_[data_.size() - 1 - byte] >> (i % 8) & 1) != 0;
  }
  void set(int i, bool on) {
    size_t byte = static_cast<size_t>(i / 8);
    if (byte >= data_.size()) data_.insert(0, byte + 1 - data_.size(), '\0');
    char& at = data_[data_.size() - 1 - byte];
    at = static_cast<char>(on ? at | 1 << (i % 8) : at & ~(1 << (i % 8)));
  }
  const std::string& data() const { return data_; }
  int size() const { return size_; }

 private:
  int size_;
  std::string data_;
};

base::Result<core::RangeAllocation> read_range(const store::Entry* entry, int first, int last) {
  core::RangeAllocation range;
  if (entry != nullptr) {
    TRY(auto envelope, schema::open_envelope(entry->value.view()));
    TRY(range, schema::from_protobuf<core::RangeAllocation>(envelope.raw));
  }
  range.range = base::cat({std::to_string(first), "-", std::to_string(last)});
  return range;
}

base::Bytes write_range(core::RangeAllocation range, std::string data) {
  range.data = std::move(data);
  return base::Bytes(schema::encode_envelope(schema::Object(std::move(range))));
}

}  // namespace

io::Task<base::Result<bool>> Allocations::take_port(int32_t port, bool dry_run) {
  int first = options_.node_port_first;
  int last = options_.node_port_last;
  if (port < first || port > last) co_return true;  // outside of the range nobody keeps count
  bool free = false;
  CO_TRY(co_await options_.store.update(std::string(kPortsKey), [&](const store::Entry* current) -> base::Result<store::Change> {
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
  CO_TRY(co_await options_.store.update(std::string(kPortsKey), [&](const store::Entry* current) -> base::Result<store::Change> {
    TRY(auto range, read_range(current, first, last));
    PortBits bits(range.data, size);
    chosen = -1;
    auto usable = [&](int i) { return !bits.get(i) && std::find(avoid.begin(), avoid.end(), first + i) == avoid.end(); };
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
  auto gone = co_await options_.store.update(base::cat({"/registry/ipaddresses/", address}),
                                             [](const store::Entry*) -> base::Result<store::Change> { return store::Change::remove(); });
}

io::Task<void> Allocations::return_port(int32_t port) {
  int first = options_.node_port_first;
  int last = options_.node_port_last;
  if (port < first || port > last) co_return;
  auto gone = co_await options_.store.update(std::string(kPortsKey), [&](const store::Entry* current) -> base::Result<store::Change> {
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

io::Task<base::Result<void>> Allocations::repair() {
  Reader reader(options_.store, options_.catalog);
  CO_TRY(auto services, co_await reader.list<core::Service>(""));
  std::set<std::string> addresses;
  std::set<int32_t> ports;
  for (const auto& service : services) {
    for (const auto& address : addresses_of(service)) {
      addresses.insert(address);
      CO_TRY(co_await take_address(address, service.metadata.namespace_, service.metadata.name));
    }
    ports.merge(ports_of(service));
  }
  CO_TRY(auto known, co_await reader.list<networking::IPAddress>(""));
  for (const auto& one : known) {
    auto label = one.metadata.labels.find("ipaddress.kubernetes.io/managed-by");
    bool ours = label != one.metadata.labels.end() && label->second == "ipallocator.k8s.io";
    if (ours && !addresses.contains(one.metadata.name)) co_await return_address(one.metadata.name);
  }
  int first = options_.node_port_first;
  int last = options_.node_port_last;
  CO_TRY(co_await options_.store.update(std::string(kPortsKey), [&](const store::Entry* current) -> base::Result<store::Change> {
    TRY(auto range, read_range(current, first, last));
    PortBits bits("", last - first + 1);
    for (int32_t port : ports) {
      if (port >= first && port <= last) bits.set(port - first, true);
    }
    if (current != nullptr && bits.data() == range.data) return store::Change::keep();
    return store::Change::put(write_range(std::move(range), bits.data()));
  }));
  co_return {};
}

}  // namespace apiserver
