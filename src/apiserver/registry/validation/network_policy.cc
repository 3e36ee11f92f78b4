#include "apiserver/registry/validation/addresses.h"
#include "apiserver/registry/validation/networking.h"
#include "apiserver/registry/validation/values.h"
#include "base/ip.h"
#include "schema/selector.h"

namespace apiserver {
namespace {

namespace networking = api::networking_k8s_io_v1;

// What an update may keep although it would be refused at birth.
struct Liberties {
  SelectorValues selectors = SelectorValues::Checked;
  std::vector<std::string> networks;
};

void check_port_rule(Report& report, const networking::NetworkPolicyPort& rule, const Place& at) {
  if (rule.protocol) report.one_of(Place(at, "protocol"), *rule.protocol, {"TCP", "UDP", "SCTP"});
  Place port(at, "port");
  Place end(at, "endPort");
  if (!rule.port) {
    if (rule.end_port) report.invalid(end, *rule.end_port, "may not be specified when `port` is not specified");
    return;
  }
  if (rule.port->is_int()) {
    report.problems(port, rule.port->number, schema::check_port_number(rule.port->number));
    if (!rule.end_port) return;
    if (*rule.end_port < rule.port->number) {
      report.invalid(end, rule.port->number, "must be greater than or equal to `port`");
    }
    report.problems(end, *rule.end_port, schema::check_port_number(*rule.end_port));
    return;
  }
  if (rule.end_port) report.invalid(end, *rule.end_port, "may not be specified when `port` is non-numeric");
  report.problems(port, rule.port->text, schema::check_port_name(rule.port->text));
}

void check_block(Report& report, const networking::IPBlock& block, const Liberties& liberties, const Place& at) {
  Place cidr(at, "cidr");
  if (block.cidr.empty()) {
    report.required(cidr);
    return;
  }
  check_cidr(report, block.cidr, cidr, liberties.networks);
  auto whole = base::IpNetwork::parse(block.cidr);
  if (!whole) return;
  Place except(at, "except");
  for (size_t i = 0; i < block.except.size(); ++i) {
    Place here(except, i);
    check_cidr(report, block.except[i], here, liberties.networks);
    auto part = base::IpNetwork::parse(block.except[i]);
    if (!part) continue;
    if (!whole->contains(part->address()) || whole->prefix_length() >= part->prefix_length()) {
      report.invalid(here, block.except[i], "must be a strict subset of `cidr`");
    }
  }
}

void check_peer(Report& report, const networking::NetworkPolicyPeer& peer, const Liberties& liberties,
                const Place& at) {
  if (peer.pod_selector)
    check_label_selector(report, *peer.pod_selector, Place(at, "podSelector"), liberties.selectors);
  if (peer.namespace_selector) {
    check_label_selector(report, *peer.namespace_selector, Place(at, "namespaceSelector"), liberties.selectors);
  }
  if (peer.ip_block) check_block(report, *peer.ip_block, liberties, Place(at, "ipBlock"));
  bool selects = peer.pod_selector || peer.namespace_selector;
  if (!selects && !peer.ip_block) report.required(at, "must specify a peer");
  if (selects && peer.ip_block) report.forbidden(at, "may not specify both ipBlock and another peer");
}

void check_rule(Report& report, const std::vector<networking::NetworkPolicyPort>& ports,
                const std::vector<networking::NetworkPolicyPeer>& peers, const char* peers_name,
                const Liberties& liberties, const Place& at) {
  Place ports_at(at, "ports");
  for (size_t i = 0; i < ports.size(); ++i) check_port_rule(report, ports[i], Place(ports_at, i));
  Place peers_at(at, peers_name);
  for (size_t i = 0; i < peers.size(); ++i) check_peer(report, peers[i], liberties, Place(peers_at, i));
}

void check_spec(Report& report, const networking::NetworkPolicySpec& spec, const Liberties& liberties,
                const Place& at) {
  check_label_selector(report, spec.pod_selector, Place(at, "podSelector"), liberties.selectors);
  Place ingress(at, "ingress");
  for (size_t i = 0; i < spec.ingress.size(); ++i) {
    check_rule(report, spec.ingress[i].ports, spec.ingress[i].from, "from", liberties, Place(ingress, i));
  }
  Place egress(at, "egress");
  for (size_t i = 0; i < spec.egress.size(); ++i) {
    check_rule(report, spec.egress[i].ports, spec.egress[i].to, "to", liberties, Place(egress, i));
  }
  Place types(at, "policyTypes");
  if (spec.policy_types.size() > 2) {
    report.invalid(types, bad_value(spec.policy_types), "may not specify more than two policyTypes");
    return;
  }
  for (size_t i = 0; i < spec.policy_types.size(); ++i) {
    report.one_of(Place(types, i), spec.policy_types[i], {"Ingress", "Egress"});
  }
}

// Every block of a policy with its place.
template <class Visit>
void visit_blocks(const networking::NetworkPolicySpec& spec, Visit visit) {
  Place at("spec");
  Place ingress(at, "ingress");
  for (size_t i = 0; i < spec.ingress.size(); ++i) {
    Place rule(ingress, i);
    Place from(rule, "from");
    const auto& peers = spec.ingress[i].from;
    for (size_t k = 0; k < peers.size(); ++k) {
      Place peer(from, k);
      if (peers[k].ip_block) visit(*peers[k].ip_block, Place(peer, "ipBlock"));
    }
  }
  Place egress(at, "egress");
  for (size_t i = 0; i < spec.egress.size(); ++i) {
    Place rule(egress, i);
    Place to(rule, "to");
    const auto& peers = spec.egress[i].to;
    for (size_t k = 0; k < peers.size(); ++k) {
      Place peer(to, k);
      if (peers[k].ip_block) visit(*peers[k].ip_block, Place(peer, "ipBlock"));
    }
  }
}

bool has_invalid_selector(const networking::NetworkPolicySpec& spec) {
  Report report;
  Place nowhere("");
  auto look = [&](const networking::NetworkPolicyPeer& peer) {
    if (peer.pod_selector) check_label_selector(report, *peer.pod_selector, nowhere);
    if (peer.namespace_selector) check_label_selector(report, *peer.namespace_selector, nowhere);
  };
  check_label_selector(report, spec.pod_selector, nowhere);
  for (const auto& rule : spec.ingress) {
    for (const auto& peer : rule.from) look(peer);
  }
  for (const auto& rule : spec.egress) {
    for (const auto& peer : rule.to) look(peer);
  }
  return !report.empty();
}

}  // namespace

schema::FieldErrors validate_network_policy(const networking::NetworkPolicy& next,
                                            const networking::NetworkPolicy* current) {
  Report report;
  Liberties liberties;
  if (current != nullptr) {
    if (has_invalid_selector(current->spec)) liberties.selectors = SelectorValues::Unchecked;
    visit_blocks(current->spec, [&](const networking::IPBlock& block, const Place&) {
      liberties.networks.push_back(block.cidr);
      liberties.networks.insert(liberties.networks.end(), block.except.begin(), block.except.end());
    });
  }
  check_spec(report, next.spec, liberties, Place("spec"));
  return report.take();
}

void warn_about_network_policy(std::vector<std::string>& warnings, const networking::NetworkPolicy& policy) {
  visit_blocks(policy.spec, [&](const networking::IPBlock& block, const Place& at) {
    warn_about_cidr(warnings, block.cidr, Place(at, "cidr"));
    Place except(at, "except");
    for (size_t i = 0; i < block.except.size(); ++i) warn_about_cidr(warnings, block.except[i], Place(except, i));
  });
}

}  // namespace apiserver
