// What a service account token says: the claims of a JWT as upstream lays them out.
// Kubernetes documentation, "Managing Service Accounts", "Bound service account tokens".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace apiserver {

// An object a token is tied to: it is worth nothing once that object is gone. No name: not tied.
struct TokenBinding {
  std::string name;
  std::string uid;
};

struct TokenClaims {
  std::string issuer;
  std::string subject;  // "system:serviceaccount:NAMESPACE:NAME"
  std::string id;       // jti
  std::vector<std::string> audiences;
  int64_t issued_at = 0;  // seconds since 1970
  int64_t not_before = 0;
  int64_t expires_at = 0;  // 0: does not say
  int64_t warn_after = 0;

  std::string namespace_;
  TokenBinding service_account;
  TokenBinding pod;
  TokenBinding secret;
  TokenBinding node;
};

std::string encode_claims(const TokenClaims& claims);
// Unauthorized for text that is not such claims.
base::Result<TokenClaims> decode_claims(std::string_view json);

}  // namespace apiserver
