// The query of a request to the kubelet's server.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/strings.h"

namespace kubelet {

// What cannot be decoded is left out.
class Parameters {
 public:
  explicit Parameters(std::string_view query) {
    for (auto pair : base::split(query, '&')) {
      auto equals = pair.find('=');
      auto name = base::url_decode(pair.substr(0, equals), true);
      auto value = equals == std::string_view::npos ? base::Result<std::string>("")
                                                    : base::url_decode(pair.substr(equals + 1), true);
      if (name && value && !name->empty()) values_.emplace_back(std::move(*name), std::move(*value));
    }
  }
  std::string get(std::string_view name) const {
    for (const auto& [key, value] : values_) {
      if (key == name) return value;
    }
    return "";
  }
  bool flag(std::string_view name) const {
    auto value = get(name);
    return value == "true" || value == "1";
  }
  std::vector<std::string> all(std::string_view name) const {
    std::vector<std::string> found;
    for (const auto& [key, value] : values_) {
      if (key == name) found.push_back(value);
    }
    return found;
  }

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

}  // namespace kubelet
