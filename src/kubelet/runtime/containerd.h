// A containerd of the node's own: with its own folders, socket and configuration, apart from any other on the machine.
//
// It runs in a session of its own and outlives us, and so do its containers; one that runs already is taken over. While
// supervise() runs, it is started again when it ends, with a growing pause. One loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"

namespace kubelet {

struct ContainerdOptions {
  std::string directory = "/var/lib/navarch/containerd";     // images and snapshots
  std::string state_directory = "/run/navarch/containerd";   // sockets, running containers, our pid file
  std::string log_file = "/var/log/navarch/containerd.log";  // started anew when it passes 16 MiB
  std::string binary = "containerd";
  std::string client_binary = "ctr";
  std::string sandbox_image = "registry.k8s.io/pause:3.10.1";
  std::string cni_binary_directory = "/usr/lib/cni";
  std::string cni_configuration_directory = "/etc/cni/net.d";
  std::string snapshotter = "overlayfs";
};

// Whether this process may lower OOM scores; containers in a confined machine often may not.
bool has_capability_sys_resource();

// config.toml, version 2, which 1.x and 2.x read.
std::string containerd_configuration(const ContainerdOptions& options, bool may_lower_oom_scores);

class Containerd {
 public:
  explicit Containerd(ContainerdOptions options);
  ~Containerd();  // leaves it running
  Containerd(const Containerd&) = delete;

  // Takes over the running one or starts it; returns once it answers. Unavailable, with the end of its log, when it
  // does not.
  io::Task<base::Result<void>> start();
  // Watches over it until cancelled. After start().
  io::Task<void> supervise();
  // Asks it to end and waits, 10 s at most, then kills it. Containers run on.
  io::Task<void> stop();

  std::string socket() const;    // a path
  std::string endpoint() const;  // "unix:///run/.../containerd.sock"
  int pid() const { return pid_; }

  // Loads an archive (docker or OCI) into the images that the kubelet sees.
  io::Task<base::Result<void>> import_image(std::string path);

 private:
  base::Result<void> launch();
  int find_running() const;

  ContainerdOptions options_;
  int pid_ = -1;
};

}  // namespace kubelet
