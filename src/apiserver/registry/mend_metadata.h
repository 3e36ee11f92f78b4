// What upstream puts right in the metadata of what is written, with a warning, rather than refuse it.
#pragma once

#include <vector>

#include "api/meta_v1.h"
#include "apiserver/registry/call.h"

namespace apiserver {

// Owners that are there twice, word for word, are there once. `When` says who is to blame.
enum class When : uint8_t { Sent, Admitted };
void drop_duplicate_owners(api::meta_v1::ObjectMeta& meta, Call& call, When when);

// Managed fields that admission has left unreadable are what they were before.
void keep_readable_managed_fields(api::meta_v1::ObjectMeta& meta, std::vector<api::meta_v1::ManagedFieldsEntry> before,
                                  Call& call);

}  // namespace apiserver
