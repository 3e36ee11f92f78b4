#include "scheduler/plugin/dynamic_resources/allocator.h"

#include <algorithm>

#include "base/strings.h"
#include "device/names.h"
#include "scheduler/plugin/dynamic_resources/capacity.h"
#include "scheduler/plugin/dynamic_resources/result.h"

namespace scheduler::dynamic_resources {
namespace {

// How many devices are tried before it is given up: a puzzle that cannot be solved must not stop all other work.
constexpr int kTriesMax = 200'000;

template <class Request>
Wish wish_of(std::string name, const Request& request, const ClassOf& class_of) {
  return {.name = std::move(name),
          .device_class = class_of(request.device_class_name),
          .selectors = &request.selectors,
          .tolerations = &request.tolerations,
          .capacity = request.capacity.get(),
          .count = request.allocation_mode == "All" ? 0 : std::max<int64_t>(request.count, 1)};
}

std::string reference(const resource::ResourceClaim& claim) {
  return base::cat({claim.metadata.namespace_, "/", claim.metadata.name});
}

class Search {
 public:
  Search(const std::vector<Wanted>& claims, const Ground& ground) : claims_(claims), ground_(ground) {
    chosen_.resize(claims.size());
  }

  base::Result<std::optional<Allocations>> run() {
    TRY(bool found, place_request(0, 0));
    if (!found) return std::nullopt;
    Allocations out;
    for (size_t i = 0; i < claims_.size(); ++i) {
      out.results.push_back(make_result(*claims_[i].claim, chosen_[i], ground_.node));
      out.preference += preference_of(claims_[i], chosen_[i]);
    }
    return out;
  }

 private:
  base::Result<bool> place_request(size_t claim, size_t request) {
    if (claim == claims_.size()) return true;
    if (request == claims_[claim].requests.size()) return place_request(claim + 1, 0);
    for (const auto& wish : claims_[claim].requests[request]) {
      Position at{.claim = claim, .request = request, .wish = &wish, .left = wish.count, .all = {}};
      if (wish.count == 0) {
        TRY(at.all, all_devices(claim, wish));
        if (at.all.empty()) continue;
        at.left = static_cast<int64_t>(at.all.size());
      }
      if (chosen_[claim].size() + static_cast<size_t>(at.left) > kResultsMax) {
        if (claims_[claim].requests[request].size() > 1) continue;
        return base::fail(
            base::Code::Invalid,
            base::cat({"claim ", reference(*claims_[claim].claim), ", request ", wish.name,
                       ": asks for more devices than a claim may have, which is ", std::to_string(kResultsMax)}));
      }
      TRY(bool placed, place_devices(at));
      if (placed) return true;
    }
    return false;
  }

  struct Position {
    size_t claim;
    size_t request;
    const Wish* wish;
    int64_t left;                                                  // devices that it still lacks
    std::vector<std::pair<const Pool*, const PooledDevice*>> all;  // of a request for all, in order
    size_t pool = 0;                                               // where to go on looking
    size_t device = 0;
  };

  // Devices of one request stand in order, so that no choice is looked at twice.
  base::Result<bool> place_devices(const Position& at) {
    if (at.left == 0) return place_request(at.claim, at.request + 1);
    if (!at.all.empty()) {
      auto& [pool, device] = at.all[at.all.size() - static_cast<size_t>(at.left)];
      Position next = at;
      --next.left;
      return with_device(at, *pool, *device, next);
    }
    for (size_t p = at.pool; p < ground_.pools.size(); ++p) {
      const Pool& pool = ground_.pools[p];
      if (pool.invalid) continue;
      for (size_t d = p == at.pool ? at.device : 0; d < pool.devices.size(); ++d) {
        const PooledDevice& device = pool.devices[d];
        TRY(bool eligible, is_eligible(at.claim, *at.wish, device));
        if (!eligible) continue;
        Position next = at;
        --next.left;
        next.pool = p;
        next.device = device.device->allow_multiple_allocations.value_or(false) ? d : d + 1;
        TRY(bool placed, with_device(at, pool, device, next));
        if (placed) return true;
      }
    }
    return false;
  }

  // Takes the device, goes on from `next`, and puts it back if that leads nowhere.
  base::Result<bool> with_device(const Position& at, const Pool& pool, const PooledDevice& device,
                                 const Position& next) {
    if (++tries_ > kTriesMax) return base::fail(base::Code::Timeout, "timed out trying to allocate devices");
    Chosen one{.wish = at.wish, .pool = &pool, .device = &device};
    if (!is_free(one)) return false;
    auto& chosen = chosen_[at.claim];
    if (!keeps_constraints(claims_[at.claim].claim->spec.devices, chosen, one)) return false;
    chosen.push_back(std::move(one));
    TRY(bool placed, place_devices(next));
    if (!placed) chosen.pop_back();
    return placed;
  }

  base::Result<std::vector<std::pair<const Pool*, const PooledDevice*>>> all_devices(size_t claim, const Wish& wish) {
    std::vector<std::pair<const Pool*, const PooledDevice*>> out;
    for (const auto& pool : ground_.pools) {
      if (pool.incomplete || pool.invalid)
        return base::fail(base::Code::Unavailable,
                          base::cat({"claim ", reference(*claims_[claim].claim), ", request ", wish.name,
                                     ": asks for all devices, but resource pool ", pool.id, " is currently ",
                                     pool.incomplete ? "being updated" : "invalid"}));
      for (const auto& device : pool.devices) {
        TRY(bool eligible, is_eligible(claim, wish, device));
        if (eligible) out.emplace_back(&pool, &device);
      }
    }
    return out;
  }

  // Whether the device is what the wish is about, whoever has it.
  base::Result<bool> is_eligible(size_t claim, const Wish& wish, const PooledDevice& device) {
    auto known = eligible_.find({&wish, device.device});
    if (known != eligible_.end()) return known->second;
    TRY(bool yes, is_selected(claim, wish, device));
    eligible_[{&wish, device.device}] = yes;
    return yes;
  }

  base::Result<bool> is_selected(size_t claim, const Wish& wish, const PooledDevice& device) {
    bool tolerable = std::ranges::all_of(device.device->taints, [&](auto& taint) {
      return taint.effect == "None" || device::tolerates(*wish.tolerations, taint);
    });
    if (!tolerable || !consumption(wish.capacity, *device.device)) return false;
    cel::Value value = device::selector_value(*device.device, device.slice->spec.driver);
    TRY(bool by_class, all_choose(wish.device_class->spec.selectors, value,
                                  [&] { return base::cat({"class ", wish.device_class->metadata.name}); }));
    if (!by_class) return false;
    return all_choose(*wish.selectors, value,
                      [&] { return base::cat({"claim ", reference(*claims_[claim].claim), ", request ", wish.name}); });
  }

  template <class Whose>
  base::Result<bool> all_choose(const std::vector<resource::DeviceSelector>& selectors, const cel::Value& device,
                                const Whose& whose) {
    for (size_t i = 0; i < selectors.size(); ++i) {
      if (!selectors[i].cel) continue;
      auto chooses = ground_.selectors.chooses(selectors[i].cel->expression, device);
      if (!chooses)
        return base::fail(chooses.error().code(),
                          base::cat({whose(), ": selector #", std::to_string(i), ": ", chooses.error().message()}));
      if (!*chooses) return false;
    }
    return true;
  }

  bool is_free(Chosen& one) const {
    if (one.wish->admin_access) return true;  // whoever else has it
    const auto& id = one.device->id;
    if (one.device->device->allow_multiple_allocations.value_or(false)) {
      one.consumed = *consumption(one.wish->capacity, *one.device->device);
      Amounts taken;
      if (auto found = ground_.taken.shares.find(id); found != ground_.taken.shares.end()) taken = found->second;
      for_each_chosen([&](const Chosen& other) {
        if (other.device->device != one.device->device) return;
        for (const auto& [name, amount] : other.consumed) taken[name] += amount;
      });
      if (!is_left(one.consumed, taken, *one.device->device)) return false;
    } else {
      if (ground_.taken.devices.contains(id)) return false;
      bool ours = false;
      for_each_chosen([&](const Chosen& other) {
        ours = ours || (other.device->device == one.device->device && !other.wish->admin_access);
      });
      if (ours) return false;
    }
    return counters_suffice(one);
  }

  // What the device consumes of its pool's counters, beside those that are taken. A device in shares consumes once.
  bool counters_suffice(const Chosen& one) const {
    const auto& wanted = one.device->device->consumes_counters;
    if (wanted.empty()) return true;
    if (one.pool->incomplete) return false;
    std::set<std::string> consuming = {one.device->id};
    for (const auto& [id, device] : one.pool->counting)
      if (ground_.taken.devices.contains(id)) consuming.insert(id);
    for_each_chosen([&](const Chosen& other) {
      if (other.pool == one.pool && !other.wish->admin_access && !other.device->device->consumes_counters.empty())
        consuming.insert(other.device->id);
    });
    for (const auto& part : wanted) {
      auto set = one.pool->counters.find(part.counter_set);
      if (set == one.pool->counters.end()) return false;
      for (const auto& [name, counter] : part.counters) {
        auto limit = set->second->counters.find(name);
        if (limit == set->second->counters.end()) return false;
        base::Quantity sum;
        for (const auto& id : consuming) sum += consumed_by(*one.pool->counting.at(id), part.counter_set, name);
        if (sum > limit->second.value) return false;
      }
    }
    return true;
  }

  static base::Quantity consumed_by(const resource::Device& device, const std::string& set, const std::string& name) {
    base::Quantity sum;
    for (const auto& part : device.consumes_counters) {
      if (part.counter_set != set) continue;
      if (auto found = part.counters.find(name); found != part.counters.end()) sum += found->second.value;
    }
    return sum;
  }

  template <class Visit>
  void for_each_chosen(const Visit& visit) const {
    for (const auto& of_claim : chosen_)
      for (const auto& one : of_claim) visit(one);
  }

  const std::vector<Wanted>& claims_;
  const Ground& ground_;
  std::vector<std::vector<Chosen>> chosen_;  // by claim
  std::map<std::pair<const Wish*, const resource::Device*>, bool> eligible_;
  int tries_ = 0;
};

}  // namespace

Wanted wanted_by(const resource::ResourceClaim& claim, const ClassOf& class_of) {
  Wanted out{.claim = &claim, .requests = {}};
  for (const auto& request : claim.spec.devices.requests) {
    auto& wishes = out.requests.emplace_back();
    if (request.exactly) {
      wishes.push_back(wish_of(request.name, *request.exactly, class_of));
      wishes.back().admin_access = request.exactly->admin_access.value_or(false);
    }
    for (const auto& one : request.first_available)
      wishes.push_back(wish_of(base::cat({request.name, "/", one.name}), one, class_of));
  }
  return out;
}

base::Result<std::optional<Allocations>> allocate(const std::vector<Wanted>& claims, const Ground& ground) {
  return Search(claims, ground).run();
}

}  // namespace scheduler::dynamic_resources
