// A question to authorizers as a SubjectAccessReview asks it, and back.
#pragma once

#include "api/authorization_k8s_io_v1.h"
#include "apiserver/pipeline/authorizer.h"

namespace apiserver {

// Selectors as requirements; of those, what cannot be read is left out: what is left only allows less.
api::authorization_k8s_io_v1::SubjectAccessReviewSpec review_of(const AuthorizationAttributes& attributes);

// The attributes for `user`; a selector's requirements as the text of a selector, as far as text can say them.
AuthorizationAttributes attributes_of(const api::authorization_k8s_io_v1::ResourceAttributes* resource,
                                      const api::authorization_k8s_io_v1::NonResourceAttributes* path, User user);

}  // namespace apiserver
