#include "apiserver/flowcontrol/fair_queue.h"

#include <algorithm>

namespace apiserver {

void FairQueue::set_limits(Limits limits) {
  limits_ = limits;
  // Queues with somebody in them stay.
  if (queues_.size() < limits.queues || waiting_ == 0) queues_.resize(limits.queues);
}

bool FairQueue::sit(int seats_max) {
  if (waiting_ > 0 || seated_ >= seats_max) return false;
  ++seated_;
  return true;
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
  for (size_t i : hand_of(flow, limits_.queues, limits_.hand)) {
    if (shortest == nullptr || queues_[i].waiters.size() < shortest->waiters.size()) shortest = &queues_[i];
  }
  if (shortest == nullptr || shortest->waiters.size() >= limits_.length) return false;
  if (shortest->waiters.empty()) shortest->start = std::max(shortest->start, now_);
  shortest->waiters.push_back(std::move(waiter));
  ++waiting_;
  return true;
}

bool FairQueue::leave(const std::shared_ptr<Waiter>& waiter) {
  for (auto& queue : queues_) {
    auto at = std::find(queue.waiters.begin(), queue.waiters.end(), waiter);
    if (at == queue.waiters.end()) continue;
    queue.waiters.erase(at);
    --waiting_;
    return true;
  }
  return false;
}

bool FairQueue::seat_next(int seats_max) {
  if (waiting_ == 0 || seated_ >= seats_max) return false;
  Queue* least = nullptr;
  for (auto& queue : queues_) {
    if (!queue.waiters.empty() && (least == nullptr || queue.start < least->start)) least = &queue;
  }
  now_ = least->start++;
  auto waiter = std::move(least->waiters.front());
  least->waiters.pop_front();
  --waiting_;
  ++seated_;
  waiter->seated();
  return true;
}

}  // namespace apiserver
