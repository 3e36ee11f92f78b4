// A snapshot as one nftables table. Everything that grows with services is an element of a map; chains are few and say
// only how one of N is picked, so that a change costs the elements that change, however many services there are. Pure:
// compared whole with text in tests.
//
//   services             address . protocol . port             -> how to pick
//   endpoints            address . protocol . port . slot      -> endpoint
//   node-ports, node-port-endpoints                               the same without the address
//   local-endpoints...                                            for what has to stay on this node
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "proxy/model.h"

namespace proxy::nftables {

struct Options {
  Family family = Family::IPv4;
  PodTraffic pods;  // what comes from elsewhere to a cluster IP is masqueraded
  bool masquerade_all = false;
  std::optional<std::vector<std::string>> node_port_addresses;  // where they answer; nothing: on all but loopback ones
  bool operator==(const Options&) const = default;
};

struct Ruleset {
  Family family = Family::IPv4;
  std::map<std::string, std::vector<std::string>> chains;  // by name: rules
  std::map<std::string, std::map<std::string, std::string>>
      elements;  // by map: value by key; of a set the values are ""
  bool operator==(const Ruleset&) const = default;
};

Ruleset make_ruleset(const Snapshot& snapshot, const Options& options);

// Input for `nft -f -`, one transaction: the table as a whole, in place of what an earlier life left.
std::string whole(const Ruleset& wanted, const Options& options);
// What turns `before` into `after`. Empty when nothing differs.
std::string difference(const Ruleset& before, const Ruleset& after);
// Takes the table away; no failure when it is not there.
std::string removal(Family family);

}  // namespace proxy::nftables
