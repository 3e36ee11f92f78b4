// Which pods use which claims.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "controller/common/pods.h"

namespace controller {

// All pods, indexed by the claims behind their volumes, and as pods_of().
client::Cache<api::core_v1::Pod>& pods_by_claim(Caches& caches);
std::vector<PodPointer> pods_of_claim(const client::Cache<api::core_v1::Pod>& pods, std::string_view namespace_,
                                      std::string_view claim);

// The finalizer given or taken; false if nothing changes.
bool add_finalizer(api::meta_v1::ObjectMeta& meta, std::string_view finalizer);
bool remove_finalizer(api::meta_v1::ObjectMeta& meta, std::string_view finalizer);

}  // namespace controller
