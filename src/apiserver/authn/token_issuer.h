// Makes service account tokens, and tells the world how to check them.
#pragma once

#include <string>
#include <vector>

#include "apiserver/authn/claims.h"
#include "apiserver/authn/key_ring.h"
#include "base/clock.h"
#include "base/random.h"

namespace apiserver {

struct IssuedToken {
  std::string token;
  int64_t expires_at = 0;  // seconds since 1970
};

// Safe from any thread.
class TokenIssuer {
 public:
  TokenIssuer(std::string issuer, std::vector<std::string> api_audiences, std::shared_ptr<const KeyRing> keys,
              base::Clock& clock, base::Random& random);

  // Signs `claims` after filling in issuer, subject, id and times. No audiences: the API server's own.
  // `seconds` is the life asked for, 600 to 2^32; the caller has validated it.
  base::Result<IssuedToken> issue(TokenClaims claims, int64_t seconds) const;

  // "/.well-known/openid-configuration" and "/openid/v1/jwks", as JSON; `keys_url` is where the latter is found.
  std::string discovery_document(const std::string& keys_url) const;
  std::string key_set() const;

  const std::string& issuer() const { return issuer_; }
  const std::vector<std::string>& api_audiences() const { return api_audiences_; }

 private:
  const std::string issuer_;
  const std::vector<std::string> api_audiences_;
  const std::shared_ptr<const KeyRing> keys_;
  base::Clock& clock_;
  base::Random& random_;
};

}  // namespace apiserver
