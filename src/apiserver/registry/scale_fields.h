// The managed fields of a scale are those entries of its owner that have the number of replicas; what a write of the
// scale makes of them goes back into the owner's.
#pragma once

#include <string_view>

#include "schema/apply/managed.h"

namespace apiserver {

using Entries = schema::apply::Managed::Entries;

// `version` is the owner's, `replicas` where its number is.
Entries scale_entries(const Entries& owner, std::string_view version, const schema::apply::Path& replicas);
Entries owner_entries(const Entries& owner, const Entries& scale, std::string_view version,
                      const schema::apply::Path& replicas);

}  // namespace apiserver
