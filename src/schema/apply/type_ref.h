// What may stand at a place of an object, and how it merges: one view over the generated tables, over the structural
// schemas of custom resources, and over what has no schema and is deduced from its value. A small value; what it looks
// at outlives it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "schema/type.h"
#include "schema/value.h"

namespace schema::apply {

enum class Scalar : uint8_t { None, Numeric, String, Boolean, Untyped };
enum class ListRule : uint8_t { None, Atomic, Set, Map };
enum class MapRule : uint8_t { None, Atomic, Granular };

// The forms a value may have there. Several where the schema leaves it open; then the value decides.
struct Atom {
  Scalar scalar = Scalar::None;
  ListRule list = ListRule::None;
  MapRule map = MapRule::None;

  // What is left of it for a value; null and what does not fit leave it as it is.
  Atom deduced(const Value& value) const;
  bool operator==(const Atom&) const = default;
};

class TypeRef {
 public:
  static TypeRef of(const Type& type);
  static TypeRef member(const Field& field);   // what the field holds, all of it
  static TypeRef element(const Field& field);  // of its list, map or pointer
  // A structural OpenAPI schema; `whole` for that of a kind, which has apiVersion, kind and metadata whatever it says.
  static TypeRef structural(const Value& schema, bool whole = false);
  static TypeRef deduced() { return {Source::Deduced, nullptr}; }

  Atom atom() const;

  // Of a list of type map.
  size_t key_count() const;
  std::string_view key(size_t index) const;
  std::optional<Value> key_default(std::string_view key) const;
  // Of a list.
  TypeRef items() const;
  // Of a map: a declared field, and what other keys have. Nothing where there is none.
  std::optional<TypeRef> declared(std::string_view key) const;
  std::optional<TypeRef> others() const;
  // Either of them.
  std::optional<TypeRef> at(std::string_view key) const;

 private:
  enum class Source : uint8_t { Struct, Member, Element, Strings, Text, Structural, Whole, Deduced, Untyped };

  TypeRef(Source source, const void* subject) : source_(source), subject_(subject) {}
  const Type& type() const { return *static_cast<const Type*>(subject_); }
  const Field& field() const { return *static_cast<const Field*>(subject_); }
  const Value& schema() const { return *static_cast<const Value*>(subject_); }

  Source source_;
  const void* subject_;
};

// Whether a struct in this field is applied as a whole.
bool is_atomic_struct(const Field& field);

}  // namespace schema::apply
