// Acting as somebody else: the Impersonate-* headers. Kubernetes documentation, "User impersonation".
#pragma once

#include <optional>

#include "apiserver/pipeline/authorizer.h"
#include "apiserver/pipeline/identity.h"
#include "base/result.h"
#include "io/http.h"

namespace apiserver {

// Whom the headers ask to be; nothing when they do not. BadRequest when they make no sense, Forbidden when `user` may
// not.
io::Task<base::Result<std::optional<User>>> impersonate(const User& user, const io::Headers& headers,
                                                        const Authorizer& authorizer);
// Whether they ask for anything at all.
bool wants_impersonation(const io::Headers& headers);

}  // namespace apiserver
