#include "base/strings.h"

#include <algorithm>
#include <charconv>

namespace base {

namespace {

bool is_space(char c) {
  return c == ' ' || (c >= '\t' && c <= '\r');
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

template <class T>
std::optional<T> parse_number(std::string_view text) {
  T value{};
  if (!text.empty() && text.front() == '+') {
    text.remove_prefix(1);
    if (!text.empty() && text.front() == '-') return std::nullopt;
  }
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

struct Rune {
  uint32_t code;
  size_t length;  // 0: not UTF-8
};

// The character that `text` begins with, by the table of the Unicode standard (3-7): no overlong forms, no surrogates.
Rune next_rune(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  auto continues = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  if (first >= 0xC2 && first <= 0xDF && continues(1)) {
    return {static_cast<uint32_t>((first & 0x1F) << 6 | (byte(1) & 0x3F)), 2};
  }
  if (first >= 0xE0 && first <= 0xEF && continues(1) && continues(2)) {
    uint32_t code = static_cast<uint32_t>((first & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F));
    if (code >= 0x800 && (code < 0xD800 || code > 0xDFFF)) return {code, 3};
  }
  if (first >= 0xF0 && first <= 0xF4 && continues(1) && continues(2) && continues(3)) {
    uint32_t code =
        static_cast<uint32_t>((first & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F));
    if (code >= 0x10000 && code <= 0x10FFFF) return {code, 4};
  }
  return {0, 0};
}

// Characters above ASCII that Go does not print: controls, format characters, separators, private use, non-characters.
bool is_printable(uint32_t code) {
  struct Range {
    uint32_t first, last;
  };
  static constexpr Range kHidden[] = {
      {0x80, 0xA0},     {0xAD, 0xAD},     {0x600, 0x605},   {0x61C, 0x61C},   {0x6DD, 0x6DD},     {0x70F, 0x70F},
      {0x1680, 0x1680}, {0x180E, 0x180E}, {0x2000, 0x200F}, {0x2028, 0x202F}, {0x205F, 0x206F},   {0x3000, 0x3000},
      {0xD800, 0xF8FF}, {0xFEFF, 0xFEFF}, {0xFFF0, 0xFFFB}, {0xFFFE, 0xFFFF}, {0xE0000, 0xE00FF}, {0xE01F0, 0x10FFFF}};
  for (const Range& range : kHidden) {
    if (code >= range.first && code <= range.last) return false;
  }
  return true;
}

constexpr char kHex[] = "0123456789abcdef";

void append_hex(std::string& out, uint32_t value, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += kHex[(value >> shift) & 0xF];
}

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64Url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

std::string encode64(std::string_view bytes, std::string_view alphabet, bool pad) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    size_t count = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) group = group << 8 | (j < count ? static_cast<uint8_t>(bytes[i + j]) : 0u);
    for (size_t j = 0; j <= count; ++j) out += alphabet[(group >> (18 - 6 * j)) & 0x3F];
    if (pad) out.append(3 - count, '=');
  }
  return out;
}

int value64(char c, bool url) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == (url ? '-' : '+')) return 62;
  if (c == (url ? '_' : '/')) return 63;
  return -1;
}

Result<std::string> decode64(std::string_view text, bool url) {
  auto illegal = [](size_t at) {
    return fail(Code::BadRequest, "illegal base64 data at input byte " + std::to_string(at));
  };
  std::string out;
  out.reserve(text.size() / 4 * 3 + 3);
  uint32_t group = 0;
  int filled = 0;
  size_t i = 0;
  auto skip_line_ends = [&] {
    while (!url && i < text.size() && (text[i] == '\n' || text[i] == '\r')) ++i;
  };
  for (skip_line_ends(); i < text.size(); skip_line_ends()) {
    int value = value64(text[i], url);
    if (value < 0) break;
    group = group << 6 | static_cast<uint32_t>(value);
    ++i;
    if (++filled < 4) continue;
    out += static_cast<char>(group >> 16);
    out += static_cast<char>(group >> 8);
    out += static_cast<char>(group);
    group = 0;
    filled = 0;
  }
  if (i < text.size() && (url || text[i] != '=' || filled < 2)) return illegal(i);
  if (i < text.size()) {  // padding up to a group of four, and nothing behind it
    for (int missing = 4 - filled; missing > 0; --missing) {
      if (i >= text.size()) return illegal(text.size());
      if (text[i] != '=') return illegal(i);
      ++i;
      skip_line_ends();
    }
    if (i < text.size()) return illegal(i);
  } else if (filled == 1 || (filled != 0 && !url)) {
    return illegal(text.size() - static_cast<size_t>(filled));
  }
  // RFC 4648, 3.5: bits beyond the last byte are zero, or one byte string had several texts. Go is lax about it where
  // Kubernetes reads base64 in objects.
  if (url && (group & ((1u << (filled * 6 % 8)) - 1)) != 0) return illegal(text.size() - 1);
  if (filled == 2) out += static_cast<char>(group >> 4);
  if (filled == 3) {
    out += static_cast<char>(group >> 10);
    out += static_cast<char>(group >> 2);
  }
  return out;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

}  // namespace

std::string cat(std::initializer_list<std::string_view> pieces) {
  size_t size = 0;
  for (std::string_view piece : pieces) size += piece.size();
  std::string out;
  out.reserve(size);
  for (std::string_view piece : pieces) out += piece;
  return out;
}

std::string join(const std::vector<std::string>& pieces, std::string_view separator) {
  std::string out;
  for (size_t i = 0; i < pieces.size(); ++i) {
    if (i != 0) out += separator;
    out += pieces[i];
  }
  return out;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> pieces;
  for (size_t end; (end = text.find(separator)) != std::string_view::npos; text.remove_prefix(end + 1)) {
    pieces.push_back(text.substr(0, end));
  }
  pieces.push_back(text);
  return pieces;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::optional<int64_t> parse_int(std::string_view text) {
  return parse_number<int64_t>(text);
}
std::optional<uint64_t> parse_uint(std::string_view text) {
  return parse_number<uint64_t>(text);
}

std::string quote(std::string_view text) {
  static constexpr std::string_view kEscaped = "\a\b\f\n\r\t\v\\\"";
  static constexpr std::string_view kLetters = "abfnrtv\\\"";
  std::string out = "\"";
  while (!text.empty()) {
    Rune rune = next_rune(text);
    size_t length = rune.length == 0 ? 1 : rune.length;
    if (rune.length == 0) {
      out += "\\x";
      append_hex(out, static_cast<uint8_t>(text[0]), 2);
    } else if (size_t at = rune.code < 0x80 ? kEscaped.find(text[0]) : kEscaped.npos; at != kEscaped.npos) {
      out += '\\';
      out += kLetters[at];
    } else if (rune.code < 0x20 || rune.code == 0x7F) {
      out += "\\x";
      append_hex(out, rune.code, 2);
    } else if (rune.code < 0x80 || is_printable(rune.code)) {
      out += text.substr(0, length);
    } else {
      out += rune.code < 0x10000 ? "\\u" : "\\U";
      append_hex(out, rune.code, rune.code < 0x10000 ? 4 : 8);
    }
    text.remove_prefix(length);
  }
  out += '"';
  return out;
}

std::string base64_encode(std::string_view bytes) {
  return encode64(bytes, kBase64, true);
}
Result<std::string> base64_decode(std::string_view text) {
  return decode64(text, false);
}
std::string base64url_encode(std::string_view bytes) {
  return encode64(bytes, kBase64Url, false);
}
Result<std::string> base64url_decode(std::string_view text) {
  return decode64(text, true);
}

std::string hex_encode(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (char c : bytes) append_hex(out, static_cast<uint8_t>(c), 2);
  return out;
}

Result<std::string> url_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0) return fail(Code::BadRequest, cat({"invalid URL escape ", quote(text.substr(i, 3))}));
      out += static_cast<char>(high << 4 | low);
      i += 2;
    }
  }
  return out;
}

std::string url_encode(std::string_view text) {
  static constexpr char kUpper[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    char folded = lower(c);
    bool unreserved =
        (folded >= 'a' && folded <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
    if (unreserved) {
      out += c;
    } else {
      out += '%';
      out += kUpper[static_cast<uint8_t>(c) >> 4];
      out += kUpper[static_cast<uint8_t>(c) & 0xF];
    }
  }
  return out;
}

std::string to_valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    size_t length = next_rune(text).length;
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

bool is_valid_utf8(std::string_view text) {
  while (!text.empty()) {
    size_t length = next_rune(text).length;
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace base
