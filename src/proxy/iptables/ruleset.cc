#include "proxy/iptables/ruleset.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "base/strings.h"

namespace proxy::iptables {
namespace {

constexpr std::string_view kOwnChain = "KUBE-";

// Chain names have at most 28 letters: a prefix and 16 letters of the hash, in base 32 (RFC 4648).
std::string hashed(std::string_view prefix, std::string_view text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  std::string name(prefix);
  for (int i = 0; i < 16; ++i) {
    int bit = i * 5;
    int pair = digest[bit / 8] << 8 | digest[bit / 8 + 1];
    name += "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[pair >> (11 - bit % 8) & 31];
  }
  return name;
}

std::string probability(size_t choices) {
  char text[32];
  snprintf(text, sizeof text, "%.10f", 1.0 / static_cast<double>(choices));
  return text;
}

std::string destination(const Endpoint& endpoint) {
  bool v6 = endpoint.address.find(':') != std::string::npos;
  return base::cat({v6 ? "[" : "", endpoint.address, v6 ? "]" : "", ":", std::to_string(endpoint.port)});
}

// The match of what pods send; "" if it cannot be told.
std::string from_pods(const PodTraffic& pods) {
  switch (pods.by) {
    case PodTraffic::By::Nothing:
      break;
    case PodTraffic::By::Range:
      return "-s " + pods.value;
    case PodTraffic::By::Bridge:
      return "-i " + pods.value;
    case PodTraffic::By::Interface:
      return "-i " + pods.value + "+";
  }
  return "";
}

class Writer {
 public:
  explicit Writer(const Options& options) : options_(options), from_pods_(from_pods(options.pods)) {
    char mark[16];
    snprintf(mark, sizeof mark, "0x%x", 1u << options.masquerade_bit);
    mark_ = mark;
  }

  Ruleset write(const Snapshot& snapshot) {
    write_fixed_chains();
    for (const auto& port : snapshot.ports) write_port(port);
    write_jumps_to_node_ports();
    return std::move(rules_);
  }

 private:
  // Last, for it takes all that is addressed to this machine.
  void write_jumps_to_node_ports() {
    constexpr std::string_view kComment =
        "-m comment --comment \"kubernetes service nodeports; NOTE: this must be the last rule in this chain\" ";
    bool v6 = options_.family == Family::IPv6;
    if (options_.node_port_addresses) {
      for (const auto& address : *options_.node_port_addresses)
        nat("KUBE-SERVICES", base::cat({kComment, "-d ", address, " -j KUBE-NODEPORTS"}));
      return;
    }
    bool loopback = options_.local_node_ports && !v6;  // there is no routing of ::1
    std::string_view but = loopback ? "" : v6 ? "! -d ::1/128 " : "! -d 127.0.0.0/8 ";
    nat("KUBE-SERVICES", base::cat({kComment, but, "-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS"}));
  }

  void nat(const std::string& chain, std::string rule) { rules_.nat[chain].push_back(std::move(rule)); }
  void filter(const std::string& chain, std::string rule) { rules_.filter[chain].push_back(std::move(rule)); }

  void write_fixed_chains() {
    for (const char* chain : {"KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ"})
      rules_.nat[chain];
    for (const char* chain :
         {"KUBE-SERVICES", "KUBE-EXTERNAL-SERVICES", "KUBE-NODEPORTS", "KUBE-FORWARD", "KUBE-PROXY-FIREWALL"}) {
      rules_.filter[chain];
    }
    nat("KUBE-POSTROUTING", base::cat({"-m mark ! --mark ", mark_, "/", mark_, " -j RETURN"}));
    nat("KUBE-POSTROUTING", base::cat({"-j MARK --xor-mark ", mark_}));
    nat("KUBE-POSTROUTING",
        "-m comment --comment \"kubernetes service traffic requiring SNAT\" -j MASQUERADE --random-fully");
    nat("KUBE-MARK-MASQ", base::cat({"-j MARK --or-mark ", mark_}));
    filter("KUBE-FORWARD", "-m conntrack --ctstate INVALID -j DROP");
    filter("KUBE-FORWARD", base::cat({"-m comment --comment \"kubernetes forwarding rules\" -m mark --mark ", mark_,
                                      "/", mark_, " -j ACCEPT"}));
    filter("KUBE-FORWARD",
           "-m comment --comment \"kubernetes forwarding conntrack rule\" -m conntrack --ctstate RELATED,ESTABLISHED "
           "-j ACCEPT");
  }

  void write_port(const ServicePort& port) {
    std::string id = port.text() + port.protocol;
    std::string comment = base::cat({"-m comment --comment \"", port.text()});
    std::string match = base::cat({"-m ", port.protocol, " -p ", port.protocol});
    std::string at_port = base::cat({" --dport ", std::to_string(port.port)});
    auto cluster_chain = hashed("KUBE-SVC-", id);
    auto local_chain = hashed("KUBE-SVL-", id);
    auto external_chain = hashed("KUBE-EXT-", id);
    bool external = port.node_port != 0 || !port.external_ips.empty() || !port.load_balancer_ips.empty();
    bool external_needs_cluster = external && !port.cluster_endpoints.empty();
    bool uses_cluster = (!port.internal_local && !port.cluster_endpoints.empty()) || external_needs_cluster;
    bool uses_local = !port.local_endpoints.empty() && (port.internal_local || (external && port.external_local));

    // Inside the cluster.
    std::string at_cluster_ip = base::cat({comment, " cluster IP\" ", match, " -d ", port.cluster_ip, at_port});
    if (!port.internal_endpoints().empty()) {
      nat("KUBE-SERVICES", base::cat({at_cluster_ip, " -j ", port.internal_local ? local_chain : cluster_chain}));
    } else {
      filter("KUBE-SERVICES",
             base::cat({comment, port.has_any_endpoint ? " has no local endpoints\" " : " has no endpoints\" ", match,
                        " -d ", port.cluster_ip, at_port, port.has_any_endpoint ? " -j DROP" : " -j REJECT"}));
    }
    // From outside.
    if (external) {
      write_external(port, comment, match, at_port, external_chain);
      if (external_needs_cluster) write_external_chain(port, external_chain, cluster_chain, local_chain);
    }
    if (uses_cluster) write_choice(port, cluster_chain, port.cluster_endpoints, match, at_port, true);
    if (uses_local) write_choice(port, local_chain, port.local_endpoints, match, at_port, false);
    std::set<Endpoint> used;
    if (uses_cluster) used.insert(port.cluster_endpoints.begin(), port.cluster_endpoints.end());
    if (uses_local) used.insert(port.local_endpoints.begin(), port.local_endpoints.end());
    write_endpoints(port, match, used);
  }

  void write_external(const ServicePort& port, const std::string& comment, const std::string& match,
                      const std::string& at_port, const std::string& chain) {
    auto reach = [&](const std::string& what, const std::string& where) {
      if (!port.cluster_endpoints.empty()) {
        nat("KUBE-SERVICES", base::cat({comment, what, "\" ", match, where, at_port, " -j ", chain}));
      }
      refuse(port, comment, match, where + at_port);
    };
    for (const auto& address : port.external_ips) reach(" external IP", " -d " + address);
    for (const auto& address : port.load_balancer_ips) {
      reach(" loadbalancer IP", " -d " + address);
      if (port.load_balancer_sources.empty()) continue;
      std::string firewall = hashed("KUBE-FW-", port.text() + port.protocol);
      filter("KUBE-PROXY-FIREWALL", base::cat({comment, " traffic not accepted by ", firewall, "\" ", match, " -d ",
                                               address, at_port, " -j DROP"}));
      auto& rules = rules_.nat[firewall];
      if (rules.empty()) {
        for (const auto& source : port.load_balancer_sources) {
          rules.push_back(base::cat({comment, " loadbalancer IP\" -s ", source, " -j ", chain}));
        }
      }
      auto& services = rules_.nat["KUBE-SERVICES"];
      if (!port.cluster_endpoints.empty()) {
        services.back() =
            base::cat({comment, " loadbalancer IP\" ", match, " -d ", address, at_port, " -j ", firewall});
      }
    }
    if (port.node_port != 0) {
      std::string at_node_port = " --dport " + std::to_string(port.node_port);
      if (!port.cluster_endpoints.empty()) {
        nat("KUBE-NODEPORTS", base::cat({comment, "\" ", match, at_node_port, " -j ", chain}));
      }
      refuse(port, comment, match, " -m addrtype --dst-type LOCAL" + at_node_port);
    }
    if (port.health_check_port != 0) {
      filter("KUBE-NODEPORTS", base::cat({comment, " health check node port\" -m tcp -p tcp --dport ",
                                          std::to_string(port.health_check_port), " -j ACCEPT"}));
    }
  }

  // No endpoint anywhere: refuse, so that clients need not wait. None here though the policy wants local ones: drop,
  // for a load balancer knows better where to go.
  void refuse(const ServicePort& port, const std::string& comment, const std::string& match, const std::string& where) {
    if (!port.external_endpoints().empty()) return;
    if (!port.has_any_endpoint) {
      filter("KUBE-EXTERNAL-SERVICES", base::cat({comment, " has no endpoints\" ", match, where, " -j REJECT"}));
    } else {
      filter("KUBE-EXTERNAL-SERVICES", base::cat({comment, " has no local endpoints\" ", match, where, " -j DROP"}));
    }
  }

  void write_external_chain(const ServicePort& port, const std::string& chain, const std::string& cluster_chain,
                            const std::string& local_chain) {
    if (!port.external_local) {
      nat(chain, base::cat({"-m comment --comment \"masquerade traffic for ", port.text(),
                            " external destinations\" -j KUBE-MARK-MASQ"}));
      nat(chain, "-j " + cluster_chain);
      return;
    }
    // Who is inside the cluster reaches all endpoints by an outside address too.
    if (!from_pods_.empty()) {
      nat(chain, base::cat({"-m comment --comment \"pod traffic for ", port.text(), " external destinations\" ",
                            from_pods_, " -j ", cluster_chain}));
    }
    nat(chain, base::cat({"-m comment --comment \"masquerade LOCAL traffic for ", port.text(),
                          " external destinations\" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ"}));
    nat(chain, base::cat({"-m comment --comment \"route LOCAL traffic for ", port.text(),
                          " external destinations\" -m addrtype --src-type LOCAL -j ", cluster_chain}));
    if (!port.local_endpoints.empty()) nat(chain, "-j " + local_chain);
  }

  // The chain that picks one endpoint, each as likely as any other.
  void write_choice(const ServicePort& port, const std::string& chain, const std::vector<Endpoint>& endpoints,
                    const std::string& match, const std::string& at_port, bool masquerade_outside) {
    std::string to_cluster_ip = base::cat({"-m comment --comment \"", port.text(), " cluster IP\" ", match});
    if (masquerade_outside && options_.masquerade_all) {
      nat(chain, base::cat({to_cluster_ip, " -d ", port.cluster_ip, at_port, " -j KUBE-MARK-MASQ"}));
    } else if (masquerade_outside && !from_pods_.empty()) {
      nat(chain, base::cat({to_cluster_ip, " ! ", from_pods_, " -d ", port.cluster_ip, at_port, " -j KUBE-MARK-MASQ"}));
    }
    std::string comment = base::cat({"-m comment --comment \"", port.text(), " -> "});
    if (port.affinity_seconds) {
      for (const auto& endpoint : endpoints) {
        auto target = endpoint_chain(port, endpoint);
        nat(chain, base::cat({comment, destination(endpoint), "\" -m recent --name ", target, " --rcheck --seconds ",
                              std::to_string(*port.affinity_seconds), " --reap -j ", target}));
      }
    }
    for (size_t i = 0; i < endpoints.size(); ++i) {
      size_t choices = endpoints.size() - i;
      std::string chance =
          choices > 1 ? base::cat({"-m statistic --mode random --probability ", probability(choices), " "}) : "";
      nat(chain,
          base::cat({comment, destination(endpoints[i]), "\" ", chance, "-j ", endpoint_chain(port, endpoints[i])}));
    }
  }

  void write_endpoints(const ServicePort& port, const std::string& match, const std::set<Endpoint>& endpoints) {
    std::string comment = base::cat({"-m comment --comment \"", port.text(), "\" "});
    for (const auto& endpoint : endpoints) {
      auto chain = endpoint_chain(port, endpoint);
      // A pod that reaches itself through its service would see its own address as the sender.
      nat(chain, base::cat({comment, "-s ", endpoint.address, " -j KUBE-MARK-MASQ"}));
      std::string remember = port.affinity_seconds ? base::cat({"-m recent --name ", chain, " --set "}) : "";
      nat(chain, base::cat({comment, remember, match, " -j DNAT --to-destination ", destination(endpoint)}));
    }
  }

  static std::string endpoint_chain(const ServicePort& port, const Endpoint& endpoint) {
    return hashed("KUBE-SEP-", base::cat({port.text(), port.protocol, destination(endpoint)}));
  }

  const Options& options_;
  const std::string from_pods_;
  std::string mark_;
  Ruleset rules_;
};

void append_table(std::string& out, std::string_view table, const Chains& before, const Chains& after) {
  std::string heads, rules, removals;
  for (const auto& [chain, lines] : after) {
    auto old = before.find(chain);
    if (old != before.end() && old->second == lines) continue;
    heads += base::cat({":", chain, " - [0:0]\n"});
    for (const auto& line : lines) rules += base::cat({"-A ", chain, " ", line, "\n"});
  }
  for (const auto& [chain, lines] : before) {
    if (after.contains(chain)) continue;
    heads += base::cat({":", chain, " - [0:0]\n"});  // emptied before it goes
    removals += base::cat({"-X ", chain, "\n"});
  }
  if (heads.empty()) return;
  out += base::cat({"*", table, "\n", heads, rules, removals, "COMMIT\n"});
}

}  // namespace

Ruleset make_ruleset(const Snapshot& snapshot, const Options& options) {
  return Writer(options).write(snapshot);
}

std::vector<Jump> jumps() {
  constexpr std::string_view kNew = "-m conntrack --ctstate NEW -m comment --comment ";
  auto fresh = [&](std::string_view comment, std::string_view target) {
    return base::cat({kNew, "\"", comment, "\" -j ", target});
  };
  return {
      {"filter", "INPUT", fresh("kubernetes load balancer firewall", "KUBE-PROXY-FIREWALL")},
      {"filter", "OUTPUT", fresh("kubernetes load balancer firewall", "KUBE-PROXY-FIREWALL")},
      {"filter", "FORWARD", fresh("kubernetes load balancer firewall", "KUBE-PROXY-FIREWALL")},
      {"filter", "INPUT", "-m comment --comment \"kubernetes health check service ports\" -j KUBE-NODEPORTS"},
      {"filter", "INPUT", fresh("kubernetes externally-visible service portals", "KUBE-EXTERNAL-SERVICES")},
      {"filter", "FORWARD", fresh("kubernetes externally-visible service portals", "KUBE-EXTERNAL-SERVICES")},
      {"filter", "FORWARD", "-m comment --comment \"kubernetes forwarding rules\" -j KUBE-FORWARD"},
      {"filter", "FORWARD", fresh("kubernetes service portals", "KUBE-SERVICES")},
      {"filter", "OUTPUT", fresh("kubernetes service portals", "KUBE-SERVICES")},
      {"nat", "OUTPUT", "-m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES"},
      {"nat", "PREROUTING", "-m comment --comment \"kubernetes service portals\" -j KUBE-SERVICES"},
      {"nat", "POSTROUTING", "-m comment --comment \"kubernetes postrouting rules\" -j KUBE-POSTROUTING"},
  };
}

std::string difference(const Ruleset& before, const Ruleset& after) {
  std::string out;
  append_table(out, "filter", before.filter, after.filter);
  append_table(out, "nat", before.nat, after.nat);
  return out;
}

Ruleset chains_in(const std::string& saved) {
  // Chains of other Kubernetes parts share the prefix; these are the ones that this proxy makes.
  static constexpr std::string_view kMade[] = {"KUBE-SERVICES",       "KUBE-EXTERNAL-SERVICES",
                                               "KUBE-NODEPORTS",      "KUBE-FORWARD",
                                               "KUBE-PROXY-FIREWALL", "KUBE-POSTROUTING",
                                               "KUBE-MARK-MASQ",      "KUBE-SVC-",
                                               "KUBE-SVL-",           "KUBE-EXT-",
                                               "KUBE-SEP-",           "KUBE-FW-"};
  Ruleset found;
  Chains* table = nullptr;
  for (auto line : base::split(saved, '\n')) {
    if (line.starts_with("*")) table = line == "*nat" ? &found.nat : line == "*filter" ? &found.filter : nullptr;
    if (table == nullptr || !line.starts_with(":")) continue;
    auto name = line.substr(1, line.find(' ') - 1);
    if (!name.starts_with(kOwnChain)) continue;
    bool made = std::any_of(std::begin(kMade), std::end(kMade), [&](auto prefix) {
      return prefix.ends_with('-') ? name.starts_with(prefix) : name == prefix;
    });
    // A rule that no ruleset has: whatever comes after, the chain is written anew.
    if (made) (*table)[std::string(name)] = {"unknown"};
  }
  return found;
}

}  // namespace proxy::iptables
