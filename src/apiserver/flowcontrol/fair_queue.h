// The seats of one priority level, and those who wait for one: flows are dealt to queues by shuffle sharding, and
// queues are served in turn, so that a flow with many requests waits behind itself and not before others. Kubernetes
// documentation, "API Priority and Fairness".
//
// Not thread-safe: its owner locks.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace apiserver {

// One request that waits. Kept alive by whoever waits and by the queue.
struct Waiter {
  virtual ~Waiter() = default;
  // The seat is the waiter's. Called with the owner's lock held.
  virtual void seated() = 0;
};

class FairQueue {
 public:
  struct Limits {
    int seats = 1;
    size_t queues = 0;  // 0: nobody waits
    size_t hand = 1;    // queues that a flow may use
    size_t length = 0;  // of one queue
  };
  explicit FairQueue(Limits limits) { set_limits(limits); }

  void set_limits(Limits limits);
  const Limits& limits() const { return limits_; }
  int seated() const { return seated_; }
  size_t waiting() const { return waiting_; }

  // A seat at once; only when nobody waits.
  bool sit(int seats_max);
  // A place in the shortest of the flow's queues; false when that is full.
  bool queue(uint64_t flow, std::shared_ptr<Waiter> waiter);
  // Gives up a place. False when the waiter has been seated.
  bool leave(const std::shared_ptr<Waiter>& waiter);
  // Gives a seat back.
  void rise() { --seated_; }
  // Seats one of those who wait, of the queue that has been served least; false when none can be.
  bool seat_next(int seats_max);

  // The queues that a flow is dealt, each once: upstream's shuffle sharding.
  static std::vector<size_t> hand_of(uint64_t flow, size_t queues, size_t hand);

 private:
  struct Queue {
    std::deque<std::shared_ptr<Waiter>> waiters;
    uint64_t start = 0;  // how much has been served, in virtual time
  };
  Limits limits_;
  int seated_ = 0;
  size_t waiting_ = 0;
  uint64_t now_ = 0;  // virtual: the start of whoever was seated last
  std::vector<Queue> queues_;
};

}  // namespace apiserver
