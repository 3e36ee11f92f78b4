// Formats by the names that declared rules give them: "k8s-short-name", "k8s-uuid", ...
#pragma once

#include <string_view>

#include "schema/field_error.h"

namespace schema {

// What is wrong with `text`; nothing for formats that are not known.
FieldErrors check_named_format(std::string_view format, std::string_view text, const FieldPath& path);

}  // namespace schema
