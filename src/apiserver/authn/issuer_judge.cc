#include "apiserver/authn/issuer_judge.h"

#include <algorithm>

#include "apiserver/authn/bearer.h"
#include "base/strings.h"
#include "base/time.h"

namespace apiserver {
namespace {

constexpr int64_t kNotBeforeLeewaySeconds = 300;  // clocks differ; as upstream's library has it
constexpr double kSecondsMax = 1e12;

std::unexpected<base::Error> refuse(std::string_view why) {
  return base::fail(base::Code::Unauthorized, base::cat({"oidc: verify token: ", why}));
}

// A time claim in seconds, nothing when it is absent or no number.
std::optional<int64_t> seconds_of(const schema::Value& claims, std::string_view name) {
  const auto* claim = claims.find(name);
  if (claim == nullptr || !claim->is_number()) return std::nullopt;
  double value = claim->as_double();
  if (!(value >= -kSecondsMax && value <= kSecondsMax)) return std::nullopt;
  return static_cast<int64_t>(value);
}

std::vector<std::string> audiences_of(const schema::Value& claims) {
  std::vector<std::string> audiences;
  const auto* claim = claims.find("aud");
  if (claim == nullptr) return audiences;
  if (claim->is_string()) audiences.push_back(claim->as_string());
  if (claim->is_array()) {
    for (const auto& one : claim->as_array()) {
      if (one.is_string()) audiences.push_back(one.as_string());
    }
  }
  return audiences;
}

std::string listed(const std::vector<std::string>& texts) {
  std::string out;
  for (const auto& text : texts) out += base::cat({out.empty() ? "" : " ", base::quote(text)});
  return base::cat({"[", out, "]"});
}

// Whether one of the keys that the token may mean signed it; a token without a key id may mean any.
bool is_signed_by_one(const pki::Jwt& token, const std::vector<IssuerKeys::Key>& keys) {
  return std::ranges::any_of(keys, [&](const auto& one) {
    return (token.key_id.empty() || one.id == token.key_id) && pki::is_signed_by(token, one.key);
  });
}

}  // namespace

IssuerJudge::IssuerJudge(Options options, IssuerKeys::Options keys, ClaimMapping mapping, const base::Clock& clock,
                         AuthenticationMetrics& metrics)
    : options_(std::move(options)),
      mapping_(std::move(mapping)),
      clock_(clock),
      metrics_(metrics),
      keys_(std::move(keys), clock, metrics) {}

io::Task<base::Result<std::optional<TokenVerdict>>> IssuerJudge::verify(std::string token,
                                                                        std::vector<std::string> audiences) {
  if (unverified_issuer(token) != options_.issuer) co_return std::nullopt;
  TokenVerdict verdict;
  verdict.audiences = common_audiences(audiences, options_.server_audiences, options_.server_audiences);
  if (verdict.audiences.empty()) co_return std::nullopt;
  int64_t began_ns = clock_.monotonic_ns();
  auto user = co_await user_of(std::move(token));
  metrics_.token_seconds.with({options_.issuer_hash, user ? "success" : "failure"})
      .observe(static_cast<double>(clock_.monotonic_ns() - began_ns) / 1e9);
  if (!user) co_return base::fail(user.error());
  verdict.user = std::move(*user);
  co_return verdict;
}

io::Task<base::Result<User>> IssuerJudge::user_of(std::string token) {
  CO_TRY(auto parsed, pki::parse_jwt(token));
  if (std::ranges::find(options_.algorithms, parsed.algorithm) == options_.algorithms.end()) {
    co_return refuse(base::cat({"oidc: malformed jwt: unexpected signature algorithm ",
                                base::quote(pki::jwt_algorithm_name(parsed.algorithm))}));
  }
  CO_TRY(co_await check_signature(parsed));
  auto claims = schema::Value::parse(parsed.claims);
  if (!claims || !claims->is_object()) co_return refuse("oidc: failed to unmarshal claims");
  CO_TRY(check_claims(*claims));
  co_return mapping_.user_of(*claims);
}

io::Task<base::Result<void>> IssuerJudge::check_signature(const pki::Jwt& token) {
  auto keys = co_await keys_.known();
  if (keys && is_signed_by_one(token, **keys)) co_return {};
  if (keys) keys = co_await keys_.newer_than(*keys);
  if (!keys) co_return refuse(base::cat({"failed to verify signature: fetching keys ", keys.error().message()}));
  if (is_signed_by_one(token, **keys)) co_return {};
  co_return refuse("failed to verify signature: failed to verify id token signature");
}

base::Result<void> IssuerJudge::check_claims(const schema::Value& claims) const {
  // What was looked at before the signature was judged is looked at again.
  if (claims.text_at({"iss"}) != options_.issuer) return refuse("oidc: id token issued by a different provider");
  auto audiences = audiences_of(claims);
  bool for_us = std::ranges::any_of(audiences, [&](const auto& one) {
    return std::ranges::find(options_.audiences, one) != options_.audiences.end();
  });
  if (!for_us) {
    return refuse(base::cat({"oidc: expected audience in ", listed(options_.audiences), " got ", listed(audiences)}));
  }
  int64_t now = clock_.wall_ns() / 1'000'000'000;
  auto expires = seconds_of(claims, "exp");
  if (!expires || now >= *expires) {
    return refuse(base::cat({"oidc: token is expired (Token Expiry: ",
                             base::format_rfc3339({.seconds = expires.value_or(0), .nanos = 0}), ")"}));
  }
  if (claims.find("nbf") != nullptr) {
    auto begins = seconds_of(claims, "nbf");
    if (!begins || now + kNotBeforeLeewaySeconds < *begins)
      return refuse("oidc: current time before the nbf (not before) time");
  }
  return {};
}

}  // namespace apiserver
