// The rules that are declared at the fields themselves, in schemas/ (required, minimum=0, maxItems=32, format=k8s-uuid,
// unique=map, immutable, ...): read off the tables once per type, kept by one walker.
//
// Kinds whose rules are written by hand call this where upstream's order has the declared ones; everybody else gets
// them from the base of all strategies. A field that is required by OpenAPI alone has no rule here.
#pragma once

#include "schema/field_error.h"
#include "schema/object.h"

namespace schema {

// `current` null: at birth. A value that an update leaves as it was is not complained of again.
FieldErrors check_declared(const Object& next, const Object* current);
// A part of an object, at `path`.
FieldErrors check_declared(const Type& type, const void* next, const void* current, const FieldPath& path);
template <class T>
FieldErrors check_declared(const T& next, const T* current, const FieldPath& path) {
  return check_declared(T::kType, &next, current, path);
}

}  // namespace schema
