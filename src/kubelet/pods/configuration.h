// What the runtime is told of a pod and its containers: sandbox and container configurations. Pure.
// Rules: the CRI's comments; the Kubernetes documentation, "Configure a Security Context"; labels as in
// runtime/records.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/cri.h"
#include "base/result.h"
#include "kubelet/pods/container_rules.h"
#include "kubelet/pods/environment.h"
#include "kubelet/pods/network.h"
#include "kubelet/pods/pod.h"
#include "kubelet/user_namespace/id_ranges.h"

namespace kubelet {

struct SandboxInput {
  const core::Pod& pod;
  uint32_t attempt = 0;
  std::string log_root;       // "/var/log/pods"
  std::string cgroup_parent;  // "" when there are no control groups
  const DnsOptions& dns;
  std::string seccomp_root;
  std::optional<IdRange> user_ids = {};  // of a pod with users of its own
};
api::cri::PodSandboxConfig sandbox_config(const SandboxInput& input);

struct ContainerInput {
  const core::Pod& pod;
  const core::Container& container;
  bool ephemeral = false;
  int32_t attempt = 0;
  const Environment& environment;
  // Where each volume lies on the host, by its name.
  const std::map<std::string, std::string, std::less<>>& volumes;
  // Where sub paths are, already made and checked, by the place of the mount in volume_mounts; those of images as they
  // are inside.
  const std::map<size_t, std::string>& sub_paths;
  std::string hosts_file;                                     // host path; "" none
  std::string termination_message_file;                       // host path; "" none
  api::cri::Image image;                                      // as the runtime has it
  std::map<std::string, api::cri::Image> image_volumes = {};  // by volume: mounted by the runtime
  std::vector<int64_t> extra_groups;                          // fsGroup and the like
  const ContainerRules& rules;
  std::string target_id;  // of the container whose processes an ephemeral one sees
  std::string seccomp_root;
  std::optional<IdRange> user_ids = {};     // of a pod with users of its own
  bool recursive_read_only_mounts = false;  // the runtime can make them
};
// Forbidden when the image's user breaks runAsNonRoot; Invalid when a mount cannot be as it must.
base::Result<api::cri::ContainerConfig> container_config(const ContainerInput& input);

// "<container>/<attempt>.log", below the pod's log folder.
std::string container_log_path(const std::string& container, int32_t attempt);

}  // namespace kubelet
