#include "kubelet/node/node_agent.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "client/lease.h"

namespace kubelet {
namespace {

constexpr auto kLookEvery = std::chrono::seconds(10);
// While the node is not Ready somebody waits for it.
constexpr auto kLookWhileUnready = std::chrono::milliseconds(200);
constexpr int kQuickLooks = 100;

bool is_ready(const core::Node& node) {
  return std::ranges::any_of(node.status.conditions,
                             [](auto& one) { return one.type == "Ready" && one.status == "True"; });
}

}  // namespace

NodeAgent::NodeAgent(client::Client client, Runtime& runtime, const KubeletOptions& options, const Machine& machine,
                     ResourceList allocatable, std::vector<std::string> addresses)
    : client_(client),
      runtime_(runtime),
      options_(options),
      machine_(machine),
      allocatable_(std::move(allocatable)),
      addresses_(std::move(addresses)),
      cache_(client, {.field_selector = "metadata.name=" + options.node_name}) {
  cache_.add_listener([this](const client::Key&, const core::Node*, const core::Node* now) {
    if (now != nullptr && has_new_resources(*now, devices_())) {
      has_news_ = true;
      wake_.set();
    }
    if (now != nullptr && changed_) changed_(*now);
  });
}
NodeAgent::~NodeAgent() = default;

std::shared_ptr<const core::Node> NodeAgent::node() const {
  return cache_.get("", options_.node_name);
}

io::Task<NodeFacts> NodeAgent::gather(bool with_images) {
  NodeFacts facts{.options = options_,
                  .machine = machine_,
                  .allocatable = allocatable_,
                  .addresses = addresses_,
                  .runtime = {},
                  .runtime_error = {},
                  .images = {}};
  auto runtime = co_await runtime_.info();
  if (runtime) {
    facts.runtime = std::move(*runtime);
    told_of_runtime_(*facts.runtime);
    if (with_images)
      if (auto images = co_await runtime_.list_images()) images_ = std::move(*images);
  } else {
    facts.runtime_error = runtime.error().message();
  }
  facts.images = images_;
  facts.pressures = pressures_();
  facts.shutting_down = shutting_down_();
  facts.devices = devices_();
  facts.now_ns = io::Loop::current().clock().wall_ns();
  co_return facts;
}

io::Task<base::Result<void>> NodeAgent::write(const NodeFacts& facts) {
  auto current = co_await client_.get<core::Node>("", options_.node_name);
  if (!current && current.error().code() == base::Code::NotFound && options_.register_node && !registered_) {
    core::Node fresh = make_node(facts);
    auto created = co_await client_.create<core::Node>(fresh);
    if (!created && created.error().code() != base::Code::AlreadyExists) co_return base::fail(created.error());
    if (created) LOG_INFO("Registered this node", {"node", options_.node_name});
    current = co_await client_.get<core::Node>("", options_.node_name);
  }
  if (!current) co_return base::fail(current.error());
  core::Node wanted = update_node(*current, facts);
  if (!registered_ && wanted.metadata.labels != current->metadata.labels) {
    core::Node labelled = *current;
    labelled.metadata.labels = wanted.metadata.labels;
    CO_TRY(auto stored, co_await client_.update<core::Node>(std::move(labelled)));
    wanted.metadata.resource_version = stored.metadata.resource_version;
  }
  const auto& boot_before = current->status.node_info.boot_id;
  bool rebooted = !registered_ && !boot_before.empty() && boot_before != machine_.info.boot_id;
  registered_ = true;
  int64_t now = io::Loop::current().clock().monotonic_ns();
  bool due = written_ns_ == 0 || now - written_ns_ >= options_.status_update_seconds * 1'000'000'000;
  if (!due && same_node(*current, wanted)) co_return {};
  bool ready = is_ready(wanted);
  CO_TRY(co_await client_.update_status<core::Node>(wanted));
  written_ns_ = now;
  if (rebooted) rebooted_();
  for (const auto& event : condition_changes(told_ ? &*told_ : nullptr, wanted)) condition_changed_(event);
  told_ = std::move(wanted);
  if (ready != ready_) LOG_INFO(ready ? "This node is Ready" : "This node is not Ready", {"node", options_.node_name});
  ready_ = ready;
  co_return {};
}

io::Task<void> NodeAgent::keep_status() {
  std::optional<RuntimeInfo> before;
  std::set<std::string> pressures;
  bool shutting_down = false;
  DeviceAmounts devices;
  for (int looks = 0;; ++looks) {
    int64_t now = io::Loop::current().clock().monotonic_ns();
    bool due = written_ns_ == 0 || now - written_ns_ >= options_.status_update_seconds * 1'000'000'000;
    auto facts = co_await gather(due);
    auto same = [](const RuntimeInfo& a, const RuntimeInfo& b) {
      return a.version == b.version && a.runtime_ready == b.runtime_ready && a.network_ready == b.network_ready;
    };
    // The API is only asked when there is something to say.
    bool changed = before.has_value() != facts.runtime.has_value() || (before && !same(*before, *facts.runtime)) ||
                   pressures != facts.pressures || shutting_down != facts.shutting_down || devices != facts.devices;
    bool failed = false;
    if (due || changed || !registered_ || std::exchange(has_news_, false)) {
      auto written = co_await write(facts);
      failed = !written;
      if (failed && written.error().code() != base::Code::Conflict)
        LOG_WARNING("Cannot write this node's status", {"error", written.error().message()});
      if (!failed) {
        before = facts.runtime;
        pressures = facts.pressures;
        shutting_down = facts.shutting_down;
        devices = facts.devices;
      }
    }
    bool quick = (failed || !ready_) && looks < kQuickLooks;
    wake_.reset();
    co_await wake_.wait_for(quick    ? io::Duration(kLookWhileUnready)
                            : failed ? io::Duration(std::chrono::seconds(2))
                                     : io::Duration(kLookEvery));
  }
}

io::Task<void> NodeAgent::run() {
  scope_.spawn(cache_.run());
  scope_.spawn(client::keep_heartbeat(client_, io::Loop::current().clock(),
                                      {.name = options_.node_name,
                                       .lease_duration = std::chrono::seconds(options_.lease_seconds),
                                       .renew_interval = std::chrono::seconds(options_.lease_seconds) / 4,
                                       .owners = [this]() -> std::vector<api::meta_v1::OwnerReference> {
                                         auto node = this->node();
                                         if (node == nullptr) return {};
                                         api::meta_v1::OwnerReference owner;
                                         owner.api_version = "v1";
                                         owner.kind = "Node";
                                         owner.name = node->metadata.name;
                                         owner.uid = node->metadata.uid;
                                         return {owner};
                                       }}));
  co_await keep_status();
}

}  // namespace kubelet
