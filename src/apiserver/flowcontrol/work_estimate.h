// How many seats a request takes: as much as the work it makes. Kubernetes documentation, "API Priority and Fairness",
// "Seats occupied by a request".
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/mutex.h"

namespace apiserver {

inline constexpr int kSeatsMax = 10;  // of one request

// A list, or a watch that begins with one. `objects`: how many there are; `limit`: of the page, 0 for none;
// `selects`: not all of them are wanted.
int seats_of_list(uint64_t objects, int64_t limit, bool selects);
// A write that so many watchers are told of.
int seats_of_write(uint64_t watchers);

// How many watch which resource. Safe from any thread.
class Watchers {
 public:
  // One more, while it lives.
  class Watching {
   public:
    Watching(Watchers& watchers, std::string key);
    ~Watching();
    Watching(const Watching&) = delete;

   private:
    Watchers& watchers_;
    const std::string key_;
  };
  // `key`: the resource with its group.
  uint64_t of(std::string_view key) const;

 private:
  mutable base::Mutex mutex_;
  std::map<std::string, uint64_t, std::less<>> counts_ GUARDED_BY(mutex_);
};

}  // namespace apiserver
