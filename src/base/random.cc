#include "base/random.h"

#include <sys/random.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace base {
namespace {

// Numbers fetched ahead, for a system call costs more than they do; each is forgotten when it is handed out.
struct Stock {
  std::array<uint64_t, 32> values{};  // 256 bytes: so many come whole or not at all
  size_t left = 0;
};
thread_local Stock stock;

class SystemRandom final : public Random {
 public:
  uint64_t next() override {
    if (stock.left == 0) {
      if (getrandom(stock.values.data(), sizeof stock.values, 0) != sizeof stock.values) {
        fputs("getrandom failed\n", stderr);
        abort();  // without randomness no key, token or name is safe
      }
      stock.left = stock.values.size();
    }
    return std::exchange(stock.values[--stock.left], 0);
  }
};

}  // namespace

Random& system_random() {
  static SystemRandom random;
  return random;
}

std::string Random::uuid() {
  uint64_t high = (next() & ~0xf000ULL) | 0x4000ULL;
  uint64_t low = (next() & ~(3ULL << 62)) | (2ULL << 62);
  char text[37];
  snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%012llx", static_cast<unsigned>(high >> 32),
           static_cast<unsigned>(high >> 16 & 0xffff), static_cast<unsigned>(high & 0xffff),
           static_cast<unsigned>(low >> 48), static_cast<unsigned long long>(low & 0xffffffffffffULL));
  return text;
}

std::string Random::name_suffix(int length) {
  static constexpr char kLetters[] = "bcdfghjklmnpqrstvwxz2456789";
  std::string text;
  for (int i = 0; i < length; ++i) text += kLetters[below(sizeof kLetters - 1)];
  return text;
}

}  // namespace base
