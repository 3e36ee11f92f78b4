#include "apiserver/encryption/salsa.h"

#include <bit>
#include <cstring>

namespace apiserver::encryption {
namespace {

using Block = std::array<uint32_t, 16>;

// "expand 32-byte k", one word on each place of the diagonal.
constexpr std::array<uint32_t, 4> kSigma = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
constexpr int kRounds = 20;
constexpr size_t kBlockBytes = 64;

uint32_t load(const char* in) {
  uint32_t word;
  memcpy(&word, in, sizeof word);
  return std::endian::native == std::endian::little ? word : std::byteswap(word);
}

void store(char* out, uint32_t word) {
  if (std::endian::native != std::endian::little) word = std::byteswap(word);
  memcpy(out, &word, sizeof word);
}

void quarter(uint32_t& a, uint32_t& b, uint32_t& c, uint32_t& d) {
  b ^= std::rotl(a + d, 7);
  c ^= std::rotl(b + a, 9);
  d ^= std::rotl(c + b, 13);
  a ^= std::rotl(d + c, 18);
}

void mix(Block& x) {
  for (int round = 0; round < kRounds; round += 2) {
    quarter(x[0], x[4], x[8], x[12]);
    quarter(x[5], x[9], x[13], x[1]);
    quarter(x[10], x[14], x[2], x[6]);
    quarter(x[15], x[3], x[7], x[11]);
    quarter(x[0], x[1], x[2], x[3]);
    quarter(x[5], x[6], x[7], x[4]);
    quarter(x[10], x[11], x[8], x[9]);
    quarter(x[15], x[12], x[13], x[14]);
  }
}

// `input` are the four words between the halves of the key.
Block prepared(const char* key, const std::array<uint32_t, 4>& input) {
  Block x;
  for (size_t i = 0; i < 4; ++i) {
    x[5 * i] = kSigma[i];
    x[1 + i] = load(key + 4 * i);
    x[6 + i] = input[i];
    x[11 + i] = load(key + 16 + 4 * i);
  }
  return x;
}

std::array<uint32_t, 4> words(const char* bytes) {
  return {load(bytes), load(bytes + 4), load(bytes + 8), load(bytes + 12)};
}

// HSalsa20: the key of the inner stream.
std::array<char, 32> inner_key(const char* key, const char* nonce) {
  Block x = prepared(key, words(nonce));
  mix(x);
  std::array<char, 32> out;
  for (size_t i = 0; i < 4; ++i) {
    store(out.data() + 4 * i, x[5 * i]);
    store(out.data() + 16 + 4 * i, x[6 + i]);
  }
  return out;
}

}  // namespace

std::string xsalsa20_stream(std::string_view key, std::string_view nonce, size_t count) {
  std::array<char, 32> inner = inner_key(key.data(), nonce.data());
  std::string stream((count + kBlockBytes - 1) / kBlockBytes * kBlockBytes, '\0');
  for (uint64_t number = 0; number < stream.size() / kBlockBytes; ++number) {
    const Block start = prepared(inner.data(), {load(nonce.data() + 16), load(nonce.data() + 20),
                                                static_cast<uint32_t>(number), static_cast<uint32_t>(number >> 32)});
    Block x = start;
    mix(x);
    for (size_t i = 0; i < x.size(); ++i) store(stream.data() + number * kBlockBytes + 4 * i, x[i] + start[i]);
  }
  stream.resize(count);
  return stream;
}

}  // namespace apiserver::encryption
