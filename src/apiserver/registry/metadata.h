// What is common to all objects: system metadata set on the way in, and the rules that names, labels, annotations,
// owners and finalizers keep.
#pragma once

#include "apiserver/registry/strategy.h"
#include "base/random.h"
#include "base/time.h"
#include "schema/field_error.h"
#include "schema/names.h"
#include "schema/object.h"

namespace apiserver {

// At birth: uid and creation time, nothing of a deletion.
void fill_system_metadata(api::meta_v1::ObjectMeta& meta, base::Time now, base::Random& random);
// Before an update: what only the server sets is what it was.
void keep_system_metadata(api::meta_v1::ObjectMeta& next, const api::meta_v1::ObjectMeta& current);

// What a kind says of its metadata itself, as its traits have it. `current` null: at birth.
schema::FieldErrors validate_metadata(const api::meta_v1::ObjectMeta& meta, const api::meta_v1::ObjectMeta* current,
                                      bool namespaced, const Traits& traits);
// What holds for every object whatever its kind: at birth asked once the kind has nothing to complain of, at updates
// first.
schema::FieldErrors validate_common_metadata(const api::meta_v1::ObjectMeta& meta,
                                             const api::meta_v1::ObjectMeta* current, bool namespaced);
// Parts of it that templates share.
void validate_labels(schema::FieldErrors& errors, const std::map<std::string, std::string, std::less<>>& labels,
                     const schema::FieldPath& path);
void validate_annotations(schema::FieldErrors& errors,
                          const std::map<std::string, std::string, std::less<>>& annotations,
                          const schema::FieldPath& path);
schema::Problems check_name(NameRule rule, std::string_view name, bool prefix);

// A struct's field as a whole, by JSON name: copied between two objects of one type, emptied, compared.
void copy_field(schema::Object& to, const schema::Object& from, std::string_view name);
void clear_field(schema::Object& object, std::string_view name);
bool field_equal(const schema::Object& a, const schema::Object& b, std::string_view name);
bool has_field(const schema::Type& type, std::string_view name);
// All but metadata and `but`.
void copy_fields_but(schema::Object& to, const schema::Object& from, std::string_view but);
bool fields_equal_but(const schema::Object& a, const schema::Object& b, std::string_view but,
                      schema::EmptyAndAbsent rule = schema::EmptyAndAbsent::Alike);

}  // namespace apiserver
