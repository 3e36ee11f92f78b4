#include "schema/wire.h"

#include <algorithm>
#include <cstring>

namespace schema {
namespace {

constexpr size_t kFirstRoom = 2048;
constexpr int kMaxGroupDepth = 100;
constexpr uint32_t kMaxNumber = (1u << 29) - 1;

}  // namespace

bool WireReader::next_long_varint(uint64_t& value) {
  uint64_t result = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (at_ == end_) return fail();
    auto byte = static_cast<uint8_t>(*at_++);
    result |= uint64_t{byte & 0x7fu} << shift;
    if (byte < 0x80) {
      value = result;
      return true;
    }
  }
  return fail();
}

bool WireReader::next_fixed64(uint64_t& value) {
  if (end_ - at_ < 8) return fail();
  memcpy(&value, at_, 8);  // little-endian, as we are
  at_ += 8;
  return true;
}

bool WireReader::next(WireField& field) {
  while (at_ != end_) {
    uint64_t tag;
    if (!next_varint(tag)) return false;
    uint64_t number = tag >> 3;
    if (number == 0 || number > kMaxNumber) return fail();
    field.number = static_cast<uint32_t>(number);
    field.type = static_cast<WireType>(tag & 7);
    switch (field.type) {
      case WireType::Varint:
        return next_varint(field.integer);
      case WireType::Fixed64:
        return next_fixed64(field.integer);
      case WireType::Fixed32: {
        uint32_t integer;
        if (end_ - at_ < 4) return fail();
        memcpy(&integer, at_, 4);
        at_ += 4;
        field.integer = integer;
        return true;
      }
      case WireType::Bytes: {
        uint64_t length;
        if (!next_varint(length)) return false;
        if (length > static_cast<size_t>(end_ - at_)) return fail();
        field.bytes = {at_, static_cast<size_t>(length)};
        at_ += length;
        return true;
      }
      case WireType::StartGroup:
        if (!skip_group(field.number, kMaxGroupDepth)) return false;
        continue;
      default:
        return fail();
    }
  }
  return false;
}

bool WireReader::skip_group(uint32_t number, int depth) {
  if (depth == 0) return fail();
  while (at_ != end_) {
    uint64_t tag, ignored;
    if (!next_varint(tag)) return false;
    uint64_t inner = tag >> 3;
    switch (static_cast<WireType>(tag & 7)) {
      case WireType::EndGroup:
        return inner == number || fail();
      case WireType::StartGroup:
        if (!skip_group(static_cast<uint32_t>(inner), depth - 1)) return false;
        break;
      case WireType::Varint:
        if (!next_varint(ignored)) return false;
        break;
      case WireType::Fixed64:
        if (!next_fixed64(ignored)) return false;
        break;
      case WireType::Fixed32:
        if (end_ - at_ < 4) return fail();
        at_ += 4;
        break;
      case WireType::Bytes:
        if (!next_varint(ignored)) return false;
        if (ignored > static_cast<size_t>(end_ - at_)) return fail();
        at_ += ignored;
        break;
      default:
        return fail();
    }
  }
  return fail();
}

std::string_view find_bytes(std::string_view message, std::initializer_list<uint32_t> path) {
  for (uint32_t number : path) {
    std::string_view found;
    WireReader reader(message);
    WireField field;
    while (reader.next(field)) {
      if (field.number == number && field.type == WireType::Bytes) found = field.bytes;
    }
    if (reader.failed() || found.data() == nullptr) return {};
    message = found;
  }
  return message;
}

WireWriter::WireWriter() : begin_(new char[kFirstRoom]), end_(begin_.get() + kFirstRoom), at_(end_) {}

void WireWriter::grow(size_t room) {
  size_t used = size();
  size_t capacity = std::max(used * 2, used + room) + kFirstRoom;
  std::unique_ptr<char[]> larger(new char[capacity]);
  char* end = larger.get() + capacity;
  memcpy(end - used, at_, used);
  begin_ = std::move(larger);
  end_ = end;
  at_ = end - used;
}

void WireWriter::put(std::string_view bytes) {
  if (!bytes.empty()) memcpy(take(bytes.size()), bytes.data(), bytes.size());
}

void WireWriter::put_long_varint(uint64_t value) {
  char buffer[10];
  size_t length = 0;
  for (; value >= 0x80; value >>= 7) buffer[length++] = static_cast<char>(value | 0x80);
  buffer[length++] = static_cast<char>(value);
  put({buffer, length});
}

void WireWriter::put_fixed64(uint64_t value) {
  memcpy(take(8), &value, 8);
}

}  // namespace schema
