#include "kubelet/runtime/cri/wire_fields.h"

namespace kubelet {
namespace {

bool next_varint(std::string_view& text, uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !text.empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(text.front());
    text.remove_prefix(1);
    value |= static_cast<uint64_t>(byte & 127) << shift;
    if (byte < 128) return true;
  }
  return false;
}

void add_varint(std::string& message, uint64_t value) {
  for (; value >= 128; value >>= 7) message += static_cast<char>(value | 128);
  message += static_cast<char>(value);
}

}  // namespace

bool next_field(std::string_view& text, WireField& field) {
  uint64_t key = 0, size = 0;
  if (text.empty() || !next_varint(text, key)) return false;
  field = {.number = static_cast<uint32_t>(key >> 3), .bytes = {}};
  switch (key & 7) {
    case 0:
      return next_varint(text, size);
    case 1:
      size = 8;
      break;
    case 5:
      size = 4;
      break;
    case 2:
      if (!next_varint(text, size)) return false;
      break;
    default:
      return false;
  }
  if (size > text.size()) return false;
  field.bytes = text.substr(0, size);
  text.remove_prefix(size);
  return true;
}

void add_field(std::string& message, uint32_t number, std::string_view text) {
  if (text.empty()) return;
  add_varint(message, number << 3 | 2);
  add_varint(message, text.size());
  message += text;
}

}  // namespace kubelet
