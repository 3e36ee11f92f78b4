// JSON text, read from the left without building anything, and the pieces of writing it. Strict (RFC 8259),
// depth-bounded, and as Go's encoding/json where that shows: the words of its complaints, bad UTF-8 read as U+FFFD, the
// form of numbers.
//
//   JsonReader reader(text);
//   std::string_view key;
//   if (reader.enter_object()) {
//     while (reader.next_key(key)) {
//       if (key == "name") reader.read_string(name); else reader.skip_value();
//     }
//   }
//   TRY(reader.finish());
//
// After the first complaint every call returns false and does nothing, so loops end and only finish() need be looked
// at.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace base {

enum class JsonKind : uint8_t { Null, Bool, Number, String, Array, Object, None };

class JsonReader {
 public:
  static constexpr int kMaxDepth = 1000;  // of nested arrays and objects

  // `text` outlives the reader, and so do the views it hands out unless said otherwise.
  explicit JsonReader(std::string_view text) : at_(text.data()), begin_(at_), end_(at_ + text.size()) {}
  JsonReader(const JsonReader&) = delete;
  JsonReader& operator=(const JsonReader&) = delete;

  // What value begins here. None, and a complaint, when none does.
  JsonKind peek() {
    skip_space();
    JsonKind kind = failed_ || at_ == end_ ? JsonKind::None : kKinds[static_cast<unsigned char>(*at_)];
    if (kind == JsonKind::None) complain("looking for beginning of value");
    return kind;
  }

  // Each reads one value of its kind and fails on any other.
  bool read_null();
  bool read_bool(bool& value);
  bool read_number(std::string_view& literal);  // as written: "1.50", "-0", "1e3"
  // Into the text when it has no escapes, else valid until the next string or key is read.
  bool read_string(std::string_view& value);
  // Any value; the text of it, which is checked to be JSON.
  bool skip_value();
  bool read_raw(std::string_view& text);

  // The next_ calls are false at the end, and after a complaint. Read or skip one value after each that is true.
  bool enter_object();
  bool next_key(std::string_view& key);  // valid until the next string or key is read
  bool enter_array();
  bool next_element();

  // Stops reading with a complaint of the caller's.
  void fail_with(Error error);
  bool failed() const { return failed_; }
  size_t offset() const { return static_cast<size_t>(at_ - begin_); }
  // That nothing but white space is left; or the first complaint.
  Result<void> finish();

 private:
  void skip_space() {
    if (at_ == end_ || static_cast<unsigned char>(*at_) > ' ') return;  // mostly there is none
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
  }
  bool complain(std::string_view where);  // about the character at hand; always false
  bool read_literal(std::string_view literal);
  bool scan_string(std::string_view& value, std::string& scratch);
  bool scan_escaped(const char* start, std::string_view& value, std::string& scratch);
  bool scan_hex(uint32_t& code);
  bool enter(char open);
  bool expected(JsonKind kind) {
    JsonKind found = peek();
    return found == kind || unexpected(kind, found);
  }
  bool unexpected(JsonKind kind, JsonKind found);

  // By the first character of a value.
  static constexpr std::array<JsonKind, 256> kKinds = [] {
    std::array<JsonKind, 256> kinds;
    kinds.fill(JsonKind::None);
    for (char c : std::string_view("-0123456789")) kinds[static_cast<unsigned char>(c)] = JsonKind::Number;
    kinds['{'] = JsonKind::Object;
    kinds['['] = JsonKind::Array;
    kinds['"'] = JsonKind::String;
    kinds['t'] = kinds['f'] = JsonKind::Bool;
    kinds['n'] = JsonKind::Null;
    return kinds;
  }();

  const char* at_;
  const char* begin_;
  const char* end_;
  int depth_ = 0;
  bool first_ = false;  // just entered: the next element has no comma before it
  bool failed_ = false;
  Error error_{Code::BadRequest, ""};
  std::string scratch_;
};

// Appends `text` as a JSON string. As Go writes it: control characters, <, >, &, U+2028 and U+2029 escaped, bad UTF-8
// replaced by U+FFFD.
void append_json_string(std::string& out, std::string_view text);
// As Go writes a float64: shortest digits, an exponent below 1e-6 and from 1e21 on. `value` is finite.
void append_json_double(std::string& out, double value);

}  // namespace base
