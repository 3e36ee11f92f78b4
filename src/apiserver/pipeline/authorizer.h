// May he? The seam between requests and the rules that allow them.
#pragma once

#include <cstdint>
#include <string>

#include "apiserver/pipeline/identity.h"

namespace apiserver {

// What is asked, as upstream's authorizers see it.
struct AuthorizationAttributes {
  User user;
  std::string verb;  // "get", "list", "watch", ...; of other paths the HTTP method in lower case
  std::string api_group;
  std::string api_version;
  std::string resource;
  std::string subresource;
  std::string namespace_;  // "" for cluster-wide resources and for all namespaces
  std::string name;
  bool resource_request = false;  // else only `path` and `verb` count
  std::string path;
  // As sent, for list, watch and deletecollection.
  std::string field_selector;
  std::string label_selector;
};

enum class Decision : uint8_t { Allow, Deny, NoOpinion };

struct Authorization {
  Decision decision = Decision::NoOpinion;
  std::string reason;  // for people; "" when there is nothing to say
};

// Decides at once, without I/O. Safe from any thread.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  virtual Authorization authorize(const AuthorizationAttributes& attributes) const = 0;
};

}  // namespace apiserver
