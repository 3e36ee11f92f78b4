#include "store/station.h"

#include <algorithm>
#include <utility>

#include "store/opening.h"
#include "store/ticket.h"
#include "store/view.h"

namespace store {
namespace {

// What cannot be read may concern everybody.
bool is_readable(const Event& event) {
  return is_opened(*event.entry) && (event.previous == nullptr || is_opened(*event.previous));
}

std::string_view value_of(std::string_view field, const Entry& entry, size_t prefix_length) {
  return field == Narrowing::kRest ? std::string_view(entry.key).substr(prefix_length) : entry.attributes.field(field);
}

bool concerns(const Event& event, size_t prefix_length, const Narrowing& only) {
  if (only.field.empty() || !is_readable(event)) return true;
  if (value_of(only.field, *event.entry, prefix_length) == only.value) return true;
  return event.previous != nullptr && value_of(only.field, *event.previous, prefix_length) == only.value;
}

// The same event with a count of its own. The watchers of a loop take and drop references by the thousand; were they
// counted in one place for all loops, processors would wait for each other at each.
EventRef counted_here(const EventRef& event) {
  const Event* content = event.get();
  return EventRef(std::make_shared<const EventRef>(event), content);
}

}  // namespace

// One watcher: first its backlog (what history had when it was opened), then its place in its channel.
class PrefixWatch final : public Watch {
 public:
  PrefixWatch(std::shared_ptr<Station> station, std::string prefix, Narrowing only, Revision from, Revision newest,
              std::vector<EventRef> backlog)
      : station_(std::move(station)),
        prefix_(std::move(prefix)),
        only_(std::move(only)),
        channel_(station_->channel(prefix_, only_)),
        start_(std::max(from, newest)),
        backlog_(std::move(backlog)),
        batch_(channel_.newest),
        place_(batch_->events.size()),
        taken_(channel_.events) {
    slot_ = channel_.watches.size();
    channel_.watches.push_back(this);
  }
  ~PrefixWatch() override {
    release_batches();
    station_->leave(*this);
  }

  io::Task<base::Result<std::vector<EventRef>>> next() override;
  void interrupt() override {
    interrupted_ = true;
    if (waiter_) std::exchange(waiter_, nullptr).resume();
  }
  Revision seen() const override;

 private:
  friend class Station;
  static constexpr size_t kEventsPerCall = 1000;

  struct Arrival {
    PrefixWatch& watch;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> caller) { watch.waiter_ = caller; }
    void await_resume() {}
    explicit Arrival(PrefixWatch& watch) : watch(watch) {}
    Arrival(const Arrival&) = delete;
    ~Arrival() { watch.waiter_ = nullptr; }
  };

  // The next event not yet returned, or null.
  const EventRef* pending();
  const EventRef* pending() const { return const_cast<PrefixWatch*>(this)->pending(); }
  void skip();
  void expire() {
    expired_ = true;
    release_batches();
  }
  void release_batches() {
    // One by one: a chain that destroys itself recursively could be thousands deep.
    while (batch_ && batch_.use_count() == 1) batch_ = std::move(batch_->next);
    batch_.reset();
  }

  const std::shared_ptr<Station> station_;
  const std::string prefix_;
  const Narrowing only_;
  Station::Channel& channel_;
  const Revision start_;  // what the channel has up to here is in the backlog, or was before `from`
  std::vector<EventRef> backlog_;
  size_t backlog_place_ = 0;
  std::shared_ptr<Station::Batch> batch_;
  size_t place_;
  uint64_t taken_;  // of the channel's events
  bool expired_ = false;
  bool interrupted_ = false;

  std::coroutine_handle<> waiter_;
  size_t slot_ = 0;                              // in channel_.watches
  size_t ready_slot_ = static_cast<size_t>(-1);  // in station_->ready_
};

const EventRef* PrefixWatch::pending() {
  if (backlog_place_ < backlog_.size()) return &backlog_[backlog_place_];
  if (!backlog_.empty()) std::vector<EventRef>().swap(backlog_), backlog_place_ = 0;
  if (!batch_) return nullptr;
  for (;;) {
    while (place_ < batch_->events.size()) {
      const EventRef& event = batch_->events[place_];
      if (event->entry->revision > start_) return &event;
      ++place_;
      ++taken_;
    }
    if (!batch_->next) return nullptr;
    batch_ = batch_->next;
    place_ = 0;
  }
}

void PrefixWatch::skip() {
  if (backlog_place_ < backlog_.size()) {
    ++backlog_place_;
  } else {
    ++place_;
    ++taken_;
  }
}

io::Task<base::Result<std::vector<EventRef>>> PrefixWatch::next() {
  std::vector<EventRef> events;
  for (;;) {
    if (station_->ended_) co_return base::fail(base::Code::Cancelled, "the store has closed");
    if (expired_) co_return base::fail(base::Code::Expired, "the watch was too slow and events were dropped");
    while (events.size() < kEventsPerCall) {
      const EventRef* event = pending();
      if (event == nullptr) break;
      if (!is_opened(*(*event)->entry)) {
        if (!events.empty()) break;
        co_return base::fail(base::Code::Internal, "unable to transform key \"" + (*event)->entry->key + "\"");
      }
      events.push_back(*event);
      skip();
    }
    if (std::exchange(interrupted_, false) || !events.empty()) co_return events;
    co_await Arrival(*this);
  }
}

Revision PrefixWatch::seen() const {
  const EventRef* event = pending();
  return event != nullptr ? (*event)->entry->revision - 1 : std::max(start_, station_->delivered_);
}

Station::Station(io::Loop& loop, std::shared_ptr<View> view, size_t watch_events_max)
    : loop_(loop), view_(std::move(view)), watch_events_max_(watch_events_max) {}

Station::~Station() = default;

bool Station::offer(std::span<const EventRef> events, Revision newest) {
  base::Lock lock(mutex_);
  inbox_.insert(inbox_.end(), events.begin(), events.end());
  inbox_revision_ = newest;
  return !std::exchange(posted_, true);
}

bool Station::end() {
  base::Lock lock(mutex_);
  inbox_ended_ = true;
  return !std::exchange(posted_, true);
}

std::unique_ptr<Watch> Station::open(std::string prefix, Narrowing only, Revision from, Revision newest,
                                     const History::Tail& tail) {
  std::vector<EventRef> backlog;
  for (size_t i = 0; i < tail.size(); ++i) {
    if (tail[i]->entry->key.starts_with(prefix) && concerns(*tail[i], prefix.size(), only)) backlog.push_back(tail[i]);
  }
  return std::make_unique<PrefixWatch>(shared_from_this(), std::move(prefix), std::move(only), from, newest,
                                       std::move(backlog));
}

Station::Channel& Station::channel(const std::string& prefix, const Narrowing& only) {
  auto [place, added] = prefixes_.try_emplace(prefix);
  if (added) ++prefix_lengths_[prefix.size()];
  return only.field.empty() ? place->second.all : place->second.by_field[only.field][only.value];
}

void Station::leave(PrefixWatch& watch) {
  if (watch.ready_slot_ != static_cast<size_t>(-1)) ready_[watch.ready_slot_] = nullptr;
  auto& watches = watch.channel_.watches;
  watches[watch.slot_] = watches.back();
  watches[watch.slot_]->slot_ = watch.slot_;
  watches.pop_back();
  if (watches.empty()) close_channel(watch.prefix_, watch.only_);
}

void Station::close_channel(const std::string& name, const Narrowing& only) {
  auto place = prefixes_.find(name);
  Prefix& prefix = place->second;
  if (!only.field.empty()) {
    auto values = prefix.by_field.find(only.field);
    values->second.erase(only.value);
    if (values->second.empty()) prefix.by_field.erase(values);
  }
  if (!prefix.all.watches.empty() || !prefix.by_field.empty()) return;
  auto length = prefix_lengths_.find(name.size());
  if (--length->second == 0) prefix_lengths_.erase(length);
  prefixes_.erase(place);
  if (prefixes_.empty()) view_->remove(*this);
}

void Station::sort_in(const std::vector<EventRef>& events, std::vector<Channel*>& touched) {
  for (const EventRef& event : events) {
    std::string_view key = event->entry->key;
    EventRef ours;
    for (auto [length, count] : prefix_lengths_) {
      if (length > key.size()) break;
      auto found = prefixes_.find(key.substr(0, length));
      if (found == prefixes_.end()) continue;
      if (!ours) ours = counted_here(event);
      sort_in(ours, length, found->second, touched);
    }
  }
}

void Station::sort_in(const EventRef& event, size_t prefix_length, Prefix& prefix, std::vector<Channel*>& touched) {
  if (!prefix.all.watches.empty()) put(event, prefix.all, touched);
  if (prefix.by_field.empty()) return;
  bool can_be_told = is_readable(*event);
  for (auto& [field, values] : prefix.by_field) {
    if (!can_be_told) {
      for (auto& [value, channel] : values) put(event, channel, touched);
      continue;
    }
    std::string_view now = value_of(field, *event->entry, prefix_length);
    if (auto found = values.find(now); found != values.end()) put(event, found->second, touched);
    if (event->previous == nullptr) continue;
    std::string_view before = value_of(field, *event->previous, prefix_length);
    if (before == now) continue;
    if (auto found = values.find(before); found != values.end()) put(event, found->second, touched);
  }
}

void Station::put(const EventRef& event, Channel& channel, std::vector<Channel*>& touched) {
  if (!std::exchange(channel.touched, true)) {
    touched.push_back(&channel);
    auto batch = std::make_shared<Batch>();
    channel.newest->next = batch;
    channel.newest = std::move(batch);
  }
  channel.newest->events.push_back(event);
  ++channel.events;
}

void Station::make_ready(Channel& channel) {
  for (PrefixWatch* watch : channel.watches) {
    if (watch->waiter_) {
      watch->ready_slot_ = ready_.size();
      ready_.push_back(watch);
    } else if (!ended_ && channel.events - watch->taken_ > watch_events_max_) {
      watch->expire();
    }
  }
}

void Station::deliver() {
  std::vector<EventRef> events;
  {
    base::Lock lock(mutex_);
    events.swap(inbox_);
    delivered_ = std::max(delivered_, inbox_revision_);
    ended_ = inbox_ended_;
    posted_ = false;
  }
  std::vector<Channel*> touched;
  sort_in(events, touched);
  for (Channel* channel : touched) {
    channel->touched = false;
    if (!ended_) make_ready(*channel);
  }
  if (ended_) {
    for (auto& [name, prefix] : prefixes_) {
      make_ready(prefix.all);
      for (auto& [field, values] : prefix.by_field) {
        for (auto& [value, channel] : values) make_ready(channel);
      }
    }
  }
  // A resumed flow may open and close any watch here.
  for (size_t i = 0; i < ready_.size(); ++i) {
    PrefixWatch* watch = ready_[i];
    if (watch == nullptr) continue;
    watch->ready_slot_ = static_cast<size_t>(-1);
    if (watch->waiter_) std::exchange(watch->waiter_, nullptr).resume();
  }
  ready_.clear();
}

}  // namespace store
