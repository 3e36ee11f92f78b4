#include "apiserver/resource_metrics/kubelets.h"

#include "api/core_v1.h"
#include "apiserver/proxy/kubelet_dialer.h"
#include "base/log.h"
#include "io/http_client.h"
#include "io/loop.h"

namespace apiserver::resource_metrics {
namespace {

constexpr int64_t kFreshNs = 5'000'000'000;          // what is not older is told again
constexpr int64_t kForgetNs = 90'000'000'000;        // what is older says nothing of now
constexpr int64_t kWindowNsMin = 900'000'000;        // two looks nearer than this are one
constexpr auto kTimeout = std::chrono::seconds(10);  // as metrics-server waits
constexpr size_t kAtOnceMax = 32;
constexpr size_t kAnswerBytesMax = size_t{16} << 20;

}  // namespace

struct Kubelets::Round {
  std::vector<api::core_v1::Node> nodes;
  size_t next = 0;
  size_t busy = 0;
  UsageByNode found = {};
  io::Event ended = {};
};

io::Task<UsageByNode> Kubelets::usage_of(std::vector<api::core_v1::Node> nodes) {
  if (nodes.empty() || dialer_ == nullptr) co_return UsageByNode();
  Round round{.nodes = std::move(nodes)};
  io::Scope scope;
  round.busy = std::min(round.nodes.size(), kAtOnceMax);
  for (size_t i = round.busy; i > 0; --i) scope.spawn(work(round));
  co_await round.ended.wait();
  co_return std::move(round.found);
}

io::Task<void> Kubelets::work(Round& round) {
  while (round.next < round.nodes.size()) {
    auto node = std::move(round.nodes[round.next++]);
    std::string name = node.metadata.name;
    if (auto usage = co_await usage_of_one(std::move(node))) round.found.emplace(std::move(name), std::move(usage));
  }
  if (--round.busy == 0) round.ended.set();
}

io::Task<NodeUsageRef> Kubelets::usage_of_one(api::core_v1::Node node) {
  const std::string name = node.metadata.name;
  Known now = known(name);
  bool fresh = now.usage != nullptr && clock_.monotonic_ns() - now.last.at_ns < kFreshNs;
  for (int looks = 0; !fresh && looks < 2; ++looks) {
    if (looks > 0) co_await io::sleep(pause_);
    auto text = co_await io::with_timeout(kTimeout, ask(node));
    if (!text || !*text) {
      LOG_WARNING("A kubelet does not tell what its node uses", {"node", name},
                  {"err", text ? text->error().message() : "no answer in time"});
      co_return nullptr;
    }
    now = add(name, std::make_shared<const NodeSamples>(read_samples(**text, clock_.wall_ns())));
    fresh = now.usage != nullptr;
  }
  co_return now.usage;
}

io::Task<base::Result<std::string>> Kubelets::ask(api::core_v1::Node node) const {
  CO_TRY(auto address, dialer_->address_of(node));
  CO_TRY(auto client, dialer_->client(address));
  CO_TRY(auto answer, co_await client->request("GET", "/metrics/resource"));
  CO_TRY(auto text, co_await io::read_all(*answer, kAnswerBytesMax));
  if (answer->head().status != 200) co_return base::fail(base::Code::Unavailable, std::move(text));
  co_return text;
}

Kubelets::Known Kubelets::known(const std::string& node) {
  int64_t now_ns = clock_.monotonic_ns();
  base::Lock lock(mutex_);
  std::erase_if(known_, [&](const auto& one) { return now_ns - one.second.last.at_ns > kForgetNs; });
  auto found = known_.find(node);
  return found == known_.end() ? Known() : found->second;
}

Kubelets::Known Kubelets::add(const std::string& node, SamplesRef samples) {
  int64_t now_ns = clock_.monotonic_ns();
  base::Lock lock(mutex_);
  Known& known = known_[node];
  if (known.last.samples != nullptr) {
    // Somebody else has just looked.
    if (now_ns - known.last.at_ns < kWindowNsMin) return known;
    known.usage = std::make_shared<const NodeUsage>(usage_between(*known.last.samples, *samples));
  }
  known.last = {std::move(samples), now_ns};
  return known;
}

}  // namespace apiserver::resource_metrics
