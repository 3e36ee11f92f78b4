// Structs to JSON and back, driven by their tables. The rules are those of the API server (Go's encoding/json as
// Kubernetes uses it): names are case-sensitive, null leaves the zero value, numbers must fit, bad UTF-8 is replaced,
// and complaints read as upstream's. One pass, no tree in between; depth is bounded (base::JsonReader::kMaxDepth).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/object.h"
#include "schema/type.h"

namespace schema {

// Reads one object of `type`; nothing may follow it. BadRequest: text that is no JSON ("unexpected end of JSON input"),
// or a value of the wrong type ("json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type
// bool"). `kind` and `apiVersion` are let pass whatever they say; see read_type_meta.
//
// Fields that the type does not have, and fields given twice, are no failure: what the API calls strict errors is
// appended to `strict_errors` when that is given (at most 100; each once), in order of appearance:
//   unknown field "spec.containers[0].foo"
//   duplicate field "metadata.name"
base::Result<Object> decode_json(const Type& type, std::string_view json,
                                 std::vector<std::string>* strict_errors = nullptr);
// The same into a struct of the type that is there already: what the text does not name stays.
base::Result<void> decode_json_into(const Type& type, void* object, std::string_view json,
                                    std::vector<std::string>* strict_errors = nullptr);
template <class T>
base::Result<T> from_json(std::string_view json, std::vector<std::string>* strict_errors = nullptr) {
  T content{};
  if (auto done = decode_json_into(T::kType, &content, json, strict_errors); !done) {
    return std::unexpected(std::move(done).error());
  }
  return content;
}

// Whether a kind is written with `kind` and `apiVersion` first, as objects are, but for items of lists.
enum class WithTypeMeta : bool { No, Yes };

// Compact; fields in order of declaration, map entries by key, and <, >, & escaped, as the API server writes it.
void append_json(std::string& out, const Type& type, const void* object, WithTypeMeta type_meta = WithTypeMeta::Yes);
std::string to_json(const Object& object);
template <class T>
std::string to_json(const T& content) {
  std::string out;
  append_json(out, T::kType, &content);
  return out;
}

// What a body says it is. Either may be empty when the body does not say.
struct TypeMeta {
  std::string api_version;
  std::string kind;
};
// BadRequest: "couldn't get version/kind; json parse error: ..." when the text is no JSON object.
base::Result<TypeMeta> read_type_meta(std::string_view json);

// Appends JSON text without its white space and with <, >, & escaped, as Go writes raw parts. `json` must be JSON.
void append_compact(std::string& out, std::string_view json);

}  // namespace schema
