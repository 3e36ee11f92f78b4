#include "controller/namespace/namespace.h"

#include <algorithm>
#include <map>

#include "api/core_v1.h"
#include "base/log.h"
#include "base/strings.h"
#include "client/codec.h"
#include "client/queue.h"
#include "client/status.h"
#include "controller/common/kinds.h"
#include "controller/common/ownership.h"

namespace controller {
namespace {

using api::apiextensions_k8s_io_v1::CustomResourceDefinition;
using api::core_v1::Namespace;
using api::core_v1::NamespaceCondition;
using base::Code;
using base::Result;
using client::Key;

constexpr std::string_view kFinalizer = "kubernetes";
constexpr io::Duration kPauseMin = std::chrono::milliseconds(250);
constexpr io::Duration kPauseMax = std::chrono::seconds(8);

// What is left after a sweep.
struct Leftovers {
  std::map<std::string, size_t> resources;  // "pods." -> how many
  std::map<std::string, size_t> finalizers;
  std::string failure;  // of deleting or counting
  std::string discovery_failure;
  bool none() const { return resources.empty() && failure.empty() && discovery_failure.empty(); }
};

std::string join_counts(const std::map<std::string, size_t>& counts, std::string_view text) {
  std::string joined;
  for (const auto& [name, count] : counts) {
    joined += base::cat({joined.empty() ? "" : ", ", name, text, std::to_string(count), " resource instances"});
  }
  return joined;
}

// The five conditions that say how the deletion goes; True is trouble.
std::vector<NamespaceCondition> conditions_of(const std::vector<NamespaceCondition>& before, const Leftovers& left,
                                              base::Time now) {
  std::vector<NamespaceCondition> conditions = before;
  auto set = [&](std::string_view type, bool trouble, std::string_view reason, std::string message) {
    auto place = std::find_if(conditions.begin(), conditions.end(), [&](const auto& one) { return one.type == type; });
    if (place == conditions.end()) place = conditions.insert(conditions.end(), NamespaceCondition());
    std::string status = trouble ? "True" : "False";
    if (place->status != status) place->last_transition_time = now;
    place->type = type;
    place->status = std::move(status);
    place->reason = reason;
    place->message = std::move(message);
  };
  bool undiscovered = !left.discovery_failure.empty();
  set("NamespaceDeletionDiscoveryFailure", undiscovered, undiscovered ? "DiscoveryFailed" : "ResourcesDiscovered",
      undiscovered ? "Discovery failed for some groups, " + left.discovery_failure
                   : "All resources successfully discovered");
  set("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions",
      "All legacy kube types successfully parsed");
  bool failed = !left.failure.empty();
  set("NamespaceDeletionContentFailure", failed, failed ? "ContentDeletionFailed" : "ContentDeleted",
      failed ? "Failed to delete all resource types, 1 remaining: " + left.failure
             : "All content successfully deleted, may be waiting on finalization");
  bool remain = !left.resources.empty();
  set("NamespaceContentRemaining", remain, remain ? "SomeResourcesRemain" : "ContentRemoved",
      remain ? "Some resources are remaining: " + join_counts(left.resources, " has ")
             : "All content successfully removed");
  bool held = !left.finalizers.empty();
  set("NamespaceFinalizersRemaining", held, held ? "SomeFinalizersRemain" : "ContentHasNoFinalizers",
      held ? "Some content in the namespace has finalizers remaining: " + join_counts(left.finalizers, " in ")
           : "All content-preserving finalizers finished");
  return conditions;
}

class NamespaceController final : public Controller {
 public:
  explicit NamespaceController(Context& context)
      : context_(context), namespaces_(context.caches.of<Namespace>()), queue_(context.random) {
    namespaces_.add_listener([this](const Key& key, const Namespace*, const Namespace* now) {
      if (now == nullptr) pauses_.erase(key);
      if (now != nullptr && is_being_deleted(now->metadata)) queue_.add(key);
    });
  }

  io::Task<void> run() override {
    co_await namespaces_.wait_synced();
    co_await client::run_workers("namespace", queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    // Read anew: this deletes everything there is.
    auto read = co_await context_.client.get<Namespace>("", key.name);
    if (!read && read.error().code() == Code::NotFound) co_return {};
    CO_TRY(Namespace space, std::move(read));
    if (!is_being_deleted(space.metadata)) co_return {};
    auto& finalizers = space.spec.finalizers;
    if (std::find(finalizers.begin(), finalizers.end(), kFinalizer) == finalizers.end()) co_return {};

    Leftovers left = co_await sweep(key.name);
    auto conditions = conditions_of(space.status.conditions, left, context_.now());
    if (conditions != space.status.conditions || space.status.phase != "Terminating") {
      space.status.conditions = std::move(conditions);
      space.status.phase = "Terminating";
      CO_TRY(space, co_await context_.client.update_status(std::move(space)));
    }
    if (!left.none()) {
      // What remains is on its way (grace periods, finalizers): looked at again, ever more slowly.
      LOG_V(3, "Namespace content remains", {"namespace", key.name});
      io::Duration& pause = pauses_.try_emplace(key, kPauseMin / 2).first->second;
      pause = std::min(pause * 2, kPauseMax);
      queue_.add_after(key, pause);
      co_return {};
    }
    std::erase(space.spec.finalizers, kFinalizer);
    auto finalized = co_await context_.client.update(std::move(space), "finalize");
    if (!finalized && finalized.error().code() != Code::NotFound) co_return base::fail(finalized.error());
    co_return {};
  }

  io::Task<Leftovers> sweep(std::string name) {
    Leftovers left;
    std::vector<ResourceKind> kinds = built_in_kinds();
    auto definitions = co_await context_.client.list<CustomResourceDefinition>("");
    if (definitions) {
      for (const auto& definition : definitions->items) {
        for (ResourceKind& kind : kinds_of(definition)) kinds.push_back(std::move(kind));
      }
    } else if (definitions.error().code() != Code::NotFound) {
      left.discovery_failure = "1 failing: " + std::string(definitions.error().message());
    }
    auto extensions = co_await extension_kinds(context_.client);
    if (!extensions) {
      left.discovery_failure = "1 failing: " + std::string(extensions.error().message());
    } else {
      for (ResourceKind& kind : extensions->kinds) kinds.push_back(std::move(kind));
      const auto& failures = extensions->failures;
      if (!failures.empty()) {
        left.discovery_failure =
            std::to_string(failures.size()) + " failing: unable to retrieve the complete list of server APIs: ";
        for (size_t i = 0; i < failures.size(); ++i)
          left.discovery_failure += (i > 0 ? ", " : "") + failures[i].first + ": " + failures[i].second;
      }
    }
    // Pods go first and alone: what they live by (policies, accounts, secrets) is there as long as one of them is.
    std::stable_partition(kinds.begin(), kinds.end(), [](const auto& kind) { return kind.group_resource() == "pods"; });
    for (const ResourceKind& kind : kinds) {
      if (!kind.namespaced) continue;
      auto emptied = co_await empty(kind, name, &left);
      if (!emptied && left.failure.empty()) left.failure = emptied.error().message();
      if (kind.group_resource() == "pods" && !left.none()) break;
    }
    co_return left;
  }

  io::Task<Result<void>> empty(ResourceKind kind, std::string name, Leftovers* left) {
    std::string target = kind.target(name);
    auto before = co_await context_.client.transport().list(target + "?limit=1");
    if (!before && (before.error().code() == Code::NotFound || before.error().code() == Code::MethodNotAllowed))
      co_return {};
    if (!before) co_return base::fail(before.error());
    if (before->items.empty()) co_return {};
    client::Call call{
        .method = "DELETE",
        .target = target,
        .content_type = std::string(client::kJson),
        .body = base::Bytes::literal(R"({"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background"})")};
    CO_TRY(client::Reply reply, co_await context_.client.transport().call(std::move(call)));
    if (reply.status >= 300 && reply.status != 404) co_return base::fail(client::error_of(reply));
    CO_TRY(client::RawPage page, co_await context_.client.transport().list(target));
    for (const client::Raw& item : page.items) {
      left->resources[kind.plural + "." + kind.group]++;
      auto meta = client::decode_meta(item);
      if (!meta) continue;
      for (const std::string& finalizer : meta->finalizers) left->finalizers[finalizer]++;
    }
    co_return {};
  }

  Context& context_;
  client::Cache<Namespace>& namespaces_;
  client::Queue queue_;
  std::map<Key, io::Duration> pauses_;  // before the next look at what remains
};

}  // namespace

std::unique_ptr<Controller> make_namespace_controller(Context& context) {
  return std::make_unique<NamespaceController>(context);
}

}  // namespace controller
