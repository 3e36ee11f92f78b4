// The rules of nodes. Pure.
#pragma once

#include "api/core_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_node(const api::core_v1::Node& node);
schema::FieldErrors validate_node_update(const api::core_v1::Node& next, const api::core_v1::Node& current);

}  // namespace apiserver
