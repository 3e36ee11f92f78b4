#include "scheduler/core/queue.h"

#include <algorithm>

namespace scheduler {
namespace {

constexpr int64_t kSecond = 1'000'000'000;
constexpr int64_t kUnschedulableMax = 300 * kSecond;  // then it is tried again, whatever happened or did not

}  // namespace

struct Queue::Waiting {
  enum class Place : uint8_t { Active, BackingOff, Unschedulable, Out };
  PodInfoRef pod;
  Place place = Place::Out;
  uint64_t arrival = 0;
  int attempts = 0;
  int64_t first_tried_ns = 0;
  int64_t last_tried_ns = 0;
  uint64_t taken_cycle = 0;
  Happening wakers = Happening::All;
  std::multimap<int64_t, Waiting*>::iterator at;  // in backing_off_ or unschedulable_
};

bool Queue::Before::operator()(const Waiting* a, const Waiting* b) const {
  if (a->pod->priority != b->pod->priority) return a->pod->priority > b->pod->priority;
  return a->arrival < b->arrival;
}

Queue::Queue(base::Clock& clock, BackOffSettings back_off) : clock_(clock), back_off_(back_off) {}
Queue::~Queue() = default;

int64_t Queue::backoff_ns(int attempts) const {
  int64_t span = back_off_.first_ns;
  for (int i = 1; i < attempts && span < back_off_.most_ns; ++i) span *= 2;
  return std::min(span, back_off_.most_ns);
}

void Queue::take_out(Waiting& waiting) {
  switch (waiting.place) {
    case Waiting::Place::Active:
      active_.erase(&waiting);
      break;
    case Waiting::Place::BackingOff:
      backing_off_.erase(waiting.at);
      break;
    case Waiting::Place::Unschedulable:
      unschedulable_.erase(waiting.at);
      break;
    case Waiting::Place::Out:
      break;
  }
  waiting.place = Waiting::Place::Out;
}

void Queue::activate(Waiting& waiting) {
  take_out(waiting);
  waiting.place = Waiting::Place::Active;
  active_.insert(&waiting);
  ready_.set();
}

// To the active ones, or first through what is left of its back-off.
void Queue::wake(Waiting& waiting) {
  int64_t due = waiting.last_tried_ns + backoff_ns(waiting.attempts);
  if (waiting.attempts == 0 || due <= clock_.monotonic_ns()) {
    activate(waiting);
    return;
  }
  take_out(waiting);
  waiting.place = Waiting::Place::BackingOff;
  waiting.at = backing_off_.emplace(due, &waiting);
}

void Queue::put(PodInfoRef pod) {
  auto& slot = all_[pod->key];
  if (!slot) {
    slot = std::make_unique<Waiting>();
    slot->arrival = ++arrivals_;
    slot->pod = std::move(pod);
    activate(*slot);
    return;
  }
  Waiting& waiting = *slot;
  if (waiting.place == Waiting::Place::Active) {
    active_.erase(&waiting);  // its priority may have changed
    waiting.pod = std::move(pod);
    active_.insert(&waiting);
    return;
  }
  bool wish_changed = waiting.pod->wish_hash != pod->wish_hash || waiting.pod->labels != pod->labels;
  waiting.pod = std::move(pod);
  if (wish_changed && waiting.place != Waiting::Place::Out) wake(waiting);
  schedule_timer();
}

PodInfoRef Queue::find(const client::Key& key) const {
  auto found = all_.find(key);
  return found == all_.end() ? nullptr : found->second->pod;
}

void Queue::remove(const client::Key& key) {
  auto found = all_.find(key);
  if (found == all_.end()) return;
  if (found->second->place == Waiting::Place::Out) {
    auto cycle = out_.find(found->second->taken_cycle);
    if (cycle != out_.end()) out_.erase(cycle);
  }
  take_out(*found->second);
  all_.erase(found);
}

io::Task<Queue::Entry> Queue::take() {
  while (active_.empty()) {
    ready_.reset();
    co_await ready_.wait();
  }
  Waiting& waiting = **active_.begin();
  take_out(waiting);
  int64_t now = clock_.monotonic_ns();
  if (waiting.attempts++ == 0) waiting.first_tried_ns = now;
  waiting.last_tried_ns = now;
  waiting.taken_cycle = cycle_;
  out_.insert(cycle_);
  co_return Entry{waiting.pod, waiting.attempts, waiting.first_tried_ns, cycle_};
}

void Queue::put_back(Entry entry, Happening wakers, bool error) {
  auto cycle = out_.find(entry.cycle);
  if (cycle != out_.end()) out_.erase(cycle);
  auto found = all_.find(entry.pod->key);
  if (found == all_.end() || found->second->place != Waiting::Place::Out) return;  // deleted meanwhile
  Waiting& waiting = *found->second;
  waiting.wakers = wakers;
  bool missed = std::any_of(recent_.upper_bound(entry.cycle), recent_.end(),
                            [&](const auto& happening) { return happening.second & wakers; });
  if (error || missed) {
    wake(waiting);
  } else {
    waiting.place = Waiting::Place::Unschedulable;
    waiting.at = unschedulable_.emplace(clock_.monotonic_ns() + kUnschedulableMax, &waiting);
  }
  if (out_.empty()) recent_.clear();
  schedule_timer();
}

void Queue::done(const client::Key& key) {
  remove(key);
}

void Queue::happened(Happening what) {
  ++cycle_;
  if (!out_.empty()) recent_[cycle_] = what;
  std::vector<Waiting*> woken;
  for (auto& [due, waiting] : unschedulable_) {
    if (waiting->wakers & what) woken.push_back(waiting);
  }
  for (Waiting* waiting : woken) wake(*waiting);
  if (!woken.empty()) schedule_timer();
}

void Queue::schedule_timer() {
  int64_t due = INT64_MAX;
  if (!backing_off_.empty()) due = backing_off_.begin()->first;
  if (!unschedulable_.empty()) due = std::min(due, unschedulable_.begin()->first);
  if (due == INT64_MAX) {
    timer_.stop();
  } else {
    timer_.start(std::chrono::nanoseconds(std::max<int64_t>(0, due - clock_.monotonic_ns())),
                 [this] { timer_fired(); });
  }
}

void Queue::timer_fired() {
  int64_t now = clock_.monotonic_ns();
  while (!backing_off_.empty() && backing_off_.begin()->first <= now) activate(*backing_off_.begin()->second);
  while (!unschedulable_.empty() && unschedulable_.begin()->first <= now) wake(*unschedulable_.begin()->second);
  schedule_timer();
}

}  // namespace scheduler
