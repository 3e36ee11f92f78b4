#include <algorithm>

#include "api/networking_k8s_io_v1.h"
#include "apiserver/registry/allocations.h"
#include "apiserver/registry/port_record.h"
#include "apiserver/registry/service_fields.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
namespace networking = api::networking_k8s_io_v1;

constexpr int64_t kWriteNsMax = 60'000'000'000;  // nothing that is written takes as long
constexpr int kLeaksMax = 3;

core::ObjectReference reference_to(const core::Service& service) {
  core::ObjectReference about;
  about.kind = "Service";
  about.api_version = "v1";
  about.namespace_ = service.metadata.namespace_;
  about.name = service.metadata.name;
  about.uid = service.metadata.uid;
  return about;
}

core::ObjectReference reference_to(const networking::IPAddress& address) {
  core::ObjectReference about;
  about.kind = "IPAddress";
  about.api_version = "networking.k8s.io/v1";
  about.name = address.metadata.name;
  about.uid = address.metadata.uid;
  return about;
}

bool is_ours(const networking::IPAddress& address) {
  auto label = address.metadata.labels.find("ipaddress.kubernetes.io/managed-by");
  return label != address.metadata.labels.end() && label->second == "ipallocator.k8s.io";
}

bool belongs_to(const networking::IPAddress& address, const core::Service& service) {
  const auto& parent = address.spec.parent_ref;
  return parent && parent->group.empty() && parent->resource == "services" &&
         parent->namespace_ == service.metadata.namespace_ && parent->name == service.metadata.name;
}

}  // namespace

io::Task<base::Result<std::vector<Allocations::Finding>>> Allocations::repair(Leaks& leaks) {
  Reader reader(options_.store, options_.catalog);
  CO_TRY(auto services, co_await reader.list<core::Service>(""));
  std::vector<Finding> findings;
  std::set<std::string> used;
  for (const auto& service : services) {
    for (const auto& address : addresses_of(service)) {
      used.insert(address);
      CO_TRY(co_await repair_address(service, address, findings));
    }
  }
  CO_TRY(co_await return_stray_addresses(used, findings));
  CO_TRY(co_await repair_ports(services, leaks, findings));
  co_return findings;
}

io::Task<base::Result<void>> Allocations::repair_address(const core::Service& service, std::string address,
                                                         std::vector<Finding>& findings) {
  const auto& meta = service.metadata;
  auto find = [&](std::string_view reason, std::string message) {
    findings.push_back({reference_to(service), reason, std::move(message)});
  };
  auto parsed = base::IpAddress::parse(address);
  if (!parsed) {
    find("ClusterIPNotValid", base::cat({"Cluster IP ", address, " is not a valid IP; please recreate service"}));
    co_return {};
  }
  std::string_view family = parsed->is_v4() ? "IPv4" : "IPv6";
  Reader reader(options_.store, options_.catalog);
  auto record = co_await reader.get<networking::IPAddress>("", address);
  if (!record && record.error().code() != base::Code::NotFound) co_return base::fail(std::move(record).error());
  if (!record) {
    CO_TRY(co_await take_address(address, meta.namespace_, meta.name));
    find("ClusterIPNotAllocated", base::cat({"Cluster IP [", family, "]: ", address, " is not allocated; repairing"}));
    co_return {};
  }
  if (belongs_to(*record, service)) co_return {};
  const auto& parent = record->spec.parent_ref;
  if (parent && parent->group.empty() && parent->resource == "services") {
    auto owner = co_await reader.get<core::Service>(parent->namespace_, parent->name);
    auto theirs = owner ? addresses_of(*owner) : std::vector<std::string>();
    if (std::ranges::find(theirs, address) != theirs.end()) {
      find("ClusterIPAlreadyAllocated", base::cat({"Cluster IP [", family, "]:", address,
                                                   " was assigned to multiple services; please recreate service"}));
      co_return {};
    }
  }
  find("ClusterIPNotAllocated", base::cat({"the ClusterIP [", family, "]: ", address, " for Service ", meta.namespace_,
                                           "/", meta.name, " has a wrong reference; repairing"}));
  co_await return_address(address);
  CO_TRY(co_await take_address(address, meta.namespace_, meta.name));
  co_return {};
}

io::Task<base::Result<void>> Allocations::return_stray_addresses(const std::set<std::string>& used,
                                                                 std::vector<Finding>& findings) {
  Reader reader(options_.store, options_.catalog);
  CO_TRY(auto known, co_await reader.list<networking::IPAddress>(""));
  for (const auto& one : known) {
    if (!is_ours(one) || used.contains(one.metadata.name)) continue;
    if (options_.clock.wall_ns() - one.metadata.creation_timestamp.to_ns() < kWriteNsMax) continue;
    std::string owner = one.spec.parent_ref
                            ? base::cat({one.spec.parent_ref->namespace_, "/", one.spec.parent_ref->name})
                            : std::string("/");
    findings.push_back({reference_to(one), "IPAddressNotAllocated",
                        base::cat({"IPAddress: ", one.metadata.name, " for Service ", owner,
                                   " appears to have leaked: cleaning up"})});
    co_await return_address(one.metadata.name);
  }
  co_return {};
}

io::Task<base::Result<void>> Allocations::repair_ports(const std::vector<core::Service>& services, Leaks& leaks,
                                                       std::vector<Finding>& findings) {
  int first = options_.node_port_first;
  int last = options_.node_port_last;
  Leaks still;
  std::vector<Finding> found;
  auto compare = [&](const store::Entry* current) -> base::Result<store::Change> {
    still.clear();
    found.clear();
    TRY(auto range, read_range(current, first, last));
    PortBits recorded(range.data, last - first + 1);
    PortBits right("", last - first + 1);
    for (const auto& service : services) {
      for (int32_t port : ports_of(service)) {
        std::string text = std::to_string(port);
        auto find = [&](std::string_view reason, std::string message) {
          found.push_back({reference_to(service), reason, std::move(message)});
        };
        if (port < first || port > last) {
          find("PortOutOfRange",
               base::cat({"Port ", text, " is not within the port range ", range.range, "; please recreate service"}));
        } else if (right.get(port - first)) {
          find("PortAlreadyAllocated",
               base::cat({"Port ", text, " was assigned to multiple services; please recreate service"}));
        } else {
          right.set(port - first, true);
          if (!recorded.get(port - first))
            find("PortNotAllocated", base::cat({"Port ", text, " is not allocated; repairing"}));
        }
      }
    }
    for (int i = 0; i < recorded.size(); ++i) {
      if (!recorded.get(i) || right.get(i)) continue;
      auto before = leaks.find(first + i);
      int times = before == leaks.end() ? 1 : before->second + 1;
      if (times >= kLeaksMax) continue;
      still[first + i] = times;
      right.set(i, true);
    }
    if (current != nullptr && right.data() == range.data) return store::Change::keep();
    return store::Change::put(write_range(std::move(range), right.data()));
  };
  CO_TRY(co_await options_.store.update(std::string(kPortsKey), compare));
  leaks = std::move(still);
  std::ranges::move(found, std::back_inserter(findings));
  co_return {};
}

}  // namespace apiserver
