// What this node's control groups, networks and disks have used, in one look: the facts behind /stats/summary,
// /metrics/cadvisor and /metrics/resource. Nothing is measured between looks, so an idle node costs nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "io/pool.h"
#include "io/task.h"
#include "kubelet/pods/context.h"
#include "kubelet/pods/pods.h"
#include "stats/filesystem.h"
#include "stats/network.h"
#include "stats/usage.h"

namespace kubelet {

struct GroupSample {
  std::string path;  // of the control group: "/kubepods/pod<uid>/<id>"
  stats::Usage usage;
  std::optional<uint64_t> nano_cores;  // average since the look before, or since it began
};

struct FolderSample {
  std::string name;   // of a volume
  std::string claim;  // behind it; "" none
  stats::FolderUsage used;
  std::optional<stats::FilesystemUsage> filesystem;
};

struct ContainerSample {
  std::string name, id, image;
  int64_t started_ns = 0;
  GroupSample group;
  FolderSample logs;
  std::optional<stats::FolderUsage> root;  // its writable layer, as the runtime says
};

struct PodSample {
  std::string namespace_, name, uid;
  int64_t started_ns = 0;
  std::optional<GroupSample> group;
  std::vector<stats::InterfaceUsage> interfaces;  // none in the node's network
  std::vector<FolderSample> volumes;              // those that can be measured
  std::vector<ContainerSample> containers;        // those that run
};

struct NodeSample {
  int64_t at_ns = 0;  // since 1970
  int64_t booted_ns = 0;
  std::optional<GroupSample> root, pods_group;
  std::vector<stats::InterfaceUsage> interfaces;
  std::optional<stats::FilesystemUsage> filesystem;
  uint64_t processes_max = 0, processes = 0;
  std::vector<PodSample> pods;
};

// What a control group has used by now. Nothing when it is not there. Blocking, short.
std::optional<GroupSample> read_group(const Cgroups& cgroups, const std::string& path);

class Measurer {
 public:
  // Borrowed; they outlive it.
  Measurer(const Pods& pods, const PodContext& context) : pods_(pods), context_(context) {}

  // One loop. `disks`: folders are measured too, which takes time for large ones. `wanted`: of these pods only.
  io::Task<NodeSample> look(bool disks, std::function<bool(const core::Pod&)> wanted = {});

 private:
  struct Before {
    int64_t at_ns;
    uint64_t cpu_ns;
  };
  void add_rates(NodeSample& sample);

  const Pods& pods_;
  const PodContext& context_;
  std::map<std::string, Before> before_;  // by control group
};

}  // namespace kubelet
