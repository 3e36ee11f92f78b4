#include "controller/common/hash.h"

namespace controller {

std::string safe_text(uint32_t number) {
  constexpr std::string_view kLetters = "bcdfghjklmnpqrstvwxz2456789";
  std::string text = std::to_string(number);
  for (char& letter : text) letter = kLetters[static_cast<uint8_t>(letter) % kLetters.size()];
  return text;
}

}  // namespace controller
