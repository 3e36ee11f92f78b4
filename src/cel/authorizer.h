// The seam to authorization: what `authorizer` in an expression asks.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cel/value.h"

namespace cel {

// One question. Either a path or a resource.
struct AuthorizationQuestion {
  std::string verb;
  std::string path;
  std::string group, resource, subresource, namespace_name, name;
  std::string field_selector, label_selector;  // as text
  bool about_resource = false;
  // Ask for this service account and not for the caller.
  std::optional<std::pair<std::string, std::string>> service_account;  // namespace, name
};

struct AuthorizationAnswer {
  bool allowed = false;
  std::string reason;
  std::string error;  // "" when it could be decided
};

class Authorizer {
 public:
  virtual ~Authorizer() = default;
  virtual AuthorizationAnswer authorize(const AuthorizationQuestion& question) const = 0;
};

// The variable `authorizer`, and `authorizer.requestResource` with the parts of the question filled in.
Value authorizer_value(std::shared_ptr<const Authorizer> authorizer);
Value resource_check_value(std::shared_ptr<const Authorizer> authorizer, AuthorizationQuestion about);
TypeRef authorizer_type();
TypeRef resource_check_type();

}  // namespace cel
