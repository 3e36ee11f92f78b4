// A string by its code points. ASCII text, nearly all there is, is not copied.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cel::library {

class Characters {
 public:
  explicit Characters(std::string_view text);

  size_t size() const { return starts_.empty() ? text_.size() : starts_.size() - 1; }
  // Characters from `begin` to before `end`, which must be in range.
  std::string_view slice(size_t begin, size_t end) const;
  // The character that starts at a byte, which must be the start of one.
  size_t position_of(size_t byte) const;
  size_t byte_of(size_t position) const { return starts_.empty() ? position : starts_[position]; }

 private:
  std::string_view text_;
  std::vector<size_t> starts_;  // of each character, and the end; empty for ASCII
};

}  // namespace cel::library
