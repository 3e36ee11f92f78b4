// The rules of what bounds the use of resources in a namespace. Pure. `current` null: at birth.
#pragma once

#include "api/core_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_resource_quota(const api::core_v1::ResourceQuota& next,
                                            const api::core_v1::ResourceQuota* current);
schema::FieldErrors validate_resource_quota_status(const api::core_v1::ResourceQuota& next);
schema::FieldErrors validate_limit_range(const api::core_v1::LimitRange& next);

}  // namespace apiserver
