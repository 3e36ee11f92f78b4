// Looking into values.

#include <cmath>

#include "base/strings.h"
#include "cel/scalar.h"
#include "cel/value.h"
#include "cel/value_content.h"

namespace cel {
namespace {

const std::vector<std::string> kNoKeys;

}  // namespace

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
