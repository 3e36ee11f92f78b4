#include "scheduler/plugin/dynamic_resources/dynamic_resources.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/strings.h"
#include "device/names.h"
#include "scheduler/plugin/dynamic_resources/binder.h"
#include "scheduler/plugin/dynamic_resources/wishes.h"

namespace scheduler {
namespace {

using namespace dynamic_resources;  // NOLINT: the words of its search
namespace core = api::core_v1;

class DeviceJudge final : public Judge {
 public:
  DeviceJudge(const PodInfo& pod, Wishes wishes, const Devices& devices, device::Selectors& selectors)
      : pod_(pod), wishes_(std::move(wishes)), devices_(devices), selectors_(selectors) {
    if (!wishes_.waiting.empty() || !wishes_.extended.empty()) taken_ = taken_now(devices_);
  }
  std::optional<Refusal> filter_all() override { return wishes_.refusal; }
  std::optional<Refusal> filter(const NodeInfo& node) override {
    auto choice = choose(pod_, wishes_, node, devices_, taken_, selectors_);
    preferences_[node.name] = choice.allocations.preference;
    return std::move(choice.refusal);
  }
  int64_t score(const NodeInfo& node) override { return preferences_[node.name]; }
  void normalize(std::vector<int64_t>& scores) override { normalize_by_max(scores, false); }

 private:
  const PodInfo& pod_;
  const Wishes wishes_;
  const Devices& devices_;
  device::Selectors& selectors_;
  Taken taken_;
  std::unordered_map<std::string, int64_t> preferences_;  // of nodes that fit
};

// What a pod has been promised, and what of it stands in the API.
struct Reservation {
  std::vector<ClaimRef> claims;                                         // all the pod's, as they were
  std::vector<std::shared_ptr<const Devices::Allocation>> allocations;  // by claim; null: it has one
  std::optional<ExtendedClaim> extended;
  std::shared_ptr<const Devices::Allocation> extended_allocation;
  std::string extended_promise;  // under what it is promised while it has no uid

  std::vector<Devices::Claim> reserved;   // in the API, by us
  std::optional<Devices::Claim> created;  // for extended resources
};

class DynamicResources final : public Plugin {
 public:
  DynamicResources(client::Client client, Devices& devices, base::Clock& clock, base::Random& random,
                   io::Duration ready_within)
      : devices_(devices),
        clock_(clock),
        random_(random),
        ready_within_(ready_within),
        binder_(std::move(client), devices, clock, ready_within) {}
  std::string_view name() const override { return "DynamicResources"; }
  Happening wakers() const override {
    return Happening::NodeAdded | Happening::NodeLabelsChanged | Happening::NodeResourcesChanged |
           Happening::DevicesChanged | Happening::DeviceClaimChanged;
  }
  int64_t weight() const override { return 2; }

  std::unique_ptr<Judge> judge(const PodInfo& pod, const Cache&) const override {
    if (!needs_devices(pod)) return nullptr;
    auto wishes = wishes_of(pod, devices_, now(), ready_within_);
    if (wishes.empty()) return nullptr;
    return std::make_unique<DeviceJudge>(pod, std::move(wishes), devices_, selectors_);
  }

  bool reserves(const PodInfo& pod) const override { return needs_devices(pod); }

  void reserve(const PodInfo& pod, const NodeInfo& node) override {
    auto wishes = wishes_of(pod, devices_, now(), ready_within_);
    auto choice = choose(pod, wishes, node, devices_, taken_now(devices_), selectors_);
    if (choice.refusal) return;  // it was asked a moment ago, and it fitted
    Reservation made;
    for (auto& claim : wishes.allocated) {
      made.claims.push_back(claim);
      made.allocations.emplace_back();
    }
    for (size_t i = 0; i < choice.claims.size(); ++i) {
      made.claims.push_back(choice.claims[i]);
      made.allocations.push_back(promise(choice.claims[i]->metadata.uid, choice.allocations.results[i]));
    }
    if (choice.extended) {
      made.extended_promise = "pod/" + pod.uid;
      made.extended_allocation = promise(made.extended_promise, choice.allocations.results.back());
      made.extended = std::move(choice.extended);
    }
    reservations_[pod.key] = std::move(made);
  }

  io::Task<base::Result<void>> pre_bind(PodInfoRef pod, std::string) override {
    auto found = reservations_.find(pod->key);
    if (found == reservations_.end()) co_return {};
    // Kept apart from the map, which changes while we wait.
    const Reservation plan = found->second;
    std::vector<client::Key> waited;
    for (size_t i = 0; i < plan.claims.size(); ++i) {
      const auto& claim = *plan.claims[i];
      waited.push_back({claim.metadata.namespace_, claim.metadata.name});
      if (device::is_reserved_for(claim, pod->uid)) continue;
      CO_TRY(auto bound, co_await binder_.bind(claim, plan.allocations[i], *pod->pod));
      reservations_[pod->key].reserved.push_back(std::move(bound));
    }
    if (plan.extended) {
      CO_TRY(auto created, co_await binder_.create(plan.extended->claim));
      devices_.promise(created.metadata.uid, *plan.extended_allocation);
      devices_.forget(plan.extended_promise);
      reservations_[pod->key].created = created;
      CO_TRY(auto bound, co_await binder_.bind(created, plan.extended_allocation, *pod->pod));
      waited.push_back({bound.metadata.namespace_, bound.metadata.name});
      CO_TRY(co_await binder_.tell(*pod->pod, std::move(bound), plan.extended->mappings));
    }
    bool prepared = std::ranges::any_of(plan.claims, [](auto& claim) {
      return claim->status.allocation && needs_preparation(*claim->status.allocation);
    });
    for (const auto& one : plan.allocations) prepared = prepared || (one != nullptr && needs_preparation(*one));
    prepared = prepared || (plan.extended_allocation != nullptr && needs_preparation(*plan.extended_allocation));
    if (prepared) CO_TRY(co_await binder_.wait_ready(std::move(waited)));
    co_return {};
  }

  void release(const PodInfo& pod, Outcome outcome) override {
    auto found = reservations_.find(pod.key);
    if (found == reservations_.end()) return;
    Reservation made = std::move(found->second);
    reservations_.erase(found);
    if (outcome == Outcome::Bound) return;  // promises end when the API shows what was written
    for (size_t i = 0; i < made.claims.size(); ++i)
      if (made.allocations[i] != nullptr) forget_unless_written(made, made.claims[i]->metadata.uid);
    if (!made.extended_promise.empty()) devices_.forget(made.extended_promise);
    for (const auto& claim : made.reserved)
      scope_.spawn(binder_.unreserve({claim.metadata.namespace_, claim.metadata.name}, claim.metadata.uid, pod.uid));
    if (!made.created) return;
    devices_.forget(made.created->metadata.uid);
    scope_.spawn(binder_.remove(*made.created));
  }

  // Of claims that keep the pod from other nodes and are used by nobody one gives its devices back.
  std::string unplaced(const PodInfo& pod, const Cache& cache) override {
    if (!needs_devices(pod) || pod.pod == nullptr) return "no new claims to deallocate";
    auto wishes = wishes_of(pod, devices_, now(), ready_within_);
    if (wishes.stale != nullptr) {
      scope_.spawn(binder_.remove(*wishes.stale));
      return "deletion of ResourceClaim completed";
    }
    if (wishes.allocated.empty() && wishes.waiting.empty()) return "no new claims to deallocate";
    for (const auto& claim : wishes.allocated) {
      const auto& users = claim->status.reserved_for;
      bool free = users.empty() || (users.size() == 1 && users.front().uid == pod.uid);
      bool keeps_out =
          claim == wishes.failed || std::ranges::any_of(cache.nodes(), [&](const NodeInfo* node) {
            Wishes only;
            only.allocated = {claim};
            return node->node != nullptr && choose(pod, only, *node, devices_, {}, selectors_).unavailable != nullptr;
          });
      if (!free || !keeps_out) continue;
      scope_.spawn(binder_.deallocate(*claim));
      return "deallocation of ResourceClaim completed";
    }
    return "still not schedulable";
  }

 private:
  base::Time now() const { return base::Time::from_ns(clock_.wall_ns()); }
  bool needs_devices(const PodInfo& pod) const {
    if (pod.pod != nullptr && !pod.pod->spec.resource_claims.empty()) return true;
    return !pod.requests.other.empty() && !backed_resources(pod, devices_).empty();
  }
  static bool needs_preparation(const Devices::Allocation& allocation) {
    return std::ranges::any_of(allocation.devices.results, [](auto& one) { return !one.binding_conditions.empty(); });
  }
  std::shared_ptr<const Devices::Allocation> promise(const std::string& uid, Devices::Allocation allocation) {
    for (auto& result : allocation.devices.results)
      if (result.share_id) result.share_id = random_.uuid();
    devices_.promise(uid, allocation);
    return std::make_shared<const Devices::Allocation>(std::move(allocation));
  }
  // What was written counts until the API shows it, and then as long as it shows it.
  void forget_unless_written(const Reservation& made, const std::string& uid) {
    bool written = std::ranges::any_of(made.reserved, [&](auto& claim) { return claim.metadata.uid == uid; });
    if (!written) devices_.forget(uid);
  }

  Devices& devices_;
  base::Clock& clock_;
  base::Random& random_;
  const io::Duration ready_within_;
  Binder binder_;
  mutable device::Selectors selectors_;
  std::unordered_map<client::Key, Reservation> reservations_;  // by pod
  io::Scope scope_;                                            // last: its tasks refer to all above
};

}  // namespace

std::unique_ptr<Plugin> make_dynamic_resources(client::Client client, Devices& devices, base::Clock& clock,
                                               base::Random& random, io::Duration ready_within) {
  return std::make_unique<DynamicResources>(std::move(client), devices, clock, random, ready_within);
}

}  // namespace scheduler
