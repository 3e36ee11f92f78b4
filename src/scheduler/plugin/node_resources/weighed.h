// A resource that a score looks at.
#pragma once

#include <string>

#include "scheduler/core/resources.h"

namespace scheduler {

struct WeighedResource {
  std::string name;  // "cpu", "memory", "nvidia.com/gpu"
  int64_t weight = 1;

  // The amount of it: milli for cpu, bytes or counts for the rest.
  int64_t of(const Resources& resources) const {
    if (field != nullptr) return resources.*field;
    auto found = resources.other.find(name);
    return found == resources.other.end() ? 0 : found->second;
  }
  // Nodes without it are not judged by it unless the pod asks for it.
  bool is_extended() const { return field == nullptr; }

  int64_t Resources::* field = name == "cpu"                 ? &Resources::milli_cpu
                               : name == "memory"            ? &Resources::memory
                               : name == "ephemeral-storage" ? &Resources::ephemeral_storage
                                                             : nullptr;
};

inline const std::vector<WeighedResource> kCpuAndMemory = {{"cpu"}, {"memory"}};

}  // namespace scheduler
