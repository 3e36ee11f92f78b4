#include "proxy/proxy.h"

#include "base/file.h"
#include "base/log.h"
#include "client/cache.h"
#include "io/loop.h"
#include "io/process.h"
#include "proxy/conntrack.h"
#include "proxy/health_checks.h"
#include "proxy/iptables/kernel.h"
#include "proxy/nftables/kernel.h"

namespace proxy {
namespace {

namespace core = api::core_v1;
namespace discovery = api::discovery_k8s_io_v1;

constexpr auto kRetryAfter = std::chrono::seconds(1);
constexpr auto kRetryAfterMax = std::chrono::seconds(30);

// What the rules rely on: bridged pod traffic passes them, and local addresses may be routed for node ports.
void set_kernel_switches(const ProxyOptions& options) {
  auto set = [](const std::string& path, std::string_view value) {
    auto now = base::read_file(path);
    if (now && now->starts_with(value)) return;
    if (FILE* file = fopen(path.c_str(), "we")) {
      fwrite(value.data(), 1, value.size(), file);
      fclose(file);
    } else {
      LOG_WARNING("Kernel switch cannot be set", {"path", path}, {"value", std::string(value)});
    }
  };
  bool v6 = options.family == Family::IPv6;
  set(v6 ? "/proc/sys/net/bridge/bridge-nf-call-ip6tables" : "/proc/sys/net/bridge/bridge-nf-call-iptables", "1");
  set(v6 ? "/proc/sys/net/ipv6/conf/all/forwarding" : "/proc/sys/net/ipv4/ip_forward", "1");
  if (!v6 && options.local_node_ports) set("/proc/sys/net/ipv4/conf/all/route_localnet", "1");
}

io::Task<void> forget_flows(std::vector<ConntrackCommand> commands) {
  for (auto& command : commands) {
    io::CommandOptions options;
    options.argv = std::move(command);
    options.argv.insert(options.argv.begin(), "conntrack");
    auto result = co_await io::run_command(std::move(options));
    // "0 flow entries have been deleted" is an exit status of 1, and what mostly happens.
    if (!result) LOG_WARNING("Stale UDP flows cannot be forgotten", {"err", result.error().message()});
  }
}

}  // namespace

struct Proxy::State {
  State(ProxyOptions given, client::Client client)
      : options(std::move(given)),
        services(client),
        slices(client),
        nodes(client, {.field_selector = "metadata.name=" + options.node_name}),
        kernel(options.family),
        tables({.family = options.family,
                .cluster_cidr = options.cluster_cidr,
                .masquerade_all = options.masquerade_all}) {
    services.add_listener([this](const client::Key&, const core::Service*, const core::Service*) { changed.set(); });
    slices.add_listener([this](const client::Key&, const discovery::EndpointSlice*, const discovery::EndpointSlice*) {
      changed.set();
    });
    nodes.add_listener([this](const client::Key&, const core::Node* before, const core::Node* now) {
      if (zone_of(before) != zone_of(now)) changed.set();
    });
  }

  static std::string zone_of(const core::Node* node) {
    if (node == nullptr) return "";
    auto zone = node->metadata.labels.find("topology.kubernetes.io/zone");
    return zone == node->metadata.labels.end() ? "" : zone->second;
  }

  io::Task<base::Result<void>> sync() {
    Here here{.node = options.node_name, .zone = zone_of(nodes.get("", options.node_name).get())};
    auto snapshot = make_snapshot(services.list(), slices.list(), here, options.family);
    if (options.mode == Mode::Nftables) {
      CO_TRY(co_await tables.apply(snapshot));
    } else {
      CO_TRY(co_await kernel.apply(iptables::make_ruleset(snapshot, rules())));
    }
    co_await forget_flows(stale_flows(current, snapshot));
    health_checks.set(local_health(snapshot), options.family == Family::IPv6 ? "::" : "0.0.0.0");
    current = std::move(snapshot);
    synced = true;
    co_return {};
  }

  iptables::Options rules() const {
    return {.family = options.family,
            .cluster_cidr = options.cluster_cidr,
            .masquerade_all = options.masquerade_all,
            .local_node_ports = options.local_node_ports};
  }

  ProxyOptions options;
  client::Cache<core::Service> services;
  client::Cache<discovery::EndpointSlice> slices;
  client::Cache<core::Node> nodes;  // ours alone
  iptables::Kernel kernel;
  nftables::Kernel tables;
  HealthChecks health_checks;
  Snapshot current;
  io::Event changed;
  bool synced = false;
  io::Scope scope;  // last: its tasks refer to all above
};

Proxy::Proxy(ProxyOptions options, client::Client client)
    : state_(std::make_unique<State>(std::move(options), std::move(client))) {}
Proxy::~Proxy() = default;

bool Proxy::synced() const {
  return state_->synced;
}

io::Task<void> Proxy::run() {
  State& state = *state_;
  set_kernel_switches(state.options);
  state.scope.spawn(state.services.run());
  state.scope.spawn(state.slices.run());
  state.scope.spawn(state.nodes.run());
  co_await state.services.wait_synced();
  co_await state.slices.wait_synced();
  io::Duration retry = kRetryAfter;
  for (;;) {
    state.changed.reset();
    auto done = co_await state.sync();
    if (done) {
      retry = kRetryAfter;
      // A change after a quiet time is done at once; those that follow on its heels are done together.
      co_await io::sleep(std::chrono::nanoseconds(state.options.min_sync_period_ns));
      co_await state.changed.wait();
      continue;
    }
    LOG_ERROR("Service rules cannot be put into the kernel", {"err", done.error().message()});
    co_await io::sleep(retry);
    retry = std::min<io::Duration>(retry * 2, kRetryAfterMax);
  }
}

base::Result<Mode> parse_mode(std::string_view text) {
  if (text.empty() || text == "iptables") return Mode::Iptables;
  if (text == "nftables") return Mode::Nftables;
  return base::fail(base::Code::BadRequest, base::cat({"unsupported proxy mode ", base::quote(std::string(text)),
                                                       ": there are iptables and nftables"}));
}

io::Task<base::Result<void>> Proxy::clean_up(Family family) {
  auto tables = co_await nftables::Kernel::remove(family);
  if (!tables) LOG_V(1, "No nftables to clean", {"err", tables.error().message()});
  iptables::Kernel kernel(family);
  co_return co_await kernel.remove();
}

}  // namespace proxy
