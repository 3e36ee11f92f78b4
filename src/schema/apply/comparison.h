// Which fields a write changed.
#pragma once

#include "schema/apply/field_set.h"
#include "schema/apply/type_ref.h"

namespace schema::apply {

enum class Change : uint8_t { None, Removed, Modified, Added };

struct Comparison {
  FieldSet removed;
  FieldSet modified;
  FieldSet added;

  bool empty() const { return removed.empty() && modified.empty() && added.empty(); }
  // For building a level: what happened to `element` itself, and below it. Ends with sort().
  void append(PathElement element, Change change, Comparison below);
  void sort();
};

// Between two structs of the type, by its table; no tree is built. `before` may be null: all of `after` is added then.
// Lists of type map or set are compared element by element, in any order; what is atomic as a whole.
Comparison compare(const Type& type, const void* before, const void* after);
// The same of trees.
Comparison compare(const TypeRef& type, const Value& before, const Value& after);
// Of what is at one place, where either may be absent (null), into the level above.
void compare_into(Comparison& out, PathElement element, const TypeRef& type, const Value* before, const Value* after);

}  // namespace schema::apply
