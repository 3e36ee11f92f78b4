// What names of field managers and entries of managed fields must look like.
#pragma once

#include <string_view>
#include <vector>

#include "api/meta_v1.h"
#include "schema/field_error.h"

namespace apiserver {

void validate_field_manager(schema::FieldErrors& errors, std::string_view manager, const schema::FieldPath& path);
void validate_managed_fields(schema::FieldErrors& errors, const std::vector<api::meta_v1::ManagedFieldsEntry>& entries,
                             const schema::FieldPath& path);

}  // namespace apiserver
