// Small stable hashes for names.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace controller {

constexpr uint32_t fnv1a_32(std::string_view text) {
  uint32_t hash = 2166136261u;
  for (char letter : text) hash = (hash ^ static_cast<uint8_t>(letter)) * 16777619u;
  return hash;
}

constexpr uint64_t fnv1a_64(std::string_view text) {
  uint64_t hash = 14695981039346656037u;
  for (char letter : text) hash = (hash ^ static_cast<uint8_t>(letter)) * 1099511628211u;
  return hash;
}

// The number in decimal with each digit replaced by a letter or digit that cannot spell words: no vowels, no 0, 1 or 3.
std::string safe_text(uint32_t number);

}  // namespace controller
