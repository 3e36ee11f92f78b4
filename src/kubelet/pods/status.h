// What a pod's status says, worked out from its spec, what the runtime and the probes report, and what was said before.
// Pure. Rules: the Kubernetes documentation, "Pod Lifecycle"; API documentation of PodStatus.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kubelet/pods/plan.h"
#include "kubelet/pods/pod.h"
#include "kubelet/pods/resize.h"
#include "kubelet/runtime/records.h"

namespace kubelet {

// Why the kubelet itself ended a pod, or never let it begin: Evicted, DeadlineExceeded, OutOfcpu.
struct PodFailure {
  std::string reason;
  std::string message;
  bool disruption = false;  // it was not the pod's fault: it gets the condition DisruptionTarget
};

// The refusal of a pod to which something that was taken for granted could not be given.
PodFailure unexpected_admission_error(const base::Error& why);

struct StatusInput {
  const core::Pod& pod;  // its status is the last one: times and counts go on from there
  const PodRecord& record;
  const ProbeResultsById& probes;
  const std::map<std::string, WaitingReason>& waiting;  // by container: why it does not run
  const std::map<std::string, std::string>& messages;   // termination messages by container id
  std::string runtime_name;                             // "containerd"
  std::vector<std::string> host_ips;
  std::optional<PodFailure> failure;
  const ResizeState& resize;
  std::string restarting_all;  // why all its containers are being stopped to run anew; "": they are not
  // Nothing of it runs any more and nothing will: the phase becomes Succeeded or Failed.
  bool ended = false;
  int64_t now_ns = 0;
};

core::PodStatus make_status(const StatusInput& input);

// Whether the two say the same, times of the same condition apart.
bool same_status(const core::PodStatus& a, const core::PodStatus& b);

}  // namespace kubelet
