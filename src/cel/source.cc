#include "cel/source.h"

#include <algorithm>

#include "base/strings.h"

namespace cel {

void append_utf8(std::string& out, char32_t c) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xc0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xe0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out += static_cast<char>(0xf0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3f));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (c & 0x3f));
  }
}

std::vector<char32_t> decode_utf8(std::string_view text) {
  std::vector<char32_t> out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    auto byte = static_cast<unsigned char>(text[i]);
    size_t length = byte < 0x80             ? 1
                    : (byte & 0xe0) == 0xc0 ? 2
                    : (byte & 0xf0) == 0xe0 ? 3
                    : (byte & 0xf8) == 0xf0 ? 4
                                            : 0;
    if (length == 0 || i + length > text.size() || !base::is_valid_utf8(text.substr(i, length))) {
      out.push_back(0xfffd);
      ++i;
      continue;
    }
    char32_t c = length == 1 ? byte : byte & (0x7f >> length);
    for (size_t k = 1; k < length; ++k) c = c << 6 | (static_cast<unsigned char>(text[i + k]) & 0x3f);
    out.push_back(c);
    i += length;
  }
  return out;
}

size_t count_utf8(std::string_view text) {
  size_t count = 0;
  for (char c : text) count += (c & 0xc0) != 0x80;
  return count;
}

Source::Source(std::string_view text) : characters_(decode_utf8(text)), line_starts_{0} {
  for (size_t i = 0; i < characters_.size(); ++i) {
    if (characters_[i] == '\n') line_starts_.push_back(i + 1);
  }
}

std::string Source::text(size_t begin, size_t end) const {
  std::string out;
  for (size_t i = begin; i < end && i < characters_.size(); ++i) append_utf8(out, characters_[i]);
  return out;
}

Source::Place Source::place(uint32_t offset) const {
  auto after = std::upper_bound(line_starts_.begin(), line_starts_.end(), offset);
  auto line = after - line_starts_.begin();
  return {static_cast<int32_t>(line), static_cast<int32_t>(offset - line_starts_[line - 1])};
}

std::string Source::line(int32_t number) const {
  if (number < 1 || static_cast<size_t>(number) > line_starts_.size()) return {};
  size_t end = static_cast<size_t>(number) < line_starts_.size() ? line_starts_[number] - 1 : characters_.size();
  return text(line_starts_[number - 1], end);
}

void Issues::add(uint32_t offset, std::string message) {
  // In order of place; what has no place comes first.
  auto rank = [](uint32_t place) { return place == kNowhere ? uint64_t{0} : uint64_t{place} + 1; };
  auto after = std::upper_bound(issues_.begin(), issues_.end(), offset,
                                [&](uint32_t place, const Issue& issue) { return rank(place) < rank(issue.offset); });
  issues_.insert(after, {offset, std::move(message)});
}

std::string Issues::to_string() const {
  constexpr size_t kMost = 100;
  std::string out;
  for (size_t i = 0; i < issues_.size() && i < kMost; ++i) {
    const Issue& issue = issues_[i];
    if (i > 0) out += '\n';
    if (issue.offset == kNowhere) {
      out += "ERROR: <input>:-1:0: " + issue.message;
      continue;
    }
    Source::Place place = source_.place(issue.offset);
    out += base::cat({"ERROR: <input>:", std::to_string(place.line), ":", std::to_string(place.column + 1), ": ",
                      issue.message, "\n | "});
    std::vector<char32_t> line = decode_utf8(source_.line(place.line));
    for (char32_t c : line) append_utf8(out, c == '\t' ? ' ' : c);
    out += "\n | ";
    // Characters beyond ASCII are taken to be wide.
    auto column = static_cast<size_t>(place.column);
    for (size_t k = 0; k < column && k < line.size(); ++k) out += line[k] < 0x80 ? "." : "．";
    out += column < line.size() && line[column] >= 0x80 ? "＾" : "^";
  }
  if (issues_.size() > kMost)
    out += base::cat({"\n", std::to_string(issues_.size() - kMost), " more errors were truncated"});
  return out;
}

}  // namespace cel
