#include "apiserver/registry/mend_metadata.h"

#include <algorithm>
#include <set>
#include <string>

#include "base/strings.h"
#include "schema/apply/managed.h"

namespace apiserver {

void drop_duplicate_owners(api::meta_v1::ObjectMeta& meta, Call& call, When when) {
  auto& owners = meta.owner_references;
  std::set<std::string> twice;
  for (size_t i = 1; i < owners.size();) {
    auto here = owners.begin() + static_cast<ptrdiff_t>(i);
    if (std::find(owners.begin(), here, *here) == here) {
      ++i;
      continue;
    }
    twice.insert(here->uid);
    owners.erase(here);
  }
  if (twice.empty()) return;
  std::string uids;
  for (const auto& uid : twice) uids += base::cat({uids.empty() ? "" : ", ", uid});
  call.warn(base::cat({".metadata.ownerReferences contains duplicate entries",
                       when == When::Admitted ? " after mutating admission happens" : "",
                       "; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; "
                       "please fix your requests; duplicate UID(s) observed: ",
                       uids}));
}

void keep_readable_managed_fields(api::meta_v1::ObjectMeta& meta, std::vector<api::meta_v1::ManagedFieldsEntry> before,
                                  Call& call) {
  if (meta.managed_fields == before) return;
  auto readable = schema::apply::Managed::decode(meta.managed_fields, {});
  if (readable) return;
  meta.managed_fields = std::move(before);
  call.warn(
      base::cat({".metadata.managedFields was in an invalid state after admission; this could be caused by an "
                 "outdated mutating admission controller; please fix your requests: ",
                 readable.error().message()}));
}

}  // namespace apiserver
