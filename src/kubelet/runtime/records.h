// A pod as its runtime knows it. All that the kubelet must remember of a pod over its own restart is here, in labels
// and annotations that upstream's kubelet writes too, so either can take over the other's containers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "api/cri.h"
#include "base/result.h"
#include "io/task.h"

namespace kubelet {

class Runtime;

// Well-known labels and annotations of sandboxes and containers.
inline constexpr std::string_view kPodNameLabel = "io.kubernetes.pod.name";
inline constexpr std::string_view kPodNamespaceLabel = "io.kubernetes.pod.namespace";
inline constexpr std::string_view kPodUidLabel = "io.kubernetes.pod.uid";
inline constexpr std::string_view kContainerNameLabel = "io.kubernetes.container.name";
inline constexpr std::string_view kHashAnnotation = "io.kubernetes.container.hash";
inline constexpr std::string_view kRestartCountAnnotation = "io.kubernetes.container.restartCount";
inline constexpr std::string_view kMessagePathAnnotation = "io.kubernetes.container.terminationMessagePath";
inline constexpr std::string_view kMessagePolicyAnnotation = "io.kubernetes.container.terminationMessagePolicy";
inline constexpr std::string_view kGraceAnnotation = "io.kubernetes.pod.terminationGracePeriod";
inline constexpr std::string_view kConfigSourceAnnotation = "kubernetes.io/config.source";
inline constexpr std::string_view kConfigSeenAnnotation = "kubernetes.io/config.seen";

enum class ContainerPhase : uint8_t { Created, Running, Exited, Unknown };

struct ContainerRecord {
  std::string id;
  std::string name;
  std::string sandbox_id;
  ContainerPhase phase = ContainerPhase::Unknown;
  int64_t created_ns = 0;  // since 1970
  int64_t started_ns = 0;
  int64_t finished_ns = 0;
  int32_t exit_code = 0;
  std::string reason;  // "OOMKilled", as the runtime says it
  std::string message;
  std::string image;
  std::string image_id;
  std::string hash;
  int32_t restart_count = 0;
  std::string log_path;
  std::string message_path;  // of the termination message, inside
  std::string message_policy;
  std::string message_host_path;                           // where it lies on the host; "" unknown
  std::set<std::string, std::less<>> recursive_read_only;  // mounts, by their path inside
  std::optional<int64_t> grace_seconds;

  bool is_running() const { return phase == ContainerPhase::Running; }
};

struct SandboxRecord {
  std::string id;
  uint32_t attempt = 0;
  bool ready = false;
  int64_t created_ns = 0;
  bool host_network = false;
  std::vector<std::string> ips;
  std::string handler;  // of the runtime; "" the default one
};

struct PodRecord {
  std::string uid;
  std::string namespace_;
  std::string name;
  std::vector<SandboxRecord> sandboxes;     // newest first
  std::vector<ContainerRecord> containers;  // newest first

  bool empty() const { return sandboxes.empty() && containers.empty(); }
  // The newest of that name, or null.
  const ContainerRecord* newest(std::string_view container) const;
  // The newest of that name in the newest sandbox, or null.
  const ContainerRecord* current(std::string_view container) const;
  bool any_running() const;
};

ContainerRecord to_record(const api::cri::ContainerStatus& status, std::string sandbox_id);

// Asks the runtime for one pod. `known` saves calls: what has exited there is not asked for again.
io::Task<base::Result<PodRecord>> observe_pod(Runtime& runtime, std::string uid, PodRecord known);

// Whom the runtime's sandboxes and containers belong to: every pod by its uid, without statuses.
io::Task<base::Result<std::map<std::string, PodRecord>>> list_pods(Runtime& runtime);

}  // namespace kubelet
