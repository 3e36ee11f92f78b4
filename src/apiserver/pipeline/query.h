// The query of a URL, taken apart: names and values, unescaped, in order.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace apiserver {

class Query {
 public:
  Query() = default;
  // Pairs that are no valid escapes are left out, as Go's ParseQuery does.
  explicit Query(std::string_view text);

  // The first value, "" if there is none.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  void set(std::string name, std::string value);
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }

  // As upstream reads booleans of options: absent, "" , "false" and "0" are false, all else is true. "" given
  // ("?watch") is true when the name is there.
  bool flag(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace apiserver
