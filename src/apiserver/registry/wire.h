// Protobuf bytes read and mended where they lie, without a struct in between: the envelope of stored objects, single
// fields for the index, the resource version put into an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace apiserver::wire {

// One field of a message: `value` of a length-delimited one, `number` of a varint.
struct Field {
  uint32_t id = 0;
  uint8_t type = 0;  // 0 varint, 1 eight bytes, 2 length-delimited, 5 four bytes
  std::string_view value;
  uint64_t number = 0;
  std::string_view whole;  // tag included
};

// Walks the fields of a message in their order; stops at the end or at what is no message.
class Reader {
 public:
  explicit Reader(std::string_view message) : rest_(message) {}
  bool next(Field& field);

 private:
  bool varint(uint64_t& value);
  std::string_view rest_;
};

void append_varint(std::string& out, uint64_t value);
void append_bytes(std::string& out, uint32_t id, std::string_view value);  // length-delimited
size_t varint_size(uint64_t value);

// Upstream's envelope: "k8s\0" and a message {1: {1: apiVersion, 2: kind}, 2: raw, 3: encoding, 4: content type}.
inline constexpr std::string_view kMagic = std::string_view("k8s\0", 4);
struct Unknown {
  std::string_view api_version;
  std::string_view kind;
  std::string_view raw;
};
std::optional<Unknown> open_envelope(std::string_view bytes);
std::string seal(std::string_view api_version, std::string_view kind, std::string_view raw);
// What comes before `raw_size` bytes of content in an envelope, and what comes after them.
std::string envelope_head(std::string_view api_version, std::string_view kind, size_t raw_size);
inline constexpr std::string_view kEnvelopeTail = std::string_view("\x1a\0\x22\0", 4);

// `object` (whose metadata is field 1, an ObjectMeta) with its resource version set.
std::string with_resource_version(std::string_view object, std::string_view resource_version);

}  // namespace apiserver::wire
