#include <algorithm>
#include <bitset>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>

#include "base/json.h"
#include "base/quantity.h"
#include "base/strings.h"
#include "base/time.h"
#include "schema/box.h"
#include "schema/custom.h"
#include "schema/duration.h"
#include "schema/given.h"
#include "schema/go_type.h"
#include "schema/int_or_string.h"
#include "schema/json.h"
#include "schema/json_complaints.h"

namespace schema {
namespace {

using base::JsonKind;

// Whose raw JSON is values rather than texts: spaces in a default are no difference.
constexpr std::string_view kDefinitionsGroup = "apiextensions.k8s.io";

class Decoder {
 public:
  Decoder(std::string_view json, std::vector<std::string>* strict_errors) : reader_(json), complaints_(strict_errors) {}

  base::Result<void> decode(const Type& type, void* object) {
    JsonKind kind = reader_.peek();
    keeps_text_ = type.group != kDefinitionsGroup;
    if (kind == JsonKind::Object) {
      read_struct(type, object, nullptr);
    } else {
      if (kind != JsonKind::Null && kind != JsonKind::None) {
        complaints_.wrong_value(json_kind_name(kind), go_type_of(type), nullptr);
      }
      reader_.skip_value();
    }
    // Text that is no JSON comes before anything that is wrong with its values.
    TRY(reader_.finish());
    return complaints_.result();
  }

 private:
  // A value of the wrong kind: noted, and read past.
  void wrong_type(JsonKind found, std::string_view wanted, const Place* place) {
    complaints_.wrong_value(json_kind_name(found), wanted, place);
    reader_.skip_value();
  }

  // An object, member by member. Texts mostly come in the order of the table, so the search for a name begins behind
  // the last.
  void read_struct(const Type& type, void* object, const Place* place) {
    if (type.form == Form::Custom) return read_custom(type, *static_cast<Custom*>(object));
    if (type.form != Form::Fields) return read_special(type, object, place);
    std::bitset<256> seen;
    bool seen_kind = false, seen_version = false;
    size_t next = 0;
    std::string_view key;
    reader_.enter_object();
    while (reader_.next_key(key)) {
      const Field* field = find(type, key, next);
      if (field != nullptr) {
        size_t index = static_cast<size_t>(field - type.all);
        Place here{.parent = place, .owner = &type, .field = field};
        if (seen[index]) complaints_.strict_error("duplicate", here);
        seen[index] = true;
        next = index + 1;
        set_given_empty(*field, object, reader_.peek() != JsonKind::Null);
        read_field(*field, field->in(object), here);
        continue;
      }
      bool names_kind = key == "kind", names_version = key == "apiVersion";
      Place here{.parent = place, .key = key};
      if (type.has(Type::Kind) && (names_kind || names_version)) {
        bool& seen_already = names_kind ? seen_kind : seen_version;
        if (seen_already) complaints_.strict_error("duplicate", here);
        seen_already = true;
        read_type_name(names_kind ? "kind" : "apiVersion", place);
      } else {
        complaints_.strict_error("unknown", here);
        reader_.skip_value();
      }
    }
  }

  static const Field* find(const Type& type, std::string_view key, size_t next) {
    const Field* fields = type.all;
    size_t count = type.json_count;
    auto names = [&](const Field& field) {
      return field.name_size == key.size() && memcmp(field.name_data, key.data(), key.size()) == 0;
    };
    for (size_t i = next; i < count; ++i) {
      if (names(fields[i])) return &fields[i];
    }
    for (size_t i = 0; i < next; ++i) {
      if (names(fields[i])) return &fields[i];
    }
    return nullptr;
  }

  void read_type_name(std::string_view name, const Place* place) {
    JsonKind kind = reader_.peek();
    if (kind != JsonKind::String && kind != JsonKind::Null && kind != JsonKind::None) {
      static const Type kTypeMeta = {.name = "TypeMeta", .version = "v1"};
      Field field = {.name_data = name.data(), .name_size = static_cast<uint8_t>(name.size())};
      Place here{.parent = place, .owner = &kTypeMeta, .field = &field};
      return wrong_type(kind, "string", &here);
    }
    reader_.skip_value();
  }

  void read_field(const Field& field, void* member, const Place& place) {
    JsonKind kind = reader_.peek();
    if (kind == JsonKind::None || complaints_.given_up()) {
      reader_.skip_value();
      return;
    }
    if (kind == JsonKind::Null && field.holder != Holder::Value) {
      reader_.read_null();
      return clear(field, member);
    }
    switch (field.holder) {
      case Holder::Value:
        return read_value(field, member, kind, place);
      case Holder::Optional:
        return read_optional(field, member, kind, place);
      case Holder::Box: {
        if (kind != JsonKind::Object && field.type->form == Form::Fields) {
          return wrong_type(kind, go_type_of_element(field), &place);
        }
        void*& content = static_cast<AnyBox*>(member)->value;
        if (content == nullptr) content = field.type->make();
        return read_struct(*field.type, content, &place);
      }
      case Holder::List:
        return read_list(field, member, kind, place);
      case Holder::Map:
      case Holder::MapOfLists:
        return read_map(field, member, kind, place);
    }
  }

  static void clear(const Field& field, void* member) {
    switch (field.holder) {
      case Holder::Optional:
        return clear_optional(field, member);
      case Holder::Box: {
        void*& content = static_cast<AnyBox*>(member)->value;
        if (content != nullptr) field.type->remove(content);
        content = nullptr;
        return;
      }
      case Holder::List:
        if (field.shape == Shape::Bool) return static_cast<std::vector<bool>*>(member)->clear();
        return list_ops(field)->clear(member);
      default:
        return map_ops(field)->clear(member);
    }
  }

  template <class Visitor>
  static void visit_optional(const Field& field, void* member, Visitor&& visit) {
    switch (field.shape) {
      case Shape::Bool:
        return visit(*static_cast<std::optional<bool>*>(member));
      case Shape::Int32:
      case Shape::Enum:
        return visit(*static_cast<std::optional<int32_t>*>(member));
      case Shape::Int64:
        return visit(*static_cast<std::optional<int64_t>*>(member));
      case Shape::UInt32:
        return visit(*static_cast<std::optional<uint32_t>*>(member));
      case Shape::UInt64:
        return visit(*static_cast<std::optional<uint64_t>*>(member));
      case Shape::Double:
        return visit(*static_cast<std::optional<double>*>(member));
      case Shape::Quantity:
        return visit(*static_cast<std::optional<base::Quantity>*>(member));
      case Shape::IntOrString:
        return visit(*static_cast<std::optional<IntOrString>*>(member));
      case Shape::Duration:
        return visit(*static_cast<std::optional<Duration>*>(member));
      default:
        return visit(*static_cast<std::optional<std::string>*>(member));
    }
  }
  static void clear_optional(const Field& field, void* member) {
    visit_optional(field, member, [](auto& optional) { optional.reset(); });
  }
  void read_optional(const Field& field, void* member, JsonKind kind, const Place& place) {
    visit_optional(field, member, [&](auto& optional) {
      if (!optional) optional.emplace();
      read_value(field, &*optional, kind, place);
    });
  }

  void read_list(const Field& field, void* member, JsonKind kind, const Place& place) {
    if (kind != JsonKind::Array) return wrong_type(kind, go_type_of(field), &place);
    Place element{.parent = &place};
    reader_.enter_array();
    if (field.shape == Shape::Bool) {
      auto& list = *static_cast<std::vector<bool>*>(member);
      for (list.clear(); reader_.next_element(); ++element.index) {
        bool value = false;
        read_element(field, &value, element);
        list.push_back(value);
      }
      return;
    }
    const ListOps& ops = *list_ops(field);
    for (ops.clear(member); reader_.next_element(); ++element.index) read_element(field, ops.append(member), element);
  }

  void read_element(const Field& field, void* element, const Place& place) {
    read_value(field, element, reader_.peek(), place);
  }

  void read_map(const Field& field, void* member, JsonKind kind, const Place& place) {
    if (kind != JsonKind::Object) return wrong_type(kind, go_type_of(field), &place);
    const MapOps& ops = *map_ops(field);
    std::string_view key;
    reader_.enter_object();
    while (reader_.next_key(key)) {
      std::string name(key);
      Place here{.parent = &place, .key = name};
      auto [value, fresh] = ops.ensure(member, name);
      if (!fresh) {
        complaints_.strict_error("duplicate", here);
        ops.erase(member, name);
        value = ops.ensure(member, name).first;
      }
      if (field.holder == Holder::MapOfLists) {
        read_strings(field, *static_cast<std::vector<std::string>*>(value), here);
      } else {
        read_element(field, value, here);
      }
    }
  }

  void read_strings(const Field& field, std::vector<std::string>& list, const Place& place) {
    JsonKind kind = reader_.peek();
    if (kind == JsonKind::Null) {
      reader_.read_null();
      return;
    }
    if (kind != JsonKind::Array) return wrong_type(kind, "[]string", &place);
    Place element{.parent = &place};
    for (reader_.enter_array(); reader_.next_element(); ++element.index)
      read_element(field, &list.emplace_back(), element);
  }

  // A value of the field's shape, whatever holds it.
  void read_value(const Field& field, void* target, JsonKind kind, const Place& place) {
    if (complaints_.given_up() || kind == JsonKind::None) {
      reader_.skip_value();
      return;
    }
    switch (field.shape) {
      case Shape::Quantity:
        return read_quantity(*static_cast<base::Quantity*>(target), kind);
      case Shape::IntOrString:
        return read_int_or_string(*static_cast<IntOrString*>(target), kind, place);
      case Shape::Time:
      case Shape::MicroTime:
        return read_time(field.shape, *static_cast<base::Time*>(target), kind, place);
      case Shape::Duration:
        return read_duration(*static_cast<Duration*>(target), kind, place);
      case Shape::Raw:
        return read_raw(*static_cast<std::string*>(target), kind);
      case Shape::Struct:
        if (kind != JsonKind::Object && field.type->form == Form::Fields && kind != JsonKind::Null) {
          return wrong_type(kind, go_type_of_element(field), &place);
        }
        if (kind == JsonKind::Null) break;
        return read_struct(*field.type, target, &place);
      default:
        break;
    }
    if (kind == JsonKind::Null) {
      reader_.read_null();
      return;
    }
    read_scalar(field, target, kind, place);
  }

  void read_scalar(const Field& field, void* target, JsonKind kind, const Place& place) {
    std::string_view text;
    switch (field.shape) {
      case Shape::Bool:
        if (kind != JsonKind::Bool) return wrong_type(kind, "bool", &place);
        reader_.read_bool(*static_cast<bool*>(target));
        return;
      case Shape::String:
        if (kind != JsonKind::String) return wrong_type(kind, "string", &place);
        if (reader_.read_string(text)) static_cast<std::string*>(target)->assign(text);
        return;
      case Shape::Bytes: {
        if (kind != JsonKind::String) return wrong_type(kind, "[]uint8", &place);
        if (!reader_.read_string(text)) return;
        auto bytes = base::base64_decode(text);
        if (!bytes) return complaints_.complain(bytes.error().message());
        *static_cast<std::string*>(target) = *std::move(bytes);
        return;
      }
      case Shape::Double:
        return read_double(*static_cast<double*>(target), kind, place);
      case Shape::Int64:
        return read_integer(*static_cast<int64_t*>(target), "int64", kind, place);
      case Shape::UInt32:
        return read_integer(*static_cast<uint32_t*>(target), "uint32", kind, place);
      case Shape::UInt64:
        return read_integer(*static_cast<uint64_t*>(target), "uint64", kind, place);
      default:
        return read_integer(*static_cast<int32_t*>(target), "int32", kind, place);
    }
  }

  template <class T>
  void read_integer(T& target, std::string_view type, JsonKind kind, const Place& place) {
    if (kind != JsonKind::Number) return wrong_type(kind, type, &place);
    std::string_view text;
    if (!reader_.read_number(text)) return;
    T value;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) {
      return complaints_.wrong_value(base::cat({"number ", text}), type, &place);
    }
    target = value;
  }

  void read_double(double& target, JsonKind kind, const Place& place) {
    if (kind != JsonKind::Number) return wrong_type(kind, "float64", &place);
    std::string_view text;
    if (!reader_.read_number(text)) return;
    double value;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return complaints_.wrong_value(base::cat({"number ", text}), "float64", &place);
    target = value;
  }

  // As in Kubernetes, the text between the quotes is taken as it stands.
  void read_quantity(base::Quantity& target, JsonKind kind) {
    std::string_view text;
    if (kind == JsonKind::Null) {
      reader_.read_null();
      target = {};
      return;
    }
    if (!reader_.read_raw(text)) return;
    if (kind == JsonKind::String) text = text.substr(1, text.size() - 2);
    auto quantity = base::Quantity::parse(base::trim(text));
    if (!quantity) return complaints_.give_up(std::move(quantity).error());
    target = *quantity;
  }

  void read_int_or_string(IntOrString& target, JsonKind kind, const Place& place) {
    target = {};
    std::string_view text;
    if (kind == JsonKind::Null) {
      reader_.read_null();
    } else if (kind == JsonKind::String) {
      if (reader_.read_string(text)) target = std::string(text);
    } else if (kind == JsonKind::Number) {
      if (!reader_.read_number(text)) return;
      auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), target.number);
      if (error != std::errc() || end != text.data() + text.size()) {
        complaints_.give_up(
            {base::Code::BadRequest, Complaints::mismatch(base::cat({"number ", text}), "int32", &place)});
      }
    } else {
      complaints_.give_up({base::Code::BadRequest, Complaints::mismatch(json_kind_name(kind), "int32", &place)});
      reader_.skip_value();
    }
  }

  // The text of a type that upstream reads from a string. False: complained, and read past.
  bool read_own_text(std::string_view& text, JsonKind kind, const Place& place) {
    if (kind == JsonKind::String) return reader_.read_string(text);
    complaints_.give_up({base::Code::BadRequest, Complaints::mismatch(json_kind_name(kind), "string", &place)});
    reader_.skip_value();
    return false;
  }

  // The complaint about a time with the layout of times with a fraction.
  static base::Error about_micros(const base::Error& error) {
    constexpr std::string_view kSeconds = "15:04:05Z07:00", kMicros = "15:04:05.000000Z07:00";
    std::string message = error.message();
    if (size_t at = message.find(kSeconds); at != std::string::npos) message.replace(at, kSeconds.size(), kMicros);
    return {error.code(), std::move(message)};
  }

  void read_time(Shape shape, base::Time& target, JsonKind kind, const Place& place) {
    std::string_view text;
    target = {};
    if (kind == JsonKind::Null) {
      reader_.read_null();
      return;
    }
    if (!read_own_text(text, kind, place)) return;
    auto time = base::parse_rfc3339(text);
    if (!time) return complaints_.give_up(shape == Shape::Time ? std::move(time).error() : about_micros(time.error()));
    if (shape == Shape::Time) {
      target = time->truncated_to_seconds();
      return;
    }
    // Upstream wants the six digits.
    constexpr size_t kDot = 19, kDigits = 6;
    std::string_view rest = text.substr(std::min(kDot, text.size()));
    bool has_fraction = rest.size() > kDigits && rest[0] == '.' &&
                        std::ranges::all_of(rest.substr(1, kDigits), [](char c) { return c >= '0' && c <= '9'; });
    if (!has_fraction) {
      return complaints_.give_up(
          {base::Code::BadRequest,
           base::cat({"parsing time ", base::quote(text), " as \"2006-01-02T15:04:05.000000Z07:00\": cannot parse ",
                      base::quote(rest), " as \".000000\""})});
    }
    target = time->truncated_to_micros();
  }

  void read_duration(Duration& target, JsonKind kind, const Place& place) {
    std::string_view text;
    if (kind == JsonKind::Null) {
      reader_.read_null();
    } else if (!read_own_text(text, kind, place)) {
      return;
    }
    auto duration = base::parse_duration(text);
    if (!duration) return complaints_.give_up(std::move(duration).error());
    target.ns = *duration;
  }

  void read_raw(std::string& target, JsonKind kind) {
    std::string_view text;
    target.clear();
    if (!reader_.read_raw(text) || kind == JsonKind::Null) return;
    if (keeps_text_) {
      target.assign(text);
    } else {
      append_compact(target, text);
    }
  }

  // The forms of JSON schema that are an object or something else. Upstream reads what is in there without strictness.
  void read_special(const Type& type, void* object, const Place* place) {
    complaints_.set_lenient(true);
    JsonKind kind = reader_.peek();
    const Field& schema_field = type.all[type.form == Form::SchemaOrBool ? 1 : 0];
    if (kind == JsonKind::Object) {
      void*& content = static_cast<AnyBox*>(schema_field.in(object))->value;
      if (content == nullptr) content = schema_field.type->make();
      if (type.form == Form::SchemaOrBool) *static_cast<bool*>(type.all[0].in(object)) = true;
      read_struct(*schema_field.type, content, place);
    } else if (type.form == Form::SchemaOrBool) {
      if (kind == JsonKind::Bool) {
        reader_.read_bool(*static_cast<bool*>(type.all[0].in(object)));
      } else {
        complaints_.give_up({base::Code::BadRequest, "boolean or JSON schema expected"});
        reader_.skip_value();
      }
    } else if (kind == JsonKind::Array) {
      const Field& list = type.all[1];
      Place here = place != nullptr ? *place : Place{};
      read_list(list, list.in(object), kind, here);
    } else {
      reader_.skip_value();
    }
    complaints_.set_lenient(false);
  }

  // An object of a kind made at run time: what its schema does not know goes, and is complained of after what is there
  // twice.
  void read_custom(const Type& type, Custom& object) {
    std::vector<std::string> duplicates, unknown;
    std::string_view key, metadata, text;
    bool seen_kind = false, seen_version = false, seen_metadata = false;
    auto& content = object.content.as_object();
    reader_.enter_object();
    while (reader_.next_key(key)) {
      std::string name(key);
      bool names_kind = name == "kind", names_version = name == "apiVersion", names_metadata = name == "metadata";
      if (names_kind || names_version || names_metadata) {
        bool& seen = names_kind ? seen_kind : names_version ? seen_version : seen_metadata;
        if (seen) duplicates.push_back(name);
        seen = true;
        if (names_kind && reader_.peek() == JsonKind::String) {
          if (reader_.read_string(text)) object.kind = text == type.name ? std::string_view() : text;
        } else if (names_metadata) {
          reader_.read_raw(metadata);
        } else {
          reader_.skip_value();
        }
        continue;
      }
      if (content.contains(name)) duplicates.push_back(name);
      std::vector<std::string> below;
      Value value = Value::read(reader_, complaints_.wants_strict() ? &below : nullptr);
      content.set(name, std::move(value));
      for (const auto& path : below) duplicates.push_back(base::cat({name, path.starts_with('[') ? "" : ".", path}));
    }
    if (reader_.failed()) return;
    read_custom_metadata(metadata, object, duplicates, unknown);
    if (type.structural != nullptr && object.kind.empty()) {
      prune(object.content, *type.structural, true, complaints_.wants_strict() ? &unknown : nullptr);
      auto coerced = coerce_embedded(object.content, *type.structural, complaints_.wants_strict() ? &unknown : nullptr);
      if (!coerced) complaints_.give_up(std::move(coerced).error());
    }
    for (const auto& path : duplicates) complaints_.strict_error("duplicate", path);
    for (const auto& path : unknown) complaints_.strict_error("unknown", path);
  }

  void read_custom_metadata(std::string_view json, Custom& object, std::vector<std::string>& duplicates,
                            std::vector<std::string>& unknown) {
    if (json.empty() || json == "null") return;
    std::vector<std::string> strict;
    Decoder decoder(json, complaints_.wants_strict() ? &strict : nullptr);
    auto done = decoder.decode(api::meta_v1::ObjectMeta::kType, &object.metadata);
    if (!done) return complaints_.give_up(std::move(done).error());
    for (std::string_view error : strict) {
      auto open = error.find('"');
      std::string path = base::cat({"metadata.", error.substr(open + 1, error.size() - open - 2)});
      (error.starts_with("duplicate") ? duplicates : unknown).push_back(std::move(path));
    }
  }

  base::JsonReader reader_;
  Complaints complaints_;
  bool keeps_text_ = true;  // raw JSON as it was sent, spaces too
};

}  // namespace

base::Result<void> decode_json_into(const Type& type, void* object, std::string_view json,
                                    std::vector<std::string>* strict_errors) {
  return Decoder(json, strict_errors).decode(type, object);
}

base::Result<Object> decode_json(const Type& type, std::string_view json, std::vector<std::string>* strict_errors) {
  Object object(type);
  TRY(decode_json_into(type, object.data(), json, strict_errors));
  return object;
}

}  // namespace schema
