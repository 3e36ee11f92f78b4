// Whether a tree keeps to its structural schema: types, ranges, lengths, patterns, required members, and the schemas it
// must match all, one or none of. Pure; complaints as upstream words them.
#pragma once

#include <string>

#include "schema/field_error.h"
#include "schema/structural.h"
#include "schema/value.h"

namespace apiserver::crd {

// `old`: what the value was before, null at birth. What is wrong with parts that have not changed is let pass.
schema::FieldErrors validate_value(const schema::Value& value, const schema::Structural& schema,
                                   const schema::Value* old = nullptr, const std::string& path = "");

// Elements of sets and maps that are there twice.
schema::FieldErrors validate_lists(const schema::Value& value, const schema::Structural& schema,
                                   const schema::FieldPath& path = {});

// The kinds, versions and metadata of objects within the object.
schema::FieldErrors validate_embedded(const schema::Value& value, const schema::Structural& schema,
                                      const schema::FieldPath& path = {});

// The element of an old list of type map that has the keys of `element`; null when there is none.
const schema::Value* same_element(const schema::Structural& list, const schema::Value& element,
                                  const schema::Value* old_list);

// Whether two values are the same whatever the form of their numbers.
bool same_value(const schema::Value& a, const schema::Value& b);

}  // namespace apiserver::crd
