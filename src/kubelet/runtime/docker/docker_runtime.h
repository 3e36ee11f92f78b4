// The Runtime over a Docker Engine. A sandbox is a container of the pause image without a network of the Engine's; it
// is put into the node's by CNI, and the pod's containers share its namespaces. What the kubelet must know again after
// its restart is in the Engine's labels. Logs are copied to where the kubelet looks for them (log_copy.h).
//
// The Engine runs on this machine, sees the same files and process numbers, and uses the cgroupfs driver for control
// groups. What it has no word for is left out: limits of huge pages, `unified` values, the strict policy of
// supplemental groups; volumes from images are refused.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/pool.h"
#include "kubelet/runtime/cni_network.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {

struct DockerOptions {
  std::string endpoint = "unix:///var/run/docker.sock";
  std::string directory = "/var/lib/kubelet/docker";  // what must outlive us: networks of pods, places in logs
  std::string sandbox_image = "registry.k8s.io/pause:3.10.1";
  CniPlaces cni;  // its state is kept in `directory` when it names no place
};

// On the loop that it lives on; `pool` outlives it. BadRequest for an endpoint that is no unix socket. Connects when
// first used.
base::Result<std::unique_ptr<Runtime>> make_docker_runtime(DockerOptions options, io::Pool& pool);

// Gives an archive (docker or OCI) to the Engine at `endpoint`.
io::Task<base::Result<void>> load_docker_image(std::string endpoint, std::string archive);

}  // namespace kubelet
