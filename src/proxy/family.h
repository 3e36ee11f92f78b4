// Everything of one address family: what is in the kernel's tables for it, and how that is brought up to date. One
// loop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "io/task.h"
#include "proxy/iptables/kernel.h"
#include "proxy/model.h"
#include "proxy/nftables/kernel.h"
#include "proxy/options.h"

namespace proxy {

// What rules depend on besides services and endpoints.
struct Surroundings {
  Here here;
  std::vector<std::string> node_addresses;  // this node's own, of either family
  std::vector<std::string> pod_ranges;      // this node's
};

class FamilyRules {
 public:
  FamilyRules(Family family, const ProxyOptions& options);  // borrowed

  // Brings the tables to what services and slices say. A family that no service ever used is left alone.
  io::Task<base::Result<void>> apply(const Services& services, const Slices& slices, const Surroundings& around);
  // What the tables were last brought to.
  const Snapshot& snapshot() const { return current_; }

 private:
  PodTraffic pods(const Surroundings& around) const;
  std::optional<std::vector<std::string>> node_port_addresses(const Surroundings& around) const;

  const Family family_;
  const ProxyOptions& options_;
  iptables::Kernel rules_;
  std::optional<nftables::Kernel> tables_;
  nftables::Options tables_options_;  // that tables_ was made with
  Snapshot current_;
  bool used_ = false;
};

}  // namespace proxy
