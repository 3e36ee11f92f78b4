#include "scheduler/core/resources.h"

#include <algorithm>

namespace scheduler {
namespace {

namespace core = api::core_v1;

constexpr int64_t kSilentMilliCpu = 100;
constexpr int64_t kSilentMemory = 200LL << 20;

void set_amount(Resources& to, const std::string& name, const base::Quantity& amount) {
  if (name == "cpu") {
    to.milli_cpu = amount.milli_value();
  } else if (name == "memory") {
    to.memory = amount.value();
  } else if (name == "ephemeral-storage") {
    to.ephemeral_storage = amount.value();
  } else if (name != "pods") {
    to.other[name] = amount.value();
  }
}

Resources container_requests(const core::Container& container, bool nonzero) {
  Resources needs = to_resources(container.resources.requests);
  if (!nonzero) return needs;
  if (!container.resources.requests.contains("cpu")) needs.milli_cpu = kSilentMilliCpu;
  if (!container.resources.requests.contains("memory")) needs.memory = kSilentMemory;
  return needs;
}

Resources sum(const core::Pod& pod, bool nonzero) {
  Resources total;
  for (const auto& container : pod.spec.containers) total.add(container_requests(container, nonzero));
  Resources sidecars, initial;
  for (const auto& container : pod.spec.init_containers) {
    Resources needs = container_requests(container, nonzero);
    if (container.restart_policy && *container.restart_policy == "Always") {
      total.add(needs);
      sidecars.add(needs);
      needs = sidecars;
    } else {
      needs.add(sidecars);
    }
    initial.raise_to(needs);
  }
  total.raise_to(initial);
  if (pod.spec.resources) {
    for (const auto& [name, amount] : pod.spec.resources->requests) set_amount(total, name, amount);
  }
  total.add(to_resources(pod.spec.overhead));
  return total;
}

}  // namespace

void Resources::add(const Resources& more) {
  milli_cpu += more.milli_cpu;
  memory += more.memory;
  ephemeral_storage += more.ephemeral_storage;
  for (const auto& [name, amount] : more.other) other[name] += amount;
}

void Resources::subtract(const Resources& less) {
  milli_cpu -= less.milli_cpu;
  memory -= less.memory;
  ephemeral_storage -= less.ephemeral_storage;
  for (const auto& [name, amount] : less.other) {
    auto found = other.find(name);
    if (found != other.end() && (found->second -= amount) == 0) other.erase(found);
  }
}

void Resources::raise_to(const Resources& least) {
  milli_cpu = std::max(milli_cpu, least.milli_cpu);
  memory = std::max(memory, least.memory);
  ephemeral_storage = std::max(ephemeral_storage, least.ephemeral_storage);
  for (const auto& [name, amount] : least.other) {
    auto& mine = other[name];
    mine = std::max(mine, amount);
  }
}

Resources to_resources(const ResourceList& list) {
  Resources made;
  for (const auto& [name, amount] : list) set_amount(made, name, amount);
  return made;
}

Resources requests_of(const core::Pod& pod) {
  return sum(pod, false);
}
Resources nonzero_requests_of(const core::Pod& pod) {
  return sum(pod, true);
}

}  // namespace scheduler
