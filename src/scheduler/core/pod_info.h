// A pod as the scheduler sees it: what placing it depends on, worked out once.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "client/key.h"
#include "scheduler/core/affinity.h"
#include "scheduler/core/resources.h"

namespace scheduler {

struct HostPort {
  std::string protocol;  // "TCP"
  std::string address;   // "0.0.0.0": all
  int port = 0;
  auto operator<=>(const HostPort&) const = default;
};

struct PodInfo {
  client::Key key;
  std::string uid;
  std::string node;  // where it is, or is assumed to be; "" while it waits
  int32_t priority = 0;
  Resources requests;
  Resources nonzero_requests;
  std::vector<HostPort> ports;
  std::map<std::string, std::string, std::less<>> labels;
  std::shared_ptr<const Affinity> affinity;  // null: it says nothing about other pods
  uint64_t owner = 0;                        // a hash of its controller's uid; 0: none
  int64_t started = INT64_MAX;               // seconds since 1970; INT64_MAX: not yet
  std::vector<std::string> claims;           // behind its volumes, in its namespace
  bool terminating = false;

  // Of a pod that waits for a place: all the plugins may look at. Absent for pods that have one, so that the cache
  // stays small.
  std::shared_ptr<const api::core_v1::Pod> pod;
};
using PodInfoRef = std::shared_ptr<const PodInfo>;

// `keep_pod`: with a copy of the whole pod in it.
PodInfoRef make_pod_info(const api::core_v1::Pod& pod, bool keep_pod);

bool has_ended(const api::core_v1::Pod& pod);  // Succeeded or Failed: it holds nothing any more

}  // namespace scheduler
