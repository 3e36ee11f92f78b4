// What runs the containers, behind a seam: the CRI (containerd, CRI-O), a Docker Engine, a fake in tests.
//
// The calls and their meaning are those of the Container Runtime Interface v1; its messages are used as they are. Ids
// are the runtime's own. Stop and remove of what is not there succeed. One loop. Cancelling a task gives up the answer,
// and the runtime may have done the work all the same: who cancels looks again.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/cri.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"
#include "kubelet/cgroup/cgroup_driver.h"

namespace kubelet {

namespace cri = ::api::cri;

struct RuntimeInfo {
  std::string name;     // "containerd": what container ids are prefixed with
  std::string version;  // "1.6.20"
  bool runtime_ready = false;
  bool network_ready = false;
  std::string runtime_message;  // why not
  std::string network_message;
  std::vector<cri::RuntimeHandler> handlers;       // and what each can do; empty: it does not say
  std::optional<bool> supplemental_groups_policy;  // whether it keeps to a pod's; nothing: it does not say
};

// What the handler of that name ("": the default one) can do; null when the runtime knows no such handler, or tells of
// none.
const cri::RuntimeHandler* find_handler(const std::vector<cri::RuntimeHandler>& handlers, std::string_view name);

// What mount(2) is to be told, as containerd and runc write it: "overlay", "overlay", {"lowerdir=/a:/b"}.
struct HostMount {
  std::string type, source;
  std::vector<std::string> options;
};

// Which sandboxes and containers a list is of; empty: all.
struct RuntimeFilter {
  std::string pod_uid;
};

class Runtime {
 public:
  virtual ~Runtime() = default;

  virtual io::Task<base::Result<RuntimeInfo>> info() = 0;
  // Who makes the groups of its containers; nothing when it does not tell.
  virtual io::Task<base::Result<std::optional<CgroupDriver>>> cgroup_driver();

  virtual io::Task<base::Result<std::string>> run_sandbox(cri::PodSandboxConfig config, std::string handler) = 0;
  virtual io::Task<base::Result<void>> stop_sandbox(std::string id) = 0;
  virtual io::Task<base::Result<void>> remove_sandbox(std::string id) = 0;
  virtual io::Task<base::Result<cri::PodSandboxStatus>> sandbox_status(std::string id) = 0;
  virtual io::Task<base::Result<std::vector<cri::PodSandbox>>> list_sandboxes(RuntimeFilter filter) = 0;

  virtual io::Task<base::Result<std::string>> create_container(std::string sandbox_id, cri::ContainerConfig config,
                                                               cri::PodSandboxConfig sandbox_config) = 0;
  virtual io::Task<base::Result<void>> start_container(std::string id) = 0;
  // Returns when it has ended: asked first, killed after `grace_seconds`.
  virtual io::Task<base::Result<void>> stop_container(std::string id, int64_t grace_seconds) = 0;
  virtual io::Task<base::Result<void>> remove_container(std::string id) = 0;
  virtual io::Task<base::Result<std::vector<cri::Container>>> list_containers(RuntimeFilter filter) = 0;
  virtual io::Task<base::Result<cri::ContainerStatus>> container_status(std::string id) = 0;
  // Of a container that runs; it goes on.
  virtual io::Task<base::Result<void>> update_container_resources(std::string id,
                                                                  cri::LinuxContainerResources resources) = 0;
  virtual io::Task<base::Result<void>> reopen_container_log(std::string id) = 0;

  // Timeout when the command did not end in time; it is then killed.
  virtual io::Task<base::Result<cri::ExecSyncResponse>> exec_sync(std::string id, std::vector<std::string> command,
                                                                  int64_t timeout_seconds) = 0;
  // URLs at which the runtime streams; see server/.
  virtual io::Task<base::Result<std::string>> exec(cri::ExecRequest request) = 0;
  virtual io::Task<base::Result<std::string>> attach(cri::AttachRequest request) = 0;
  virtual io::Task<base::Result<std::string>> port_forward(cri::PortForwardRequest request) = 0;

  // Nothing if the image is not there.
  virtual io::Task<base::Result<std::optional<cri::Image>>> image_status(std::string image) = 0;
  virtual io::Task<base::Result<std::vector<cri::Image>>> list_images() = 0;
  // The reference of what was pulled.
  virtual io::Task<base::Result<std::string>> pull_image(std::string image, std::optional<cri::AuthConfig> auth,
                                                         cri::PodSandboxConfig sandbox_config) = 0;
  virtual io::Task<base::Result<void>> remove_image(std::string image) = 0;
  // Where images and writable layers lie, and how much they hold. By default nothing is known of it.
  virtual io::Task<base::Result<cri::ImageFsInfoResponse>> image_filesystems();
  // How the host can read an image's files, for a runtime that cannot give a container an image as a mount; nothing for
  // those that can, as is assumed by default.
  virtual io::Task<base::Result<std::optional<HostMount>>> host_mount_of(std::string image);

  virtual io::Task<base::Result<std::vector<cri::ContainerStats>>> list_container_stats() = 0;

  // Writes what a running container is, memory and all, to the file `location`. By default no runtime can.
  virtual io::Task<base::Result<void>> checkpoint_container(std::string id, std::string location,
                                                            int64_t timeout_seconds);

  // Tells of containers and sandboxes that changed, by id, until the stream breaks, which is always an Error:
  // MethodNotAllowed when this runtime tells nothing at all, so that somebody has to look.
  virtual io::Task<base::Result<void>> watch(std::function<void(const std::string& id)> changed) = 0;
};

}  // namespace kubelet
