#include "proxy/pod_routes.h"

#include <algorithm>
#include <set>

#include "base/ip.h"
#include "base/log.h"
#include "base/strings.h"
#include "client/cache.h"
#include "io/loop.h"
#include "io/process.h"

namespace proxy {
namespace {

namespace core = api::core_v1;

constexpr const char* kOrigin = "110";  // who made a route: a number that nobody else uses (rtnetlink(7), rtm_protocol)
constexpr auto kTogether = std::chrono::milliseconds(200);  // changes within this time become one
constexpr auto kAgain = std::chrono::seconds(30);

bool is_v6(std::string_view address) {
  return address.contains(':');
}

io::Task<base::Result<std::string>> run_command(std::vector<std::string> argv) {
  std::string line = base::join(argv, " ");
  CO_TRY(auto result, co_await io::run_command({.argv = std::move(argv)}));
  if (!result.status.ok())
    co_return base::fail(base::Code::Internal,
                         base::cat({line, ": ", result.status.text(), ": ", base::trim(result.error)}));
  co_return std::move(result.output);
}

std::vector<std::string> ip_command(std::string_view about, std::vector<std::string> words) {
  std::vector<std::string> argv = {"ip", is_v6(about) ? "-6" : "-4", "route"};
  argv.insert(argv.end(), words.begin(), words.end());
  argv.insert(argv.end(), {"proto", kOrigin});
  return argv;
}

// Before what the bridge plugin appends to the chain. What has to be masqueraded for a service has its mark.
std::vector<std::string> sender_rule(const std::string& range, const char* verb) {
  return {is_v6(range) ? "ip6tables" : "iptables",
          "-w",
          "5",
          "-t",
          "nat",
          verb,
          "POSTROUTING",
          "-s",
          range,
          "-d",
          range,
          "-m",
          "mark",
          "!",
          "--mark",
          "0x4000/0x4000",
          "-m",
          "comment",
          "--comment",
          "pods keep their addresses among pods",
          "-j",
          "ACCEPT"};
}

// What an earlier life made: lines as "10.244.1.0/24 via 192.0.2.12 dev eth0".
io::Task<std::set<PodRoute>> routes_there() {
  std::set<PodRoute> routes;
  for (const char* family : {"0.0.0.0", "::"}) {
    auto text = co_await run_command(ip_command(family, {"show"}));
    if (!text) continue;
    for (auto line : base::split(*text, '\n')) {
      auto words = base::split(line, ' ');
      if (words.size() > 2 && words[1] == "via") routes.insert({std::string(words[0]), std::string(words[2])});
    }
  }
  co_return routes;
}

}  // namespace

std::vector<PodRoute> pod_routes(const std::vector<std::shared_ptr<const core::Node>>& nodes, const std::string& here) {
  std::vector<PodRoute> routes;
  for (const auto& node : nodes) {
    if (node->metadata.name == here) continue;
    for (const auto& text : node->spec.pod_cidrs) {
      auto range = base::IpNetwork::parse(text);
      auto address = std::ranges::find_if(node->status.addresses, [&](const auto& one) {
        auto parsed = base::IpAddress::parse(one.address);
        return one.type == "InternalIP" && range && parsed && parsed->is_v4() == range->is_v4();
      });
      if (address != node->status.addresses.end()) routes.push_back({range->to_string(), address->address});
    }
  }
  std::ranges::sort(routes);
  return routes;
}

struct PodRoutes::State {
  State(client::Client client, std::string name, std::string cidr)
      : nodes(std::move(client)), node_name(std::move(name)), cluster_cidr(std::move(cidr)) {
    nodes.add_listener([this](const client::Key&, const core::Node* before, const core::Node* now) {
      bool same = before != nullptr && now != nullptr && before->spec.pod_cidrs == now->spec.pod_cidrs &&
                  before->status.addresses == now->status.addresses;
      if (!same) changed.set();
    });
  }

  // True when all is as it should be.
  io::Task<bool> sync() {
    bool whole = true;
    auto list = pod_routes(nodes.list(), node_name);
    std::set<PodRoute> wanted(list.begin(), list.end());
    std::set<PodRoute> gone;
    std::ranges::set_difference(there, wanted, std::inserter(gone, gone.end()));
    for (const auto& route : gone) {
      there.erase(route);
      bool replaced = std::ranges::any_of(wanted, [&](const auto& one) { return one.range == route.range; });
      if (!replaced) (void)co_await run_command(ip_command(route.range, {"del", route.range}));  // absent is fine
    }
    for (const auto& route : wanted) {
      if (there.contains(route)) continue;
      auto made = co_await run_command(ip_command(route.range, {"replace", route.range, "via", route.gateway}));
      if (made) {
        there.insert(route);
        continue;
      }
      whole = false;
      LOG_WARNING("No way to the pods of a node", {"range", route.range}, {"node", route.gateway},
                  {"err", made.error().message()});
    }
    co_return whole;
  }

  client::Cache<core::Node> nodes;
  const std::string node_name, cluster_cidr;
  std::set<PodRoute> there;
  io::Event changed;
  io::Scope scope;  // last: its tasks refer to all above
};

PodRoutes::PodRoutes(client::Client client, std::string node_name, std::string cluster_cidr)
    : state_(std::make_unique<State>(std::move(client), std::move(node_name), std::move(cluster_cidr))) {}
PodRoutes::~PodRoutes() = default;

io::Task<void> PodRoutes::run() {
  State& state = *state_;
  for (auto range : base::split(state.cluster_cidr, ',')) {
    if (range.empty() || co_await run_command(sender_rule(std::string(range), "-C"))) continue;
    auto made = co_await run_command(sender_rule(std::string(range), "-I"));
    if (!made) LOG_WARNING("Pods of other nodes do not see who sends", {"err", made.error().message()});
  }
  state.there = co_await routes_there();
  state.scope.spawn(state.nodes.run());
  co_await state.nodes.wait_synced();
  for (;;) {
    state.changed.reset();
    bool whole = co_await state.sync();
    co_await io::sleep(kTogether);
    if (whole) {
      co_await state.changed.wait();
    } else {
      (void)co_await io::with_timeout(kAgain, state.changed.wait());
    }
  }
}

io::Task<void> PodRoutes::clean_up() {
  for (const auto& route : co_await routes_there())
    (void)co_await run_command(ip_command(route.range, {"del", route.range}));
  for (const char* tool : {"iptables", "ip6tables"}) {
    auto rules = co_await run_command({tool, "-w", "5", "-t", "nat", "-S", "POSTROUTING"});
    if (!rules) continue;
    for (auto line : base::split(*rules, '\n')) {
      if (!line.contains("pods keep their addresses among pods")) continue;
      auto words = base::split(line, ' ');  // -A POSTROUTING -s RANGE ...
      auto source = std::ranges::find(words, "-s");
      if (source == words.end() || ++source == words.end()) continue;
      (void)co_await run_command(sender_rule(std::string(*source), "-D"));
    }
  }
}

}  // namespace proxy
