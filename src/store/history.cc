#include "store/history.h"

namespace store {

namespace {

// What an event keeps alive that the map no longer does: the state it replaced.
size_t cost(const Event& event) {
  constexpr size_t kOverhead = 128;
  return kOverhead + (event.previous ? event.previous->value.size() + 2 * event.previous->key.size() : 0);
}

}  // namespace

const EventRef& History::at(size_t place) const {
  size_t absolute = offset_ + place;
  return segments_[absolute / kSegmentEvents]->events[absolute % kSegmentEvents];
}

void History::add(EventRef event, int64_t now_ns) {
  size_t absolute = offset_ + size_;
  if (absolute == segments_.size() * kSegmentEvents) {
    segments_.push_back(std::make_shared<Segment>());
    segments_.back()->first_added_ns = now_ns;
  }
  bytes_ += cost(*event);
  segments_.back()->events[absolute % kSegmentEvents] = std::move(event);
  ++size_;
  while (size_ > bounds_.events_max || bytes_ > bounds_.bytes_max) compact(at(0)->entry->revision);
  // By whole segments: one is as old as its successor's first event.
  while (segments_.size() > 1 && now_ns - segments_[1]->first_added_ns > bounds_.age_ns_max) {
    compact(segments_.front()->events.back()->entry->revision);
  }
}

void History::drop_first() {
  bytes_ -= cost(*at(0));
  ++offset_;
  --size_;
  if (offset_ == kSegmentEvents) {
    segments_.pop_front();
    offset_ = 0;
  }
}

// One revision may have several events (a foreign etcd transaction); they go together.
void History::compact(Revision revision) {
  if (revision <= compacted_) return;
  compacted_ = revision;
  while (size_ > 0 && at(0)->entry->revision <= revision) drop_first();
}

History::Tail History::after(Revision from) const {
  size_t low = 0;
  size_t high = size_;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (at(middle)->entry->revision <= from) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  Tail tail;
  tail.size_ = size_ - low;
  if (tail.size_ == 0) return tail;
  size_t first = (offset_ + low) / kSegmentEvents;
  tail.offset_ = (offset_ + low) % kSegmentEvents;
  tail.segments_.assign(segments_.begin() + static_cast<ptrdiff_t>(first), segments_.end());
  return tail;
}

}  // namespace store
