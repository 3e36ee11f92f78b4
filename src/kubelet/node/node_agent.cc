#include "kubelet/node/node_agent.h"

#include "base/log.h"
#include "client/cache.h"
#include "client/lease.h"

namespace kubelet {
namespace {

namespace core = api::core_v1;

constexpr auto kLookEvery = std::chrono::seconds(10);  // upstream's nodeStatusUpdateFrequency
constexpr auto kRetryFirst = std::chrono::milliseconds(100);
constexpr auto kRetryMax = std::chrono::seconds(7);

client::ListOptions only(const std::string& name) { return {.field_selector = "metadata.name=" + name}; }

}  // namespace

struct NodeAgent::State {
  State(const KubeletOptions& given_options, client::Client given_client, Runtime& given_runtime, io::Pool& given_pool,
        base::Clock& given_clock, std::function<void(std::vector<std::string>)> told)
      : options(given_options), client(given_client), runtime(given_runtime), pool(given_pool), clock(given_clock),
        pod_cidrs_known(std::move(told)), seen(given_client, only(given_options.node_name)) {
    seen.add_listener([this](const client::Key&, const core::Node*, const core::Node* now) {
      if (now == nullptr) {
        registered.reset();
        look.set();
        return;
      }
      if (known_cidrs.empty() && !now->spec.pod_cidrs.empty()) {
        known_cidrs = now->spec.pod_cidrs;
        pod_cidrs_known(known_cidrs);
      }
    });
  }

  io::Task<NodeFacts> gather() {
    NodeFacts facts;
    auto root = options.root_directory;
    facts.machine = co_await pool.run([root] { return read_machine(root); });
    facts.pressure = co_await pool.run([root] { return read_pressure(root); });
    if (auto info = co_await runtime.info()) {
      facts.runtime = std::move(*info);
    } else {
      facts.runtime.runtime_message = info.error().message();
    }
    if (auto images = co_await runtime.list_images()) facts.images = std::move(*images);
    facts.now = base::Time::from_ns(clock.wall_ns()).truncated_to_seconds();
    co_return facts;
  }

  // Creates the node, or finds it there and brings its labels up to date.
  io::Task<base::Result<void>> register_node(NodeFacts facts) {
    auto wanted = make_node(options, facts);
    auto made = co_await client.create<core::Node>(wanted);
    if (made) {
      node = std::make_shared<const core::Node>(std::move(*made));
      LOG_INFO("Successfully registered node", {"node", options.node_name});
    } else if (made.error().code() == base::Code::AlreadyExists) {
      CO_TRY(auto current, co_await client.get<core::Node>("", options.node_name));
      bool changed = false;
      for (const auto& [key, value] : wanted.metadata.labels) {
        auto& label = current.metadata.labels[key];
        changed |= label != value;
        label = value;
      }
      if (changed) {
        CO_TRY(current, co_await client.update<core::Node>(std::move(current)));
      }
      node = std::make_shared<const core::Node>(std::move(current));
    } else {
      co_return base::fail(made.error());
    }
    registered.set();
    co_return co_await tell(std::move(facts), true);
  }

  // Writes the status when it differs from what was told, or when that is long ago.
  io::Task<base::Result<void>> tell(NodeFacts facts, bool whatever) {
    auto next = *node;
    bool changed = update_node(next, options, facts);
    int64_t now = clock.monotonic_ns();
    bool due = now - told_at_ns >= options.status_update_seconds * 1'000'000'000;
    if (!changed && !due && !whatever) co_return {};
    next.metadata.resource_version.clear();  // the status is ours; whoever else wrote the node does not matter
    auto written = co_await client.update_status<core::Node>(next);
    if (!written && written.error().code() == base::Code::Conflict) {
      CO_TRY(auto current, co_await client.get<core::Node>("", options.node_name));
      update_node(current, options, facts);
      written = co_await client.update_status<core::Node>(std::move(current));
    }
    if (!written) {
      if (written.error().code() == base::Code::NotFound) registered.reset();
      co_return base::fail(written.error());
    }
    node = std::make_shared<const core::Node>(std::move(*written));
    told_at_ns = now;
    co_return {};
  }

  std::vector<api::meta_v1::OwnerReference> lease_owner() const {
    if (!node) return {};
    api::meta_v1::OwnerReference owner;
    owner.api_version = "v1";
    owner.kind = "Node";
    owner.name = node->metadata.name;
    owner.uid = node->metadata.uid;
    return {owner};
  }

  const KubeletOptions& options;
  client::Client client;
  Runtime& runtime;
  io::Pool& pool;
  base::Clock& clock;
  std::function<void(std::vector<std::string>)> pod_cidrs_known;
  client::Cache<core::Node> seen;
  std::vector<std::string> known_cidrs;
  std::shared_ptr<const core::Node> node;
  int64_t told_at_ns = 0;
  io::Event registered;
  io::Event look;
  io::Scope scope;  // last: its tasks refer to all above
};

NodeAgent::NodeAgent(const KubeletOptions& options, client::Client client, Runtime& runtime, io::Pool& pool,
                     base::Clock& clock, std::function<void(std::vector<std::string>)> pod_cidrs_known)
    : state_(std::make_unique<State>(options, std::move(client), runtime, pool, clock, std::move(pod_cidrs_known))) {}
NodeAgent::~NodeAgent() = default;

void NodeAgent::look_again() { state_->look.set(); }
std::shared_ptr<const core::Node> NodeAgent::node() const { return state_->node; }

io::Task<void> NodeAgent::run() {
  State& state = *state_;
  state.scope.spawn(state.seen.run());
  client::HeartbeatOptions heartbeat;
  heartbeat.name = state.options.node_name;
  heartbeat.lease_duration = std::chrono::seconds(state.options.lease_seconds);
  heartbeat.renew_interval = std::chrono::seconds(state.options.lease_seconds) / 4;
  heartbeat.owners = [&state] { return state.lease_owner(); };
  state.scope.spawn(client::keep_heartbeat(state.client, state.clock, std::move(heartbeat)));
  io::Duration retry = kRetryFirst;
  for (;;) {
    state.look.reset();
    auto facts = co_await state.gather();
    auto done = state.registered.is_set() ? co_await state.tell(std::move(facts), false)
                                          : co_await state.register_node(std::move(facts));
    if (done) {
      retry = kRetryFirst;
      bool called = co_await state.look.wait_for(kLookEvery);
      static_cast<void>(called);
      continue;
    }
    LOG_WARNING("Node status cannot be told", {"node", state.options.node_name}, {"err", done.error().message()});
    co_await io::sleep(retry);
    retry = std::min<io::Duration>(retry * 2, kRetryMax);
  }
}

}  // namespace kubelet
