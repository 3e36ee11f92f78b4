// Amounts of what nodes have and pods ask for, ready for comparing.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "api/core_v1.h"

namespace scheduler {

struct Resources {
  int64_t milli_cpu = 0;
  int64_t memory = 0;                                 // bytes
  int64_t ephemeral_storage = 0;                      // bytes
  std::map<std::string, int64_t, std::less<>> other;  // hugepages-*, extended resources

  void add(const Resources& more);
  void subtract(const Resources& less);
  // Each amount the larger of the two.
  void raise_to(const Resources& least);
  bool operator==(const Resources&) const = default;
};

using ResourceList = std::map<std::string, base::Quantity, std::less<>>;
Resources to_resources(const ResourceList& list);

// What a pod needs of its node: the sum of its containers, or what an init container needs if that is more, restartable
// init containers counted as running beside all that start after them, and the overhead of its runtime class. Requests
// at the pod's level win over the sum. Kubernetes documentation, "Resource sharing within containers".
Resources requests_of(const api::core_v1::Pod& pod);

// The same for scoring: a container that says nothing counts as 100m of cpu and 200 MiB, so that silent pods spread
// too.
Resources nonzero_requests_of(const api::core_v1::Pod& pod);

}  // namespace scheduler
