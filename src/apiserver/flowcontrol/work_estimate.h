// How many seats a request takes, and how long: as much as the work it makes. Kubernetes documentation, "API Priority
// and Fairness", "Seats occupied by a request".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace apiserver {

inline constexpr int kSeatsMax = 10;  // of one request

struct Work {
  int seats = 1;
  int64_t afterwards_ns = 0;  // that the seats stay taken when the request has been answered
  bool operator==(const Work&) const = default;
};

// A list, or a watch that begins with one. `objects`: how many there are; `limit`: of the page, 0 for none;
// `selects`: not all of them are wanted.
Work work_of_list(uint64_t objects, int64_t limit, bool selects);
// A write that so many watchers are told of, which goes on after its answer.
Work work_of_write(uint64_t watchers);

// What is watched, or written to: one object where it has a name, all of a namespace where it has one.
struct WatchedPlace {
  std::string resource;  // with its group
  std::string namespace_;
  std::string name;
  auto operator<=>(const WatchedPlace&) const = default;
};

// How many watch what. Safe from any thread.
class Watchers {
 public:
  // One more, while it lives.
  class Watching {
   public:
    Watching(Watchers& watchers, WatchedPlace place);
    ~Watching();
    Watching(const Watching&) = delete;

   private:
    Watchers& watchers_;
    const WatchedPlace place_;
  };
  // Those who are told of a write there.
  uint64_t of(const WatchedPlace& place) const;

 private:
  mutable base::Mutex mutex_;
  std::map<WatchedPlace, uint64_t> counts_ GUARDED_BY(mutex_);
};

}  // namespace apiserver
