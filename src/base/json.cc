#include "base/json.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>

#include "base/strings.h"

namespace base {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void append_utf8(std::string& out, uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += {static_cast<char>(0xC0 | code >> 6), static_cast<char>(0x80 | (code & 0x3F))};
  } else if (code < 0x10000) {
    out += {static_cast<char>(0xE0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3F)),
            static_cast<char>(0x80 | (code & 0x3F))};
  } else {
    out += {static_cast<char>(0xF0 | code >> 18), static_cast<char>(0x80 | (code >> 12 & 0x3F)),
            static_cast<char>(0x80 | (code >> 6 & 0x3F)), static_cast<char>(0x80 | (code & 0x3F))};
  }
}

// The length of the UTF-8 character at `text`, or 0 when it is none.
size_t utf8_length(const char* at, const char* end) {
  uint8_t first = static_cast<uint8_t>(*at);
  size_t length = first < 0x80 ? 1 : first < 0xC2 ? 0 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : first < 0xF5 ? 4 : 0;
  if (length == 0 || static_cast<size_t>(end - at) < length) return 0;
  return length == 1 || is_valid_utf8({at, length}) ? length : 0;
}

// Where the characters end that a string holds as they are: at a quote, a backslash, a control character, or one beyond
// ASCII. Eight at a time; the lowest marked byte of a word is exact, and that is the one asked for.
const char* end_of_plain(const char* at, const char* end) {
  constexpr uint64_t kOnes = 0x0101010101010101, kHighs = kOnes << 7;
  while (end - at >= 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    uint64_t quote = word ^ kOnes * '"', backslash = word ^ kOnes * '\\';
    uint64_t marks =
        (((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) | ((word - kOnes * 0x20) & ~word) | word) &
        kHighs;
    if (marks != 0) return at + std::countr_zero(marks) / 8;
    at += 8;
  }
  while (at != end && *at != '"' && *at != '\\' && static_cast<uint8_t>(*at) >= 0x20 &&
         static_cast<uint8_t>(*at) < 0x80)
    ++at;
  return at;
}

// Characters that stand for themselves in what we write.
constexpr std::array<bool, 256> kPlainOut = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0x20; c < 0x80; ++c) plain[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
  return plain;
}();

// The character as Go shows it in a complaint.
std::string show(char c) {
  if (c == '\'') return "'\\''";
  if (c == '"') return "'\"'";
  std::string character;
  append_utf8(character, static_cast<uint8_t>(c));
  std::string quoted = quote(character);
  quoted.front() = quoted.back() = '\'';
  return quoted;
}

}  // namespace

bool JsonReader::complain(std::string_view where) {
  if (failed_) return false;
  fail_with(Error(Code::BadRequest,
                  at_ == end_ ? "unexpected end of JSON input" : cat({"invalid character ", show(*at_), " ", where})));
  return false;
}

void JsonReader::fail_with(Error error) {
  if (failed_) return;
  failed_ = true;
  error_ = std::move(error);
}

bool JsonReader::unexpected(JsonKind kind, JsonKind found) {
  static constexpr std::string_view kNames[] = {"null", "bool", "number", "string", "array", "object"};
  if (found != JsonKind::None) {
    fail_with(Error(Code::BadRequest, cat({"json: expected ", kNames[static_cast<size_t>(kind)], ", found ",
                                           kNames[static_cast<size_t>(found)]})));
  }
  return false;
}

bool JsonReader::read_literal(std::string_view literal) {
  ++at_;
  for (size_t i = 1; i < literal.size(); ++i, ++at_) {
    if (at_ == end_ || *at_ != literal[i]) {
      return complain(cat({"in literal ", literal, " (expecting ", show(literal[i]), ")"}));
    }
  }
  return true;
}

bool JsonReader::read_null() {
  return expected(JsonKind::Null) && read_literal("null");
}

bool JsonReader::read_bool(bool& value) {
  if (!expected(JsonKind::Bool)) return false;
  value = *at_ == 't';
  return read_literal(value ? "true" : "false");
}

bool JsonReader::read_number(std::string_view& literal) {
  if (!expected(JsonKind::Number)) return false;
  const char* start = at_;
  auto digits = [&] {
    while (at_ != end_ && is_digit(*at_)) ++at_;
  };
  if (*at_ == '-') ++at_;
  if (at_ == end_ || !is_digit(*at_)) return complain("in numeric literal");
  if (*at_ == '0') {
    ++at_;
  } else {
    digits();
  }
  if (at_ != end_ && *at_ == '.') {
    ++at_;
    if (at_ == end_ || !is_digit(*at_)) return complain("after decimal point in numeric literal");
    digits();
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (at_ == end_ || !is_digit(*at_)) return complain("in exponent of numeric literal");
    digits();
  }
  literal = {start, static_cast<size_t>(at_ - start)};
  return true;
}

bool JsonReader::read_string(std::string_view& value) {
  return expected(JsonKind::String) && scan_string(value, scratch_);
}

bool JsonReader::scan_string(std::string_view& value, std::string& scratch) {
  const char* start = ++at_;
  at_ = end_of_plain(at_, end_);
  if (at_ != end_ && *at_ == '"') {
    value = {start, static_cast<size_t>(at_++ - start)};
    return true;
  }
  return scan_escaped(start, value, scratch);
}

// The slow road: escapes, characters beyond ASCII, and complaints.
bool JsonReader::scan_escaped(const char* start, std::string_view& value, std::string& scratch) {
  static constexpr std::string_view kLetters = "\"\\/bfnrt";
  static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  bool copied = false;
  const char* run = start;  // what is not yet in `scratch`
  auto copy_run = [&] {
    if (!copied) scratch.clear();
    copied = true;
    scratch.append(run, static_cast<size_t>(at_ - run));
  };
  for (;;) {
    if (at_ == end_ || static_cast<uint8_t>(*at_) < 0x20) return complain("in string literal");
    if (*at_ == '"') break;
    if (*at_ != '\\') {
      size_t length = utf8_length(at_, end_);
      if (length == 0) {
        copy_run();
        scratch += kReplacement;
        run = ++at_;
      } else {
        at_ += length;
      }
      continue;
    }
    copy_run();
    if (++at_ == end_) return complain("in string escape code");
    if (*at_ == 'u') {
      uint32_t code;
      if (!scan_hex(code)) return false;
      if (code >= 0xD800 && code < 0xDC00 && end_ - at_ > 1 && at_[0] == '\\' && at_[1] == 'u') {
        const char* low_start = at_++;
        uint32_t low;
        if (!scan_hex(low)) return false;
        if (low >= 0xDC00 && low < 0xE000) {
          code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        } else {
          at_ = low_start;
        }
      }
      if (code >= 0xD800 && code < 0xE000) {
        scratch += kReplacement;
      } else {
        append_utf8(scratch, code);
      }
    } else {
      size_t letter = kLetters.find(*at_);
      if (letter == kLetters.npos) return complain("in string escape code");
      scratch += kMeanings[letter];
      ++at_;
    }
    run = at_;
  }
  if (copied) {
    copy_run();
    value = scratch;
  } else {
    value = {start, static_cast<size_t>(at_ - start)};
  }
  ++at_;
  return true;
}

// Four digits after the 'u' at hand.
bool JsonReader::scan_hex(uint32_t& code) {
  code = 0;
  ++at_;
  for (int i = 0; i < 4; ++i, ++at_) {
    char c = at_ == end_ ? '\0' : *at_;
    uint32_t digit = is_digit(c)            ? static_cast<uint32_t>(c - '0')
                     : c >= 'a' && c <= 'f' ? static_cast<uint32_t>(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? static_cast<uint32_t>(c - 'A' + 10)
                                            : 16;
    if (digit == 16) return complain("in \\u hexadecimal character escape");
    code = code << 4 | digit;
  }
  return true;
}

bool JsonReader::enter(char open) {
  if (!expected(open == '{' ? JsonKind::Object : JsonKind::Array)) return false;
  if (++depth_ > kMaxDepth) {
    fail_with(Error(Code::BadRequest, "exceeded max depth"));
    return false;
  }
  ++at_;
  first_ = true;
  return true;
}

bool JsonReader::enter_object() {
  return enter('{');
}
bool JsonReader::enter_array() {
  return enter('[');
}

bool JsonReader::next_key(std::string_view& key) {
  if (failed_) return false;
  skip_space();
  bool first = std::exchange(first_, false);
  if (at_ != end_ && *at_ == '}') {
    ++at_;
    --depth_;
    return false;
  }
  if (!first) {
    if (at_ == end_ || *at_ != ',') return complain("after object key:value pair");
    ++at_;
    skip_space();
  }
  if (at_ == end_ || *at_ != '"') return complain("looking for beginning of object key string");
  if (!scan_string(key, scratch_)) return false;
  skip_space();
  if (at_ == end_ || *at_ != ':') return complain("after object key");
  ++at_;
  return true;
}

bool JsonReader::next_element() {
  if (failed_) return false;
  skip_space();
  bool first = std::exchange(first_, false);
  if (at_ != end_ && *at_ == ']') {
    ++at_;
    --depth_;
    return false;
  }
  if (first) return true;
  if (at_ == end_ || *at_ != ',') return complain("after array element");
  ++at_;
  return true;
}

bool JsonReader::skip_value() {
  std::string_view text;
  bool truth;
  switch (peek()) {
    case JsonKind::Null:
      return read_null();
    case JsonKind::Bool:
      return read_bool(truth);
    case JsonKind::Number:
      return read_number(text);
    case JsonKind::String:
      return read_string(text);
    case JsonKind::Array:
      enter_array();
      while (next_element()) skip_value();
      return !failed_;
    case JsonKind::Object:
      enter_object();
      while (next_key(text)) skip_value();
      return !failed_;
    case JsonKind::None:
      break;
  }
  return false;
}

bool JsonReader::read_raw(std::string_view& text) {
  if (peek() == JsonKind::None) return false;
  const char* start = at_;
  if (!skip_value()) return false;
  text = {start, static_cast<size_t>(at_ - start)};
  return true;
}

Result<void> JsonReader::finish() {
  if (!failed_) {
    skip_space();
    if (at_ != end_) complain("after top-level value");
  }
  if (failed_) return fail(error_);
  return {};
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  const char* at = text.data();
  const char* end = at + text.size();
  const char* run = at;
  auto flush = [&] { out.append(run, static_cast<size_t>(at - run)); };
  while (at != end) {
    uint8_t c = static_cast<uint8_t>(*at);
    if (kPlainOut[c]) {
      ++at;
      continue;
    }
    if (c >= 0x80) {
      size_t length = utf8_length(at, end);
      bool separator = length == 3 && at[0] == '\xE2' && at[1] == '\x80' && (at[2] == '\xA8' || at[2] == '\xA9');
      if (length != 0 && !separator) {
        at += length;
        continue;
      }
      flush();
      out += length == 0 ? "\\ufffd" : at[2] == '\xA8' ? "\\u2028" : "\\u2029";
      at += length == 0 ? 1 : length;
      run = at;
      continue;
    }
    flush();
    switch (c) {
      case '"':
      case '\\':
        out += {'\\', static_cast<char>(c)};
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      default:
        out += {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 0xF]};
    }
    run = ++at;
  }
  flush();
  out += '"';
}

void append_json_double(std::string& out, double value) {
  char buffer[32];
  double size = std::fabs(value);
  bool scientific = size != 0 && (size < 1e-6 || size >= 1e21);
  // Beyond 2^53 the plain form has more digits than tell the number apart; there its shortest digits are padded.
  bool padded = !scientific && size >= 0x1p53;
  auto format = scientific || padded ? std::chars_format::scientific : std::chars_format::fixed;
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr;
  std::string_view text(buffer, static_cast<size_t>(end - buffer));
  if (!scientific && !padded) {
    out += text;
    return;
  }
  size_t e = text.find('e');
  std::string_view exponent = text.substr(e + 2);
  if (exponent.starts_with('0')) exponent.remove_prefix(1);  // 1e-07 is 1e-7
  if (scientific) {
    out += text.substr(0, e + 2);
    out += exponent;
    return;
  }
  size_t digits = 0;
  for (char c : text.substr(0, e)) {
    if (c == '.') continue;
    out += c;
    if (c != '-') ++digits;
  }
  out.append(static_cast<size_t>(parse_int(exponent).value_or(0)) + 1 - digits, '0');
}

}  // namespace base
