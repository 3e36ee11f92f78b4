#include "cel/value.h"

#include "base/strings.h"
#include "cel/scalar.h"
#include "cel/value_content.h"

namespace cel {
Value Value::of_string(std::string value) {
  auto* shared = new SharedText;
  shared->text = std::move(value);
  Value made = string_view(shared->text);
  made.adopt(shared);
  return made;
}

Value Value::of_bytes(std::string value) {
  Value made = of_string(std::move(value));
  made.kind_ = Kind::Bytes;
  return made;
}

Value Value::of_list(std::vector<Value> elements) {
  auto* shared = new SharedList;
  shared->elements = std::move(elements);
  Value made(Kind::List);
  made.adopt(shared);
  return made;
}

Value Value::of_list(std::vector<Value> elements, const Value& like) {
  Value made = of_list(std::move(elements));
  auto* shared = const_cast<SharedList*>(static_cast<const SharedList*>(made.shared_));  // nobody else has it yet
  shared->kind = like.list_kind();
  shared->keys = like.list_keys();
  return made;
}

Value Value::of_map_or(std::vector<std::pair<Value, Value>> entries, Value absent) {
  auto* shared = new SharedMap;
  shared->entries = std::move(entries);
  shared->absent = std::move(absent);
  shared->make_index();
  Value made(Kind::Map);
  made.adopt(shared);
  return made;
}
Value Value::of_map(std::vector<std::pair<Value, Value>> entries) {
  auto* shared = new SharedMap;
  shared->entries = std::move(entries);
  shared->make_index();
  Value made(Kind::Map);
  made.adopt(shared);
  return made;
}

Value Value::of_object(std::string type_name, std::vector<std::pair<std::string, Value>> fields) {
  auto* shared = new SharedObject;
  shared->type_name = std::move(type_name);
  shared->fields = std::move(fields);
  Value made(Kind::Object);
  made.adopt(shared);
  return made;
}

Value Value::of_type(TypeRef type) {
  auto* shared = new SharedType;
  shared->type = std::move(type);
  Value made(Kind::Type);
  made.adopt(shared);
  return made;
}

Value Value::of_optional(std::optional<Value> value) {
  auto* shared = new SharedOptional;
  shared->value = std::move(value);
  Value made(Kind::Opaque);
  made.form_ = Form::Optional;
  made.adopt(shared);
  return made;
}

Value Value::of_opaque(std::unique_ptr<const OpaqueValue> value) {
  Value made(Kind::Opaque);
  made.adopt(value.release());
  return made;
}

Value Value::of_lazy(std::shared_ptr<const LazyObject> object) {
  auto* shared = new SharedLazy;
  shared->object = std::move(object);
  Value made(Kind::Object);
  made.form_ = Form::Lazy;
  made.adopt(shared);
  return made;
}

Value Value::error(std::string message, Failure failure) {
  auto* shared = new SharedError;
  shared->message = std::move(message);
  shared->failure = failure;
  Value made(Kind::Error);
  made.adopt(shared);
  return made;
}

Value Value::of(const schema::Value& tree, const Declaration* declaration) {
  using TreeKind = schema::Value::Kind;
  if (declaration != nullptr && declaration->type->kind != Kind::Dyn) return of_declared(tree, *declaration);
  if (declaration != nullptr && declaration->int_or_string && !tree.is_string() && !tree.is_int()) {
    return error("invalid data, expected XIntOrString value to be either a string or integer");
  }
  switch (tree.kind()) {
    case TreeKind::Null:
      return null();
    case TreeKind::Bool:
      return of_bool(tree.as_bool());
    case TreeKind::Int:
      return of_int(tree.as_int());
    case TreeKind::Double:
      return of_double(tree.as_double());
    case TreeKind::String:
      return string_view(tree.as_string());
    case TreeKind::Array:
      return of_tree(Kind::List, tree, nullptr);
    case TreeKind::Object:
      return of_tree(Kind::Map, tree, nullptr);
  }
  return null();
}

Value Value::of_tree(Kind kind, const schema::Value& tree, const Declaration* declaration) {
  Value made(kind);
  made.form_ = Form::Tree;
  made.data_.view = {&tree, declaration};
  return made;
}

Value Value::of_declared(const schema::Value& tree, const Declaration& declaration) {
  if (tree.is_null())
    return declaration.nullable ? null() : error("invalid data, got null for schema with nullable=false");
  switch (declaration.type->kind) {
    case Kind::Bool:
      if (tree.is_bool()) return of_bool(tree.as_bool());
      return error("invalid data, expected bool, got " + go_type_name(tree));
    case Kind::Int:
      if (tree.is_int()) return of_int(tree.as_int());
      return error("invalid data, expected int, got " + go_type_name(tree));
    case Kind::Double:
      if (tree.is_number()) return of_double(tree.as_double());
      return error("invalid data, expected float, got " + go_type_name(tree));
    case Kind::String:
    case Kind::Bytes:
    case Kind::Timestamp:
    case Kind::Duration:
      if (!tree.is_string()) return error("invalid data, expected string, got " + go_type_name(tree));
      return value_of_text(tree.as_string(), declaration);
    case Kind::List:
      if (!tree.is_array()) return error("invalid data, expected an array for the provided schema with type=array");
      return of_tree(Kind::List, tree, &declaration);
    case Kind::Map:
      if (!tree.is_object()) return error("invalid data, expected a map for the provided schema with type=object");
      return of_tree(Kind::Map, tree, &declaration);
    case Kind::Object:
      if (!tree.is_object()) return error("invalid data, expected a map for the provided schema with type=object");
      return of_tree(Kind::Object, tree, &declaration);
    default:
      return of(tree, nullptr);
  }
}

}  // namespace cel
