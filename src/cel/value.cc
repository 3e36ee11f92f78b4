#include "cel/value.h"

#include <cmath>
#include <unordered_map>

#include "base/strings.h"
#include "cel/equality.h"
#include "cel/scalar.h"

namespace cel {
namespace {

struct SharedText final : Shared {
  std::string text;
};
struct SharedList final : Shared {
  std::vector<Value> elements;
  ListKind kind = ListKind::Atomic;
  std::vector<std::string> keys;
};
struct SharedMap final : Shared {
  static constexpr size_t kIndexed = 8;  // beyond, keys are found by hash

  std::vector<std::pair<Value, Value>> entries;
  std::unordered_multimap<uint64_t, size_t> index;

  void make_index() {
    if (entries.size() <= kIndexed) return;
    index.reserve(entries.size());
    for (size_t i = 0; i < entries.size(); ++i) index.emplace(hash_of_key(entries[i].first), i);
  }
  const Value* find(const Value& key) const {
    if (entries.size() <= kIndexed) {
      for (const auto& [k, v] : entries) {
        if (equal(k, key)) return &v;
      }
      return nullptr;
    }
    auto [first, last] = index.equal_range(hash_of_key(key));
    for (; first != last; ++first) {
      if (equal(entries[first->second].first, key)) return &entries[first->second].second;
    }
    return nullptr;
  }
};
struct SharedObject final : Shared {
  std::string type_name;
  std::vector<std::pair<std::string, Value>> fields;
};
struct SharedLazy final : Shared {
  std::shared_ptr<const LazyObject> object;
};
struct SharedType final : Shared {
  TypeRef type;
};
struct SharedOptional final : Shared {
  std::optional<Value> value;
};
struct SharedError final : Shared {
  std::string message;
  Failure failure;
};

const std::vector<std::string> kNoKeys;

}  // namespace

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

bool Value::is_optional() const {
  return kind_ == Kind::Opaque && form_ == Form::Optional;
}
TypeRef Value::as_type() const {
  return content<SharedType>().type;
}
const Value* Value::optional_value() const {
  const std::optional<Value>& value = content<SharedOptional>().value;
  return value ? &*value : nullptr;
}
const OpaqueValue* Value::as_opaque() const {
  return kind_ == Kind::Opaque && form_ == Form::Own ? &content<OpaqueValue>() : nullptr;
}
const std::string& Value::error_message() const {
  return content<SharedError>().message;
}
Failure Value::failure() const {
  return content<SharedError>().failure;
}

size_t Value::list_size() const {
  return form_ == Form::Tree ? data_.view.tree->as_array().size() : content<SharedList>().elements.size();
}
Value Value::list_at(size_t index) const {
  if (form_ != Form::Tree) return content<SharedList>().elements[index];
  const Declaration* declaration = data_.view.declaration;
  return of(data_.view.tree->as_array()[index], declaration == nullptr ? nullptr : declaration->element.get());
}
ListKind Value::list_kind() const {
  if (form_ != Form::Tree) return content<SharedList>().kind;
  return data_.view.declaration == nullptr ? ListKind::Atomic : data_.view.declaration->list_kind;
}
const std::vector<std::string>& Value::list_keys() const {
  if (form_ != Form::Tree) return content<SharedList>().keys;
  return data_.view.declaration == nullptr ? kNoKeys : data_.view.declaration->list_keys;
}

size_t Value::map_size() const {
  return form_ == Form::Tree ? data_.view.tree->as_object().size() : content<SharedMap>().entries.size();
}
std::pair<Value, Value> Value::map_entry(size_t index) const {
  if (form_ != Form::Tree) return content<SharedMap>().entries[index];
  const Declaration* declaration = data_.view.declaration;
  const schema::Member& member = data_.view.tree->as_object().begin()[index];
  return {string_view(member.key), of(member.value, declaration == nullptr ? nullptr : declaration->element.get())};
}
std::optional<Value> Value::map_find(const Value& key) const {
  if (form_ != Form::Tree) {
    const Value* found = content<SharedMap>().find(key);
    return found == nullptr ? std::nullopt : std::optional(*found);
  }
  if (key.kind() != Kind::String) return std::nullopt;
  const Declaration* declaration = data_.view.declaration;
  const schema::Value* found = data_.view.tree->find(key.as_string());
  if (found == nullptr) return std::nullopt;
  return of(*found, declaration == nullptr ? nullptr : declaration->element.get());
}

std::optional<Value> Value::field(std::string_view identifier) const {
  if (kind_ == Kind::Map) return map_find(string_view(identifier));
  if (kind_ != Kind::Object) return std::nullopt;
  if (form_ == Form::Lazy) return content<SharedLazy>().object->field(identifier);
  if (form_ == Form::Own) {
    for (const auto& [name, value] : content<SharedObject>().fields) {
      if (name == identifier) return value;
    }
    return std::nullopt;
  }
  const FieldDeclaration* field = data_.view.declaration->find(identifier);
  if (field == nullptr) return std::nullopt;
  const schema::Value* found = data_.view.tree->find(field->name);
  // Null is absent.
  if (found == nullptr || found->is_null()) return std::nullopt;
  return of(*found, field->declaration.get());
}

size_t Value::field_count() const {
  if (form_ == Form::Tree) return data_.view.tree->as_object().size();
  return form_ == Form::Own ? content<SharedObject>().fields.size() : 0;
}
std::pair<std::string_view, Value> Value::field_at(size_t index) const {
  if (form_ == Form::Own) {
    const auto& [name, value] = content<SharedObject>().fields[index];
    return {name, value};
  }
  const schema::Member& member = data_.view.tree->as_object().begin()[index];
  const FieldDeclaration* field = data_.view.declaration->find_json(member.key);
  return {member.key, of(member.value, field == nullptr ? nullptr : field->declaration.get())};
}

Value Value::borrowed() const {
  Value made(kind_);
  made.form_ = form_;
  made.data_ = data_;
  // Only text needs nothing but its data.
  if (kind_ != Kind::String && kind_ != Kind::Bytes) made.adopt(shared_);
  return made;
}

TypeRef Value::type() const {
  switch (kind_) {
    case Kind::Null:
      return null_type();
    case Kind::Bool:
      return bool_type();
    case Kind::Int:
      return int_type();
    case Kind::Uint:
      return uint_type();
    case Kind::Double:
      return double_type();
    case Kind::String:
      return string_type();
    case Kind::Bytes:
      return bytes_type();
    case Kind::Timestamp:
      return timestamp_type();
    case Kind::Duration:
      return duration_type();
    case Kind::List:
      return list_type(dyn_type());
    case Kind::Map:
      return map_type(dyn_type(), dyn_type());
    case Kind::Object:
      if (form_ == Form::Own) return object_type(content<SharedObject>().type_name);
      if (form_ == Form::Lazy) return object_type(std::string(content<SharedLazy>().object->type_name()));
      return map_type(dyn_type(), dyn_type());
    case Kind::Opaque:
      return form_ == Form::Optional ? optional_type(dyn_type()) : content<OpaqueValue>().type();
    case Kind::Type:
      return type_type(nullptr);
    default:
      return error_type();
  }
}

std::string_view Value::type_name() const {
  switch (kind_) {
    case Kind::Object:
      if (form_ == Form::Own) return content<SharedObject>().type_name;
      if (form_ == Form::Lazy) return content<SharedLazy>().object->type_name();
      return "map";
    case Kind::Opaque:
      if (form_ == Form::Optional) return "optional_type";
      return content<OpaqueValue>().type()->name;
    default:
      return type()->runtime_name();
  }
}

base::Result<schema::Value> Value::to_tree() const {
  switch (kind_) {
    case Kind::Null:
      return schema::Value();
    case Kind::Bool:
      return schema::Value(as_bool());
    case Kind::Int:
      return schema::Value(as_int());
    case Kind::Uint:
      if (as_uint() > INT64_MAX) return schema::Value(static_cast<double>(as_uint()));
      return schema::Value(static_cast<int64_t>(as_uint()));
    case Kind::Double:
      if (!std::isfinite(as_double()))
        return base::fail(base::Code::Invalid, "unsupported value: " + text_of_double(as_double()));
      return schema::Value(as_double());
    case Kind::String:
      return schema::Value(as_string());
    case Kind::Bytes:
      return schema::Value(base::base64_encode(as_string()));
    case Kind::Timestamp:
      return schema::Value(text_of_timestamp(as_timestamp()));
    case Kind::Duration:
      return schema::Value(text_of_duration(as_duration_ns()));
    case Kind::Error:
      return base::fail(base::Code::Invalid, error_message());
    case Kind::List: {
      if (form_ == Form::Tree) return *data_.view.tree;
      schema::Value::Array out;
      for (const Value& element : content<SharedList>().elements) {
        TRY(schema::Value converted, element.to_tree());
        out.push_back(std::move(converted));
      }
      return schema::Value(std::move(out));
    }
    case Kind::Map: {
      if (form_ == Form::Tree) return *data_.view.tree;
      schema::Value::Object out;
      for (const auto& [key, value] : content<SharedMap>().entries) {
        if (key.kind() != Kind::String) {
          return base::fail(base::Code::Invalid, base::cat({"unsupported key type: ", key.type_name()}));
        }
        TRY(schema::Value converted, value.to_tree());
        out.set(key.as_string(), std::move(converted));
      }
      return schema::Value(std::move(out));
    }
    case Kind::Object: {
      if (form_ == Form::Tree) return *data_.view.tree;
      schema::Value::Object out;
      for (size_t i = 0; i < field_count(); ++i) {
        auto [name, value] = field_at(i);
        TRY(schema::Value converted, value.to_tree());
        out.set(unescape_identifier(name), std::move(converted));
      }
      return schema::Value(std::move(out));
    }
    case Kind::Opaque:
      if (form_ == Form::Optional) return optional_value() == nullptr ? schema::Value() : optional_value()->to_tree();
      [[fallthrough]];
    default:
      return base::fail(base::Code::Invalid, base::cat({"unsupported value of type ", type_name()}));
  }
}

}  // namespace cel
