// The watchers of one loop. A writer leaves its events here and posts once; on the loop each event is put in one
// queue per watched prefix, or per value of a field where watchers are narrowed to one, and every watcher of that queue
// reads it at its own pace.
//
// offer() and end() may be called from any thread, all else on the station's loop.
#pragma once

#include <coroutine>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "io/loop.h"
#include "store/history.h"
#include "store/store.h"

namespace store {

class View;
class PrefixWatch;

class Station : public std::enable_shared_from_this<Station> {
 public:
  Station(io::Loop& loop, std::shared_ptr<View> view, size_t watch_events_max);
  ~Station();
  Station(const Station&) = delete;
  Station& operator=(const Station&) = delete;

  io::Loop& loop() const { return loop_; }
  // True if the caller has to post deliver() to the loop.
  bool offer(std::span<const EventRef> events, Revision newest);
  bool end();
  void deliver();

  // A watch of `prefix` that starts with what `tail` has of it and goes on with what comes after `newest`.
  std::unique_ptr<Watch> open(std::string prefix, Narrowing only, Revision from, Revision newest,
                              const History::Tail& tail);

 private:
  friend class PrefixWatch;
  // Events that came in one delivery. The chain lives as long as someone has yet to read it.
  struct Batch {
    std::vector<EventRef> events;
    std::shared_ptr<Batch> next;
  };
  struct Channel {
    std::shared_ptr<Batch> newest = std::make_shared<Batch>();
    uint64_t events = 0;  // ever put in
    std::vector<PrefixWatch*> watches;
    bool touched = false;
  };
  using Values = std::map<std::string, Channel, std::less<>>;
  struct Prefix {
    Channel all;  // for those who are not narrowed
    std::map<std::string, Values, std::less<>> by_field;
  };

  Channel& channel(const std::string& prefix, const Narrowing& only);
  void sort_in(const std::vector<EventRef>& events, std::vector<Channel*>& touched);
  static void sort_in(const EventRef& event, size_t prefix_length, Prefix& prefix, std::vector<Channel*>& touched);
  static void put(const EventRef& event, Channel& channel, std::vector<Channel*>& touched);
  void make_ready(Channel& channel);
  void close_channel(const std::string& prefix, const Narrowing& only);
  void leave(PrefixWatch& watch);

  io::Loop& loop_;
  std::shared_ptr<View> view_;
  const size_t watch_events_max_;

  std::map<std::string, Prefix, std::less<>> prefixes_;  // those that are watched
  std::map<size_t, size_t> prefix_lengths_;              // how many of them are that long
  std::vector<PrefixWatch*> ready_;                      // about to be resumed; null: gone meanwhile
  Revision delivered_ = 0;
  bool ended_ = false;

  base::Mutex mutex_;
  std::vector<EventRef> inbox_ GUARDED_BY(mutex_);
  Revision inbox_revision_ GUARDED_BY(mutex_) = 0;
  bool inbox_ended_ GUARDED_BY(mutex_) = false;
  bool posted_ GUARDED_BY(mutex_) = false;
};

}  // namespace store
