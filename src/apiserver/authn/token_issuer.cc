#include "apiserver/authn/token_issuer.h"

#include <set>

#include "base/json.h"
#include "base/strings.h"
#include "pki/jwt.h"

namespace apiserver {
namespace {

// The life that kubelets ask for when they mount a token. Such a token is good for a year, for clients that never read
// it again, and warns after the time asked for. (Upstream: extended expiration of bound tokens.)
constexpr int64_t kMountedSeconds = 3607;
constexpr int64_t kYear = 365 * 24 * 3600;

}  // namespace

TokenIssuer::TokenIssuer(std::string issuer, std::vector<std::string> api_audiences,
                         std::shared_ptr<const KeyRing> keys, base::Clock& clock, base::Random& random)
    : issuer_(std::move(issuer)),
      api_audiences_(std::move(api_audiences)),
      keys_(std::move(keys)),
      clock_(clock),
      random_(random) {}

base::Result<IssuedToken> TokenIssuer::issue(TokenClaims claims, int64_t seconds) const {
  int64_t now = clock_.wall_ns() / 1'000'000'000;
  claims.issuer = issuer_;
  claims.subject = base::cat({"system:serviceaccount:", claims.namespace_, ":", claims.service_account.name});
  claims.id = random_.uuid();
  claims.issued_at = claims.not_before = now;
  bool for_us = claims.audiences.empty() || claims.audiences == api_audiences_;
  if (claims.audiences.empty()) claims.audiences = api_audiences_;
  bool extended = for_us && seconds == kMountedSeconds && !claims.pod.name.empty();
  if (extended) claims.warn_after = now + seconds;
  claims.expires_at = now + (extended ? kYear : seconds);
  TRY(auto token, pki::sign_jwt(encode_claims(claims), keys_->keys()->front()));
  return IssuedToken{std::move(token), extended ? now + seconds : claims.expires_at};
}

std::string TokenIssuer::discovery_document(const std::string& keys_url) const {
  std::string out = R"({"issuer":)";
  base::append_json_string(out, issuer_);
  out += R"(,"jwks_uri":)";
  base::append_json_string(out, keys_url);
  out +=
      R"(,"response_types_supported":["id_token"],"subject_types_supported":["public"],"id_token_signing_alg_values_supported":[)";
  std::set<std::string_view> algorithms;
  for (const auto& key : *keys_->keys()) algorithms.insert(pki::jwt_algorithm_name(*pki::own_algorithm(key)));
  for (auto algorithm : algorithms) out += base::cat({out.back() == '[' ? "" : ",", base::quote(algorithm)});
  return out + "]}";
}

std::string TokenIssuer::key_set() const {
  std::string out = R"({"keys":[)";
  for (const auto& key : *keys_->keys()) out += base::cat({out.back() == '[' ? "" : ",", key.jwk()});
  return out + "]}";
}

}  // namespace apiserver
