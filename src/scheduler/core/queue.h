// Pods that wait for a place: those to try now, those whose back-off runs, and those that no node had room for, which
// wait for something in the cluster to change. One loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "io/loop.h"
#include "scheduler/core/pod_info.h"

namespace scheduler {

// What happened in the cluster, as a mask: a pod that could not be placed is tried again when something happened that
// the plugins which refused it care about.
enum class Happening : uint32_t {
  None = 0,
  NodeAdded = 1,
  NodeResourcesChanged = 2,
  NodeLabelsChanged = 4,
  NodeTaintsChanged = 8,
  PodAdded = 16,    // placed, or its labels changed
  PodRemoved = 32,  // a placed one went, or freed something
  ClaimChanged = 64,
  VolumeChanged = 128,
  StorageClassChanged = 256,
  StorageDriverChanged = 512,  // what a driver says of itself, of its nodes, or of its room
  NodeFeaturesChanged = 1024,
  DevicesChanged = 2048,  // there are others, or other classes of them
  DeviceClaimChanged = 4096,
  All = 8191,
};
constexpr Happening operator|(Happening a, Happening b) {
  return static_cast<Happening>(static_cast<uint32_t>(a) | static_cast<uint32_t>(b));
}
constexpr bool operator&(Happening a, Happening b) {
  return (static_cast<uint32_t>(a) & static_cast<uint32_t>(b)) != 0;
}

// How long a pod that was tried waits at least before it is tried again: doubled with each try.
struct BackOffSettings {
  int64_t first_ns = 1'000'000'000;
  int64_t most_ns = 10'000'000'000;
};

class Queue {
 public:
  explicit Queue(base::Clock& clock, BackOffSettings back_off = {});  // the clock is borrowed
  ~Queue();
  Queue(const Queue&) = delete;

  // A pod that waits, new or changed. A changed wish (PodInfo::wish_hash) or label ends its wait.
  void put(PodInfoRef pod);
  // The pod as it was put last, also while it is taken; null when it is not here.
  PodInfoRef find(const client::Key& key) const;
  void remove(const client::Key& key);

  struct Entry {
    PodInfoRef pod;
    int attempts = 0;            // this one included
    int64_t first_tried_ns = 0;  // monotonic
    uint64_t cycle = 0;          // of the queue when it was taken
  };
  // The first by priority, then by time of arrival; waits for one.
  io::Task<Entry> take();
  bool has_active() const { return !active_.empty(); }

  // It had no place: it waits for one of `wakers` to happen (unless one has since it was taken), or five minutes.
  // After a failure that is nobody's fault (`error`) it is tried again after its back-off.
  void put_back(Entry entry, Happening wakers, bool error);
  // Placed for good.
  void done(const client::Key& key);

  // Something happened: wakes the pods that care.
  void happened(Happening what);

  size_t active() const { return active_.size(); }
  size_t backing_off() const { return backing_off_.size(); }
  size_t unschedulable() const { return unschedulable_.size(); }

 private:
  struct Waiting;
  struct Before {
    bool operator()(const Waiting* a, const Waiting* b) const;
  };
  void activate(Waiting& waiting);
  void wake(Waiting& waiting);
  void take_out(Waiting& waiting);
  void schedule_timer();
  void timer_fired();
  int64_t backoff_ns(int attempts) const;

  base::Clock& clock_;
  const BackOffSettings back_off_;
  std::unordered_map<client::Key, std::unique_ptr<Waiting>> all_;
  std::set<Waiting*, Before> active_;
  std::multimap<int64_t, Waiting*> backing_off_;    // by the moment it ends
  std::multimap<int64_t, Waiting*> unschedulable_;  // by the moment at which it is tried all the same
  uint64_t arrivals_ = 0;
  uint64_t cycle_ = 0;
  std::map<uint64_t, Happening> recent_;  // cycle -> what happened; as long as a pod taken before is not back
  std::multiset<uint64_t> out_;           // cycles of the pods taken and not back
  io::Timer timer_;
  io::Event ready_;
};

}  // namespace scheduler
