// Acting as somebody else: the Impersonate-* headers. Kubernetes documentation, "User impersonation", with "Constrained
// impersonation": who may be somebody for some requests only, beside who may be somebody at all.
#pragma once

#include <optional>
#include <string>

#include "apiserver/pipeline/authorizer.h"
#include "apiserver/pipeline/identity.h"
#include "base/result.h"
#include "io/http.h"

namespace apiserver {

struct Impersonated {
  User user;
  std::string constraint;  // the verb that allowed it: "impersonate:user-info"; "" when it was plain "impersonate"
};

// Whom the headers ask to be for the request `asked`, which has the user that asks; nothing when they do not.
// BadRequest when they make no sense, Forbidden when he may not.
io::Task<base::Result<std::optional<Impersonated>>> impersonate(const AuthorizationAttributes& asked,
                                                                const io::Headers& headers,
                                                                const Authorizer& authorizer);
// Whether they ask for anything at all.
bool wants_impersonation(const io::Headers& headers);

}  // namespace apiserver
