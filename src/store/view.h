// What readers see of a store, whatever keeps it safe: the map at the newest visible revision, the events that led
// there, and who waits for more. One publisher at a time; everything else from any thread.
//
// A list at an older revision takes the map as it was from a few kept ones (each begun paged list keeps its own), or
// undoes newer events, which costs time in proportion to them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"
#include "store/history.h"
#include "store/index.h"
#include "store/store.h"
#include "store/ticket.h"

namespace store {

class View : public std::enable_shared_from_this<View> {
 public:
  struct Options {
    History::Bounds history;
    size_t watch_events_max;  // that a watch may lag behind

    static Options from(const HistoryOptions& options);
  };
  // `start` is the revision of `index`; there are no events up to it.
  View(Options options, base::Clock& clock, Index index, Revision start, Revision compacted);
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  Revision revision() const;
  Revision compacted() const;
  EntryRef find(std::string_view key) const;
  // `options.at` and paging; not_older_than and consistent are the caller's. Expired, or BadRequest for a future `at`.
  base::Result<Page> page(std::string_view prefix, const ListOptions& options);
  // Waits for the map to come that far: Timeout if it does not, Closed after close().
  io::Task<base::Result<void>> reached(Revision revision, io::Duration timeout);
  base::Result<std::unique_ptr<Watch>> watch(std::string prefix, Revision from, Narrowing only);

  // Shows `next` instead of `current`: the same state, opened. What is shown then, unless another state came between.
  EntryRef replace(const EntryRef& current, EntryRef next);
  // Makes `events` (in order) and all up to `newest` visible. Send the wake-ups when no lock is held.
  Wakeups publish(const std::vector<EventRef>& events, Revision newest);
  // BadRequest for a future revision.
  base::Result<void> compact(Revision revision);
  Wakeups close();

 private:
  friend class Station;
  struct OldState {
    Revision revision;
    std::string prefix;  // right for keys that start with it
    Index index;
  };
  struct Waiting {
    Revision revision;
    TicketRef ticket;
  };
  // What a list needs, taken at one moment.
  struct Moment {
    Index index;
    Revision revision = 0;
    History::Tail newer;  // events to undo
  };
  class Place;

  base::Result<Moment> moment(std::string_view prefix, Revision at) EXCLUDES(mutex_);
  void keep_old(OldState state) EXCLUDES(mutex_);
  std::vector<OldState> forget_old() REQUIRES(mutex_);
  TicketRef join(Revision revision) EXCLUDES(mutex_);
  void leave(const TicketRef& ticket) EXCLUDES(mutex_);
  void remove(const Station& station) EXCLUDES(mutex_);

  const size_t watch_events_max_;
  base::Clock& clock_;

  mutable base::Mutex mutex_;
  Index index_ GUARDED_BY(mutex_);
  Revision revision_ GUARDED_BY(mutex_);
  History history_ GUARDED_BY(mutex_);
  std::vector<OldState> old_ GUARDED_BY(mutex_);  // the one used last is at the end
  std::vector<Waiting> waiting_ GUARDED_BY(mutex_);
  std::map<io::Loop*, std::shared_ptr<Station>> stations_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace store
