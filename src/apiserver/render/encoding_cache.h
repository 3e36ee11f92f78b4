// Encodings of stored states that may be asked for again, within a bound of bytes: the oldest go first. Safe from any
// thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <unordered_map>

#include "base/bytes.h"
#include "base/mutex.h"
#include "store/store.h"

namespace apiserver {

class EncodingCache {
 public:
  // What was encoded, and how.
  struct Key {
    const store::Entry* entry;
    uint64_t served;           // the id of the resource it is shown as
    store::Revision revision;  // the resource version it is shown with
    uint32_t form;
    bool operator==(const Key&) const = default;
  };

  explicit EncodingCache(size_t bytes_max) : bytes_max_(bytes_max) {}
  EncodingCache(const EncodingCache&) = delete;

  // Empty when it is not there.
  base::Bytes find(const Key& key) const;
  // `entry` is the key's. It is kept along, so that its address is nobody else's meanwhile.
  void put(const Key& key, const store::EntryRef& entry, const base::Bytes& encoding);

 private:
  struct Hash {
    size_t operator()(const Key& key) const;
  };
  struct Slot {
    store::EntryRef entry;
    base::Bytes encoding;
  };

  const size_t bytes_max_;
  mutable base::Mutex mutex_;
  std::unordered_map<Key, Slot, Hash> slots_ GUARDED_BY(mutex_);
  std::deque<Key> order_ GUARDED_BY(mutex_);  // the oldest first
  size_t bytes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace apiserver
