#include "pki/key.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include "base/strings.h"
#include "pki/openssl.h"

namespace pki {

Key::Key(EVP_PKEY* handle) : handle_(handle, EVP_PKEY_free) {}

base::Result<Key> Key::generate(Algorithm algorithm) {
  EVP_PKEY* handle = algorithm == Algorithm::Rsa2048 ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", size_t{2048})
                                                     : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  if (handle == nullptr) return base::fail(openssl_error(base::Code::Internal, "generate a key"));
  return Key(handle);
}

base::Result<Key> Key::from_pem(std::string_view pem) {
  auto refuse_password = [](char*, int, int, void*) { return 0; };
  auto bio = reading(pem);
  EVP_PKEY* handle = PEM_read_bio_PrivateKey(bio.get(), nullptr, refuse_password, nullptr);
  if (handle == nullptr) {
    ERR_clear_error();
    bio = reading(pem);
    handle = PEM_read_bio_PUBKEY(bio.get(), nullptr, refuse_password, nullptr);
  }
  if (handle == nullptr) return base::fail(openssl_error(base::Code::BadRequest, "read a key"));
  return Key(handle);
}

std::string Key::private_pem() const {
  auto bio = writing();
  PEM_write_bio_PKCS8PrivateKey(bio.get(), handle(), nullptr, nullptr, 0, nullptr, nullptr);
  return written(bio.get());
}

std::string Key::public_pem() const {
  auto bio = writing();
  PEM_write_bio_PUBKEY(bio.get(), handle());
  return written(bio.get());
}

std::string Key::id() const {
  unsigned char* der = nullptr;
  int size = i2d_PUBKEY(handle(), &der);
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(der, static_cast<size_t>(size), digest);
  OPENSSL_free(der);
  return base::base64url_encode({reinterpret_cast<char*>(digest), sizeof digest});
}

bool Key::is_private() const {
  BIGNUM* secret = nullptr;
  bool has = EVP_PKEY_get_bn_param(handle(), is_rsa() ? OSSL_PKEY_PARAM_RSA_D : OSSL_PKEY_PARAM_PRIV_KEY, &secret) == 1;
  BN_clear_free(secret);
  ERR_clear_error();
  return has;
}

bool Key::is_rsa() const {
  return EVP_PKEY_is_a(handle(), "RSA") == 1;
}

}  // namespace pki
