// A map while it is put together: finds a key that is there already.
#pragma once

#include <unordered_map>
#include <utility>
#include <vector>

#include "cel/equality.h"
#include "cel/value.h"

namespace cel {

class MapBuilder {
 public:
  // False when the key was there.
  bool add(Value key, Value value) {
    uint64_t hash = hash_of_key(key);
    auto [first, last] = positions_.equal_range(hash);
    for (; first != last; ++first) {
      if (equal(entries_[first->second].first, key)) return false;
    }
    positions_.emplace(hash, entries_.size());
    entries_.emplace_back(std::move(key), std::move(value));
    return true;
  }
  Value finish() && { return Value::of_map(std::move(entries_)); }

 private:
  std::vector<std::pair<Value, Value>> entries_;
  std::unordered_multimap<uint64_t, size_t> positions_;
};

}  // namespace cel
