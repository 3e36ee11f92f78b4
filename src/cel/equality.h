// When values are equal, and in which order they come.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "cel/value.h"

namespace cel {

// Values of different kinds are unequal, but numbers are compared by amount: 1 == 1u == 1.0.
bool equal(const Value& a, const Value& b);
// Nothing when the two have no order. Numbers of all kinds have one; with NaN it is unordered.
std::optional<std::partial_ordering> compare(const Value& a, const Value& b);
// Equal keys of maps have equal hashes.
uint64_t hash_of_key(const Value& key);

// Elements of a set, or of a list of type map, found by what makes them the same there: their value, or their keys.
class ListIndex {
 public:
  explicit ListIndex(const Value& like);  // with its elements

  void add(Value element);
  std::optional<size_t> find(const Value& element) const;  // its place
  void replace(size_t place, Value element) { elements_[place] = std::move(element); }
  std::vector<Value> take() && { return std::move(elements_); }

 private:
  std::optional<Value> key_of(const Value& element, size_t key) const;
  uint64_t hash(const Value& element) const;
  bool same(const Value& a, const Value& b) const;

  ListKind kind_;
  std::vector<std::string> keys_;         // JSON names
  std::vector<std::string> identifiers_;  // the same in expressions
  std::vector<Value> elements_;
  std::unordered_multimap<uint64_t, size_t> positions_;
};

}  // namespace cel
