// What the workers of all pods share. One loop; outlives them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "io/pool.h"
#include "kubelet/api.h"
#include "kubelet/cgroup/cgroups.h"
#include "kubelet/metrics/kubelet_metrics.h"
#include "kubelet/options.h"
#include "kubelet/pods/container_rules.h"
#include "kubelet/pods/network.h"
#include "kubelet/pods/resources.h"
#include "kubelet/pods/status.h"
#include "kubelet/runtime/runtime.h"
#include "kubelet/user_namespace/id_ranges.h"
#include "kubelet/volume/volumes.h"

namespace kubelet {

class Alignment;
class DevicePlugins;
class DraClaims;
class Images;
class PodVolumes;
class Prober;

struct PodContext {
  const KubeletOptions& options;
  Api& api;
  Runtime& runtime;
  Images& images;
  Prober& prober;
  io::Pool& pool;
  base::Random& random;
  std::optional<Cgroups> cgroups;
  Volumes volumes;
  PodVolumes* pod_volumes = nullptr;        // null: no claims and no drivers
  IdRanges* id_ranges = nullptr;            // null: no pod gets users of its own
  Alignment* alignment = nullptr;           // null: all share all
  DevicePlugins* device_plugins = nullptr;  // null: no devices of plugins
  DraClaims* dra = nullptr;                 // null: no claims of devices
  std::string runtime_name = "containerd";
  std::vector<cri::RuntimeHandler> handlers = {};  // of the runtime, as it told last
  std::vector<std::string> host_ips;
  ResourceList allocatable;
  ContainerRules rules = {};
  DnsOptions dns;
  std::shared_ptr<KubeletMetrics> metrics = std::make_shared<KubeletMetrics>();
  // All services, for the variables of containers.
  std::function<std::vector<std::shared_ptr<const core::Service>>()> services = [] {
    return std::vector<std::shared_ptr<const core::Service>>();
  };

  // Asked before a new pod is let in, in order; who answers refuses it.
  std::vector<std::function<std::optional<PodFailure>(const core::Pod&)>> gates = {};

  // The pods that the node bears beside the one of that uid.
  std::function<std::vector<const core::Pod*>(const std::string& uid)> others = [](const std::string&) {
    return std::vector<const core::Pod*>();
  };
  // Called when a pod needs nothing any more, or another amount than before.
  std::function<void()> freed = [] {};

  std::string cgroup_base() const { return options.cgroup_root + "/kubepods"; }
};

}  // namespace kubelet
