#include <bit>
#include <map>
#include <optional>

#include "base/json.h"
#include "base/quantity.h"
#include "base/strings.h"
#include "base/time.h"
#include "schema/box.h"
#include "schema/duration.h"
#include "schema/int_or_string.h"
#include "schema/protobuf.h"
#include "schema/resource.h"
#include "schema/wire.h"

namespace schema {
namespace {

class Decoder {
 public:
  base::Result<void> decode(const Type& type, void* object, std::string_view message) {
    if (read_struct(type, object, message)) return {};
    return base::fail(base::Code::BadRequest, std::move(complaint_));
  }

 private:
  bool complain(std::string_view what) {
    if (complaint_.empty()) complaint_ = base::cat({"proto: ", what});
    return false;
  }
  bool malformed(const Type& type) { return complain(base::cat({"cannot parse ", type.name})); }

  bool read_struct(const Type& type, void* object, std::string_view message) {
    if (++depth_ > kMaxMessageDepth) return complain("exceeded max depth");
    WireReader reader(message);
    WireField wire;
    size_t next = 0;  // messages are written in order of the numbers, so the search begins where it ended
    while (reader.next(wire)) {
      const Field* field = nullptr;
      for (size_t tried = 0; tried < type.wire_count; ++tried) {
        if (next >= type.wire_count) next = 0;
        const Field& candidate = type.all[type.wire[next]];
        if (candidate.number == wire.number) {
          field = &candidate;
          break;
        }
        ++next;
      }
      if (field != nullptr && !read_field(*field, field->in(object), wire)) return malformed(type);
    }
    --depth_;
    return !reader.failed() || malformed(type);
  }

  bool read_field(const Field& field, void* member, const WireField& wire) {
    switch (field.holder) {
      case Holder::Value:
        return read_value(field, member, wire);
      case Holder::Optional:
        return read_optional(field, member, wire);
      case Holder::Box: {
        if (wire.type != WireType::Bytes) return false;
        void*& content = static_cast<AnyBox*>(member)->value;
        if (content == nullptr) content = field.type->make();
        return read_struct(*field.type, content, wire.bytes);
      }
      case Holder::List:
        return read_list(field, member, wire);
      case Holder::Map:
      case Holder::MapOfLists:
        return read_entry(field, member, wire);
    }
    return false;
  }

  template <class T>
  bool read_into(const Field& field, void* member, const WireField& wire) {
    auto& optional = *static_cast<std::optional<T>*>(member);
    if (!optional) optional.emplace();
    return read_value(field, &*optional, wire);
  }
  bool read_optional(const Field& field, void* member, const WireField& wire) {
    switch (field.shape) {
      case Shape::Bool:
        return read_into<bool>(field, member, wire);
      case Shape::Int32:
      case Shape::Enum:
        return read_into<int32_t>(field, member, wire);
      case Shape::Int64:
        return read_into<int64_t>(field, member, wire);
      case Shape::UInt32:
        return read_into<uint32_t>(field, member, wire);
      case Shape::UInt64:
        return read_into<uint64_t>(field, member, wire);
      case Shape::Double:
        return read_into<double>(field, member, wire);
      case Shape::Quantity:
        return read_into<base::Quantity>(field, member, wire);
      case Shape::IntOrString:
        return read_into<IntOrString>(field, member, wire);
      case Shape::Duration:
        return read_into<Duration>(field, member, wire);
      default:
        return read_into<std::string>(field, member, wire);
    }
  }

  static bool is_number(Shape shape) { return shape <= Shape::Double; }

  bool read_list(const Field& field, void* member, const WireField& wire) {
    if (field.has(Field::Wrapped)) {
      return wire.type == WireType::Bytes && read_strings(wire.bytes, *static_cast<std::vector<std::string>*>(member));
    }
    if (is_number(field.shape) && wire.type == WireType::Bytes) return read_packed(field, member, wire.bytes);
    return read_element(field, member, wire);
  }

  bool read_element(const Field& field, void* member, const WireField& wire) {
    if (field.shape != Shape::Bool) return read_value(field, list_ops(field)->append(member), wire);
    bool value = false;
    if (!read_value(field, &value, wire)) return false;
    static_cast<std::vector<bool>*>(member)->push_back(value);
    return true;
  }

  bool read_packed(const Field& field, void* member, std::string_view bytes) {
    WireReader reader(bytes);
    WireField wire;
    while (!reader.at_end()) {
      bool is_double = field.shape == Shape::Double;
      wire.type = is_double ? WireType::Fixed64 : WireType::Varint;
      if (!(is_double ? reader.next_fixed64(wire.integer) : reader.next_varint(wire.integer))) return false;
      if (!read_element(field, member, wire)) return false;
    }
    return !reader.failed();
  }

  // A list in a message of its own: {1: items}.
  bool read_strings(std::string_view message, std::vector<std::string>& list) {
    WireReader reader(message);
    WireField wire;
    while (reader.next(wire)) {
      if (wire.number != 1) continue;
      if (wire.type != WireType::Bytes) return false;
      list.emplace_back(wire.bytes);
    }
    return !reader.failed();
  }

  // An entry of a map is a message {1: key, 2: value}; a later one of the same key replaces the former.
  bool read_entry(const Field& field, void* member, const WireField& wire) {
    if (wire.type != WireType::Bytes) return false;
    const MapOps& ops = *map_ops(field);
    std::string_view key;
    WireField part, value;
    WireReader reader(wire.bytes);
    while (reader.next(part)) {
      if (part.number == 1) {
        if (part.type != WireType::Bytes) return false;
        key = part.bytes;
      } else if (part.number == 2) {
        value = part;
      }
    }
    if (reader.failed()) return false;
    auto [target, fresh] = ops.ensure(member, std::string(key));
    if (!fresh) {
      ops.erase(member, key);
      target = ops.ensure(member, std::string(key)).first;
    }
    if (value.number == 0) return true;
    if (field.holder == Holder::MapOfLists) {
      return value.type == WireType::Bytes &&
             read_strings(value.bytes, *static_cast<std::vector<std::string>*>(target));
    }
    return read_value(field, target, value);
  }

  bool read_value(const Field& field, void* target, const WireField& wire) {
    if (is_number(field.shape)) {
      if (wire.type != (field.shape == Shape::Double ? WireType::Fixed64 : WireType::Varint)) return false;
      set_number(field.shape, target, wire.integer);
      return true;
    }
    if (wire.type != WireType::Bytes) return false;
    switch (field.shape) {
      case Shape::String:
      case Shape::Bytes:
        static_cast<std::string*>(target)->assign(wire.bytes);
        return true;
      case Shape::Struct:
        return read_struct(*field.type, target, wire.bytes);
      default:
        return read_own_message(field.shape, target, wire.bytes);
    }
  }

  static void set_number(Shape shape, void* target, uint64_t integer) {
    switch (shape) {
      case Shape::Bool:
        *static_cast<bool*>(target) = integer != 0;
        return;
      case Shape::Int32:
      case Shape::UInt32:
      case Shape::Enum:
        *static_cast<uint32_t*>(target) = static_cast<uint32_t>(integer);
        return;
      case Shape::Double:
        *static_cast<double*>(target) = std::bit_cast<double>(integer);
        return;
      default:
        *static_cast<uint64_t*>(target) = integer;
        return;
    }
  }

  // Types that are one value to us and a message on the wire.
  bool read_own_message(Shape shape, void* target, std::string_view message) {
    uint64_t first = 0, second = 0;
    std::string_view text;
    WireReader reader(message);
    WireField wire;
    while (reader.next(wire)) {
      if (wire.type == WireType::Bytes) {
        text = wire.bytes;
      } else if (wire.number == 1) {
        first = wire.integer;
      } else if (wire.number == 2) {
        second = wire.integer;
      }
    }
    if (reader.failed()) return false;
    switch (shape) {
      case Shape::Quantity: {
        auto quantity = base::Quantity::parse(text);
        if (!quantity) return complain(quantity.error().message());
        *static_cast<base::Quantity*>(target) = *quantity;
        return true;
      }
      case Shape::IntOrString: {
        auto& either = *static_cast<IntOrString*>(target);
        if (first > 1) return complain("impossible type of IntOrString");
        either = first == 0 ? IntOrString(static_cast<int32_t>(second)) : IntOrString(std::string(text));
        return true;
      }
      case Shape::Duration:
        static_cast<Duration*>(target)->ns = static_cast<int64_t>(first);
        return true;
      case Shape::Raw:
        return read_raw(*static_cast<std::string*>(target), text);
      default:
        return read_time(*static_cast<base::Time*>(target), shape, message.empty(), first, second);
    }
  }

  // Years 1 to 9999, what JSON can say.
  bool read_time(base::Time& target, Shape shape, bool is_zero, uint64_t seconds, uint64_t nanos) {
    constexpr int64_t kFirst = -62'135'596'800, kLast = 253'402'300'799;
    auto signed_seconds = static_cast<int64_t>(seconds);
    if (is_zero || signed_seconds == kFirst) {
      target = {};
      return true;
    }
    if (signed_seconds < kFirst || signed_seconds > kLast) return complain("a time out of range");
    target.seconds = signed_seconds;
    target.nanos = shape == Shape::MicroTime && nanos < 1'000'000'000 ? static_cast<int32_t>(nanos) : 0;
    target = target.truncated_to_micros();
    return true;
  }

  // What is not JSON must not get into what we write as JSON.
  bool read_raw(std::string& target, std::string_view text) {
    if (!text.empty()) {
      base::JsonReader reader(text);
      reader.skip_value();
      if (!reader.finish()) return complain("raw content that is no JSON");
    }
    target.assign(text);
    return true;
  }

  std::string complaint_;
  int depth_ = 0;
};

}  // namespace

base::Result<void> decode_protobuf_into(const Type& type, void* object, std::string_view message) {
  return Decoder().decode(type, object, message);
}

base::Result<Object> decode_protobuf(const Type& type, std::string_view message) {
  Object object(type);
  TRY(decode_protobuf_into(type, object.data(), message));
  return object;
}

base::Result<Envelope> open_envelope(std::string_view bytes) {
  if (!is_envelope(bytes)) {
    return base::fail(base::Code::BadRequest,
                      "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]");
  }
  Envelope envelope;
  WireReader reader(bytes.substr(kEnvelopePrefix.size()));
  WireField field;
  std::string_view type_meta;
  while (reader.next(field)) {
    if (field.type != WireType::Bytes) continue;
    if (field.number == 1) type_meta = field.bytes;
    if (field.number == 2) envelope.raw = field.bytes;
    if (field.number == 3) envelope.content_encoding = field.bytes;
    if (field.number == 4) envelope.content_type = field.bytes;
  }
  WireReader names(type_meta);
  while (names.next(field)) {
    if (field.type != WireType::Bytes) continue;
    if (field.number == 1) envelope.api_version = field.bytes;
    if (field.number == 2) envelope.kind = field.bytes;
  }
  if (reader.failed() || names.failed()) return base::fail(base::Code::BadRequest, "proto: cannot parse Unknown");
  return envelope;
}

base::Result<Object> decode_envelope(std::string_view bytes) {
  TRY(Envelope envelope, open_envelope(bytes));
  const Type* type = find_kind(envelope.api_version, envelope.kind);
  if (type == nullptr) {
    return base::fail(base::Code::NotFound, base::cat({"no kind \"", envelope.kind, "\" is registered for version \"",
                                                       envelope.api_version, "\""}));
  }
  return decode_protobuf(*type, envelope.raw);
}

}  // namespace schema
