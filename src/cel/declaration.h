// What is known beforehand about a value: its type, the fields of objects, and how large it can grow. Made from the
// schema of a custom resource, from a generated struct's table, or by hand. Immutable and shared; must outlive the
// values that are read through it.
//
//   TRY(...); DeclarationRef self = cel::declare(structural_schema, {.resource_root = true});
//   if (self == nullptr) ...  // the schema cannot be seen by expressions (no type, or unknown fields preserved)
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cel/type.h"
#include "schema/type.h"
#include "schema/value.h"

namespace cel {

struct Declaration;
using DeclarationRef = std::shared_ptr<const Declaration>;

enum class ListKind : uint8_t { Atomic, Set, Map };

struct FieldDeclaration {
  std::string name;            // in JSON
  std::string identifier;      // in expressions, escaped; empty when it cannot be named there
  DeclarationRef declaration;  // null when it is not to be seen by expressions
};

struct Declaration {
  TypeRef type = dyn_type();
  uint64_t max_elements = 0;         // characters, bytes, items or entries; 0 for what has no size
  uint64_t min_serialized_size = 1;  // the least bytes of its JSON
  bool nullable = false;
  bool int_or_string = false;
  bool date_only = false;       // timestamps written as a date
  bool unknown_fields = false;  // objects: keys beyond `fields` are kept in the tree
  ListKind list_kind = ListKind::Atomic;
  std::vector<std::string> list_keys;    // of list_kind Map: JSON names
  DeclarationRef key;                    // of maps
  DeclarationRef element;                // of lists and maps
  std::vector<FieldDeclaration> fields;  // of objects, by JSON name

  // Of an object; by identifier, and by JSON name. Null when there is none.
  const FieldDeclaration* find(std::string_view identifier) const;
  const FieldDeclaration* find_json(std::string_view name) const;
  void sort_fields();
};

struct DeclareOptions {
  bool resource_root = false;          // apiVersion, kind, metadata.name and metadata.generateName are always there
  std::string type_name = "selfType";  // of the outermost object; inner ones are named by their path
};

// From a structural OpenAPI v3 schema (as in a CustomResourceDefinition). Null when expressions cannot see such values.
DeclarationRef declare(const schema::Value& openapi_schema, const DeclareOptions& options = {});
// From a struct's table. Type names are the struct's names.
DeclarationRef declare(const schema::Type& type);
// A plain type without bounds.
DeclarationRef declare(TypeRef type);
// An object whose fields have plain declarations, for `request` and the like. Names are as expressions write them: none
// is escaped.
DeclarationRef declare_object(std::string type_name, std::vector<std::pair<std::string, DeclarationRef>> fields);
DeclarationRef declare_list(DeclarationRef element, uint64_t max_elements = 0);
DeclarationRef declare_map(DeclarationRef key, DeclarationRef element, uint64_t max_elements = 0);

// The identifier by which an expression reaches a JSON property: "my-prop" is "my__dash__prop", "in" is "__in__". Empty
// when there is none (the name starts with a digit, or has characters that cannot be escaped).
std::string escape_identifier(std::string_view property);
std::string unescape_identifier(std::string_view identifier);

}  // namespace cel
