// Which object: namespace (empty for cluster-wide kinds) and name.
#pragma once

#include <compare>
#include <functional>
#include <string>

namespace client {

struct Key {
  std::string namespace_;
  std::string name;
  auto operator<=>(const Key&) const = default;
  std::string text() const { return namespace_.empty() ? name : namespace_ + "/" + name; }
};

}  // namespace client

template <>
struct std::hash<client::Key> {
  size_t operator()(const client::Key& key) const noexcept {
    return std::hash<std::string>()(key.namespace_) * 31 + std::hash<std::string>()(key.name);
  }
};
