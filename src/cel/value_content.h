// What values keep on the heap.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "cel/equality.h"
#include "cel/value.h"

namespace cel {

struct SharedText final : Shared {
  std::string text;
};
struct SharedList final : Shared {
  std::vector<Value> elements;
  ListKind kind = ListKind::Atomic;
  std::vector<std::string> keys;
};
struct SharedMap final : Shared {
  static constexpr size_t kIndexed = 8;  // beyond, keys are found by hash

  std::vector<std::pair<Value, Value>> entries;
  std::unordered_multimap<uint64_t, size_t> index;
  std::optional<Value> absent;  // the value of keys that are not there

  void make_index() {
    if (entries.size() <= kIndexed) return;
    index.reserve(entries.size());
    for (size_t i = 0; i < entries.size(); ++i) index.emplace(hash_of_key(entries[i].first), i);
  }
  const Value* find(const Value& key) const {
    if (entries.size() <= kIndexed) {
      for (const auto& [k, v] : entries) {
        if (equal(k, key)) return &v;
      }
      return found_nothing();
    }
    auto [first, last] = index.equal_range(hash_of_key(key));
    for (; first != last; ++first) {
      if (equal(entries[first->second].first, key)) return &entries[first->second].second;
    }
    return found_nothing();
  }

 private:
  const Value* found_nothing() const { return absent ? &*absent : nullptr; }
};
struct SharedObject final : Shared {
  std::string type_name;
  std::vector<std::pair<std::string, Value>> fields;
};
struct SharedLazy final : Shared {
  std::shared_ptr<const LazyObject> object;
};
struct SharedType final : Shared {
  TypeRef type;
};
struct SharedOptional final : Shared {
  std::optional<Value> value;
};
struct SharedError final : Shared {
  std::string message;
  Failure failure;
};

}  // namespace cel
