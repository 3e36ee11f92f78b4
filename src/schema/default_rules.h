// The rules of defaulting as the schemas state them; used by schema/defaults.h.
//
// In a schema, a type's "defaults" are a list of rules, tried in order:
//   {"path": "spec.replicas", "value": 1}            what is empty (unset, zero, "", no elements) gets the value
//   {"path": "spec.ports[*].protocol", ...}          in every element of a list or map
//   {..., "if": {"spec.type": ["A", "B"]}}           only when that field has one of these values; "set" and "empty"
//                                                    ask only that; "absent" means empty and not given as [] or {}.
//                                                    A leading dot starts at the struct that holds the last field:
//                                                    ".ip"
//   {"path": ..., "value": null, "if": ...}          clears
//   {"computed": "host ports"}                       a function of schema/computed_defaults.h
// What a path leads through must be there: optional structs on the way are not made. A type's rules run wherever the
// type occurs.
#pragma once

#include <span>
#include <string_view>

#include "schema/type.h"

namespace schema {

struct DefaultRule {
  const Type* type;
  std::string_view path;
  std::string_view value;      // JSON; "" when computed
  std::string_view condition;  // JSON; "" when there is none
  std::string_view computed;   // "" when there is a value
};

std::span<const DefaultRule> default_rules();  // generated from schemas/

}  // namespace schema
