// What is handed out once in the cluster: the cluster IPs and node ports of services. An address is taken when its
// IPAddress object has been made, a port when its bit in the stored RangeAllocation is set: both are compare-and-swaps
// in the store, so that nothing is handed out twice, however many servers there are and whenever one of them stops.
// What a stopped server took and never used is found by repair().
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/core_v1.h"
#include "apiserver/registry/reader.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/random.h"
#include "base/result.h"
#include "io/task.h"

namespace apiserver {

class Allocations {
 public:
  struct Options {
    store::Store& store;
    const Catalog& catalog;
    base::Clock& clock;
    base::Random& random;
    // The first is the family of services that do not say. ServiceCIDRs that are added later count too.
    std::vector<base::IpNetwork> service_networks;
    int node_port_first = 30000;
    int node_port_last = 32767;
  };
  explicit Allocations(Options options);

  // What was taken for one write; goes back unless kept.
  struct Taken {
    std::vector<std::string> addresses;
    std::vector<int32_t> ports;
    bool empty() const { return addresses.empty() && ports.empty(); }
  };

  // The same for any object; what is no service needs nothing.
  io::Task<base::Result<Taken>> claim(schema::Object& next, const schema::Object* current, bool dry_run);
  io::Task<void> release(const schema::Object& current, const schema::Object* next);

  // Gives `next` the addresses and ports it needs and does not have, keeping what it shares with `current` (null at
  // birth). The errors are Invalid of the service, in upstream's words. On failure nothing stays taken.
  io::Task<base::Result<Taken>> allocate(api::core_v1::Service& next, const api::core_v1::Service* current,
                                         bool dry_run);
  // What `current` has and `next` (null: it is gone) no longer needs goes back. Failures are left to repair().
  io::Task<void> release_unused(const api::core_v1::Service& current, const api::core_v1::Service* next);
  io::Task<void> give_back(Taken taken);

  // Something that did not agree, as the event that tells it says.
  struct Finding {
    api::core_v1::ObjectReference about;  // a Service or an IPAddress
    std::string_view reason;              // "PortNotAllocated"
    std::string message;
  };
  // How often in a row a port was found to be nobody's; kept from one repair to the next.
  using Leaks = std::map<int32_t, int>;
  // Makes the record agree with the services there are. What is nobody's may belong to a write in progress, of this
  // server or another: an address goes back once it is a minute old, a port when it is found the third time.
  io::Task<base::Result<std::vector<Finding>>> repair(Leaks& leaks);

  const std::vector<base::IpNetwork>& service_networks() const { return options_.service_networks; }

 private:
  io::Task<base::Result<bool>> take_address(std::string address, std::string namespace_, std::string name);
  // Ours, then those of the ServiceCIDRs that may be used.
  io::Task<base::Result<std::vector<base::IpNetwork>>> usable_networks();
  io::Task<base::Result<std::string>> take_any_address(std::vector<base::IpNetwork> networks, std::string namespace_,
                                                       std::string name);
  io::Task<base::Result<std::string>> take_address_of(const base::IpNetwork& network, std::string namespace_,
                                                      std::string name);
  io::Task<base::Result<bool>> take_port(int32_t port, bool dry_run);
  io::Task<base::Result<int32_t>> take_any_port(std::vector<int32_t> avoid, bool dry_run);
  io::Task<void> return_address(std::string address);
  io::Task<void> return_port(int32_t port);
  io::Task<base::Result<void>> allocate_addresses(api::core_v1::Service& next, const api::core_v1::Service* current,
                                                  bool dry_run, Taken& taken);
  io::Task<base::Result<void>> allocate_ports(api::core_v1::Service& next, const api::core_v1::Service* current,
                                              bool dry_run, Taken& taken);
  io::Task<base::Result<void>> allocate_health_port(api::core_v1::Service& next, const api::core_v1::Service* current,
                                                    bool dry_run, Taken& taken);
  io::Task<base::Result<void>> repair_address(const api::core_v1::Service& service, std::string address,
                                              std::vector<Finding>& findings);
  io::Task<base::Result<void>> return_stray_addresses(const std::set<std::string>& used,
                                                      std::vector<Finding>& findings);
  io::Task<base::Result<void>> repair_ports(const std::vector<api::core_v1::Service>& services, Leaks& leaks,
                                            std::vector<Finding>& findings);
  // Why it cannot be had; "" once it is taken.
  io::Task<base::Result<std::string>> take_asked_port(int32_t port, const Taken& taken, bool dry_run);

  const Options options_;
};

}  // namespace apiserver
