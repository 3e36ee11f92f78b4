#include "controller/disruption/disruption.h"

#include <algorithm>
#include <map>

#include "api/apps_v1.h"
#include "base/strings.h"
#include "client/events.h"
#include "client/queue.h"
#include "controller/common/int_or_percent.h"
#include "controller/common/ownership.h"

namespace controller {

using api::policy_v1::PodDisruptionBudget;
using api::policy_v1::PodDisruptionBudgetStatus;

namespace disruption {
namespace {

constexpr int64_t kGrantedSeconds = 120;

void set_condition(PodDisruptionBudgetStatus& status, int64_t generation, bool allowed, std::string_view reason,
                   std::string message, base::Time now) {
  auto place = std::find_if(status.conditions.begin(), status.conditions.end(),
                            [](const auto& one) { return one.type == "DisruptionAllowed"; });
  if (place == status.conditions.end())
    place = status.conditions.insert(status.conditions.end(), api::meta_v1::Condition());
  std::string value = allowed ? "True" : "False";
  if (place->status != value) place->last_transition_time = now;
  place->type = "DisruptionAllowed";
  place->status = std::move(value);
  place->reason = reason;
  place->message = std::move(message);
  place->observed_generation = generation;
}

}  // namespace

Expected expected(const PodDisruptionBudget& budget, int32_t matching, int32_t scale) {
  if (budget.spec.max_unavailable) {
    return {.pods = scale, .healthy = std::max(0, scale - scaled(*budget.spec.max_unavailable, scale, Rounding::Up))};
  }
  if (!budget.spec.min_available) return {.pods = matching, .healthy = 0};
  // A plain number needs no controllers.
  if (budget.spec.min_available->is_int()) return {.pods = matching, .healthy = budget.spec.min_available->number};
  return {.pods = scale, .healthy = scaled(*budget.spec.min_available, scale, Rounding::Up)};
}

PodDisruptionBudgetStatus status_of(const PodDisruptionBudget& budget, const std::vector<PodPointer>& pods,
                                    Expected expected, base::Time now) {
  PodDisruptionBudgetStatus status = budget.status;
  status.disrupted_pods.clear();
  int32_t healthy = 0;
  for (const PodPointer& pod : pods) {
    if (is_being_deleted(pod->metadata)) continue;
    auto granted = budget.status.disrupted_pods.find(pod->metadata.name);
    if (granted != budget.status.disrupted_pods.end() && now.seconds - granted->second.seconds < kGrantedSeconds) {
      status.disrupted_pods.insert(*granted);
    } else if (is_ready(*pod)) {
      healthy++;
    }
  }
  status.current_healthy = healthy;
  status.desired_healthy = expected.healthy;
  status.expected_pods = expected.pods;
  status.disruptions_allowed = expected.pods <= 0 ? 0 : std::max(0, healthy - expected.healthy);
  status.observed_generation = budget.metadata.generation;
  set_condition(status, budget.metadata.generation, status.disruptions_allowed > 0,
                status.disruptions_allowed > 0 ? "SufficientPods" : "InsufficientPods", "", now);
  return status;
}

}  // namespace disruption

namespace {

using api::apps_v1::Deployment;
using api::apps_v1::ReplicaSet;
using api::apps_v1::StatefulSet;
using api::core_v1::Pod;
using api::core_v1::ReplicationController;
using base::Code;
using base::Result;
using client::Key;

class DisruptionController final : public Controller {
 public:
  explicit DisruptionController(Context& context)
      : context_(context),
        budgets_(context.caches.of<PodDisruptionBudget>()),
        pods_(pods_of(context.caches)),
        replica_sets_(context.caches.owned<ReplicaSet>()),
        deployments_(context.caches.of<Deployment>()),
        stateful_sets_(context.caches.of<StatefulSet>()),
        replication_controllers_(context.caches.owned<ReplicationController>()),
        queue_(context.random),
        events_(context.client, context.clock, context.random, "controllermanager") {
    budgets_.add_listener([this](const Key& key, const PodDisruptionBudget*, const PodDisruptionBudget* now) {
      if (now != nullptr) queue_.add(key);
    });
    pods_.add_listener([this](const Key& key, const Pod* before, const Pod* now) {
      bool same = before != nullptr && now != nullptr && is_ready(*before) == is_ready(*now) &&
                  is_terminal(*before) == is_terminal(*now) &&
                  is_being_deleted(before->metadata) == is_being_deleted(now->metadata) &&
                  before->metadata.labels == now->metadata.labels;
      if (!same) add_budgets(key.namespace_, before, now);
    });
    // Sizes change what is expected.
    replica_sets_.add_listener(
        [this](const Key& key, const ReplicaSet* before, const ReplicaSet* now) { resized(key, before, now); });
    deployments_.add_listener(
        [this](const Key& key, const Deployment* before, const Deployment* now) { resized(key, before, now); });
    stateful_sets_.add_listener(
        [this](const Key& key, const StatefulSet* before, const StatefulSet* now) { resized(key, before, now); });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await context_.caches.wait_synced();
    co_await client::run_workers("disruption", queue_, 1, [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  template <class T>
  void resized(const Key& key, const T* before, const T* now) {
    if (before != nullptr && now != nullptr && before->spec.replicas != now->spec.replicas) {
      for (const Key& budget : budgets_.keys()) {
        if (budget.namespace_ == key.namespace_) queue_.add(budget);
      }
    }
  }

  static Selector selector_of(const PodDisruptionBudget& budget) {
    return budget.spec.selector ? selector_from(*budget.spec.selector) : Selector::nothing();
  }

  void add_budgets(const std::string& namespace_, const Pod* before, const Pod* now) {
    for (const auto& budget : budgets_.list(namespace_)) {
      Selector selector = selector_of(*budget);
      bool concerned = (before != nullptr && selector.matches(before->metadata.labels)) ||
                       (now != nullptr && selector.matches(now->metadata.labels));
      if (concerned) queue_.add({namespace_, budget->metadata.name});
    }
  }

  // The uid and the size of what in the end decides how many pods there should be; nothing for kinds without a size.
  std::optional<std::pair<std::string, int32_t>> scale_of(const Pod& pod) const {
    const auto* owner = controller_of(pod.metadata);
    if (owner == nullptr) return std::nullopt;
    const std::string& space = pod.metadata.namespace_;
    if (owner->kind == ReplicaSet::kType.name) {
      auto set = replica_sets_.get(space, owner->name);
      if (!set || set->metadata.uid != owner->uid) return std::nullopt;
      const auto* above = controller_of(set->metadata);
      if (above != nullptr && above->kind == Deployment::kType.name) {
        auto deployment = deployments_.get(space, above->name);
        if (deployment && deployment->metadata.uid == above->uid)
          return std::pair(above->uid, deployment->spec.replicas.value_or(1));
      }
      return std::pair(owner->uid, set->spec.replicas.value_or(1));
    }
    if (owner->kind == StatefulSet::kType.name) {
      auto set = stateful_sets_.get(space, owner->name);
      if (set && set->metadata.uid == owner->uid) return std::pair(owner->uid, set->spec.replicas.value_or(1));
    }
    if (owner->kind == ReplicationController::kType.name) {
      auto set = replication_controllers_.get(space, owner->name);
      if (set && set->metadata.uid == owner->uid) return std::pair(owner->uid, set->spec.replicas.value_or(1));
    }
    return std::nullopt;
  }

  io::Task<Result<void>> reconcile(Key key) {
    auto budget = budgets_.get(key);
    if (!budget) co_return {};
    Selector selector = selector_of(*budget);
    const auto& asked = budget->spec.selector;
    bool by_label = asked && !asked->match_labels.empty();
    auto pods = by_label ? pods_with(pods_, key.namespace_, asked->match_labels) : pods_.list(key.namespace_);
    std::erase_if(pods,
                  [&](const PodPointer& pod) { return is_terminal(*pod) || !selector.matches(pod->metadata.labels); });
    std::map<std::string, int32_t> scales;
    std::vector<std::string> unmanaged;
    for (const PodPointer& pod : pods) {
      if (auto scale = scale_of(*pod)) {
        scales[scale->first] = scale->second;
      } else {
        unmanaged.push_back(pod->metadata.name);
      }
    }
    int32_t scale = 0;
    for (const auto& [uid, size] : scales) scale += size;
    bool needs_scale =
        budget->spec.max_unavailable || (budget->spec.min_available && !budget->spec.min_available->is_int());
    if (needs_scale && !unmanaged.empty()) {
      events_.record(
          client::EventRecorder::reference(*budget), client::EventType::Warning, "UnmanagedPods",
          base::cat(
              {"Pods selected by this PodDisruptionBudget (selector: ", selector.to_string(),
               ") were found to be unmanaged. ",
               "As a result, the status of the PDB cannot be calculated correctly, which may result in undefined "
               "behavior. ",
               "To account for these pods please set \".spec.minAvailable\" field of the PDB to an integer value."}));
    }
    if (pods.empty()) {
      events_.record(client::EventRecorder::reference(*budget), client::EventType::Normal, "NoPods",
                     "No matching pods found");
    }
    base::Time now = context_.now();
    auto expected = disruption::expected(*budget, static_cast<int32_t>(pods.size()), scale);
    auto status = disruption::status_of(*budget, pods, expected, now);
    for (const auto& [pod, granted] : status.disrupted_pods) {
      queue_.add_after(key, std::chrono::seconds(std::max<int64_t>(1, granted.seconds + 121 - now.seconds)));
    }
    if (status == budget->status) co_return {};
    PodDisruptionBudget changed = *budget;
    changed.status = std::move(status);
    auto updated = co_await context_.client.update_status(std::move(changed));
    if (!updated && updated.error().code() != Code::NotFound) co_return base::fail(updated.error());
    co_return {};
  }

  Context& context_;
  client::Cache<PodDisruptionBudget>& budgets_;
  client::Cache<Pod>& pods_;
  client::Cache<ReplicaSet>& replica_sets_;
  client::Cache<Deployment>& deployments_;
  client::Cache<StatefulSet>& stateful_sets_;
  client::Cache<ReplicationController>& replication_controllers_;
  client::Queue queue_;
  client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_disruption_controller(Context& context) {
  return std::make_unique<DisruptionController>(context);
}

}  // namespace controller
