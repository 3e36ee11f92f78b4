// Carries out one probe or one lifecycle hook: a command inside, an HTTP request, a connection, a gRPC health check.
// One loop. Rules: the Kubernetes documentation, "Liveness, Readiness, and Startup Probes", "Container Lifecycle
// Hooks".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/task.h"
#include "kubelet/pods/pod.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {

struct ProbeTarget {
  core::Pod pod;
  core::Container container;
  std::string container_id;
  std::string pod_ip;  // the node's for a pod in the node's network
};

struct ProbeAnswer {
  enum class Verdict : uint8_t { Success, Failure, Unknown } verdict = Verdict::Unknown;
  std::string output;  // why, for the event; Unknown: the probe itself could not be made
};

class Prober {
 public:
  virtual ~Prober() = default;
  // Answers within the probe's time-out, or a little later.
  virtual io::Task<ProbeAnswer> probe(core::Probe probe, ProbeTarget target) = 0;
  // Returns when the hook has ended well; the Error says why it did not. `timeout_seconds` bounds it.
  virtual io::Task<base::Result<void>> run_hook(core::LifecycleHandler hook, ProbeTarget target,
                                                int64_t timeout_seconds) = 0;
};

// The real one.
std::unique_ptr<Prober> make_prober(Runtime& runtime);

// A port by number or by the name it has in the container. Nothing if there is none.
std::optional<int32_t> resolve_port(const schema::IntOrString& port, const core::Container& container);

}  // namespace kubelet
