// A watch past its selectors: what one watcher sees, whichever way it came. One loop, the one that opened it.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "apiserver/registry/options.h"
#include "apiserver/registry/selection.h"
#include "apiserver/registry/served.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"
#include "store/store.h"

namespace apiserver {

struct WatchItem {
  enum class Kind : uint8_t { Added, Modified, Deleted, Bookmark };
  Kind kind = Kind::Added;
  store::EntryRef entry;             // null for bookmarks
  store::Revision revision = 0;      // the resource version to show: of the event, which for what left the selection is
                                     // newer than the entry's own
  bool ends_initial_events = false;  // of a bookmark
};

class WatchStream {
 public:
  // Expired when history does not reach back to the revision asked for; Timeout for one to come.
  static io::Task<base::Result<std::unique_ptr<WatchStream>>> open(store::Store& store, const Served& served,
                                                                   std::string namespace_, ListQuery query,
                                                                   Convert convert = nullptr);

  // What happened since, at least one thing. Closed when the watch's time is up or the store ends; Expired when the
  // watcher fell too far behind.
  io::Task<base::Result<std::vector<WatchItem>>> next();
  const Served& served() const { return served_; }
  // There are events of what was there when it was opened.
  bool begins_with_state() const { return !initial_.empty(); }

 private:
  WatchStream(const Served& served, Selection selection)
      : held_(served.shared_from_this()), served_(served), selection_(std::move(selection)) {}
  void take(const store::EventRef& event, std::vector<WatchItem>& items) const;
  io::Task<base::Result<std::vector<WatchItem>>> converted(std::vector<WatchItem> items) const;
  void set_alarm(int64_t now_ns);
  // For selectors that look into objects: the events with their states in the version that is watched.
  io::Task<base::Result<std::vector<store::EventRef>>> readable(std::vector<store::EventRef> events) const;
  bool converts_first() const { return convert_ != nullptr && selection_.reads_content(); }

  const std::shared_ptr<const Served> held_;  // a custom kind may go while it is watched
  const Served& served_;
  const Selection selection_;
  Convert convert_;  // null: entries are read as they are
  std::unique_ptr<store::Watch> watch_;
  std::vector<WatchItem> initial_;
  bool bookmarks_ = false;
  store::Revision not_before_ = 0;  // what a watcher from the future does not want to see
  store::Revision told_ = 0;        // the newest revision the watcher knows of
  int64_t deadline_ns_ = 0;         // monotonic; 0: none
  int64_t next_bookmark_ns_ = 0;
  io::Timer alarm_;  // interrupts the wait for events: for a bookmark, or because the time is up
  int64_t alarm_ns_ = 0;
};

}  // namespace apiserver
