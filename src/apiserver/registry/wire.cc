#include "apiserver/registry/wire.h"

namespace apiserver::wire {
namespace {

constexpr uint32_t kMetadata = 1;
constexpr uint32_t kResourceVersion = 6;  // of ObjectMeta

}  // namespace

bool Reader::varint(uint64_t& value) {
  value = 0;
  for (int shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    uint8_t byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool Reader::next(Field& field) {
  if (rest_.empty()) return false;
  const char* start = rest_.data();
  uint64_t tag = 0;
  if (!varint(tag)) return false;
  field.id = static_cast<uint32_t>(tag >> 3);
  field.type = tag & 7;
  field.value = {};
  field.number = 0;
  size_t size = 0;
  switch (field.type) {
    case 0:
      if (!varint(field.number)) return false;
      break;
    case 1:
      size = 8;
      break;
    case 5:
      size = 4;
      break;
    case 2: {
      uint64_t length = 0;
      if (!varint(length) || length > rest_.size()) return false;
      size = length;
      break;
    }
    default:
      return false;
  }
  if (size > rest_.size()) return false;
  field.value = rest_.substr(0, size);
  rest_.remove_prefix(size);
  field.whole = std::string_view(start, rest_.data() - start);
  return true;
}

void append_varint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out += static_cast<char>(value | 0x80);
    value >>= 7;
  }
  out += static_cast<char>(value);
}

size_t varint_size(uint64_t value) {
  size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

void append_bytes(std::string& out, uint32_t id, std::string_view value) {
  append_varint(out, uint64_t{id} << 3 | 2);
  append_varint(out, value.size());
  out += value;
}

std::optional<Unknown> open_envelope(std::string_view bytes) {
  if (!bytes.starts_with(kMagic)) return std::nullopt;
  Unknown unknown;
  Reader reader(bytes.substr(kMagic.size()));
  for (Field field; reader.next(field);) {
    if (field.id == 2) unknown.raw = field.value;
    if (field.id != 1) continue;
    Reader meta(field.value);
    for (Field part; meta.next(part);) {
      if (part.id == 1) unknown.api_version = part.value;
      if (part.id == 2) unknown.kind = part.value;
    }
  }
  return unknown;
}

std::string envelope_head(std::string_view api_version, std::string_view kind, size_t raw_size) {
  std::string type_meta;
  append_bytes(type_meta, 1, api_version);
  append_bytes(type_meta, 2, kind);
  std::string out(kMagic);
  append_bytes(out, 1, type_meta);
  append_varint(out, 2 << 3 | 2);
  append_varint(out, raw_size);
  return out;
}

std::string seal(std::string_view api_version, std::string_view kind, std::string_view raw) {
  std::string out = envelope_head(api_version, kind, raw.size());
  out += raw;
  out += kEnvelopeTail;
  return out;
}

std::string with_resource_version(std::string_view object, std::string_view resource_version) {
  Reader reader(object);
  Field metadata;
  bool found = false;
  while (!found && reader.next(metadata)) found = metadata.id == kMetadata && metadata.type == 2;
  if (!found) return std::string(object);

  std::string mended;
  mended.reserve(metadata.value.size() + resource_version.size() + 2);
  bool placed = false;
  Reader fields(metadata.value);
  for (Field field; fields.next(field);) {
    if (field.id == kResourceVersion) continue;
    if (field.id > kResourceVersion && !placed) {
      append_bytes(mended, kResourceVersion, resource_version);
      placed = true;
    }
    mended += field.whole;
  }
  if (!placed) append_bytes(mended, kResourceVersion, resource_version);

  std::string out;
  out.reserve(object.size() + resource_version.size() + 16);
  out += object.substr(0, metadata.whole.data() - object.data());
  append_bytes(out, kMetadata, mended);
  out += object.substr(metadata.whole.data() + metadata.whole.size() - object.data());
  return out;
}

}  // namespace apiserver::wire
