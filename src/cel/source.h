// The text of an expression, by code points, and complaints about places in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cel {

class Source {
 public:
  explicit Source(std::string_view text);

  const std::vector<char32_t>& characters() const { return characters_; }
  // The characters from `begin` to before `end` as UTF-8.
  std::string text(size_t begin, size_t end) const;

  // Where a character stands: line from 1, column from 0.
  struct Place {
    int32_t line;
    int32_t column;
  };
  Place place(uint32_t offset) const;
  // A line's text without its end.
  std::string line(int32_t number) const;

 private:
  std::vector<char32_t> characters_;
  std::vector<uint32_t> line_starts_;
};

void append_utf8(std::string& out, char32_t character);
std::vector<char32_t> decode_utf8(std::string_view text);  // what is no UTF-8 becomes U+FFFD
size_t count_utf8(std::string_view text);                  // code points

// What is wrong with an expression.
class Issues {
 public:
  static constexpr uint32_t kNowhere = UINT32_MAX;

  explicit Issues(const Source& source) : source_(source) {}
  void add(uint32_t offset, std::string message);
  void add_syntax(uint32_t offset, std::string message) { add(offset, "Syntax error: " + std::move(message)); }
  bool empty() const { return issues_.empty(); }
  size_t size() const { return issues_.size(); }
  // All of them in order of place, each with its line and a caret.
  std::string to_string() const;

 private:
  struct Issue {
    uint32_t offset;
    std::string message;
  };
  const Source& source_;
  std::vector<Issue> issues_;
};

}  // namespace cel
