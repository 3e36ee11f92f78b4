// Protobuf's wire format, field by field: for the codec, and for whoever wants one field of a message without decoding
// the rest. Bytes in, views out; malformed input ends the reading, never worse.
//
//   schema::WireReader reader(message);
//   schema::WireField field;
//   while (reader.next(field)) {
//     if (field.number == 3) name = field.bytes;
//   }
//   if (reader.failed()) ...
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace schema {

enum class WireType : uint8_t { Varint = 0, Fixed64 = 1, Bytes = 2, StartGroup = 3, EndGroup = 4, Fixed32 = 5 };

struct WireField {
  uint32_t number = 0;
  WireType type = WireType::Varint;
  uint64_t integer = 0;    // of Varint, Fixed64 and Fixed32
  std::string_view bytes;  // of Bytes; a view into the message
};

class WireReader {
 public:
  explicit WireReader(std::string_view message) : at_(message.data()), end_(at_ + message.size()) {}

  // The next field. False at the end, and when what follows is no field; groups are skipped.
  bool next(WireField& field);
  // One varint, as packed lists have them.
  bool next_varint(uint64_t& value) {
    if (at_ == end_ || static_cast<uint8_t>(*at_) >= 0x80) return next_long_varint(value);
    value = static_cast<uint8_t>(*at_++);
    return true;
  }
  bool next_fixed64(uint64_t& value);
  bool at_end() const { return at_ == end_; }
  const char* at() const { return at_; }  // where the next field starts
  bool failed() const { return failed_; }

 private:
  bool fail() {
    failed_ = true;
    at_ = end_;
    return false;
  }
  bool next_long_varint(uint64_t& value);
  bool skip_group(uint32_t number, int depth);

  const char* at_;
  const char* end_;
  bool failed_ = false;
};

// The last occurrence of a field of type bytes, down a path of field numbers: find_bytes(pod, {1, 1}) is metadata.name.
// A view into `message`; its data() is null when there is none, or the message is malformed.
std::string_view find_bytes(std::string_view message, std::initializer_list<uint32_t> path);

// A message written from its end, so that the length of a part is known when it is to stand before it.
class WireWriter {
 public:
  WireWriter();
  WireWriter(const WireWriter&) = delete;
  WireWriter& operator=(const WireWriter&) = delete;

  size_t size() const { return static_cast<size_t>(end_ - at_); }
  std::string_view view() const { return {at_, size()}; }
  // Each puts something before what is there.
  void put(std::string_view bytes);
  void put_varint(uint64_t value) {
    if (value >= 0x80) return put_long_varint(value);
    *take(1) = static_cast<char>(value);
  }
  void put_fixed64(uint64_t value);
  void put_tag(uint32_t number, WireType type) { put_varint(uint64_t{number} << 3 | static_cast<uint8_t>(type)); }
  // Closes a part begun when size() was `before`: its length and tag.
  void close(uint32_t number, size_t before) {
    put_varint(size() - before);
    put_tag(number, WireType::Bytes);
  }

 private:
  void grow(size_t room);
  void put_long_varint(uint64_t value);
  char* take(size_t count) {
    if (static_cast<size_t>(at_ - begin_.get()) < count) grow(count);
    return at_ -= count;
  }

  std::unique_ptr<char[]> begin_;
  char* end_;
  char* at_;
};

}  // namespace schema
