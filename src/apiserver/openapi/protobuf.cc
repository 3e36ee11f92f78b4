#include "apiserver/openapi/protobuf.h"

#include <span>

#include "base/json.h"
#include "schema/value.h"

namespace apiserver::openapi {
namespace {

using schema::Value;

struct Message;

// How a member of a JSON object becomes a field.
enum class As : uint8_t {
  Text,         // string
  Texts,        // repeated string
  Flag,         // bool
  Nested,       // message
  NestedList,   // repeated message
  Wrapped,      // message {1: message}: one of several forms
  WrappedText,  // message {1: string}
  Any,          // Any {2: YAML}, which JSON is
  Anys,         // repeated of it
  Scalar,       // DefaultType {1: number, 2: boolean, 3: string}; of other values nothing
  Parameter,    // repeated ParametersItem of 2.0
};

struct Member {
  std::string_view key;
  uint32_t number;
  As as;
  const Message* type = nullptr;
};

struct Message {
  std::span<const Member> members;
  uint32_t extensions = 0;  // number of the repeated NamedAny of "x-" members; 0: there is none
  uint32_t named = 0;       // number of the repeated {1: name, 2: value} of all other members
  const Message* named_type = nullptr;
  // It stands in a message {1: itself, 2: a reference}.
  bool or_reference = false;
};

void put_varint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}
void put_bytes(std::string& out, uint32_t number, std::string_view bytes) {
  put_varint(out, uint64_t{number} << 3 | 2);
  put_varint(out, bytes.size());
  out += bytes;
}
void put_flag(std::string& out, uint32_t number, bool value) {
  put_varint(out, uint64_t{number} << 3);
  put_varint(out, value ? 1 : 0);
}
std::string wrap(uint32_t number, std::string_view bytes) {
  std::string out;
  put_bytes(out, number, bytes);
  return out;
}
std::string named(std::string_view name, std::string_view value) {
  std::string out;
  put_bytes(out, 1, name);
  put_bytes(out, 2, value);
  return out;
}
std::string any(const Value& value) {
  return wrap(2, value.to_json() + "\n");
}

// ---- 2.0 ----

extern const Message kSchema2;

constexpr Member kInfoMembers[] = {{"title", 1, As::Text}, {"version", 2, As::Text}, {"description", 3, As::Text}};
constexpr Message kInfo2{kInfoMembers};

constexpr Message kProperties2{.named = 1, .named_type = &kSchema2};
constexpr Member kSchema2Members[] = {
    {"$ref", 1, As::Text},
    {"format", 2, As::Text},
    {"description", 4, As::Text},
    {"default", 5, As::Any},
    {"uniqueItems", 16, As::Flag},
    {"required", 19, As::Texts},
    {"enum", 20, As::Anys},
    {"additionalProperties", 21, As::Wrapped, &kSchema2},
    {"type", 22, As::WrappedText},
    {"items", 23, As::Wrapped, &kSchema2},
    {"allOf", 24, As::NestedList, &kSchema2},
    {"properties", 25, As::Nested, &kProperties2},
};
constexpr Message kSchema2{.members = kSchema2Members, .extensions = 31};

constexpr Member kBodyMembers[] = {{"description", 1, As::Text},
                                   {"name", 2, As::Text},
                                   {"in", 3, As::Text},
                                   {"required", 4, As::Flag},
                                   {"schema", 5, As::Nested, &kSchema2}};
constexpr Message kBody{kBodyMembers};
constexpr Member kQueryMembers[] = {{"required", 1, As::Flag}, {"in", 2, As::Text},   {"description", 3, As::Text},
                                    {"name", 4, As::Text},     {"type", 6, As::Text}, {"uniqueItems", 20, As::Flag}};
constexpr Message kQuery{kQueryMembers};
constexpr Member kPathMembers[] = {{"required", 1, As::Flag}, {"in", 2, As::Text},   {"description", 3, As::Text},
                                   {"name", 4, As::Text},     {"type", 5, As::Text}, {"uniqueItems", 19, As::Flag}};
constexpr Message kPath{kPathMembers};

constexpr Member kResponse2Members[] = {{"description", 1, As::Text}, {"schema", 2, As::Wrapped, &kSchema2}};
constexpr Message kResponse2{.members = kResponse2Members, .or_reference = true};
constexpr Message kResponses2{.named = 1, .named_type = &kResponse2};
constexpr Member kOperation2Members[] = {
    {"tags", 1, As::Texts},
    {"description", 3, As::Text},
    {"operationId", 5, As::Text},
    {"produces", 6, As::Texts},
    {"consumes", 7, As::Texts},
    {"parameters", 8, As::Parameter},
    {"responses", 9, As::Nested, &kResponses2},
    {"schemes", 10, As::Texts},
};
constexpr Message kOperation2{.members = kOperation2Members, .extensions = 13};
constexpr Member kPathItem2Members[] = {
    {"get", 2, As::Nested, &kOperation2},     {"put", 3, As::Nested, &kOperation2},
    {"post", 4, As::Nested, &kOperation2},    {"delete", 5, As::Nested, &kOperation2},
    {"options", 6, As::Nested, &kOperation2}, {"head", 7, As::Nested, &kOperation2},
    {"patch", 8, As::Nested, &kOperation2},   {"parameters", 9, As::Parameter},
};
constexpr Message kPathItem2{.members = kPathItem2Members, .extensions = 10};

constexpr Member kApiKeyMembers[] = {
    {"type", 1, As::Text}, {"name", 2, As::Text}, {"in", 3, As::Text}, {"description", 4, As::Text}};
constexpr Message kApiKey{kApiKeyMembers};

// ---- 3.0 ----

extern const Message kSchema3;

constexpr Message kProperties3{.named = 1, .named_type = &kSchema3};
constexpr Member kSchema3Members[] = {
    {"uniqueItems", 20, As::Flag},
    {"required", 23, As::Texts},
    {"enum", 24, As::Anys},
    {"type", 25, As::Text},
    {"allOf", 26, As::NestedList, &kSchema3},
    {"oneOf", 27, As::NestedList, &kSchema3},
    {"anyOf", 28, As::NestedList, &kSchema3},
    {"items", 30, As::Wrapped, &kSchema3},
    {"properties", 31, As::Nested, &kProperties3},
    {"additionalProperties", 32, As::Wrapped, &kSchema3},
    {"default", 33, As::Scalar},
    {"description", 34, As::Text},
    {"format", 35, As::Text},
};
constexpr Message kSchema3{.members = kSchema3Members, .extensions = 36, .or_reference = true};

constexpr Member kMediaTypeMembers[] = {{"schema", 1, As::Nested, &kSchema3}};
constexpr Message kMediaType{kMediaTypeMembers};
constexpr Message kMediaTypes{.named = 1, .named_type = &kMediaType};
constexpr Member kParameter3Members[] = {{"name", 1, As::Text},
                                         {"in", 2, As::Text},
                                         {"description", 3, As::Text},
                                         {"required", 4, As::Flag},
                                         {"schema", 10, As::Nested, &kSchema3}};
constexpr Message kParameter3{.members = kParameter3Members, .or_reference = true};
constexpr Member kRequestBodyMembers[] = {
    {"description", 1, As::Text}, {"content", 2, As::Nested, &kMediaTypes}, {"required", 3, As::Flag}};
constexpr Message kRequestBody{.members = kRequestBodyMembers, .or_reference = true};
constexpr Member kResponse3Members[] = {{"description", 1, As::Text}, {"content", 3, As::Nested, &kMediaTypes}};
constexpr Message kResponse3{.members = kResponse3Members, .or_reference = true};
constexpr Message kResponses3{.named = 2, .named_type = &kResponse3};
constexpr Member kOperation3Members[] = {
    {"tags", 1, As::Texts},
    {"description", 3, As::Text},
    {"operationId", 5, As::Text},
    {"parameters", 6, As::NestedList, &kParameter3},
    {"requestBody", 7, As::Nested, &kRequestBody},
    {"responses", 8, As::Nested, &kResponses3},
};
constexpr Message kOperation3{.members = kOperation3Members, .extensions = 13};
constexpr Member kPathItem3Members[] = {
    {"get", 4, As::Nested, &kOperation3},     {"put", 5, As::Nested, &kOperation3},
    {"post", 6, As::Nested, &kOperation3},    {"delete", 7, As::Nested, &kOperation3},
    {"options", 8, As::Nested, &kOperation3}, {"head", 9, As::Nested, &kOperation3},
    {"patch", 10, As::Nested, &kOperation3},  {"parameters", 13, As::NestedList, &kParameter3},
};
constexpr Message kPathItem3{.members = kPathItem3Members, .extensions = 14};
constexpr Member kSecurityScheme3Members[] = {
    {"type", 1, As::Text}, {"description", 2, As::Text}, {"name", 3, As::Text}, {"in", 4, As::Text}};
constexpr Message kSecurityScheme3{.members = kSecurityScheme3Members, .or_reference = true};

// ---- any of them ----

std::string encode(const Value& value, const Message& message);

std::string encode_parameter(const Value& value) {
  auto in = value.text_at({"in"});
  // ParametersItem {1: Parameter {1: body, 2: other {3: query, 4: path}}}
  if (in == "body") return wrap(1, wrap(1, encode(value, kBody)));
  return wrap(1, wrap(2, in == "path" ? wrap(4, encode(value, kPath)) : wrap(3, encode(value, kQuery))));
}

void put_member(std::string& out, const Member& member, const Value& value) {
  auto each = [&](auto make) {
    if (!value.is_array()) return;
    for (const auto& one : value.as_array()) put_bytes(out, member.number, make(one));
  };
  switch (member.as) {
    case As::Text:
      if (value.is_string()) put_bytes(out, member.number, value.as_string());
      break;
    case As::Texts:
      each([](const Value& one) { return one.is_string() ? one.as_string() : std::string(); });
      break;
    case As::Flag:
      if (value.is_bool()) put_flag(out, member.number, value.as_bool());
      break;
    case As::Nested:
      put_bytes(out, member.number, encode(value, *member.type));
      break;
    case As::NestedList:
      each([&](const Value& one) { return encode(one, *member.type); });
      break;
    case As::Wrapped:
      put_bytes(out, member.number, wrap(1, encode(value, *member.type)));
      break;
    case As::WrappedText:
      if (value.is_string()) put_bytes(out, member.number, wrap(1, value.as_string()));
      break;
    case As::Any:
      put_bytes(out, member.number, any(value));
      break;
    case As::Anys:
      each(any);
      break;
    case As::Scalar: {
      std::string made;
      if (value.is_bool()) put_flag(made, 2, value.as_bool());
      if (value.is_string()) put_bytes(made, 3, value.as_string());
      if (value.is_number()) {
        double number = value.as_double();
        made += static_cast<char>(1 << 3 | 1);
        made.append(reinterpret_cast<const char*>(&number), sizeof number);
      }
      if (!made.empty()) put_bytes(out, member.number, made);
      break;
    }
    case As::Parameter:
      each(encode_parameter);
      break;
  }
}

std::string encode(const Value& value, const Message& message) {
  std::string out;
  if (!value.is_object()) return out;
  if (message.or_reference) {
    if (const Value* target = value.find("$ref"); target != nullptr && target->is_string())
      return wrap(2, wrap(1, target->as_string()));
  }
  // By number, as protobuf's own writers do.
  for (const auto& member : message.members) {
    if (const Value* found = value.find(member.key)) put_member(out, member, *found);
  }
  for (const auto& [key, one] : value.as_object()) {
    if (message.extensions != 0 && key.starts_with("x-")) put_bytes(out, message.extensions, named(key, any(one)));
    if (message.named != 0) put_bytes(out, message.named, named(key, encode(one, *message.named_type)));
  }
  return message.or_reference ? wrap(1, out) : out;
}

// The members of the object that the reader is at, one by one, each {1: name, 2: value} as field `number`.
std::string encode_each(base::JsonReader& reader, uint32_t number, const Message& message) {
  std::string out;
  std::string_view key;
  if (!reader.enter_object()) return out;
  while (reader.next_key(key)) {
    std::string name(key);
    put_bytes(out, number, named(name, encode(Value::read(reader), message)));
  }
  return out;
}

// SecurityRequirement {1: {1: name, 2: {1: scopes}}}
void put_security(std::string& out, uint32_t number, const Value& list) {
  if (!list.is_array()) return;
  for (const auto& one : list.as_array()) {
    std::string requirement;
    if (one.is_object()) {
      for (const auto& [name, scopes] : one.as_object()) put_bytes(requirement, 1, named(name, ""));
    }
    put_bytes(out, number, requirement);
  }
}

std::string encode_components(base::JsonReader& reader) {
  std::string out;
  std::string_view key;
  if (!reader.enter_object()) return out;
  while (reader.next_key(key)) {
    if (key == "schemas") {
      put_bytes(out, 1, encode_each(reader, 1, kSchema3));
    } else if (key == "securitySchemes") {
      put_bytes(out, 7, encode_each(reader, 1, kSecurityScheme3));
    } else {
      reader.skip_value();
    }
  }
  return out;
}

}  // namespace

base::Result<std::string> to_protobuf(std::string_view json, Dialect dialect) {
  bool v2 = dialect == Dialect::V2;
  base::JsonReader reader(json);
  std::string out;
  std::string_view key;
  if (reader.enter_object()) {
    while (reader.next_key(key)) {
      if (key == "swagger" || key == "openapi") {
        std::string_view version;
        if (reader.read_string(version)) put_bytes(out, 1, version);
      } else if (key == "info") {
        auto info = Value::read(reader);
        constexpr Member kInfo3Members[] = {
            {"title", 1, As::Text}, {"description", 2, As::Text}, {"version", 6, As::Text}};
        put_bytes(out, 2, encode(info, v2 ? kInfo2 : Message{kInfo3Members}));
      } else if (key == "paths") {
        put_bytes(out, v2 ? 8 : 4, v2 ? encode_each(reader, 2, kPathItem2) : encode_each(reader, 1, kPathItem3));
      } else if (key == "definitions") {
        put_bytes(out, 9, encode_each(reader, 1, kSchema2));
      } else if (key == "components") {
        put_bytes(out, 5, encode_components(reader));
      } else if (key == "security") {
        put_security(out, v2 ? 12 : 6, Value::read(reader));
      } else if (key == "securityDefinitions") {
        auto schemes = Value::read(reader);
        std::string made;
        if (schemes.is_object()) {
          for (const auto& [name, scheme] : schemes.as_object())
            put_bytes(made, 1, named(name, wrap(2, encode(scheme, kApiKey))));
        }
        put_bytes(out, 13, made);
      } else {
        reader.skip_value();
      }
    }
  }
  TRY(reader.finish());
  return out;
}

}  // namespace apiserver::openapi
