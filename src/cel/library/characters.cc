#include "cel/library/characters.h"

#include <algorithm>

namespace cel::library {

Characters::Characters(std::string_view text) : text_(text) {
  if (std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; })) return;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] & 0xc0) != 0x80) starts_.push_back(i);
  }
  starts_.push_back(text.size());
}

std::string_view Characters::slice(size_t begin, size_t end) const {
  return text_.substr(byte_of(begin), byte_of(end) - byte_of(begin));
}

size_t Characters::position_of(size_t byte) const {
  if (starts_.empty()) return byte;
  return static_cast<size_t>(std::lower_bound(starts_.begin(), starts_.end(), byte) - starts_.begin());
}

}  // namespace cel::library
