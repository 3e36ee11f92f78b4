// Keeps the node from running dry: looks at what is left every ten seconds, takes back what nobody needs, and ends one
// pod after the other while that is not enough. Also ends pods that pass their own limits of local storage.
//
// Level-driven: what it does follows from what it sees at each look. A look reads a few small files; pods and folders
// are measured only when a victim is to be chosen or a pod has limits. One loop.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "io/task.h"
#include "kubelet/eviction/observe.h"
#include "kubelet/node/machine.h"
#include "kubelet/pods/context.h"
#include "kubelet/pods/pods.h"

namespace kubelet {

class Evictor {
 public:
  struct Hooks {
    std::function<void(std::string_view reason, std::string message)> node_warning;
    std::function<void()> conditions_changed;
    std::function<io::Task<void>()> reclaim_disk;  // removes what nobody needs: remains of pods, images
  };
  // Borrowed: context, pods, machine.
  Evictor(PodContext& context, Pods& pods, const Machine& machine, Hooks hooks);

  // Until cancelled. Comes back at once when there is nothing to look for.
  io::Task<void> run();

  // "MemoryPressure", ...: those that hold.
  const std::set<std::string>& conditions() const { return pressure_.conditions(); }
  // Whether a new pod is refused because of them.
  std::optional<PodFailure> refuses(const core::Pod& pod) const;

 private:
  io::Task<void> look();
  io::Task<NodeObservation> observe();
  io::Task<void> find_disks();
  io::Task<std::vector<Candidate>> measure(std::function<bool(const core::Pod&)> wanted);
  io::Task<bool> keep_storage_limits(Disks disks);
  io::Task<void> make_room(Threshold threshold, NodeObservation seen);
  io::Task<void> wait_until_gone(std::string uid);
  bool evict(const Candidate& victim, EvictionWords words, int64_t grace_seconds, bool disruption);

  PodContext& context_;
  Pods& pods_;
  const Machine& machine_;
  Hooks hooks_;
  Pressure pressure_;
  Measurer measurer_;
  std::string image_disk_, container_disk_;  // as in ObservedPlaces
  int64_t ask_disks_ns_ = 0;                 // when the runtime is asked for them again
  int64_t measure_again_ns_ = 0;             // not before: measuring is not to cost more than a twentieth of the time
};

}  // namespace kubelet
