// What is known about the API's structs at run time: one table per struct, generated from schemas/, from which the
// codecs, defaults, patches, apply, OpenAPI and comparison are driven. Tables are constant and live as long as the
// program.
//
//   const schema::Type& type = schema::type_of<api::core_v1::Pod>();
//   for (const schema::Field& field : type.fields()) use(field.name(), field.shape, field.holder);
//
// The codecs' bookkeeping, in short: a field is a `holder` of a `shape`. The member at `offset` is then of the C++ type
//   Value            T                                    (a struct, a string, ...)
//   Optional         std::optional<T>                     scalars that may be absent; but a Time is always a plain
//   base::Time and
//                                                         Raw a plain std::string, whose zero value means absent
//   Box              schema::Box<T>                       structs only
//   List             std::vector<T>
//   Map              std::map<std::string, T, std::less<>>
//   MapOfLists       std::map<std::string, std::vector<std::string>, std::less<>>
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace schema {

struct Type;
struct Structural;

enum class Shape : uint8_t {
  Bool,         // bool
  Int32,        // int32_t
  Int64,        // int64_t
  UInt32,       // uint32_t; messages only
  UInt64,       // uint64_t; messages only
  Enum,         // enum class : int32_t; messages only
  Double,       // double
  String,       // std::string, UTF-8
  Bytes,        // std::string, any bytes; base64 in JSON
  Quantity,     // base::Quantity
  IntOrString,  // schema::IntOrString
  Time,         // base::Time, whole seconds
  MicroTime,    // base::Time, micro-seconds
  Duration,     // schema::Duration
  Raw,          // std::string of JSON text, empty when absent (RawExtension, JSON, FieldsV1)
  Struct,       // see Field::type
};

enum class Holder : uint8_t { Value, Optional, Box, List, Map, MapOfLists };

enum class ListType : uint8_t { None, Atomic, Set, Map };
enum class MapType : uint8_t { None, Granular, Atomic };

// How a field of a list differs from others when it is patched (strategic merge) or applied; and what is said about few
// fields only.
struct FieldNotes {
  std::string_view merge_key;                    // of a strategic merge, "" when none
  std::span<const std::string_view> keys;        // of a list of type map: JSON names in the element
  std::span<const std::string_view> values;      // all values it may have (enum)
  std::string_view default_json;                 // what it is when absent, as JSON text; "" when nothing is declared
  std::string_view format;                       // OpenAPI format
  std::span<const std::string_view> validation;  // declared rules: "maxItems=32", "format=k8s-short-name"
  std::string_view one_of;  // name of the union of which exactly one member may be set; "" when none
};

struct Field {
  enum Flag : uint16_t {
    OmitEmpty = 1,       // left out of JSON when empty; has no effect on a struct that is not in a Box
    OmitZero = 2,        // left out of JSON when zero, structs and times too
    Required = 4,        // in OpenAPI
    Pointer = 8,         // nullable: absent differs from zero
    PatchMerge = 16,     // strategic merge: "merge"
    PatchReplace = 32,   // "replace"
    RetainKeys = 64,     // "retainKeys"
    Wrapped = 128,       // in protobuf the list is a message {1: items}
    WithTypeMeta = 256,  // nested kinds that carry kind and apiVersion in JSON
    OneOf = 512,         // messages only: member of a oneof
    Inherited = 1024,    // from an inlined struct; its number counts in there
    EmptyArray = 2048,   // an empty list is [] in JSON where others are null
  };

  const char* name_data;    // JSON name, UTF-8
  const Type* type;         // of the struct, else null
  const FieldNotes* notes;  // null when there is nothing to say
  uint16_t offset;          // of the member in the struct
  uint16_t number;          // protobuf field number; 0 when it has none
  uint16_t flags;
  uint8_t name_size;
  Shape shape;
  Holder holder;
  ListType list_type;
  MapType map_type;
  uint8_t given_bit = 0;      // of a list or map: see schema/given.h
  uint16_t given_offset = 0;  // of the word with that bit; 0 when there is none

  std::string_view name() const { return {name_data, name_size}; }
  bool has(Flag flag) const { return (flags & flag) != 0; }
  void* in(void* object) const { return static_cast<char*>(object) + offset; }
  const void* in(const void* object) const { return static_cast<const char*>(object) + offset; }
};

// What can be done to a std::vector<T> without knowing T. Not for lists of bool, which have no elements in memory.
struct ListOps {
  std::pair<const void*, size_t> (*view)(const void* list);  // first element and their number
  void* (*append)(void* list);                               // a new element at the end
  void (*clear)(void* list);
  size_t element_size;
};

// The same for a std::map<std::string, T, std::less<>>.
struct MapOps {
  using Visit = bool (*)(void* context, const std::string& key, const void* value);  // false stops

  size_t (*size)(const void* map);
  std::pair<void*, bool> (*ensure)(void* map, std::string key);    // the value, and whether it is new
  void (*each)(const void* map, void* context, Visit visit);       // in order of the keys
  void (*each_back)(const void* map, void* context, Visit visit);  // from the last
  void (*erase)(void* map, std::string_view key);
  void (*clear)(void* map);
  bool (*equal)(const void* a, const void* b);
};

// How a struct is written in JSON.
enum class Form : uint8_t {
  Fields,         // an object of its fields
  SchemaOrArray,  // one JSON schema, or an array of them
  SchemaOrBool,
  SchemaOrStrings,
  Custom,  // a schema::Custom: metadata, and a tree of what else there is
};

struct Type {
  enum Flag : uint16_t {
    Kind = 1,    // written with kind and apiVersion at the top
    List = 2,    // a kind with `items`
    Proto3 = 4,  // a message of CRI, etcd, plugins: zero values are not written
    NotInOpenApi = 8,
    Atomic = 16,         // structType atomic: applied as a whole
    Defaulted = 32,      // a kind on which defaulting runs
    HasObjectMeta = 64,  // at metadata_offset is an ObjectMeta, else a ListMeta
  };

  std::string_view name;     // "Pod"; the kind when it is one
  std::string_view group;    // "" for the core group
  std::string_view version;  // "v1"
  std::string_view package;  // protobuf package and OpenAPI prefix: "io.k8s.api.core.v1"; messages: "runtime.v1"
  // The first `json_count` entries are what JSON sees, in order; members of inlined structs stand among them. The
  // others are the inlined structs as protobuf sees them. `wire` lists the fields of the protobuf message by number
  // (indexes of `all`).
  const Field* all;
  const uint8_t* wire;
  uint8_t json_count;
  uint8_t all_count;
  uint8_t wire_count;
  Form form;
  uint16_t flags;
  uint16_t metadata_offset;  // of the ObjectMeta or ListMeta; kNone when there is neither
  uint32_t size;

  void* (*make)();                                  // new T()
  void (*remove)(void* object);                     // delete
  void* (*copy)(const void* object);                // new T(object)
  void (*assign)(void* object, const void* other);  // copies
  const ListOps* list;                              // null when no list of it occurs
  const MapOps* map;
  const Structural* structural = nullptr;  // of form Custom: what is known about the tree; null: nothing

  static constexpr uint16_t kNone = 0xffff;

  bool has(Flag flag) const { return (flags & flag) != 0; }
  std::span<const Field> fields() const { return {all, json_count}; }
  // By JSON name, case-sensitive; null when there is none.
  const Field* find(std::string_view json_name) const;
  // "v1", "apps/v1".
  std::string api_version() const;
};

// T is a generated struct.
template <class T>
const Type& type_of() {
  return T::kType;
}

// How to reach the elements of a List or the values of a Map or MapOfLists. Null for lists of bool.
const ListOps* list_ops(const Field& field);
const MapOps* map_ops(const Field& field);

// Whether two structs of the type have the same content. Quantities are equal by amount, and a list or map without
// elements equals an absent one, unless these are to be told apart.
enum class EmptyAndAbsent : uint8_t { Alike, Differ };
bool equal(const Type& type, const void* a, const void* b, EmptyAndAbsent rule = EmptyAndAbsent::Alike);

}  // namespace schema
