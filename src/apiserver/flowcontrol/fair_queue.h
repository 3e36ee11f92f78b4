// The seats of one priority level, and those who wait for some: flows are dealt to queues by shuffle sharding, and
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

// One request that waits or is seated. Kept alive by whoever waits and by the queue.
struct Waiter {
  virtual ~Waiter() = default;
  int seats = 1;   // that it takes
  int queue = -1;  // where it waits or has waited; -1: it was seated at once. Kept by the queue.
};

class FairQueue {
 public:
  struct Limits {
    int seats = 1;
    size_t queues = 0;  // 0: nobody waits
    size_t hand = 1;    // queues that a flow may use
    size_t length = 0;  // of one queue
  };
  struct Queue {
    std::deque<std::shared_ptr<Waiter>> waiters;
    uint64_t start = 0;  // how many seats it has been given, in virtual time
    int executing = 0;   // of those that have waited here
    int seats = 0;       // that they take
  };
  explicit FairQueue(Limits limits) { set_limits(limits); }

  void set_limits(Limits limits);
  const Limits& limits() const { return limits_; }
  int seated() const { return seated_; }  // seats that are taken
  int executing() const { return executing_; }
  size_t waiting() const { return waiting_; }
  const std::vector<Queue>& queues() const { return queues_; }

  // Seats at once, when nobody waits and they are free. Who wants more than there are sits when all are free.
  bool sit(Waiter& waiter, int seats_max);
  // The same without asking whether they are free.
  void sit_anyway(Waiter& waiter);
  // A place in the shortest of the flow's queues; false when that is full.
  bool queue(uint64_t flow, std::shared_ptr<Waiter> waiter);
  // Gives up a place. False when the waiter has been seated.
  bool leave(const std::shared_ptr<Waiter>& waiter);
  // Its request has ended; the seats are taken until rise().
  void finish(const Waiter& waiter);
  // Gives seats back.
  void rise(const Waiter& waiter);
  // Seats one of those who wait, of the queue that has been given least; null when that one cannot be.
  std::shared_ptr<Waiter> seat_next(int seats_max);

  // The queues that a flow is dealt, each once: upstream's shuffle sharding.
  static std::vector<size_t> hand_of(uint64_t flow, size_t queues, size_t hand);

 private:
  Queue* queue_of(const Waiter& waiter);
  bool fits(const Waiter& waiter, int seats_max) const {
    return seated_ + waiter.seats <= seats_max || (seated_ == 0 && seats_max > 0);
  }

  Limits limits_;
  int seated_ = 0;
  int executing_ = 0;
  size_t waiting_ = 0;
  uint64_t now_ = 0;  // virtual: the start of whoever was seated last
  std::vector<Queue> queues_;
};

}  // namespace apiserver
