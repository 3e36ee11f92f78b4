// What is to be done next for a pod that is to run. Pure: all the logic of a pod's life is here, and in pods/status.h.
//
// Rules: the Kubernetes documentation, "Pod Lifecycle", "Init Containers", "Sidecar Containers":
//  - one sandbox; when it is gone or has no address everything is stopped and begins anew, unless nothing would run
//  again;
//  - init containers one after the other, each to success; a sidecar (restartPolicy Always) only until it has started;
//  - then the containers, all of them; a container that ended runs again as its policy says, after its back-off;
//  - a container that failed its liveness or startup probe, or whose image changed, is stopped and runs again;
//  - a container whose end asks for all to run anew (RestartAllContainers) has them all stopped at once and removed;
//  then the pod begins again in the same sandbox. The condition AllContainersRestarting holds meanwhile, and reminds a
//  restarted kubelet;
//  - when no container is left that runs or will run, the pod has finished: sidecars and sandbox are stopped.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kubelet/pods/back_off.h"
#include "kubelet/pods/pod.h"
#include "kubelet/runtime/records.h"

namespace kubelet {

enum class Outcome : uint8_t { Unknown, Success, Failure };

// What the probes of one container (by its id) have found so far.
struct ProbeResults {
  Outcome startup = Outcome::Unknown;
  Outcome readiness = Outcome::Unknown;
  Outcome liveness = Outcome::Unknown;
};
using ProbeResultsById = std::map<std::string, ProbeResults>;

struct WaitingReason {
  std::string reason;  // "CrashLoopBackOff"
  std::string message;
  bool operator==(const WaitingReason&) const = default;
};

struct PlanInput {
  const core::Pod& pod;
  const PodRecord& record;
  const ProbeResultsById& probes;
  const BackOff& back_off;                // keys: back_off_key()
  const std::set<std::string>& stopping;  // ids of containers that are being stopped
  int64_t now_ns = 0;                     // since 1970
};

enum class ContainerKind : uint8_t { Init, Main, Ephemeral };

struct StartContainer {
  ContainerKind kind = ContainerKind::Main;
  size_t index = 0;       // in the spec's list of that kind
  int32_t attempt = 0;    // its restart count
  int64_t failed_ns = 0;  // when the one before ended; 0: there is none
  bool operator==(const StartContainer&) const = default;
};

struct StopContainer {
  std::string id;
  std::string name;
  std::string message;                   // for the event
  std::optional<int64_t> grace_seconds;  // of the probe that failed
  bool operator==(const StopContainer&) const = default;
};

struct PodPlan {
  std::string restart_all;  // why all but ephemeral containers are to be stopped and removed; "": they are not
  bool stop_all = false;    // containers and sandboxes; look again afterwards
  bool create_sandbox = false;
  uint32_t sandbox_attempt = 0;
  std::vector<StartContainer> start;  // in order
  std::vector<StopContainer> stop;
  std::map<std::string, WaitingReason> waiting;  // by container: why it is not started now
  std::optional<int64_t> again_ns;               // when to look again although nothing happened
  bool finished = false;                         // nothing will run again

  bool operator==(const PodPlan&) const = default;
};

PodPlan plan_pod(const PlanInput& input);

// A container has passed its startup: it runs, and its startup probe, if it has one, has succeeded.
bool has_started(const core::Container& container, const ContainerRecord& record, const ProbeResultsById& probes);

std::string back_off_key(const core::Pod& pod, const core::Container& container);

// Containers that ended and whose successor exists: only the newest dead one of each name is kept, for its logs.
struct DeadContainerRules {
  int32_t kept = 1;    // of each container, those that ended last; -1: all
  int64_t age_ns = 0;  // that a container has at the least before it goes
};
std::vector<std::string> removable_containers(const PodRecord& record, const DeadContainerRules& rules = {},
                                              int64_t now_ns = 0);

}  // namespace kubelet
