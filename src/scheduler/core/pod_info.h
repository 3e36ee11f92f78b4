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
  std::string nominated;  // status.nominatedNodeName
  // Of a pod that waits for a place, or has affinity: another when its spec is, or which claims were made for it.
  uint64_t wish_hash = 0;

  // While it is being placed: all the plugins may look at. Absent otherwise, for there are thousands that have a place
  // or wait for one.
  std::shared_ptr<const api::core_v1::Pod> pod;
};
using PodInfoRef = std::shared_ptr<const PodInfo>;

PodInfoRef make_pod_info(const api::core_v1::Pod& pod);
// The same with the whole pod in it.
PodInfoRef with_pod(const PodInfo& info, std::shared_ptr<const api::core_v1::Pod> pod);
// Whether both take the same of their node and mean the same to others, but for when they started.
bool count_alike(const PodInfo& a, const PodInfo& b);

bool has_ended(const api::core_v1::Pod& pod);  // Succeeded or Failed: it holds nothing any more

}  // namespace scheduler
