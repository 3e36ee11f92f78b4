// The rules of what holds settings and secrets, and of namespaces. Pure. `current` null: at birth.
#pragma once

#include "api/core_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_config_map(const api::core_v1::ConfigMap& next, const api::core_v1::ConfigMap* current);
schema::FieldErrors validate_secret(const api::core_v1::Secret& next, const api::core_v1::Secret* current);

}  // namespace apiserver
