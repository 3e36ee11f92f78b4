#include "apiserver/flowcontrol/fair_queue.h"

#include <algorithm>

namespace apiserver {

void FairQueue::set_limits(Limits limits) {
  limits_ = limits;
  // Queues with somebody in them stay.
  if (queues_.size() < limits.queues || waiting_ == 0) queues_.resize(limits.queues);
}

bool FairQueue::sit(Waiter& waiter, int seats_max) {
  if (waiting_ > 0 || !fits(waiter, seats_max)) return false;
  sit_anyway(waiter);
  return true;
}

void FairQueue::sit_anyway(Waiter& waiter) {
  seated_ += waiter.seats;
  ++executing_;
}

std::vector<size_t> FairQueue::hand_of(uint64_t flow, size_t queues, size_t hand) {
  std::vector<size_t> dealt;
  for (size_t i = 0; i < hand && i < queues; ++i) {
    size_t left = queues - i;
    size_t card = flow % left;
    flow /= left;
    // The card among those that have not been dealt.
    auto at = dealt.begin();
    for (; at != dealt.end() && card >= *at; ++at) ++card;
    dealt.insert(at, card);
  }
  return dealt;
}

bool FairQueue::queue(uint64_t flow, std::shared_ptr<Waiter> waiter) {
  if (limits_.queues == 0) return false;
  Queue* shortest = nullptr;
  size_t number = 0;
  for (size_t i : hand_of(flow, limits_.queues, limits_.hand)) {
    if (shortest != nullptr && queues_[i].waiters.size() >= shortest->waiters.size()) continue;
    shortest = &queues_[i];
    number = i;
  }
  if (shortest == nullptr || shortest->waiters.size() >= limits_.length) return false;
  if (shortest->waiters.empty()) shortest->start = std::max(shortest->start, now_);
  waiter->queue = static_cast<int>(number);
  shortest->waiters.push_back(std::move(waiter));
  ++waiting_;
  return true;
}

bool FairQueue::leave(const std::shared_ptr<Waiter>& waiter) {
  if (waiter->queue < 0 || static_cast<size_t>(waiter->queue) >= queues_.size()) return false;
  auto& queue = queues_[static_cast<size_t>(waiter->queue)];
  auto at = std::find(queue.waiters.begin(), queue.waiters.end(), waiter);
  if (at == queue.waiters.end()) return false;
  queue.waiters.erase(at);
  --waiting_;
  return true;
}

// Where it has waited; null when it has not, or the queue has gone meanwhile.
FairQueue::Queue* FairQueue::queue_of(const Waiter& waiter) {
  bool has_one = waiter.queue >= 0 && static_cast<size_t>(waiter.queue) < queues_.size();
  return has_one ? &queues_[static_cast<size_t>(waiter.queue)] : nullptr;
}

void FairQueue::finish(const Waiter& waiter) {
  --executing_;
  if (auto* queue = queue_of(waiter)) queue->executing = std::max(queue->executing - 1, 0);
}

void FairQueue::rise(const Waiter& waiter) {
  seated_ -= waiter.seats;
  if (auto* queue = queue_of(waiter)) queue->seats = std::max(queue->seats - waiter.seats, 0);
}

std::shared_ptr<Waiter> FairQueue::seat_next(int seats_max) {
  if (waiting_ == 0) return nullptr;
  Queue* least = nullptr;
  for (auto& queue : queues_) {
    if (!queue.waiters.empty() && (least == nullptr || queue.start < least->start)) least = &queue;
  }
  if (!fits(*least->waiters.front(), seats_max)) return nullptr;
  auto waiter = std::move(least->waiters.front());
  now_ = least->start;
  least->start += static_cast<uint64_t>(waiter->seats);
  least->waiters.pop_front();
  ++least->executing;
  least->seats += waiter->seats;
  --waiting_;
  sit_anyway(*waiter);
  return waiter;
}

}  // namespace apiserver
