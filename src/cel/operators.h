// What the language's operators do to values. Operands that do not fit give an error value.
#pragma once

#include "cel/value.h"

namespace cel {

Value add(const Value& a, const Value& b);
Value subtract(const Value& a, const Value& b);
Value multiply(const Value& a, const Value& b);
Value divide(const Value& a, const Value& b);
Value modulo(const Value& a, const Value& b);
Value negate(const Value& a);
Value is_in(const Value& element, const Value& container);
Value size_of(const Value& a);
// a[key]; on maps, objects and lists.
Value index(const Value& a, const Value& key);
// a.field
Value select(const Value& a, std::string_view field);
// has(a.field)
Value has_field(const Value& a, std::string_view field);

// A key as messages quote it.
std::string text_of_key(const Value& key);
Value no_such_key(const Value& key);

// The language's sizes: code points of strings, bytes, elements, entries; 1 for what has none. What costs go by.
uint64_t size_or_one(const Value& a);

}  // namespace cel
