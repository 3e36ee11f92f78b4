// Structs seen as the trees they are written as: what is there, and by which path element each item of a list is known.
#pragma once

#include <optional>
#include <vector>

#include "schema/apply/path_element.h"
#include "schema/type.h"
#include "schema/value.h"

namespace schema::apply {

// A member as it stands in JSON: null when it is not written.
const void* written(const Field& field, const void* object);

struct Item {
  PathElement element;
  const void* value;
};
// Of a list of type map or set, which may be null; by element, and in the list's order where elements are the same.
std::vector<Item> items_of(const Field& field, const void* list);

// What is at a path in a struct; nothing when it is absent, null or empty, or an item that occurs twice. No tree is
// built for that.
std::optional<Value> value_at(const Type& type, const void* object, const Path& path);

}  // namespace schema::apply
