// Names that Go's complaints quote, so that ours read the same.
#pragma once

#include <string>
#include <string_view>

#include "schema/type.h"
#include "schema/value.h"

namespace schema {

// "int32", "string", "v1.PodSpec".
std::string go_type_of_element(const Field& field);
// "[]v1.Container", "map[string]string".
std::string go_type_of(const Field& field);
// "v1.Pod".
std::string go_type_of(const Type& type);
// What a decoded tree is made of: "string", "int64", "map[string]interface {}", "<nil>".
std::string_view go_type_of(const Value& value);
// Names of the inlined structs that lead from `owner` to an inherited field, outermost first, each followed by a dot:
// "ProbeHandler." for httpGet in Probe.
std::string go_embedding(const Type& owner, const Field& field);

}  // namespace schema
