// JSON Web Tokens (RFC 7519) signed with RSA or elliptic curves (RFC 7518). Only the signature is judged here: what the
// claims mean is the caller's business.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "pki/key.h"

namespace pki {

// Those with public keys. There is no "none" and no HMAC.
enum class JwtAlgorithm : uint8_t { RS256, RS384, RS512, ES256, ES384, ES512, PS256, PS384, PS512 };
std::optional<JwtAlgorithm> jwt_algorithm(std::string_view name);
std::string_view jwt_algorithm_name(JwtAlgorithm algorithm);
// What keys of ours sign with: RS256, or the one of the curve; nothing for other kinds of key.
std::optional<JwtAlgorithm> own_algorithm(const Key& key);

// A token taken apart, its signature not yet judged. `header.claims` is what was signed.
struct Jwt {
  JwtAlgorithm algorithm;
  std::string key_id;  // of the header; may be empty
  std::string claims;  // JSON text
  std::string message;
  std::string signature;
};
// Unauthorized for what is no JWT with a known algorithm. Bound: 64 KiB.
base::Result<Jwt> parse_jwt(std::string_view token);
// Whether `key` is of the kind that the algorithm wants and made the signature.
bool is_signed_by(const Jwt& token, const Key& key);

// "header.claims.signature" over `claims_json`; the header names the algorithm that fits the key, and the key's id.
base::Result<std::string> sign_jwt(std::string_view claims_json, const Key& key);

// The claims (JSON text) of a token that one of `keys` signed. The algorithm is the key's own, never the token's
// choice: "none", HMAC and a key of another kind fail. Unauthorized otherwise.
base::Result<std::string> verify_jwt(std::string_view token, const std::vector<Key>& keys);

}  // namespace pki
