#include "apiserver/flowcontrol/work_estimate.h"

#include <algorithm>

namespace apiserver {
namespace {

constexpr uint64_t kObjectsPerSeat = 100;
constexpr uint64_t kWatchersPerSeat = 100;  // telling one takes about a microsecond

int clamped(uint64_t seats) {
  return static_cast<int>(std::clamp<uint64_t>(seats, 1, kSeatsMax));
}

}  // namespace

int seats_of_list(uint64_t objects, int64_t limit, bool selects) {
  uint64_t read = objects;
  // With a selector a page may have to look at more than it shows.
  if (limit > 0 && !selects) read = std::min(read, static_cast<uint64_t>(limit));
  return clamped((read + kObjectsPerSeat - 1) / kObjectsPerSeat);
}

int seats_of_write(uint64_t watchers) {
  return clamped(1 + watchers / kWatchersPerSeat);
}

Watchers::Watching::Watching(Watchers& watchers, std::string key) : watchers_(watchers), key_(std::move(key)) {
  base::Lock lock(watchers_.mutex_);
  ++watchers_.counts_[key_];
}

Watchers::Watching::~Watching() {
  base::Lock lock(watchers_.mutex_);
  auto at = watchers_.counts_.find(key_);
  if (--at->second == 0) watchers_.counts_.erase(at);
}

uint64_t Watchers::of(std::string_view key) const {
  base::Lock lock(mutex_);
  auto at = counts_.find(key);
  return at == counts_.end() ? 0 : at->second;
}

}  // namespace apiserver
