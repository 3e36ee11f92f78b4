// Whether a list or map without elements was given as [] or {}, or is absent. The structs' lists and maps cannot tell,
// so each struct that has some keeps a word with a bit for each. The JSON decoder sets the bits, copies carry them, and
// JSON, defaults and messages tell what upstream tells. A bit says something of an empty list or map only; protobuf,
// and so the storage form, does not carry it.
#pragma once

#include <cstdint>

#include "schema/type.h"

namespace schema {

inline bool is_given_empty(const Field& field, const void* object) {
  if (field.given_offset == 0) return false;
  auto word = *reinterpret_cast<const uint32_t*>(static_cast<const char*>(object) + field.given_offset);
  return (word >> field.given_bit & 1) != 0;
}

inline void set_given_empty(const Field& field, void* object, bool given) {
  if (field.given_offset == 0) return;
  auto& word = *reinterpret_cast<uint32_t*>(static_cast<char*>(object) + field.given_offset);
  word = (word & ~(uint32_t{1} << field.given_bit)) | uint32_t{given} << field.given_bit;
}

// Whether a list or map of `object` has elements or was given without any: is_given(rules, rules.policies).
template <class T, class Elements>
bool is_given(const T& object, const Elements& member) {
  if (!member.empty()) return true;
  for (const Field& field : T::kType.fields()) {
    if (field.in(&object) == &member) return is_given_empty(field, &object);
  }
  return false;
}

}  // namespace schema
