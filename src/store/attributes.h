// What lists and watches select by, taken from an object's bytes once per write. A value; there are as many as objects,
// so names and values lie in one run of bytes.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace store {

// Names with a value each, in the order of adding.
class Pairs {
 public:
  Pairs() = default;
  Pairs(std::initializer_list<std::pair<std::string_view, std::string_view>> pairs) {
    for (const auto& [name, value] : pairs) add(name, value);
  }

  void add(std::string_view name, std::string_view value);
  // The value of the first of that name.
  std::optional<std::string_view> find(std::string_view name) const;
  size_t size() const;
  void shrink_to_fit() { packed_.shrink_to_fit(); }
  bool operator==(const Pairs&) const = default;

 private:
  std::string packed_;  // of each name and each value: its length as a varint, then its bytes
};

struct Attributes {
  Pairs labels;  // by name
  Pairs fields;  // selectable fields but metadata.name and .namespace; those that are "" may be left out
  std::string_view field(std::string_view name) const { return fields.find(name).value_or(std::string_view()); }
  bool operator==(const Attributes&) const = default;
};

}  // namespace store
