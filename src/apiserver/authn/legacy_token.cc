#include "apiserver/authn/legacy_token.h"

#include <openssl/crypto.h>

#include "api/core_v1.h"
#include "apiserver/authn/bearer.h"
#include "base/strings.h"
#include "pki/jwt.h"
#include "schema/value.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr std::string_view kIssuer = "kubernetes/serviceaccount";

std::unexpected<base::Error> refuse(std::string_view why) {
  return base::fail(base::Code::Unauthorized, base::cat({"invalid bearer token: ", why}));
}

}  // namespace

io::Task<base::Result<std::optional<TokenVerdict>>> LegacyTokenJudge::verify(std::string token,
                                                                             std::vector<std::string> audiences) {
  if (unverified_issuer(token) != kIssuer) co_return std::nullopt;
  CO_TRY(auto json, pki::verify_jwt(token, *keys_->keys()));
  CO_TRY(auto claims, schema::Value::parse(json));
  auto claim = [&](std::string_view name) {
    return std::string(claims.text_at({base::cat({"kubernetes.io/serviceaccount/", name})}));
  };
  std::string namespace_ = claim("namespace");
  std::string account = claim("service-account.name");
  std::string uid = claim("service-account.uid");
  std::string secret_name = claim("secret.name");
  if (namespace_.empty() || account.empty() || uid.empty() || secret_name.empty())
    co_return refuse("namespace, account or secret is missing");
  if (claims.text_at({"sub"}) != base::cat({"system:serviceaccount:", namespace_, ":", account})) {
    co_return refuse("sub claim does not match its service account");
  }
  auto secret = co_await reader_.get<core::Secret>(namespace_, secret_name);
  if (!secret || !secret->metadata.deletion_timestamp.is_zero()) co_return refuse("Token has been invalidated");
  auto stored = secret->data.find("token");
  bool same = stored != secret->data.end() && stored->second.size() == token.size() &&
              CRYPTO_memcmp(stored->second.data(), token.data(), token.size()) == 0;
  if (!same) co_return refuse("Token does not match server's copy");
  auto found = co_await reader_.get<core::ServiceAccount>(namespace_, account);
  if (!found || found->metadata.uid != uid || !found->metadata.deletion_timestamp.is_zero())
    co_return refuse("ServiceAccount UID does not match");
  TokenVerdict verdict;
  verdict.audiences = common_audiences(audiences, audiences_, audiences_);
  if (verdict.audiences.empty()) co_return refuse("token audiences do not include any that was asked for");
  verdict.user.name = base::cat({"system:serviceaccount:", namespace_, ":", account});
  verdict.user.uid = uid;
  verdict.user.groups = {"system:serviceaccounts", "system:serviceaccounts:" + namespace_};
  co_return verdict;
}

}  // namespace apiserver
