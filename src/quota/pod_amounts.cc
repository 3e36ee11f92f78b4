#include "quota/pod_amounts.h"

namespace quota {
namespace {

namespace core = api::core_v1;

void add(Amounts& to, const Amounts& more) {
  for (const auto& [name, amount] : more) to[name] += amount;
}

void raise(Amounts& to, const Amounts& other) {
  for (const auto& [name, amount] : other) {
    auto [at, fresh] = to.emplace(name, amount);
    if (!fresh && at->second < amount) at->second = amount;
  }
}

template <class Pick>
Amounts total(const core::PodSpec& spec, Pick pick) {
  Amounts sum;
  for (const auto& container : spec.containers) add(sum, pick(container.resources));
  Amounts sidecars;
  Amounts starting;
  for (const auto& container : spec.init_containers) {
    Amounts now = sidecars;
    add(now, pick(container.resources));
    if (container.restart_policy && *container.restart_policy == "Always") {
      add(sum, pick(container.resources));
      sidecars = now;
    }
    raise(starting, now);
  }
  raise(sum, starting);
  if (spec.resources) {
    for (const auto& [name, amount] : pick(*spec.resources)) sum[name] = amount;
  }
  return sum;
}

}  // namespace

Amounts pod_requests(const core::PodSpec& spec) {
  Amounts sum = total(spec, [](const auto& resources) -> const Amounts& { return resources.requests; });
  add(sum, spec.overhead);
  return sum;
}

Amounts pod_limits(const core::PodSpec& spec) {
  Amounts sum = total(spec, [](const auto& resources) -> const Amounts& { return resources.limits; });
  for (const auto& [name, amount] : spec.overhead) {
    if (auto at = sum.find(name); at != sum.end()) at->second += amount;
  }
  return sum;
}

}  // namespace quota
