#include "apiserver/flowcontrol/work_estimate.h"

#include <algorithm>

namespace apiserver {
namespace {

// Upstream's numbers.
constexpr uint64_t kObjectsPerSeat = 100;
constexpr uint64_t kWatchersPerSeat = 10;
constexpr int64_t kTellingNs = 5'000'000;

int seats_for(uint64_t units, uint64_t units_per_seat) {
  return static_cast<int>(std::clamp<uint64_t>((units + units_per_seat - 1) / units_per_seat, 1, kSeatsMax));
}

}  // namespace

Work work_of_list(uint64_t objects, int64_t limit, bool selects) {
  uint64_t read = objects;
  // With a selector a page may have to look at more than it shows.
  if (limit > 0 && !selects) read = std::min(read, static_cast<uint64_t>(limit));
  return {.seats = seats_for(read, kObjectsPerSeat)};
}

Work work_of_write(uint64_t watchers) {
  if (watchers < kWatchersPerSeat) return {};
  return {.seats = seats_for(watchers, kWatchersPerSeat), .afterwards_ns = kTellingNs};
}

Watchers::Watching::Watching(Watchers& watchers, WatchedPlace place) : watchers_(watchers), place_(std::move(place)) {
  base::Lock lock(watchers_.mutex_);
  ++watchers_.counts_[place_];
}

Watchers::Watching::~Watching() {
  base::Lock lock(watchers_.mutex_);
  auto at = watchers_.counts_.find(place_);
  if (--at->second == 0) watchers_.counts_.erase(at);
}

uint64_t Watchers::of(const WatchedPlace& place) const {
  uint64_t count = 0;
  base::Lock lock(mutex_);
  auto add = [&](const std::string& namespace_, const std::string& name) REQUIRES(mutex_) {
    auto at = counts_.find({place.resource, namespace_, name});
    if (at != counts_.end()) count += at->second;
  };
  add("", "");
  if (!place.namespace_.empty()) add(place.namespace_, "");
  if (!place.name.empty()) add("", place.name);
  if (!place.namespace_.empty() && !place.name.empty()) add(place.namespace_, place.name);
  return count;
}

}  // namespace apiserver
