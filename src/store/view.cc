#include "store/view.h"

#include <algorithm>

#include "store/station.h"

namespace store {

namespace {

constexpr size_t kOldStatesMax = 16;

base::Error closed_error() {
  return base::Error(base::Code::Closed, "the store is closed");
}

base::Error expired_error(Revision asked, Revision compacted) {
  return base::Error(base::Code::Expired, "revision " + std::to_string(asked) +
                                              " is no longer kept (oldest: " + std::to_string(compacted) + ")");
}

// The map before `events`, for keys under `prefix`.
void undo(Index& index, const History::Tail& events, std::string_view prefix) {
  for (size_t i = events.size(); i-- > 0;) {
    const Event& event = *events[i];
    if (!event.entry->key.starts_with(prefix)) continue;
    if (event.previous) {
      index.insert(event.previous);
    } else {
      index.erase(event.entry->key);
    }
  }
}

}  // namespace

void Wakeups::send() {
  for (auto& station : stations_) {
    io::Loop& loop = station->loop();
    loop.post([station = std::move(station)] { station->deliver(); });
  }
  stations_.clear();
  std::map<io::Loop*, std::vector<TicketRef>> by_loop;
  for (TicketRef& ticket : tickets_) by_loop[&ticket->loop()].push_back(std::move(ticket));
  for (auto& [loop, batch] : by_loop) {
    loop->post([batch = std::move(batch)] {
      for (const TicketRef& ticket : batch) ticket->complete();
    });
  }
  tickets_.clear();
}

View::Options View::Options::from(const HistoryOptions& options) {
  constexpr int64_t kNsPerSecond = 1'000'000'000;
  return {{options.events_max, options.bytes_max, options.age_seconds_max * kNsPerSecond}, options.watch_events_max};
}

View::View(Options options, base::Clock& clock, Index index, Revision start, Revision compacted)
    : watch_events_max_(options.watch_events_max),
      clock_(clock),
      index_(std::move(index)),
      revision_(start),
      history_(options.history, compacted) {}

Revision View::revision() const {
  base::Lock lock(mutex_);
  return revision_;
}

Revision View::compacted() const {
  base::Lock lock(mutex_);
  return history_.compacted();
}

EntryRef View::find(std::string_view key) const {
  Index index;
  {
    base::Lock lock(mutex_);
    index = index_;
  }
  return index.find(key);
}

EntryRef View::replace(const EntryRef& current, EntryRef next) {
  base::Lock lock(mutex_);
  const EntryRef& shown = index_.find(current->key);
  if (shown == current) {
    index_.insert(next);
  } else if (shown && shown->revision == next->revision) {
    return shown;  // another reader was faster
  }
  return next;
}

base::Result<View::Moment> View::moment(std::string_view prefix, Revision at) {
  base::Lock lock(mutex_);
  if (closed_) return base::fail(closed_error());
  if (at == 0 || at == revision_) return Moment{index_, revision_, {}};
  if (at > revision_) return base::fail(base::Code::BadRequest, "revision " + std::to_string(at) + " is in the future");
  if (at < history_.compacted()) return base::fail(expired_error(at, history_.compacted()));
  for (auto old = old_.begin(); old != old_.end(); ++old) {
    if (old->revision != at || !prefix.starts_with(old->prefix)) continue;
    std::rotate(old, old + 1, old_.end());
    return Moment{old_.back().index, at, {}};
  }
  return Moment{index_, at, history_.after(at)};
}

void View::keep_old(OldState state) {
  OldState dropped;
  base::Lock lock(mutex_);
  for (const OldState& old : old_) {
    if (old.revision == state.revision && state.prefix.starts_with(old.prefix)) return;
  }
  if (old_.size() == kOldStatesMax) {
    dropped = std::move(old_.front());
    old_.erase(old_.begin());
  }
  old_.push_back(std::move(state));
}

std::vector<View::OldState> View::forget_old() {
  std::vector<OldState> dropped;
  Revision oldest = history_.compacted();
  std::erase_if(old_, [&dropped, oldest](OldState& old) {
    if (old.revision >= oldest) return false;
    dropped.push_back(std::move(old));
    return true;
  });
  return dropped;
}

base::Result<Page> View::page(std::string_view prefix, const ListOptions& options) {
  TRY(auto moment, moment(prefix, options.at));
  bool undone = moment.newer.size() > 0;
  undo(moment.index, moment.newer, prefix);
  std::string end = prefix_end(prefix);
  size_t first = moment.index.rank(prefix);
  size_t last = end.empty() ? moment.index.size() : moment.index.rank(end);
  // The smallest key behind start_after is start_after and a zero byte.
  if (!options.start_after.empty()) first = std::max(first, moment.index.rank(options.start_after + '\0'));
  first = std::min(first, last);
  Page page;
  page.revision = moment.revision;
  size_t count = options.limit == 0 ? last - first : std::min(options.limit, last - first);
  page.remaining = last - first - count;
  page.more = page.remaining > 0;
  page.entries.reserve(count);
  moment.index.collect(first, first + count, page.entries);
  if (page.more) keep_old({moment.revision, undone ? std::string(prefix) : std::string(), std::move(moment.index)});
  return page;
}

// A place among those who wait for a revision; given up when the waiting flow ends, however it ends.
class View::Place {
 public:
  Place(std::shared_ptr<View> view, TicketRef ticket) : view_(std::move(view)), ticket_(std::move(ticket)) {}
  Place(const Place&) = delete;
  ~Place() { view_->leave(ticket_); }

 private:
  std::shared_ptr<View> view_;
  TicketRef ticket_;
};

TicketRef View::join(Revision revision) {
  auto ticket = std::make_shared<Ticket>();
  base::Lock lock(mutex_);
  if (closed_) {
    ticket->set_error(closed_error());
    ticket->complete();
  } else if (revision_ >= revision) {
    ticket->complete();
  } else {
    waiting_.push_back({revision, ticket});
  }
  return ticket;
}

void View::leave(const TicketRef& ticket) {
  base::Lock lock(mutex_);
  std::erase_if(waiting_, [&](const Waiting& waiting) { return waiting.ticket == ticket; });
}

io::Task<base::Result<void>> View::reached(Revision revision, io::Duration timeout) {
  TicketRef ticket = join(revision);
  Place place(shared_from_this(), ticket);
  bool late = false;
  io::Timer timer;
  if (!ticket->done()) {
    timer.start(timeout, [&late, ticket] {
      late = true;
      ticket->complete();
    });
  }
  auto result = co_await Ticket::wait(ticket);
  // Decided by what is true now: the publisher may have been faster than the timer.
  if (late && this->revision() < revision) {
    co_return base::fail(base::Code::Timeout, "revision " + std::to_string(revision) + " did not come in time");
  }
  co_return result;
}

base::Result<std::unique_ptr<Watch>> View::watch(std::string prefix, Revision from, Narrowing only) {
  io::Loop& loop = io::Loop::current();
  std::shared_ptr<Station> station;
  History::Tail tail;
  Revision newest = 0;
  {
    base::Lock lock(mutex_);
    if (closed_) return base::fail(closed_error());
    if (from < history_.compacted()) return base::fail(expired_error(from, history_.compacted()));
    auto& place = stations_[&loop];
    if (!place) place = std::make_shared<Station>(loop, shared_from_this(), watch_events_max_);
    station = place;
    tail = history_.after(from);
    newest = revision_;
  }
  return station->open(std::move(prefix), std::move(only), from, newest, tail);
}

void View::remove(const Station& station) {
  std::shared_ptr<Station> dropped;
  base::Lock lock(mutex_);
  auto found = stations_.find(&station.loop());
  if (found == stations_.end() || found->second.get() != &station) return;
  dropped = std::move(found->second);
  stations_.erase(found);
}

Wakeups View::publish(const std::vector<EventRef>& events, Revision newest) {
  Index next;
  {
    base::Lock lock(mutex_);
    next = index_;
  }
  for (const EventRef& event : events) {
    if (event->kind == Event::Kind::Deleted) {
      next.erase(event->entry->key);
    } else {
      next.insert(event->entry);
    }
  }
  int64_t now_ns = clock_.monotonic_ns();
  Wakeups wakeups;
  std::vector<OldState> dropped;  // freed without the lock, as is what `next` becomes
  base::Lock lock(mutex_);
  if (closed_) return wakeups;
  std::swap(index_, next);
  revision_ = std::max(revision_, newest);
  for (const EventRef& event : events) history_.add(event, now_ns);
  dropped = forget_old();
  for (auto& [loop, station] : stations_) {
    if (station->offer(events, newest)) wakeups.add(station);
  }
  std::erase_if(waiting_, [&wakeups, reached = revision_](Waiting& waiting) {
    if (waiting.revision > reached) return false;
    wakeups.add(std::move(waiting.ticket));
    return true;
  });
  return wakeups;
}

base::Result<void> View::compact(Revision revision) {
  std::vector<OldState> dropped;
  base::Lock lock(mutex_);
  if (revision > revision_) return base::fail(base::Code::BadRequest, "cannot compact what is in the future");
  history_.compact(revision);
  dropped = forget_old();
  return {};
}

Wakeups View::close() {
  Wakeups wakeups;
  base::Lock lock(mutex_);
  if (std::exchange(closed_, true)) return wakeups;
  for (auto& [loop, station] : stations_) {
    if (station->end()) wakeups.add(station);
  }
  for (Waiting& waiting : waiting_) {
    waiting.ticket->set_error(closed_error());
    wakeups.add(std::move(waiting.ticket));
  }
  waiting_.clear();
  return wakeups;
}

}  // namespace store
