// Types of the expression language as the checker sees them. Immutable and shared.
//
//   int, list(string), map(string, dyn), optional_type(int), type(int), and objects known by name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace cel {

enum class Kind : uint8_t {
  Error,
  Dyn,
  Null,
  Bool,
  Int,
  Uint,
  Double,
  String,
  Bytes,
  Timestamp,
  Duration,
  List,    // parameters: element
  Map,     // parameters: key, value
  Object,  // has a name; its fields are found in the environment
  Opaque,  // has a name: what a library brings (kubernetes.URL), and optional_type with its parameter
  Type,    // parameters: what it is the type of, when known
  Param,   // a type variable; only in declarations of functions and inside the checker
};

struct Type;
using TypeRef = std::shared_ptr<const Type>;

struct Type {
  Kind kind;
  std::string name;  // of Object, Opaque and Param
  std::vector<TypeRef> parameters;

  // "list(string)", as upstream's messages have it.
  std::string to_string() const;
  // The name a value of the type gives as its type at run time: "list", "google.protobuf.Timestamp".
  std::string_view runtime_name() const;
};

TypeRef dyn_type();
TypeRef error_type();
TypeRef null_type();
TypeRef bool_type();
TypeRef int_type();
TypeRef uint_type();
TypeRef double_type();
TypeRef string_type();
TypeRef bytes_type();
TypeRef timestamp_type();
TypeRef duration_type();
TypeRef list_type(TypeRef element);
TypeRef map_type(TypeRef key, TypeRef value);
TypeRef object_type(std::string name);
TypeRef opaque_type(std::string name, std::vector<TypeRef> parameters = {});
TypeRef optional_type(TypeRef value);
TypeRef type_type(TypeRef of);
TypeRef type_parameter(std::string name);

bool is_optional(const Type& type);
// Same kind, name and parameters.
bool same_type(const Type& a, const Type& b);

}  // namespace cel
