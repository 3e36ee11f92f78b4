// Trees handled by their schema: what the algorithm of applying is made of. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "schema/apply/field_set.h"
#include "schema/apply/type_ref.h"

namespace schema::apply {

enum class Duplicates : uint8_t { Refused, Allowed };  // among the keys of lists of type map and set

// That the tree is as the schema says. BadRequest with all complaints, in upstream's words: ".data.k: expected string,
// got ...".
base::Result<void> validate(const TypeRef& type, const Value& value, Duplicates duplicates);

// All fields that the tree sets. Of a valid tree.
FieldSet field_set(const TypeRef& type, const Value& value);

// `config` laid over `live`: maps are merged by key, lists of type map and set by item, everything else is replaced.
base::Result<Value> merge(const TypeRef& type, const Value& live, const Value& config);

// The tree without the fields of the set. What loses all it had becomes null.
Value remove_fields(const TypeRef& type, const Value& value, const FieldSet& fields);

// The set with every declared field that it has something below as a member, too.
FieldSet with_named_fields(const TypeRef& type, const FieldSet& set);

// What is at a path of the live object; nothing when it is absent, null or empty, or an item that occurs twice.
using ValueAt = std::function<std::optional<Value>(const Path& path)>;

// A set that was recorded under another schema: what has become atomic since is owned as a whole, what has become
// granular is owned field by field. Nothing when there is nothing to change.
std::optional<FieldSet> reconciled(const TypeRef& type, const FieldSet& set, const ValueAt& live);

// The same walk for trees.
std::optional<Value> value_at(const TypeRef& type, const Value& object, const Path& path);

}  // namespace schema::apply
