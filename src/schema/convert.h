// Between structs and value trees, by way of JSON: a patch starts as the tree of what is there and ends as a struct
// again.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "schema/json.h"
#include "schema/object.h"
#include "schema/value.h"

namespace schema {

// The tree of an object, as its JSON reads, with `kind` and `apiVersion`.
Value to_value(const Object& object);
Value to_value(const Type& type, const void* object, WithTypeMeta type_meta = WithTypeMeta::Yes);
// The object of a tree; errors and strict errors as from decode_json.
base::Result<Object> from_value(const Type& type, const Value& value,
                                std::vector<std::string>* strict_errors = nullptr);

}  // namespace schema
