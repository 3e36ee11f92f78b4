// The newest events in order of revision: what watches from the past and lists at older revisions are made from.
// Bounded by count, by the bytes that only the history keeps alive, and by age; trimmed when something is added, so an
// idle store does nothing. Not thread-safe, but a Tail may be read while its owner goes on adding and trimming.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "store/store.h"

namespace store {

class History {
  static constexpr size_t kSegmentEvents = 64;
  struct Segment {
    std::array<EventRef, kSegmentEvents> events;  // written once each, in order
    int64_t first_added_ns = 0;
  };

 public:
  struct Bounds {
    size_t events_max;
    size_t bytes_max;
    int64_t age_ns_max;
  };
  // A run of events up to the newest at the time it was taken.
  class Tail {
   public:
    size_t size() const { return size_; }
    const EventRef& operator[](size_t place) const {
      size_t absolute = offset_ + place;
      return segments_[absolute / kSegmentEvents]->events[absolute % kSegmentEvents];
    }

   private:
    friend class History;
    std::vector<std::shared_ptr<const Segment>> segments_;
    size_t offset_ = 0;
    size_t size_ = 0;
  };

  History(Bounds bounds, Revision start) : bounds_(bounds), compacted_(start) {}

  void add(EventRef event, int64_t now_ns);
  // All events after `from`. Call with from >= compacted().
  Tail after(Revision from) const;
  // Forgets the events up to and including `revision`.
  void compact(Revision revision);
  // Every event after this revision is here, none before.
  Revision compacted() const { return compacted_; }
  size_t size() const { return size_; }

 private:
  const EventRef& at(size_t place) const;
  void drop_first();

  Bounds bounds_;
  std::deque<std::shared_ptr<Segment>> segments_;
  size_t offset_ = 0;  // dropped events at the front of the first segment
  size_t size_ = 0;
  size_t bytes_ = 0;
  Revision compacted_;
};

}  // namespace store
