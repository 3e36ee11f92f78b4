// URLs taken apart as Go's net/url does.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cel::library {

struct Url {
  std::string text;
  std::string scheme;
  std::string host;   // with the port
  std::string path;   // escaped
  std::string query;  // as it was written

  std::string_view hostname() const;  // without port and brackets
  std::string_view port() const;      // "" when there is none
  // Keys in order of their first coming, each with its values.
  std::vector<std::pair<std::string, std::vector<std::string>>> parameters() const;
};

// An absolute URL, or an absolute path. BadRequest in Go's words.
base::Result<Url> parse_url(std::string_view text);

}  // namespace cel::library
