// A snapshot as iptables chains, with upstream's chain names and layout, so that what people know of kube-proxy's rules
// and tools that look at them hold here too. Pure: compared whole with text in the tests.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proxy/model.h"

namespace proxy::iptables {

// Chains with their rules, each rule as iptables-restore reads it without the leading "-A CHAIN ".
using Chains = std::map<std::string, std::vector<std::string>>;

struct Ruleset {
  Chains nat;
  Chains filter;
  bool operator==(const Ruleset&) const = default;
};

struct Options {
  Family family = Family::IPv4;
  PodTraffic pods;  // what comes from elsewhere to a cluster IP is masqueraded
  bool masquerade_all = false;
  int masquerade_bit = 14;
  bool local_node_ports = true;                                 // node ports answer on 127.0.0.1 too
  std::optional<std::vector<std::string>> node_port_addresses;  // where they answer; nothing: on all of this machine's
};

Ruleset make_ruleset(const Snapshot& snapshot, const Options& options);

// The rules in the kernel's own chains that lead into ours: {table, chain, rule}.
struct Jump {
  std::string table;
  std::string chain;
  std::string rule;
};
std::vector<Jump> jumps();

// Input for `iptables-restore --noflush` that turns `before` into `after`: chains that differ are written anew, those
// that are no longer there are removed, others are not mentioned. Empty when nothing differs.
std::string difference(const Ruleset& before, const Ruleset& after);

// What was named as ours by an earlier life, out of `iptables-save` output: chains without rules' text, so that
// difference() removes what is stale.
Ruleset chains_in(const std::string& saved);

}  // namespace proxy::iptables
