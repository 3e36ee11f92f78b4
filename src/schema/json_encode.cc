#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>

#include "base/json.h"
#include "base/quantity.h"
#include "base/strings.h"
#include "base/time.h"
#include "schema/box.h"
#include "schema/custom.h"
#include "schema/duration.h"
#include "schema/int_or_string.h"
#include "schema/json.h"
#include "schema/member.h"
#include "schema/presence.h"

namespace schema {
namespace {

using presence::as;

class Encoder {
 public:
  explicit Encoder(std::string& out) : out_(out) {}

  void write_struct(const Type& type, const void* object, WithTypeMeta type_meta) {
    if (type.form != Form::Fields && type.form != Form::Custom) return write_special(type, object);
    out_ += '{';
    bool first = true;
    if (type_meta == WithTypeMeta::Yes && type.has(Type::Kind)) {
      out_ += "\"kind\":\"";
      out_ += type.name;
      out_ += "\",\"apiVersion\":\"";
      if (!type.group.empty()) {
        out_ += type.group;
        out_ += '/';
      }
      out_ += type.version;
      out_ += '"';
      first = false;
    }
    for (const Field& field : type.fields()) {
      const void* member = field.in(object);
      if (presence::is_left_out(field, member)) continue;
      if (!first) out_ += ',';
      first = false;
      out_ += '"';
      out_ += field.name();
      out_ += "\":";
      write_member(field, member);
    }
    if (type.form == Form::Custom) write_members(static_cast<const Custom*>(object)->content.as_object(), first);
    out_ += '}';
  }

  void write_member(const Field& field, const void* member) {
    switch (field.holder) {
      case Holder::Value:
        return write_value(field, member);
      case Holder::Optional:
        switch (field.shape) {
          case Shape::Bool:
            return write_optional<bool>(field, member);
          case Shape::Int32:
          case Shape::Enum:
            return write_optional<int32_t>(field, member);
          case Shape::Int64:
            return write_optional<int64_t>(field, member);
          case Shape::UInt32:
            return write_optional<uint32_t>(field, member);
          case Shape::UInt64:
            return write_optional<uint64_t>(field, member);
          case Shape::Double:
            return write_optional<double>(field, member);
          case Shape::Quantity:
            return write_optional<base::Quantity>(field, member);
          case Shape::IntOrString:
            return write_optional<IntOrString>(field, member);
          case Shape::Duration:
            return write_optional<Duration>(field, member);
          default:
            return write_optional<std::string>(field, member);
        }
      case Holder::Box: {
        const void* content = as<AnyBox>(member).value;
        if (content == nullptr) {
          out_ += "null";
          return;
        }
        return write_struct(*field.type, content, type_meta_of(field));
      }
      case Holder::List:
        return write_list(field, member);
      case Holder::Map:
      case Holder::MapOfLists:
        return write_map(field, member);
    }
  }

 private:
  // A tree has one form: its keys come in order, so that what is equal is written alike.
  void write_tree(const Value& value) {
    if (value.is_object()) {
      out_ += '{';
      write_members(value.as_object(), true);
      out_ += '}';
    } else if (value.is_array()) {
      out_ += '[';
      bool first = true;
      for (const Value& element : value.as_array()) {
        if (!std::exchange(first, false)) out_ += ',';
        write_tree(element);
      }
      out_ += ']';
    } else {
      value.append_json(out_);
    }
  }

  void write_members(const Members& members, bool first) {
    std::vector<const Member*> sorted;
    sorted.reserve(members.size());
    for (const Member& member : members) sorted.push_back(&member);
    std::ranges::sort(sorted, {}, [](const Member* member) -> const std::string& { return member->key; });
    for (const Member* member : sorted) {
      if (!std::exchange(first, false)) out_ += ',';
      base::append_json_string(out_, member->key);
      out_ += ':';
      write_tree(member->value);
    }
  }

  template <class T>
  void write_optional(const Field& field, const void* member) {
    const auto& optional = as<std::optional<T>>(member);
    if (!optional) {
      out_ += "null";
    } else {
      write_value(field, &*optional);
    }
  }

  void write_list(const Field& field, const void* member) {
    if (field.shape == Shape::Bool) {
      const auto& list = as<std::vector<bool>>(member);
      out_ += '[';
      for (bool value : list) out_ += value ? "true," : "false,";
      return end(']', !list.empty());
    }
    const ListOps& ops = *list_ops(field);
    auto [first, count] = ops.view(member);
    if (count == 0) {
      out_ += field.has(Field::EmptyArray) ? "[]" : "null";
      return;
    }
    out_ += '[';
    auto* element = static_cast<const char*>(first);
    for (size_t i = 0; i < count; ++i, element += ops.element_size) {
      write_value(field, element);
      out_ += ',';
    }
    end(']', true);
  }

  // In place of the last comma, if there is one.
  void end(char bracket, bool after_comma) {
    if (after_comma) {
      out_.back() = bracket;
    } else {
      out_ += bracket;
    }
  }

  struct MapContext {
    Encoder& encoder;
    const Field& field;
  };

  void write_map(const Field& field, const void* member) {
    const MapOps& ops = *map_ops(field);
    if (ops.size(member) == 0) {
      out_ += "null";
      return;
    }
    out_ += '{';
    MapContext context{*this, field};
    ops.each(member, &context, [](void* raw, const std::string& key, const void* value) {
      auto& [encoder, field] = *static_cast<MapContext*>(raw);
      base::append_json_string(encoder.out_, key);
      encoder.out_ += ':';
      if (field.holder == Holder::MapOfLists) {
        encoder.write_strings(as<std::vector<std::string>>(value));
      } else {
        encoder.write_value(field, value);
      }
      encoder.out_ += ',';
      return true;
    });
    end('}', true);
  }

  void write_strings(const std::vector<std::string>& list) {
    if (list.empty()) {
      out_ += "null";
      return;
    }
    out_ += '[';
    for (const std::string& text : list) {
      base::append_json_string(out_, text);
      out_ += ',';
    }
    end(']', true);
  }

  template <class T>
  void write_integer(T value) {
    char buffer[24];
    auto result = std::to_chars(buffer, buffer + sizeof buffer, value);
    out_.append(buffer, static_cast<size_t>(result.ptr - buffer));
  }

  void write_quoted(std::string_view text) {
    out_ += '"';
    out_ += text;
    out_ += '"';
  }

  static WithTypeMeta type_meta_of(const Field& field) {
    return field.has(Field::WithTypeMeta) ? WithTypeMeta::Yes : WithTypeMeta::No;
  }

  void write_value(const Field& field, const void* value) {
    switch (field.shape) {
      case Shape::Bool:
        out_ += as<bool>(value) ? "true" : "false";
        return;
      case Shape::Int32:
      case Shape::Enum:
        return write_integer(as<int32_t>(value));
      case Shape::Int64:
        return write_integer(as<int64_t>(value));
      case Shape::UInt32:
        return write_integer(as<uint32_t>(value));
      case Shape::UInt64:
        return write_integer(as<uint64_t>(value));
      case Shape::Double: {
        // JSON has no word for the others.
        double number = as<double>(value);
        return base::append_json_double(out_, std::isfinite(number) ? number : 0);
      }
      case Shape::String:
        return base::append_json_string(out_, as<std::string>(value));
      case Shape::Bytes:
        if (as<std::string>(value).empty() && field.holder == Holder::Value) {
          out_ += "null";
          return;
        }
        return write_quoted(base::base64_encode(as<std::string>(value)));
      case Shape::Quantity:
        return write_quoted(as<base::Quantity>(value).to_string());
      case Shape::IntOrString: {
        const auto& either = as<IntOrString>(value);
        return either.is_int() ? write_integer(either.number) : base::append_json_string(out_, either.text);
      }
      case Shape::Time:
      case Shape::MicroTime: {
        base::Time time = as<base::Time>(value);
        if (time.is_zero()) {
          out_ += "null";
          return;
        }
        return write_quoted(field.shape == Shape::Time ? base::format_rfc3339(time) : base::format_rfc3339_micro(time));
      }
      case Shape::Duration:
        return write_quoted(base::format_duration(as<Duration>(value).ns));
      case Shape::Raw:
        if (as<std::string>(value).empty()) {
          out_ += "null";
          return;
        }
        return append_compact(out_, as<std::string>(value));
      case Shape::Struct:
        return write_struct(*field.type, value, type_meta_of(field));
    }
  }

  void write_special(const Type& type, const void* object) {
    const Field& schema_field = type.all[type.form == Form::SchemaOrBool ? 1 : 0];
    const void* content = as<AnyBox>(schema_field.in(object)).value;
    if (type.form != Form::SchemaOrBool && list_ops(type.all[1])->view(type.all[1].in(object)).second != 0) {
      return write_list(type.all[1], type.all[1].in(object));
    }
    if (content != nullptr) return write_struct(*schema_field.type, content, WithTypeMeta::No);
    if (type.form == Form::SchemaOrBool) {
      out_ += as<bool>(type.all[0].in(object)) ? "true" : "false";
    } else {
      out_ += "null";
    }
  }

  std::string& out_;
};

}  // namespace

void append_json(std::string& out, const Type& type, const void* object, WithTypeMeta type_meta) {
  Encoder(out).write_struct(type, object, type_meta);
}

void append_member_json(std::string& out, const Field& field, const void* member) {
  Encoder(out).write_member(field, member);
}

std::string to_json(const Object& object) {
  std::string out;
  append_json(out, object.type(), object.data());
  return out;
}

namespace {

// Whether Go would write the text as it is. No branches, so that the compiler does many at once.
bool is_compact(std::string_view json) {
  bool found = false;
  for (char c : json) {
    found |= c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '<' || c == '>' || c == '&' || c == '\xE2';
  }
  return !found;
}

}  // namespace

void append_compact(std::string& out, std::string_view json) {
  if (is_compact(json)) {
    out += json;
    return;
  }
  static constexpr char kHex[] = "0123456789abcdef";
  bool in_string = false;
  size_t run = 0;  // what is not yet copied
  auto copy_until = [&](size_t i) { out.append(json, run, i - run); };
  for (size_t i = 0; i < json.size(); ++i) {
    char c = json[i];
    if (c == '"') {
      in_string = !in_string;
    } else if (c == '\\') {
      ++i;  // what is escaped ends no string
    } else if (c == '<' || c == '>' || c == '&') {
      copy_until(i);
      out += {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 0xF]};
      run = i + 1;
    } else if (!in_string && (c == ' ' || c == '\n' || c == '\t' || c == '\r')) {
      copy_until(i);
      run = i + 1;
    } else if (c == '\xE2' && i + 2 < json.size() && json[i + 1] == '\x80' && (json[i + 2] & ~1) == '\xA8') {
      copy_until(i);
      out += json[i + 2] == '\xA8' ? "\\u2028" : "\\u2029";
      i += 2;
      run = i + 1;
    }
  }
  copy_until(json.size());
}

}  // namespace schema
