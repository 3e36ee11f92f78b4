// Who asks: the user a request comes from, and the seam through which credentials become one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/http.h"
#include "io/task.h"

namespace apiserver {

inline constexpr std::string_view kAnonymousUser = "system:anonymous";
inline constexpr std::string_view kUnauthenticatedGroup = "system:unauthenticated";
inline constexpr std::string_view kAuthenticatedGroup = "system:authenticated";
inline constexpr std::string_view kMastersGroup = "system:masters";

struct User {
  std::string name;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>, std::less<>> extra;
  bool operator==(const User&) const = default;
};

// Knows users by what they present. Called on any loop.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // Nothing: no credentials of our kind were presented (the request goes on as anonymous). Unauthorized for bad ones.
  virtual io::Task<base::Result<std::optional<User>>> authenticate(const io::Request& request,
                                                                   const io::Peer& peer) = 0;
};

}  // namespace apiserver
