// What the Engine is asked to make for a pod's sandbox and its containers: CRI configurations as bodies of
// POST /containers/create. Pure, but for files of seccomp profiles, which are read.
#pragma once

#include <string>
#include <vector>

#include "api/cri.h"
#include "base/result.h"
#include "kubelet/runtime/docker/names.h"
#include "schema/value.h"

namespace kubelet::docker {

// What holds for everything that this process has made.
struct Surroundings {
  std::string sandbox_image;
  // OOM scores below this cannot be given away: what a process without CAP_SYS_RESOURCE has itself.
  int64_t oom_score_adj_min = -1000;
  int64_t now_ns = 0;  // since 1970
};

base::Result<schema::Value> sandbox_request(const cri::PodSandboxConfig& config, const std::string& handler,
                                            const Surroundings& surroundings);
// BadRequest for what the Engine has no word for: volumes from images.
base::Result<schema::Value> container_request(const std::string& sandbox_id, const cri::ContainerConfig& config,
                                              const cri::PodSandboxConfig& sandbox, const Surroundings& surroundings);
// The body of POST /containers/ID/update.
schema::Value update_request(const cri::LinuxContainerResources& resources);

// Whether the sandbox is in the network of the node.
bool is_in_node_network(const cri::PodSandboxConfig& config);

// A resolv.conf.
std::string resolver_file(const cri::DNSConfig& dns);

}  // namespace kubelet::docker
