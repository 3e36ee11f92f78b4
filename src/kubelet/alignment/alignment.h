// Processors, memory and devices of a container, from the same part of the machine as far as the node's policy says so.
// Kubernetes documentation, "Control Topology Management Policies on a Node". One loop; writes small files.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/cri.h"
#include "kubelet/alignment/alignment_options.h"
#include "kubelet/alignment/exclusive_cpus.h"
#include "kubelet/alignment/exclusive_memory.h"
#include "kubelet/alignment/hints.h"

namespace kubelet {

// Whether all of it can be, before anything starts: Invalid in upstream's words.
base::Result<void> check_alignment(const AlignmentOptions& options);

class Alignment {
 public:
  // Why a pod was refused.
  struct Refusal {
    std::string reason;
    std::string message;
  };
  using DeviceHints = std::function<Hints(const core::Pod& pod, const core::Container& container)>;

  // Reads the machine and what was given before. An Error keeps the kubelet from starting, as upstream's.
  static base::Result<std::unique_ptr<Alignment>> create(AlignmentOptions options, const std::string& root_directory,
                                                         int64_t memory_bytes);

  void ask_devices(DeviceHints ask) { device_hints_ = std::move(ask); }
  // Called when those who share have other processors than before.
  void on_shared_change(std::function<void()> changed) { changed_ = std::move(changed); }

  // Gives the pod what it needs for itself, or refuses it and gives nothing.
  std::optional<Refusal> admit(const core::Pod& pod);
  void release(const std::string& pod_uid);
  void keep_only(const std::function<bool(const std::string& pod_uid)>& is_here);

  // Where the container is to have its devices from; nothing: from anywhere.
  std::optional<NodeMask> nodes_of(const std::string& pod_uid, const std::string& container) const;
  // Sets what processors and memory it may use; "" where nothing is said.
  void apply(const core::Pod& pod, const core::Container& container,
             api::cri::LinuxContainerResources& resources) const;

  const ExclusiveCpus* cpus() const { return cpus_.get(); }        // null: all share all
  const ExclusiveMemory* memory() const { return memory_.get(); }  // the same

 private:
  Alignment() = default;
  Hints hints_of(const core::Pod& pod, const core::Container& container) const;
  Hints hints_of_all(const core::Pod& pod) const;
  base::Result<void> give(const core::Pod& pod, const core::Container& container, const Hint& where);

  TopologyPolicy policy_ = TopologyPolicy::None;
  bool pod_scope_ = false;
  NodeMask all_nodes_ = 1;
  std::unique_ptr<ExclusiveCpus> cpus_;
  std::unique_ptr<ExclusiveMemory> memory_;
  DeviceHints device_hints_ = [](const core::Pod&, const core::Container&) { return Hints(); };
  std::function<void()> changed_ = [] {};
  std::map<std::string, std::map<std::string, Hint>> chosen_;  // by pod and container
};

}  // namespace kubelet
