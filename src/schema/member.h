// Members of structs, reached through their tables: what generic code does to one field.
#pragma once

#include <string>
#include <string_view>

#include "schema/type.h"

namespace schema {

// Whether the field of `object` has its zero value: absent, 0, "", without elements. A plain struct is never empty.
bool is_empty(const Field& field, const void* object);
// Copies the field from one struct to another of the same type.
void assign(const Field& field, void* object, const void* from);
// Makes it empty.
void clear(const Field& field, void* object);
// Whether two members (not: the structs they are in) have the same content. Quantities are equal by amount.
bool equal_members(const Field& field, const void* a, const void* b);
// Appends what a field holds as JSON.
void append_member_json(std::string& out, const Field& field, const void* member);
// The text of a String field that holds one value, "" when absent.
std::string_view text_of(const Field& field, const void* object);
// Calls `visit(void* struct)` for each struct that the field of `object` holds: itself, the boxed one, the elements,
// the map's values. Of a field of shape Struct.
using StructVisit = void (*)(void* context, void* below);
void visit_structs(const Field& field, void* object, void* context, StructVisit visit);
template <class Visit>
void for_each_struct(const Field& field, void* object, Visit visit) {
  visit_structs(field, object, &visit, [](void* context, void* below) { (*static_cast<Visit*>(context))(below); });
}

}  // namespace schema
