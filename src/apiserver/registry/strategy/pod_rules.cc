#include "apiserver/registry/strategy/pod_rules.h"

#include <map>

namespace apiserver {
namespace {

namespace core = api::core_v1;

using Amounts = std::map<std::string, base::Quantity, std::less<>>;

// Adds what counts for the class: processor time and memory, where they are more than nothing.
template <class Resources>
void add(Amounts& sums, const Resources& amounts) {
  for (const auto& [name, amount] : amounts) {
    if ((name == "cpu" || name == "memory") && amount.sign() > 0) sums[name] += amount;
  }
}

}  // namespace

std::string qos_class(const core::PodSpec& spec) {
  Amounts requests;
  Amounts limits;
  bool guaranteed = true;
  auto look = [&](const auto& resources) {
    add(requests, resources.requests);
    add(limits, resources.limits);
    for (const char* name : {"cpu", "memory"}) {
      auto limit = resources.limits.find(name);
      if (limit == resources.limits.end() || limit->second.is_zero()) guaranteed = false;
    }
  };
  if (spec.resources && (!spec.resources->requests.empty() || !spec.resources->limits.empty())) {
    look(*spec.resources);
  } else {
    for (const auto& container : spec.containers) look(container.resources);
    for (const auto& container : spec.init_containers) look(container.resources);
  }
  if (requests.empty() && limits.empty()) return "BestEffort";
  if (guaranteed && requests == limits) return "Guaranteed";
  return "Burstable";
}

}  // namespace apiserver
