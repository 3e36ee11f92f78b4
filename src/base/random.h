// Randomness through a seam: the machine's for the product, a seed for tests.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace base {

class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t next() = 0;

  uint64_t below(uint64_t bound) { return bound == 0 ? 0 : next() % bound; }  // 0 <= r < bound
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }       // 0 <= r < 1
  // RFC 4122 version 4: "6ba7b810-9dad-41d1-80b4-00c04fd430c8".
  std::string uuid();
  // `length` letters as the API's generateName appends them: no vowels, no digits that look like letters.
  std::string name_suffix(int length = 5);
};

// The kernel's generator (getrandom). Safe from any thread; good enough for keys and tokens.
Random& system_random();

// Repeats itself for the same seed. Not thread-safe.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : engine_(seed) {}
  uint64_t next() override { return engine_(); }

 private:
  std::mt19937_64 engine_;
};

}  // namespace base
