// Structs to protobuf and back, driven by their tables: the storage form of built-in kinds, the media type
// application/vnd.kubernetes.protobuf, and the messages of CRI, etcd and plugins.
//
// Kubernetes' own messages are written in order of field numbers, scalars and structs always, even when zero, pointers
// when set, map entries by key: the same struct gives the same bytes as upstream's server. Messages of type Proto3
// leave out zero values. Unknown fields are skipped when read. What is malformed is BadRequest; depth is bounded.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "schema/object.h"
#include "schema/type.h"

namespace schema {

constexpr int kMaxMessageDepth = 300;  // of nested structs

base::Result<Object> decode_protobuf(const Type& type, std::string_view message);
base::Result<void> decode_protobuf_into(const Type& type, void* object, std::string_view message);
template <class T>
base::Result<T> from_protobuf(std::string_view message) {
  T content{};
  if (auto done = decode_protobuf_into(T::kType, &content, message); !done) {
    return std::unexpected(std::move(done).error());
  }
  return content;
}

std::string encode_protobuf(const Type& type, const void* object);
template <class T>
std::string to_protobuf(const T& content) {
  return encode_protobuf(T::kType, &content);
}

// The envelope in which Kubernetes keeps and sends its messages: "k8s\0", then runtime.Unknown.
struct Envelope {
  std::string_view api_version;
  std::string_view kind;
  std::string_view raw;  // the message
  std::string_view content_encoding;
  std::string_view content_type;
};

constexpr std::string_view kEnvelopePrefix("k8s\0", 4);

inline bool is_envelope(std::string_view bytes) {
  return bytes.starts_with(kEnvelopePrefix);
}
// Views into `bytes`. BadRequest when it is no envelope.
base::Result<Envelope> open_envelope(std::string_view bytes);
// The object in its envelope: what is stored, and what protobuf clients get.
std::string encode_envelope(const Type& type, const void* object);
std::string encode_envelope(const Object& object);
// A message that is encoded already, put into an envelope.
std::string wrap_envelope(std::string_view api_version, std::string_view kind, std::string_view message);
// The object in an envelope, whatever known kind it says it is. NotFound when the kind has no struct.
base::Result<Object> decode_envelope(std::string_view bytes);

}  // namespace schema
