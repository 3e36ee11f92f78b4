#include "proxy/nftables/ruleset.h"

#include <cstdio>

#include "base/strings.h"

namespace proxy::nftables {
namespace {

constexpr const char* kMasquerade = "ct mark set ct mark | 0x00004000";
constexpr uint32_t kSlotBase =
    0x6e760000;  // slots travel in the packet's mark, far from the marks that others route by

std::string_view family_name(Family family) {
  return family == Family::IPv6 ? "ip6" : "ip";
}
std::string table(Family family) {
  return base::cat({family_name(family), " kube-proxy"});
}

std::string slot(size_t number) {
  char text[16];
  snprintf(text, sizeof text, "0x%08zx", kSlotBase + number);
  return text;
}

std::string pick(size_t count, bool sticky, Family family) {
  if (count == 1) return "meta mark set " + slot(0);
  std::string by = sticky ? base::cat({"jhash ", family_name(family), " saddr"}) : std::string("numgen random");
  return base::cat({"meta mark set ", by, " mod ", std::to_string(count), " offset ", slot(0)});
}

// The match of what pods send, or of what others send; "" if it cannot be told.
std::string of_pods(const Options& options, bool others) {
  std::string_view is = others ? " != " : " ";
  const auto& value = options.pods.value;
  switch (options.pods.by) {
    case PodTraffic::By::Nothing:
      break;
    case PodTraffic::By::Range:
      return base::cat({family_name(options.family), " saddr", is, value, " "});
    case PodTraffic::By::Bridge:
      return base::cat({"iifname", is, "\"", value, "\" "});
    case PodTraffic::By::Interface:
      return base::cat({"iifname", is, "\"", value, "*\" "});
  }
  return "";
}

class Writer {
 public:
  explicit Writer(const Options& options) : options_(options) { rules_.family = options.family; }

  Ruleset write(const Snapshot& snapshot) {
    for (const auto& port : snapshot.ports) write_port(port);
    return std::move(rules_);
  }

 private:
  // The place where traffic arrives: an address and a port, or a node port on any of ours.
  struct Place {
    bool node_port = false;
    std::string key;
  };

  void write_port(const ServicePort& port) {
    auto number = std::to_string(port.port);
    auto at = [&](const std::string& address) {
      return Place{false, base::cat({address, " . ", port.protocol, " . ", number})};
    };
    write_inside(port, at(port.cluster_ip));
    for (const auto& address : port.external_ips) write_outside(port, at(address));
    for (const auto& address : port.load_balancer_ips) {
      auto place = at(address);
      write_outside(port, place);
      if (port.load_balancer_sources.empty()) continue;
      element("firewalled", place.key, "");
      for (const auto& source : port.load_balancer_sources)
        element("allowed", base::cat({place.key, " . ", source}), "");
    }
    if (port.node_port != 0)
      write_outside(port, {true, base::cat({port.protocol, " . ", std::to_string(port.node_port)})});
    for (const auto& endpoint : port.cluster_endpoints)
      element("hairpins", base::cat({endpoint.address, " . ", endpoint.address}), "");
  }

  void write_inside(const ServicePort& port, const Place& place) {
    const auto& endpoints = port.internal_endpoints();
    if (endpoints.empty()) {
      refuse(port, place);
      return;
    }
    write_endpoints("endpoints", place, endpoints);
    lead(place, choice("cluster", place, endpoints.size(), port.affinity_seconds.has_value()));
  }

  void write_outside(const ServicePort& port, const Place& place) {
    bool sticky = port.affinity_seconds.has_value();
    if (port.external_endpoints().empty()) refuse(port, place);
    if (port.cluster_endpoints.empty()) return;
    write_endpoints("endpoints", place, port.cluster_endpoints);
    if (!port.external_local) {
      lead(place, choice("external", place, port.cluster_endpoints.size(), sticky));
      return;
    }
    if (!port.local_endpoints.empty()) write_endpoints("local-endpoints", place, port.local_endpoints);
    lead(place, local_choice(place, port.local_endpoints.size(), port.cluster_endpoints.size(), sticky));
  }

  // No endpoint anywhere: refuse, so that clients need not wait. None here though the policy wants local ones: drop,
  // for a load balancer knows better where to go.
  void refuse(const ServicePort& port, const Place& place) {
    element(place.node_port ? "refused-node-ports" : "refused", place.key,
            port.has_any_endpoint ? "drop" : "goto refuse");
  }

  void lead(const Place& place, const std::string& chain) {
    element(place.node_port ? "node-ports" : "services", place.key, "goto " + chain);
  }

  void write_endpoints(const std::string& map, const Place& place, const std::vector<Endpoint>& endpoints) {
    for (size_t i = 0; i < endpoints.size(); ++i) {
      element(place.node_port ? "node-port-" + map : map, base::cat({place.key, " . ", slot(i)}),
              base::cat({endpoints[i].address, " . ", std::to_string(endpoints[i].port)}));
    }
  }

  std::string translate(const std::string& map, const Place& place) const {
    auto ip = family_name(options_.family);
    std::string key = place.node_port ? "" : base::cat({ip, " daddr . "});
    return base::cat({"dnat ", ip, " to ", key, "meta l4proto . th dport . meta mark map @",
                      place.node_port ? "node-port-" : "", map});
  }

  // "cluster-3": one of three, masquerading what does not come from a pod; "external-3": masquerading all; "inside-3":
  // nothing.
  std::string choice(std::string_view kind, const Place& place, size_t count, bool sticky) {
    auto name =
        base::cat({place.node_port ? "node-port-" : "", kind, "-", std::to_string(count), sticky ? "-sticky" : ""});
    auto& rules = rules_.chains[name];
    if (!rules.empty()) return name;
    if (kind == "external" || (kind == "cluster" && options_.masquerade_all)) {
      rules.push_back(kMasquerade);
    } else if (auto others = of_pods(options_, true); kind == "cluster" && !others.empty()) {
      rules.push_back(others + kMasquerade);
    }
    rules.push_back(pick(count, sticky, options_.family));
    rules.push_back(translate("endpoints", place));
    return name;
  }

  // Who is inside the cluster, or this machine, reaches all endpoints by an outside address too; others those of this
  // node.
  std::string local_choice(const Place& place, size_t local, size_t all, bool sticky) {
    auto name = base::cat({place.node_port ? "node-port-" : "", "local-", std::to_string(local), "-of-",
                           std::to_string(all), sticky ? "-sticky" : ""});
    auto inside = choice("inside", place, all, sticky);
    auto& rules = rules_.chains[name];
    if (!rules.empty()) return name;
    if (auto pods = of_pods(options_, false); !pods.empty()) rules.push_back(base::cat({pods, "goto ", inside}));
    rules.push_back(base::cat({"fib saddr type local ", kMasquerade, " goto ", inside}));
    if (local > 0) {
      rules.push_back(pick(local, sticky, options_.family));
      rules.push_back(translate("local-endpoints", place));
    }
    return name;
  }

  void element(const std::string& map, const std::string& key, const std::string& value) {
    rules_.elements[map][key] = value;
  }

  const Options& options_;
  Ruleset rules_;
};

// The table, the maps and what hooks into the kernel: the same whatever services there are.
std::string skeleton(const Options& options) {
  std::string ip(family_name(options.family));
  std::string address = options.family == Family::IPv6 ? "ipv6_addr" : "ipv4_addr";
  std::string loopback = options.family == Family::IPv6 ? "::1" : "127.0.0.0/8";
  std::string place = address + " . inet_proto . inet_service", port = "inet_proto . inet_service",
              to = address + " . inet_service";
  std::string out = base::cat({"table ", table(options.family), " {\n"});
  auto map = [&](std::string_view name, const std::string& type) {
    out += base::cat({" map ", name, " { type ", type, "; }\n"});
  };
  for (const char* name : {"services", "refused"}) map(name, place + " : verdict");
  for (const char* name : {"node-ports", "refused-node-ports"}) map(name, port + " : verdict");
  for (const char* name : {"endpoints", "local-endpoints"}) map(name, place + " . mark : " + to);
  for (const char* name : {"node-port-endpoints", "node-port-local-endpoints"}) map(name, port + " . mark : " + to);
  out += base::cat({" set hairpins { type ", address, " . ", address, "; }\n set firewalled { type ", place,
                    "; }\n set allowed { type ", place, " . ", address, "; flags interval; }\n"});
  if (options.node_port_addresses) {
    out += base::cat({" set node-port-addresses { type ", address, "; flags interval; auto-merge;"});
    if (!options.node_port_addresses->empty())
      out += base::cat({" elements = { ", base::join(*options.node_port_addresses, ", "), " };"});
    out += " }\n";
  }
  std::string at = ip + " daddr . meta l4proto . th dport", at_port = "meta l4proto . th dport";
  std::string ours = base::cat({"fib daddr type local ", ip, " daddr != ", loopback, " "});
  if (options.node_port_addresses) ours = base::cat({ip, " daddr @node-port-addresses "});
  out += base::cat({" chain refuse {\n  meta l4proto tcp reject with tcp reset\n  reject\n }\n chain lead {\n  ", at,
                    " vmap @services\n  ", ours, at_port, " vmap @node-ports\n }\n", " chain check {\n  ct state new ",
                    at, " vmap @refused\n  ct state new ", ours, at_port, " vmap @refused-node-ports\n }\n",
                    " chain firewall {\n  ", at, " @firewalled ", at, " . ", ip, " saddr != @allowed drop\n }\n"});
  auto hook = [&](std::string_view name, std::string_view type, std::string_view where, std::string_view priority,
                  const std::string& rules) {
    out += base::cat(
        {" chain ", name, " {\n  type ", type, " hook ", where, " priority ", priority, ";\n", rules, " }\n"});
  };
  // Before those that port mappings of pods hook in at.
  hook("nat-prerouting", "nat", "prerouting", "-110", "  jump lead\n");
  hook("nat-output", "nat", "output", "-110", "  jump lead\n");
  hook("nat-postrouting", "nat", "postrouting", "90",
       base::cat({"  ct mark & 0x00004000 == 0x00004000 ct status dnat masquerade fully-random\n  ct status dnat ", ip,
                  " saddr . ", ip, " daddr @hairpins masquerade fully-random\n"}));
  hook("firewall-prerouting", "filter", "prerouting", "-120", "  ct state new jump firewall\n");
  hook("firewall-output", "filter", "output", "-120", "  ct state new jump firewall\n");
  for (std::string where : {"input", "forward", "output"})
    hook("filter-" + where, "filter", where, "-10", "  jump check\n");
  return out + "}\n";
}

void add_chain(std::string& heads, std::string& rules, Family family, const std::string& name,
               const std::vector<std::string>& lines) {
  heads += base::cat({"add chain ", table(family), " ", name, "\n"});
  for (const auto& line : lines) rules += base::cat({"add rule ", table(family), " ", name, " ", line, "\n"});
}

void change_elements(std::string& out, std::string_view verb, Family family, const std::string& map,
                     const std::vector<std::string>& elements) {
  if (elements.empty()) return;
  out += base::cat({verb, " element ", table(family), " ", map, " { ", base::join(elements, ", "), " }\n"});
}

std::string entry(const std::string& key, const std::string& value) {
  return value.empty() ? key : base::cat({key, " : ", value});
}

}  // namespace

Ruleset make_ruleset(const Snapshot& snapshot, const Options& options) {
  return Writer(options).write(snapshot);
}

std::string removal(Family family) {
  return base::cat({"add table ", table(family), "\ndelete table ", table(family), "\n"});
}

std::string whole(const Ruleset& wanted, const Options& options) {
  Ruleset nothing;
  nothing.family = wanted.family;
  return removal(wanted.family) + skeleton(options) + difference(nothing, wanted);
}

std::string difference(const Ruleset& before, const Ruleset& after) {
  static const std::map<std::string, std::string> kNone;
  std::string heads, rules, removals, additions, ends;
  for (const auto& [name, lines] : after.chains) {
    if (!before.chains.contains(name)) add_chain(heads, rules, after.family, name, lines);
  }
  auto of = [](const Ruleset& all, const std::string& map) -> const auto& {
    auto found = all.elements.find(map);
    return found == all.elements.end() ? kNone : found->second;
  };
  for (const char* map :
       {"endpoints", "local-endpoints", "node-port-endpoints", "node-port-local-endpoints", "services", "node-ports",
        "refused", "refused-node-ports", "hairpins", "firewalled", "allowed"}) {
    const auto &old = of(before, map), &fresh = of(after, map);
    std::vector<std::string> gone, come;
    for (const auto& [key, value] : old) {
      auto now = fresh.find(key);
      if (now == fresh.end() || now->second != value) gone.push_back(entry(key, value));
    }
    for (const auto& [key, value] : fresh) {
      auto was = old.find(key);
      if (was == old.end() || was->second != value) come.push_back(entry(key, value));
    }
    change_elements(removals, "delete", after.family, map, gone);
    change_elements(additions, "add", after.family, map, come);
  }
  // Chains last: nothing leads to them by then. One may lead to another, so that all are emptied first.
  for (const auto& [name, lines] : before.chains) {
    if (!after.chains.contains(name)) ends += base::cat({"flush chain ", table(after.family), " ", name, "\n"});
  }
  for (const auto& [name, lines] : before.chains) {
    if (!after.chains.contains(name)) ends += base::cat({"delete chain ", table(after.family), " ", name, "\n"});
  }
  return heads + rules + removals + additions + ends;
}

}  // namespace proxy::nftables
