#include "proxy/proxy.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/log.h"
#include "client/cache.h"
#include "io/loop.h"
#include "proxy/family.h"
#include "proxy/health_checks.h"
#include "proxy/pod_routes.h"

namespace proxy {
namespace {

namespace core = api::core_v1;
namespace discovery = api::discovery_k8s_io_v1;

constexpr auto kRetryAfter = std::chrono::seconds(1);
constexpr auto kRetryAfterMax = std::chrono::seconds(30);

}  // namespace

struct Proxy::State {
  State(ProxyOptions given, client::Client client)
      : options(std::move(given)),
        services(client),
        slices(client),
        nodes(client, {.field_selector = "metadata.name=" + options.node_name}),
        families{FamilyRules(Family::IPv4, options), FamilyRules(Family::IPv6, options)} {
    if (options.pod_routes) pod_routes.emplace(client, options.node_name, options.cluster_cidr);
    services.add_listener([this](const client::Key&, const core::Service*, const core::Service*) { changed.set(); });
    slices.add_listener([this](const client::Key&, const discovery::EndpointSlice*, const discovery::EndpointSlice*) {
      changed.set();
    });
    nodes.add_listener([this](const client::Key&, const core::Node* before, const core::Node* now) {
      bool same = before != nullptr && now != nullptr && zone_of(before) == zone_of(now) &&
                  before->status.addresses == now->status.addresses && before->spec.pod_cidrs == now->spec.pod_cidrs;
      if (!same) changed.set();
    });
  }

  static std::string zone_of(const core::Node* node) {
    if (node == nullptr) return "";
    auto zone = node->metadata.labels.find("topology.kubernetes.io/zone");
    return zone == node->metadata.labels.end() ? "" : zone->second;
  }

  Surroundings around() const {
    auto node = nodes.get("", options.node_name);
    Surroundings around{.here = {.node = options.node_name, .zone = zone_of(node.get())}};
    if (!node) return around;
    around.pod_ranges = node->spec.pod_cidrs;
    for (const auto& address : node->status.addresses)
      if (address.type == "InternalIP") around.node_addresses.push_back(address.address);
    return around;
  }

  io::Task<base::Result<void>> sync() {
    auto where = around();
    auto all_services = services.list();
    auto all_slices = slices.list();
    LocalHealthByPort health;
    base::Result<void> done;
    for (auto& family : families) {
      auto applied = co_await family.apply(all_services, all_slices, where);
      if (!applied) done = applied;  // the other family's traffic goes on
      health.merge(local_health(family.snapshot()));
    }
    // Both families, where there are both.
    health_checks.set(std::move(health), families[1].snapshot().ports.empty() ? "0.0.0.0" : "::");
    if (done) synced = true;
    co_return done;
  }

  ProxyOptions options;
  client::Cache<core::Service> services;
  client::Cache<discovery::EndpointSlice> slices;
  client::Cache<core::Node> nodes;  // ours alone
  std::array<FamilyRules, 2> families;
  HealthChecks health_checks;
  std::optional<PodRoutes> pod_routes;
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

bool Proxy::node_eligible() const {
  auto node = state_->nodes.get("", state_->options.node_name);
  if (!node) return true;
  bool to_go = std::ranges::any_of(node->spec.taints,
                                   [](const auto& taint) { return taint.key == "ToBeDeletedByClusterAutoscaler"; });
  return !to_go && node->metadata.deletion_timestamp.is_zero();
}

io::Task<void> Proxy::run() {
  State& state = *state_;
  state.scope.spawn(state.services.run());
  state.scope.spawn(state.slices.run());
  state.scope.spawn(state.nodes.run());
  if (state.pod_routes) state.scope.spawn(state.pod_routes->run());
  co_await state.services.wait_synced();
  co_await state.slices.wait_synced();
  co_await state.nodes.wait_synced();
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

io::Task<base::Result<void>> Proxy::clean_up() {
  co_await PodRoutes::clean_up();
  base::Result<void> done;
  for (auto family : {Family::IPv4, Family::IPv6}) {
    auto tables = co_await nftables::Kernel::remove(family);
    if (!tables) LOG_V(1, "No nftables to clean", {"err", tables.error().message()});
    iptables::Kernel kernel(family);
    auto removed = co_await kernel.remove();
    if (!removed && family == Family::IPv4) done = removed;  // a machine may be without the other
  }
  co_return done;
}

}  // namespace proxy
