// Requests without credentials: whether they are answered at all, and on which paths.
// Kubernetes documentation, "Authenticating", "Anonymous requests".
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace apiserver {

struct AnonymousAccess {
  bool enabled = true;
  std::vector<std::string> paths;  // exactly these; none: all

  bool allows(std::string_view path) const {
    return enabled && (paths.empty() || std::find(paths.begin(), paths.end(), path) != paths.end());
  }
};

}  // namespace apiserver
