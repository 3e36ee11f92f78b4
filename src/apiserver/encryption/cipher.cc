#include "apiserver/encryption/cipher.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <cstdlib>
#include <memory>

#include "apiserver/encryption/salsa.h"
#include "base/strings.h"

namespace apiserver::encryption {
namespace {

constexpr size_t kCbcIvBytes = 16;
constexpr size_t kGcmNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kSecretboxNonceBytes = 24;
constexpr size_t kPolyKeyBytes = 32;
constexpr size_t kInfoBytes = 32;

using Context = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

unsigned char* bytes(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// What cannot fail with keys of the right length but for want of memory.
void must(bool done) {
  if (!done) abort();
}

// Where a cipher depends on the length of its key.
const EVP_CIPHER* by_key(std::string_view key, const EVP_CIPHER* of_16, const EVP_CIPHER* of_24,
                         const EVP_CIPHER* of_32) {
  return key.size() == 16 ? of_16 : key.size() == 24 ? of_24 : of_32;
}
const EVP_CIPHER* cbc(std::string_view key) {
  return by_key(key, EVP_aes_128_cbc(), EVP_aes_192_cbc(), EVP_aes_256_cbc());
}
const EVP_CIPHER* gcm(std::string_view key) {
  return by_key(key, EVP_aes_128_gcm(), EVP_aes_192_gcm(), EVP_aes_256_gcm());
}

enum class Direction : uint8_t { Open, Seal };

Context begin(const EVP_CIPHER* cipher, std::string_view key, std::string_view nonce, Direction direction) {
  Context context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  must(context && EVP_CipherInit_ex(context.get(), cipher, nullptr, bytes(key), bytes(nonce),
                                    direction == Direction::Seal ? 1 : 0) == 1);
  return context;
}

// The text, and whether the end of it is in order.
bool run(EVP_CIPHER_CTX* context, std::string_view in, std::string& out) {
  int length = 0;
  int rest = 0;
  out.resize(in.size() + EVP_MAX_BLOCK_LENGTH);
  must(EVP_CipherUpdate(context, bytes(out), &length, bytes(in), static_cast<int>(in.size())) == 1);
  bool whole = EVP_CipherFinal_ex(context, bytes(out) + length, &rest) == 1;
  out.resize(static_cast<size_t>(length + rest));
  return whole;
}

void authenticate(EVP_CIPHER_CTX* context, std::string_view what) {
  int length = 0;
  must(EVP_CipherUpdate(context, nullptr, &length, bytes(what), static_cast<int>(what.size())) == 1);
}

std::string poly1305(std::string_view key, std::string_view message) {
  std::string tag(kTagBytes, '\0');
  size_t size = 0;
  must(EVP_Q_mac(nullptr, "POLY1305", nullptr, nullptr, nullptr, key.data(), key.size(), bytes(message), message.size(),
                 bytes(tag), tag.size(), &size) != nullptr);
  return tag;
}

std::string combined(std::string_view text, std::string_view stream) {
  std::string out(text);
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<char>(out[i] ^ stream[i]);
  return out;
}

std::unexpected<base::Error> broken(std::string_view why) {
  return base::fail(base::Code::Internal, std::string(why));
}

// HKDF-Expand of one block: the key of one value.
std::string derived_key(std::string_view seed, std::string_view info) {
  std::string key(SHA256_DIGEST_LENGTH, '\0');
  size_t size = 0;
  std::string message = base::cat({info, "\x01"});
  must(EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, seed.data(), seed.size(),
                 bytes(std::string_view(message)), message.size(), bytes(key), key.size(), &size) != nullptr);
  return key;
}

constexpr std::string_view kTooShort = "the stored data was shorter than the required size";

}  // namespace

std::string random_bytes(size_t count) {
  std::string out(count, '\0');
  must(RAND_bytes(bytes(out), static_cast<int>(count)) == 1);
  return out;
}

std::string sha256(std::string_view text) {
  std::string out(SHA256_DIGEST_LENGTH, '\0');
  SHA256(bytes(text), text.size(), bytes(out));
  return out;
}

std::string cbc_seal(std::string_view key, std::string_view value) {
  std::string iv = random_bytes(kCbcIvBytes);
  std::string text;
  must(run(begin(cbc(key), key, iv, Direction::Seal).get(), value, text));
  return iv + text;
}

base::Result<std::string> cbc_open(std::string_view key, std::string_view sealed) {
  if (sealed.size() < kCbcIvBytes) return broken(kTooShort);
  std::string_view text = sealed.substr(kCbcIvBytes);
  if (text.size() % kCbcIvBytes != 0) return broken("the stored data is not a multiple of the block size");
  std::string value;
  if (!run(begin(cbc(key), key, sealed.substr(0, kCbcIvBytes), Direction::Open).get(), text, value)) {
    return broken("invalid padding on input");
  }
  return value;
}

std::string gcm_seal(std::string_view key, std::string_view value, std::string_view context) {
  std::string nonce = random_bytes(kGcmNonceBytes);
  Context cipher = begin(gcm(key), key, nonce, Direction::Seal);
  authenticate(cipher.get(), context);
  std::string text;
  must(run(cipher.get(), value, text));
  std::string tag(kTagBytes, '\0');
  must(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes, tag.data()) == 1);
  return base::cat({nonce, text, tag});
}

base::Result<std::string> gcm_open(std::string_view key, std::string_view sealed, std::string_view context) {
  if (sealed.size() < kGcmNonceBytes + kTagBytes) return broken(kTooShort);
  Context cipher = begin(gcm(key), key, sealed.substr(0, kGcmNonceBytes), Direction::Open);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  must(EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1);
  authenticate(cipher.get(), context);
  std::string value;
  if (!run(cipher.get(), sealed.substr(kGcmNonceBytes, sealed.size() - kGcmNonceBytes - kTagBytes), value)) {
    return broken("cipher: message authentication failed");
  }
  return value;
}

std::string secretbox_seal(std::string_view key, std::string_view value) {
  std::string nonce = random_bytes(kSecretboxNonceBytes);
  std::string stream = xsalsa20_stream(key, nonce, kPolyKeyBytes + value.size());
  std::string text = combined(value, std::string_view(stream).substr(kPolyKeyBytes));
  return base::cat({nonce, poly1305(std::string_view(stream).substr(0, kPolyKeyBytes), text), text});
}

base::Result<std::string> secretbox_open(std::string_view key, std::string_view sealed) {
  if (sealed.size() < kSecretboxNonceBytes + kTagBytes) return broken(kTooShort);
  std::string_view tag = sealed.substr(kSecretboxNonceBytes, kTagBytes);
  std::string_view text = sealed.substr(kSecretboxNonceBytes + kTagBytes);
  std::string stream = xsalsa20_stream(key, sealed.substr(0, kSecretboxNonceBytes), kPolyKeyBytes + text.size());
  std::string expected = poly1305(std::string_view(stream).substr(0, kPolyKeyBytes), text);
  if (CRYPTO_memcmp(expected.data(), tag.data(), kTagBytes) != 0) {
    return broken("output array was not large enough for encryption");
  }
  return combined(text, std::string_view(stream).substr(kPolyKeyBytes));
}

std::string derived_gcm_seal(std::string_view seed, std::string_view value, std::string_view context) {
  std::string info = random_bytes(kInfoBytes);
  return info + gcm_seal(derived_key(seed, info), value, context);
}

base::Result<std::string> derived_gcm_open(std::string_view seed, std::string_view sealed, std::string_view context) {
  if (sealed.size() < kInfoBytes) return broken(kTooShort);
  return gcm_open(derived_key(seed, sealed.substr(0, kInfoBytes)), sealed.substr(kInfoBytes), context);
}

}  // namespace apiserver::encryption
