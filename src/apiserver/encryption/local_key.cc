#include "apiserver/encryption/cipher.h"
#include "apiserver/encryption/key_source.h"
#include "base/strings.h"
#include "store/sealer.h"

namespace apiserver::encryption {
namespace {

class LocalKey final : public KeySource {
 public:
  LocalKey(LocalCipher cipher, std::string_view name, std::string secret)
      : cipher_(cipher),
        prefix_(base::cat({store::kSealedPrefix, cipher_name(cipher), ":v1:", name, ":"})),
        secret_(std::move(secret)),
        id_(sha256(secret_)) {}

  const std::string& prefix() const override { return prefix_; }
  std::string current_key() const override { return id_; }

  base::Result<Sealed> seal(std::string_view path, std::string_view value) const override {
    switch (cipher_) {
      case LocalCipher::AesCbc:
        return Sealed{cbc_seal(secret_, value), id_};
      case LocalCipher::AesGcm:
        return Sealed{gcm_seal(secret_, value, path), id_};
      case LocalCipher::Secretbox:
        break;
    }
    return Sealed{secretbox_seal(secret_, value), id_};
  }

  io::Task<base::Result<Opened>> open(std::string path, base::Bytes text) const override {
    CO_TRY(auto value, open_text(path, text.view()));
    co_return Opened{std::move(value), id_};
  }

 private:
  base::Result<std::string> open_text(std::string_view path, std::string_view text) const {
    switch (cipher_) {
      case LocalCipher::AesCbc:
        return cbc_open(secret_, text);
      case LocalCipher::AesGcm:
        return gcm_open(secret_, text, path);
      case LocalCipher::Secretbox:
        break;
    }
    return secretbox_open(secret_, text);
  }

  const LocalCipher cipher_;
  const std::string prefix_;
  const std::string secret_;
  const std::string id_;  // two keys may have one name
};

}  // namespace

std::string_view cipher_name(LocalCipher cipher) {
  constexpr std::string_view kNames[] = {"aescbc", "aesgcm", "secretbox"};
  return kNames[static_cast<size_t>(cipher)];
}

std::shared_ptr<const KeySource> make_local_key(LocalCipher cipher, std::string_view name, std::string secret) {
  return std::make_shared<const LocalKey>(cipher, name, std::move(secret));
}

}  // namespace apiserver::encryption
