#include <bit>
#include <map>
#include <optional>
#include <vector>

#include "base/quantity.h"
#include "base/time.h"
#include "schema/box.h"
#include "schema/duration.h"
#include "schema/int_or_string.h"
#include "schema/protobuf.h"
#include "schema/wire.h"

namespace schema {
namespace {

// Everything is written from the end: fields by falling numbers, lists and maps backwards.
class Encoder {
 public:
  explicit Encoder(WireWriter& out) : out_(out) {}

  void write_struct(const Type& type, const void* object) {
    bool proto3 = type.has(Type::Proto3);
    for (size_t i = type.wire_count; i-- > 0;) {
      const Field& field = type.all[type.wire[i]];
      write_field(field, field.in(object), proto3);
    }
  }

 private:
  template <class T>
  static const T& as(const void* member) {
    return *static_cast<const T*>(member);
  }

  void write_field(const Field& field, const void* member, bool proto3) {
    switch (field.holder) {
      case Holder::Value:
        if (!is_absent(field, member, proto3)) write_value(field, field.number, member);
        return;
      case Holder::Optional:
        return write_optional(field, member);
      case Holder::Box:
        if (const void* content = as<AnyBox>(member).value) write_message(field.number, *field.type, content);
        return;
      case Holder::List:
        return write_list(field, member, proto3);
      case Holder::Map:
      case Holder::MapOfLists:
        return write_map(field, member, proto3);
    }
  }

  // Whether a member that is no pointer in C++ is not written: what is a pointer or bytes upstream, and zero values of
  // proto3.
  static bool is_absent(const Field& field, const void* member, bool proto3) {
    switch (field.shape) {
      case Shape::Bytes:
        return as<std::string>(member).empty();
      case Shape::Raw:
        return field.has(Field::Pointer) && as<std::string>(member).empty();
      case Shape::Time:
      case Shape::MicroTime:
        return field.has(Field::Pointer) && as<base::Time>(member).is_zero();
      default:
        return proto3 && is_zero(field.shape, member);
    }
  }
  static bool is_zero(Shape shape, const void* member) {
    switch (shape) {
      case Shape::Bool:
        return !as<bool>(member);
      case Shape::Int32:
      case Shape::UInt32:
      case Shape::Enum:
        return as<int32_t>(member) == 0;
      case Shape::Int64:
      case Shape::UInt64:
        return as<int64_t>(member) == 0;
      case Shape::Double:
        return std::bit_cast<uint64_t>(as<double>(member)) == 0;
      case Shape::String:
        return as<std::string>(member).empty();
      default:
        return false;
    }
  }

  template <class T>
  void write_if(const Field& field, const void* member) {
    if (const auto& optional = as<std::optional<T>>(member)) write_value(field, field.number, &*optional);
  }
  void write_optional(const Field& field, const void* member) {
    switch (field.shape) {
      case Shape::Bool:
        return write_if<bool>(field, member);
      case Shape::Int32:
      case Shape::Enum:
        return write_if<int32_t>(field, member);
      case Shape::Int64:
        return write_if<int64_t>(field, member);
      case Shape::UInt32:
        return write_if<uint32_t>(field, member);
      case Shape::UInt64:
        return write_if<uint64_t>(field, member);
      case Shape::Double:
        return write_if<double>(field, member);
      case Shape::Quantity:
        return write_if<base::Quantity>(field, member);
      case Shape::IntOrString:
        return write_if<IntOrString>(field, member);
      case Shape::Duration:
        return write_if<Duration>(field, member);
      default:
        return write_if<std::string>(field, member);
    }
  }

  void write_list(const Field& field, const void* member, bool proto3) {
    bool packed = proto3 && field.shape <= Shape::Double;
    size_t before = out_.size();
    if (field.has(Field::Wrapped)) {
      const auto& list = as<std::vector<std::string>>(member);
      if (!list.empty()) write_strings(field.number, list);
    } else if (field.shape == Shape::Bool) {
      const auto& list = as<std::vector<bool>>(member);
      for (size_t i = list.size(); i-- > 0;) {
        bool value = list[i];
        write_element(field, &value, packed);
      }
    } else {
      const ListOps& ops = *list_ops(field);
      auto [first, count] = ops.view(member);
      for (size_t i = count; i-- > 0;) {
        write_element(field, static_cast<const char*>(first) + i * ops.element_size, packed);
      }
    }
    if (packed && out_.size() != before) out_.close(field.number, before);
  }

  void write_element(const Field& field, const void* value, bool packed) {
    if (packed) {
      write_number(field.shape, value);
    } else {
      write_value(field, field.number, value);
    }
  }

  void write_strings(uint32_t number, const std::vector<std::string>& list) {
    size_t before = out_.size();
    for (size_t i = list.size(); i-- > 0;) write_bytes(1, list[i]);
    out_.close(number, before);
  }

  struct MapContext {
    Encoder& encoder;
    const Field& field;
    bool proto3;
  };

  void write_map(const Field& field, const void* member, bool proto3) {
    MapContext context{*this, field, proto3};
    map_ops(field)->each_back(member, &context, [](void* raw, const std::string& key, const void* value) {
      auto& [encoder, field, proto3] = *static_cast<MapContext*>(raw);
      size_t before = encoder.out_.size();
      if (field.holder == Holder::MapOfLists) {
        encoder.write_strings(2, as<std::vector<std::string>>(value));
      } else {
        encoder.write_value(field, 2, value);
      }
      encoder.write_bytes(1, key);
      encoder.out_.close(field.number, before);
      return true;
    });
  }

  void write_bytes(uint32_t number, std::string_view bytes) {
    out_.put(bytes);
    out_.put_varint(bytes.size());
    out_.put_tag(number, WireType::Bytes);
  }

  void write_message(uint32_t number, const Type& type, const void* object) {
    size_t before = out_.size();
    write_struct(type, object);
    out_.close(number, before);
  }

  void write_number(Shape shape, const void* value) {
    switch (shape) {
      case Shape::Bool:
        return out_.put_varint(as<bool>(value) ? 1 : 0);
      case Shape::Int32:
      case Shape::Enum:
        return out_.put_varint(static_cast<uint64_t>(int64_t{as<int32_t>(value)}));
      case Shape::UInt32:
        return out_.put_varint(as<uint32_t>(value));
      case Shape::Double:
        return out_.put_fixed64(std::bit_cast<uint64_t>(as<double>(value)));
      default:
        return out_.put_varint(as<uint64_t>(value));
    }
  }

  void write_integer(uint32_t number, int64_t value) {
    out_.put_varint(static_cast<uint64_t>(value));
    out_.put_tag(number, WireType::Varint);
  }

  void write_value(const Field& field, uint32_t number, const void* value) {
    if (field.shape <= Shape::Double) {
      write_number(field.shape, value);
      return out_.put_tag(number, field.shape == Shape::Double ? WireType::Fixed64 : WireType::Varint);
    }
    switch (field.shape) {
      case Shape::String:
      case Shape::Bytes:
        return write_bytes(number, as<std::string>(value));
      case Shape::Struct:
        return write_message(number, *field.type, value);
      default:
        break;
    }
    size_t before = out_.size();
    write_own_message(field.shape, value);
    out_.close(number, before);
  }

  // Types that are one value to us and a message on the wire.
  void write_own_message(Shape shape, const void* value) {
    switch (shape) {
      case Shape::Quantity:
        return write_bytes(1, as<base::Quantity>(value).to_string());
      case Shape::IntOrString: {
        const auto& either = as<IntOrString>(value);
        write_bytes(3, either.text);
        write_integer(2, either.number);
        return write_integer(1, either.is_string() ? 1 : 0);
      }
      case Shape::Duration:
        return write_integer(1, as<Duration>(value).ns);
      case Shape::Raw:
        if (!as<std::string>(value).empty()) write_bytes(1, as<std::string>(value));
        return;
      default: {
        const auto& time = as<base::Time>(value);
        if (time.is_zero()) return;
        write_integer(2, shape == Shape::MicroTime ? time.nanos / 1000 * 1000 : 0);
        return write_integer(1, time.seconds);
      }
    }
  }

  WireWriter& out_;
};

void close_envelope(WireWriter& out, std::string_view api_version, std::string_view kind, size_t message_size) {
  auto put_bytes = [&](uint32_t number, std::string_view bytes) {
    out.put(bytes);
    out.put_varint(bytes.size());
    out.put_tag(number, WireType::Bytes);
  };
  out.put_varint(message_size);
  out.put_tag(2, WireType::Bytes);
  size_t before = out.size();
  put_bytes(2, kind);
  put_bytes(1, api_version);
  out.close(1, before);
  out.put(kEnvelopePrefix);
}

// The empty encoding and content type that upstream writes behind every message.
constexpr std::string_view kEnvelopeEnd("\x1a\x00\x22\x00", 4);

}  // namespace

std::string encode_protobuf(const Type& type, const void* object) {
  WireWriter out;
  Encoder(out).write_struct(type, object);
  return std::string(out.view());
}

std::string encode_envelope(const Type& type, const void* object) {
  WireWriter out;
  out.put(kEnvelopeEnd);
  Encoder(out).write_struct(type, object);
  close_envelope(out, type.api_version(), type.name, out.size() - kEnvelopeEnd.size());
  return std::string(out.view());
}

std::string encode_envelope(const Object& object) {
  return encode_envelope(object.type(), object.data());
}

std::string wrap_envelope(std::string_view api_version, std::string_view kind, std::string_view message) {
  WireWriter out;
  out.put(kEnvelopeEnd);
  out.put(message);
  close_envelope(out, api_version, kind, message.size());
  return std::string(out.view());
}

}  // namespace schema
