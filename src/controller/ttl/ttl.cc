#include "controller/ttl/ttl.h"

#include <iterator>
#include <string>

#include "api/core_v1.h"
#include "base/strings.h"
#include "client/queue.h"

namespace controller {
namespace {

using api::core_v1::Node;
using base::Code;
using base::Result;
using client::Key;

constexpr std::string_view kAnnotation = "node.alpha.kubernetes.io/ttl";

struct Step {
  size_t nodes_min, nodes_max;
  int seconds;
};
constexpr Step kSteps[] = {{0, 100, 0},     {90, 500, 15},      {450, 1000, 30},
                           {900, 2000, 60}, {1800, 10000, 300}, {9000, SIZE_MAX, 600}};

class TtlController final : public Controller {
 public:
  explicit TtlController(Context& context)
      : context_(context), nodes_(context.caches.of<Node>()), queue_(context.random) {
    nodes_.add_listener([this](const Key& key, const Node* before, const Node* now) {
      if (now != nullptr) queue_.add(key);
      if (nodes_.synced() && (before == nullptr || now == nullptr)) count();
    });
  }

  io::Task<void> run() override {
    co_await nodes_.wait_synced();
    count();
    co_await client::run_workers("ttl", queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  void count() {
    auto keys = nodes_.keys();
    int seconds = ttl_seconds(keys.size(), seconds_);
    if (seconds == seconds_) return;
    seconds_ = seconds;
    for (const Key& key : keys) queue_.add(key);
  }

  io::Task<Result<void>> reconcile(Key key) {
    auto node = nodes_.get(key);
    if (!node) co_return {};
    std::string wanted = std::to_string(seconds_);
    auto told = node->metadata.annotations.find(kAnnotation);
    if (told != node->metadata.annotations.end() && told->second == wanted) co_return {};
    std::string patch = base::cat({R"({"metadata":{"annotations":{")", kAnnotation, R"(":")", wanted, R"("}}})"});
    auto patched = co_await context_.client.patch<Node>("", key.name, client::PatchType::Merge, std::move(patch));
    if (!patched && patched.error().code() != Code::NotFound) co_return base::fail(patched.error());
    co_return {};
  }

  Context& context_;
  client::Cache<Node>& nodes_;
  client::Queue queue_;
  int seconds_ = -1;
};

}  // namespace

int ttl_seconds(size_t nodes, int before) {
  int lowest = -1;
  for (const Step& step : kSteps) {
    if (nodes < step.nodes_min || nodes > step.nodes_max) continue;
    if (step.seconds == before) return before;
    if (lowest < 0) lowest = step.seconds;
  }
  return lowest;
}

std::unique_ptr<Controller> make_ttl_controller(Context& context) {
  return std::make_unique<TtlController>(context);
}

}  // namespace controller
