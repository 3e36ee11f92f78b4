// Private keys: made, read, written. Immutable once made; safe to share between threads.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

using EVP_PKEY = struct evp_pkey_st;

namespace pki {

class Key {
 public:
  enum class Algorithm : uint8_t { EcdsaP256, Rsa2048 };

  static base::Result<Key> generate(Algorithm algorithm);
  // PKCS #8, SEC 1 or PKCS #1 private keys, or a public key (which can only verify), as PEM.
  static base::Result<Key> from_pem(std::string_view pem);
  // A public key from a JWK (RFC 7517), as JSON: RSA, or EC on P-256, P-384 or P-521. BadRequest for other kinds.
  static base::Result<Key> from_jwk(std::string_view json);

  // "-----BEGIN PRIVATE KEY-----" (PKCS #8). Secret: goes only into files of mode 0600.
  std::string private_pem() const;
  std::string public_pem() const;
  // What names the key in a JWT's `kid`: base64url(SHA-256(DER of the public key)), as upstream computes it.
  std::string id() const;
  bool is_rsa() const;
  bool is_private() const;
  // "P-256", "P-384", "P-521"; "" for what is not on one of these curves.
  std::string_view curve() const;
  size_t number_bytes() const;  // of a coordinate on that curve; 0 for other keys
  // The public key's parts for a JWKS, as JSON: {"use":"sig","kty":"RSA","kid":...,"alg":"RS256","n":...,"e":...}.
  std::string jwk() const;

  EVP_PKEY* handle() const { return handle_.get(); }

 private:
  explicit Key(EVP_PKEY* handle);

  std::shared_ptr<EVP_PKEY> handle_;
};

}  // namespace pki
