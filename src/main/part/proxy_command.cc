// `navarch proxy`: the service proxy alone, with the flags and the configuration file of kube-proxy.
#include <algorithm>
#include <iterator>
#include <utility>

#include "api/kubeproxy_config_k8s_io_v1alpha1.h"
#include "base/ip.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/time.h"
#include "main/commands.h"
#include "main/machine.h"
#include "main/part/configuration_file.h"
#include "main/part/part.h"
#include "main/part/part_server.h"
#include "proxy/proxy.h"

namespace navarch {
namespace {

using Configuration = api::kubeproxy_config_k8s_io_v1alpha1::KubeProxyConfiguration;

constexpr const char* kName = "kube-proxy";

struct Given {
  apiserver::FlagValues flags;  // as they were given, for /flagz
  std::string config_file;
  ConnectionOptions connection;
  proxy::ProxyOptions proxy;
  std::string mode, detect_local_mode;
  std::string healthz_address = "0.0.0.0:10256";
  std::string metrics_address = "127.0.0.1:10249";
  bool clean_up = false;
  Configuration configuration;
};

void add_flags(cli::Flags& flags, Given& given) {
  flags.add("config", &given.config_file, "a file with a KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1)");
  flags.add("kubeconfig", &given.connection.kubeconfig, "how to reach the API, and as whom");
  flags.add("master", &given.connection.master, "the API server's address, instead of the kubeconfig's");
  flags.add("hostname-override", &given.proxy.node_name, "the node's name; the host's if empty");
  flags.add("cluster-cidr", &given.proxy.cluster_cidr,
            "the addresses of pods: what comes to a service from elsewhere is masqueraded");
  flags.add("detect-local-mode", &given.detect_local_mode,
            "how pods' traffic is told from others': ClusterCIDR, the default, NodeCIDR, BridgeInterface or "
            "InterfaceNamePrefix");
  flags.add("pod-bridge-interface", &given.proxy.bridge_interface, "with BridgeInterface: the bridge that pods are on");
  flags.add("pod-interface-name-prefix", &given.proxy.interface_name_prefix,
            "with InterfaceNamePrefix: how the names of pods' interfaces begin");
  flags.add(
      "nodeport-addresses", &given.proxy.node_port_addresses,
      "where node ports answer: ranges of addresses, or primary: those of the node; if empty, with iptables on all");
  flags.add("proxy-mode", &given.mode, "iptables, the default, or nftables");
  flags.add("masquerade-all", &given.proxy.masquerade_all, "masquerade all that is sent to services");
  flags.add("iptables-localhost-nodeports", &given.proxy.local_node_ports, "node ports answer on localhost too");
  flags.add(
      "pod-routes", &given.proxy.pod_routes,
      "keep routes to the pods of the other nodes that share a network with this one, for nodes that have no other "
      "network plugin: those of `navarch up` and of `navarch kubelet --private-containerd`");
  flags.add_duration("iptables-min-sync-period", &given.proxy.min_sync_period_ns,
                     "changes within this time become one");
  flags.add("healthz-bind-address", &given.healthz_address, "where /healthz and /livez are; nowhere if empty");
  flags.add("metrics-bind-address", &given.metrics_address, "where /metrics and /configz are; nowhere if empty");
  flags.add("cleanup", &given.clean_up, "take the rules away and end");
}

void apply(const Configuration& from, Given& given) {
  auto take = [](const std::string& value, std::string& target) {
    if (!value.empty()) target = value;
  };
  take(from.client_connection.kubeconfig, given.connection.kubeconfig);
  take(from.hostname_override, given.proxy.node_name);
  take(from.cluster_cidr, given.proxy.cluster_cidr);
  take(from.mode, given.mode);
  take(from.detect_local_mode, given.detect_local_mode);
  take(from.detect_local.bridge_interface, given.proxy.bridge_interface);
  take(from.detect_local.interface_name_prefix, given.proxy.interface_name_prefix);
  if (!from.node_port_addresses.empty()) given.proxy.node_port_addresses = from.node_port_addresses;
  take(from.healthz_bind_address, given.healthz_address);
  take(from.metrics_bind_address, given.metrics_address);
  given.proxy.masquerade_all = given.proxy.masquerade_all || from.iptables.masquerade_all;
  if (from.iptables.localhost_node_ports) given.proxy.local_node_ports = *from.iptables.localhost_node_ports;
  if (from.iptables.min_sync_period.ns != 0) given.proxy.min_sync_period_ns = from.iptables.min_sync_period.ns;
}

base::Result<io::Address> address_of(const std::string& text, std::string_view flag) {
  auto address = io::Address::parse(text);
  if (!address)
    return base::fail(base::Code::BadRequest, base::cat({"invalid argument ", base::quote(text), " for \"--", flag,
                                                         "\" flag: ", address.error().message()}));
  return address;
}

// /livez says whether the rules are up to date, /healthz also whether the node is to stay.
Pages::Answer health(const proxy::Proxy& proxy, bool asks_for_node) {
  auto now = base::format_rfc3339(base::Time::from_ns(base::system_clock().wall_ns()));
  bool eligible = proxy.node_eligible();
  auto text = base::cat({"{\"lastUpdated\": \"", now, "\",\"currentTime\": \"", now,
                         "\", \"nodeEligible\": ", eligible ? "true" : "false", "}"});
  bool good = proxy.synced() && (eligible || !asks_for_node);
  return {.status = good ? 200 : 503, .text = text, .type = "application/json"};
}

base::Result<void> complete_detection(Given& given) {
  const std::pair<std::string_view, proxy::DetectLocal> kModes[] = {
      {"ClusterCIDR", proxy::DetectLocal::ClusterCidr},
      {"NodeCIDR", proxy::DetectLocal::NodeCidr},
      {"BridgeInterface", proxy::DetectLocal::BridgeInterface},
      {"InterfaceNamePrefix", proxy::DetectLocal::InterfaceNamePrefix}};
  if (given.detect_local_mode.empty()) return {};
  auto found = std::ranges::find(kModes, given.detect_local_mode, [](const auto& one) { return one.first; });
  if (found == std::end(kModes))
    return base::fail(base::Code::BadRequest,
                      base::cat({"--detect-local-mode: unsupported value ", base::quote(given.detect_local_mode),
                                 ": there are ClusterCIDR, NodeCIDR, BridgeInterface and InterfaceNamePrefix"}));
  given.proxy.detect_local = found->second;
  if (found->second == proxy::DetectLocal::BridgeInterface && given.proxy.bridge_interface.empty())
    return base::fail(base::Code::BadRequest, "--detect-local-mode=BridgeInterface needs --pod-bridge-interface");
  if (found->second == proxy::DetectLocal::InterfaceNamePrefix && given.proxy.interface_name_prefix.empty())
    return base::fail(base::Code::BadRequest,
                      "--detect-local-mode=InterfaceNamePrefix needs --pod-interface-name-prefix");
  return {};
}

base::Result<void> complete(Given& given) {
  TRY(given.proxy.mode, proxy::parse_mode(given.mode));
  TRY(complete_detection(given));
  const auto& addresses = given.proxy.node_port_addresses;
  for (const auto& text : addresses) {
    if (text == "primary" && addresses.size() == 1) continue;
    if (!base::IpNetwork::parse(text))
      return base::fail(base::Code::BadRequest, base::cat({"invalid argument ", base::quote(text),
                                                           " for \"--nodeport-addresses\" flag: must be a valid CIDR "
                                                           "block or the word primary alone"}));
  }
  return {};
}

io::Task<base::Result<void>> work(const Given* given) {
  if (given->clean_up) co_return co_await proxy::Proxy::clean_up();
  CO_TRY(auto client, connect(given->connection, kName));
  proxy::Proxy proxy(given->proxy, client);
  Pages health_pages, metrics_pages;
  health_pages.add("/healthz", [&proxy] { return health(proxy, true); });
  health_pages.add("/livez", [&proxy] { return health(proxy, false); });
  metrics_pages.add("/proxyMode",
                    [given] { return Pages::Answer{.text = given->mode.empty() ? "iptables" : given->mode}; });
  metrics_pages.add_configuration("kubeproxy.config.k8s.io", schema::to_json(given->configuration));
  base::Metrics metrics;
  add_common_metrics(metrics);
  metrics_pages.add_metrics(metrics);
  metrics_pages.add_debug_pages(kName, given->flags);
  std::unique_ptr<io::HttpServer> health_server, metrics_server;
  if (!given->healthz_address.empty()) {
    CO_TRY(auto address, address_of(given->healthz_address, "healthz-bind-address"));
    CO_TRY(health_server, serve_plainly(address, health_pages));
  }
  if (!given->metrics_address.empty()) {
    CO_TRY(auto address, address_of(given->metrics_address, "metrics-bind-address"));
    CO_TRY(metrics_server, serve_plainly(address, metrics_pages));
  }
  co_await proxy.run();
  co_return {};
}

}  // namespace

int run_proxy(const Arguments& arguments) {
  Given given;
  PartFlags line("proxy", cli::Component::Proxy, "makes services work in the kernel's tables of this node");
  add_flags(line.flags(), given);
  if (auto ended = line.parse(arguments)) return *ended;
  if (!given.config_file.empty()) {
    auto read = read_configuration<Configuration>(given.config_file, "kubeproxy.config.k8s.io/v1alpha1",
                                                  "KubeProxyConfiguration");
    if (!read) return part_failure(read.error());
    apply(*read, given);
    given.configuration = std::move(*read);
    line.parse_again();
  }
  if (auto usable = complete(given); !usable) return part_failure(usable.error());
  if (given.proxy.node_name.empty()) given.proxy.node_name = host_name();
  given.flags = line.flags().values();
  return run_part([&] { return work(&given); });
}

}  // namespace navarch
