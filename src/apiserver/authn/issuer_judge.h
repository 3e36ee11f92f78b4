// Tokens of one issuer outside: OpenID Connect ID tokens, and other JWTs that look like them. Kubernetes documentation,
// "Authenticating", "OpenID Connect Tokens". Safe from any thread.
#pragma once

#include <string>
#include <vector>

#include "apiserver/authn/claim_mapping.h"
#include "apiserver/authn/issuer_keys.h"
#include "apiserver/authn/token_judge.h"
#include "base/clock.h"
#include "pki/jwt.h"

namespace apiserver {

class IssuerJudge final : public TokenJudge {
 public:
  struct Options {
    std::string issuer;
    std::vector<std::string> audiences;         // a token must be meant for one of them
    std::vector<pki::JwtAlgorithm> algorithms;  // that are taken
    std::vector<std::string> server_audiences;  // the API server's own: what a good token is good for
    std::string issuer_hash;                    // for metrics
  };
  // Clock and metrics are borrowed.
  IssuerJudge(Options options, IssuerKeys::Options keys, ClaimMapping mapping, const base::Clock& clock,
              AuthenticationMetrics& metrics);

  io::Task<base::Result<std::optional<TokenVerdict>>> verify(std::string token,
                                                             std::vector<std::string> audiences) override;

 private:
  io::Task<base::Result<User>> user_of(std::string token);
  io::Task<base::Result<void>> check_signature(const pki::Jwt& token);
  base::Result<void> check_claims(const schema::Value& claims) const;

  const Options options_;
  const ClaimMapping mapping_;
  const base::Clock& clock_;
  AuthenticationMetrics& metrics_;
  IssuerKeys keys_;
};

}  // namespace apiserver
