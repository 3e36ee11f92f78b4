#include "apiserver/authn/bearer.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "base/strings.h"
#include "pki/jwt.h"
#include "schema/value.h"

namespace apiserver {
namespace {

constexpr int64_t kRememberNs = 10'000'000'000;
constexpr size_t kRememberedMax = 4096;
constexpr std::string_view kSubjectPrefix = "system:serviceaccount:";

base::Error refused(std::string_view why) {
  return base::Error(base::Code::Unauthorized, base::cat({"invalid bearer token: ", why}));
}

std::string quoted(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const auto& text : texts) out += base::cat({out.size() > 1 ? " " : "", base::quote(text)});
  return out + "]";
}

User to_user(const TokenClaims& claims) {
  User user;
  user.name = claims.subject;
  user.uid = claims.service_account.uid;
  user.groups = {"system:serviceaccounts", "system:serviceaccounts:" + claims.namespace_};
  if (!claims.id.empty()) user.extra["authentication.kubernetes.io/credential-id"] = {"JTI=" + claims.id};
  auto add = [&](const char* what, const TokenBinding& binding) {
    if (binding.name.empty()) return;
    user.extra[base::cat({"authentication.kubernetes.io/", what, "-name"})] = {binding.name};
    if (!binding.uid.empty()) user.extra[base::cat({"authentication.kubernetes.io/", what, "-uid"})] = {binding.uid};
  };
  add("pod", claims.pod);
  add("node", claims.node);
  return user;
}

}  // namespace

std::string unverified_issuer(std::string_view token) {
  auto parts = base::split(token, '.');
  if (parts.size() != 3) return "";
  auto payload = base::base64url_decode(parts[1]);
  if (!payload) return "";
  auto claims = schema::Value::parse(*payload);
  return claims ? std::string(claims->text_at({"iss"})) : "";
}

std::optional<std::string_view> bearer_token(const io::Request& request) {
  std::string_view header = request.headers.get("authorization");
  auto space = header.find(' ');
  if (space == std::string_view::npos || !base::equals_ignoring_case(header.substr(0, space), "bearer"))
    return std::nullopt;
  auto token = base::trim(header.substr(space + 1));
  if (token.empty()) return std::nullopt;
  return token;
}

TokenVerifier::TokenVerifier(Options options, FindUid find_uid, const base::Clock& clock)
    : options_(std::move(options)), find_uid_(std::move(find_uid)), clock_(clock) {}

io::Task<base::Result<std::optional<TokenVerifier::Verdict>>> TokenVerifier::verify(
    std::string token, std::vector<std::string> audiences) {
  // What is not shaped like a JWT of our issuers belongs to another authenticator.
  auto issuer = unverified_issuer(token);
  if (std::ranges::find(options_.issuers, issuer) == options_.issuers.end()) co_return std::nullopt;
  CO_TRY(auto json, pki::verify_jwt(token, *options_.keys->keys()));
  CO_TRY(auto claims, decode_claims(json));
  if (claims.issuer != issuer) co_return base::fail(refused("issuers differ"));

  int64_t now = clock_.wall_ns() / 1'000'000'000;
  if (claims.expires_at == 0 || now >= claims.expires_at)
    co_return base::fail(refused("service account token has expired"));
  if (now < claims.not_before) co_return base::fail(refused("service account token is not valid yet"));
  auto expected = base::cat({kSubjectPrefix, claims.namespace_, ":", claims.service_account.name});
  if (claims.namespace_.empty() || claims.service_account.name.empty() || claims.subject != expected) {
    co_return base::fail(refused("sub claim does not match its service account"));
  }
  const auto& wanted = audiences.empty() ? options_.audiences : audiences;
  Verdict verdict;
  for (const auto& audience : wanted) {
    if (std::find(claims.audiences.begin(), claims.audiences.end(), audience) != claims.audiences.end()) {
      verdict.audiences.push_back(audience);
    }
  }
  if (verdict.audiences.empty()) {
    co_return base::fail(refused(base::cat(
        {"token audiences ", quoted(claims.audiences), " is invalid for the target audiences ", quoted(wanted)})));
  }
  CO_TRY(co_await check_binding("serviceaccounts", claims.namespace_, claims.service_account));
  CO_TRY(co_await check_binding("secrets", claims.namespace_, claims.secret));
  CO_TRY(co_await check_binding("pods", claims.namespace_, claims.pod));
  // A node named beside a pod is only said, not bound.
  if (claims.pod.name.empty()) CO_TRY(co_await check_binding("nodes", "", claims.node));
  verdict.user = to_user(claims);
  co_return verdict;
}

io::Task<base::Result<void>> TokenVerifier::check_binding(std::string resource, std::string namespace_,
                                                          TokenBinding binding) const {
  if (binding.name.empty()) co_return base::Result<void>();
  CO_TRY(auto uid, co_await find_uid_(resource, std::move(namespace_), binding.name));
  if (!uid || *uid != binding.uid) {
    co_return base::fail(refused("service account token has been invalidated"));
  }
  co_return base::Result<void>();
}

TokenAuthenticator::TokenAuthenticator(TokenJudge& verifier, const base::Clock& clock)
    : verifier_(verifier), clock_(clock) {}

io::Task<base::Result<std::optional<User>>> TokenAuthenticator::authenticate(const io::Request& request,
                                                                             const io::Peer&) {
  auto token = bearer_token(request);
  if (!token) co_return std::nullopt;
  int64_t now = clock_.monotonic_ns();
  {
    base::Lock lock(mutex_);
    auto known = remembered_.find(*token);
    if (known != remembered_.end() && now < known->second.until_ns) co_return known->second.user;
  }
  std::string text(*token);
  CO_TRY(auto verdict, co_await verifier_.verify(text, {}));
  if (!verdict) co_return std::nullopt;
  {
    base::Lock lock(mutex_);
    if (remembered_.size() >= kRememberedMax) remembered_.clear();
    remembered_[std::move(text)] = {verdict->user, now + kRememberNs};
  }
  co_return std::move(verdict->user);
}

base::Result<std::unique_ptr<StaticTokenAuthenticator>> StaticTokenAuthenticator::from_csv(std::string_view text) {
  auto list = std::make_unique<StaticTokenAuthenticator>();
  for (auto line : base::split(text, '\n')) {
    line = base::trim(line);
    if (line.empty() || line.front() == '#') continue;
    auto parts = base::split(line, ',');
    if (parts.size() < 3 || parts[0].empty() || parts[1].empty()) {
      return base::fail(base::Code::BadRequest, "token file: a line needs token,user,uid[,\"groups\"]");
    }
    User user;
    user.name = parts[1];
    user.uid = parts[2];
    for (size_t i = 3; i < parts.size(); ++i) {
      auto group = base::trim(parts[i]);
      if (group.starts_with('"')) group.remove_prefix(1);
      if (group.ends_with('"')) group.remove_suffix(1);
      if (!group.empty()) user.groups.emplace_back(group);
    }
    list->users_.emplace_back(parts[0], std::move(user));
  }
  return list;
}

io::Task<base::Result<std::optional<User>>> StaticTokenAuthenticator::authenticate(const io::Request& request,
                                                                                   const io::Peer&) {
  auto token = bearer_token(request);
  if (!token) co_return std::nullopt;
  for (const auto& [known, user] : users_) {
    // In constant time, so that answers do not tell how much of a guess was right.
    if (known.size() == token->size() && CRYPTO_memcmp(known.data(), token->data(), known.size()) == 0) co_return user;
  }
  co_return std::nullopt;
}

io::Task<base::Result<std::optional<User>>> UnionAuthenticator::authenticate(const io::Request& request,
                                                                             const io::Peer& peer) {
  std::optional<base::Error> refusal;
  for (auto& member : members_) {
    auto user = co_await member->authenticate(request, peer);
    if (!user) {
      if (!refusal) refusal = user.error();
      continue;
    }
    if (!*user) continue;
    auto& groups = (*user)->groups;
    if (std::find(groups.begin(), groups.end(), kAuthenticatedGroup) == groups.end())
      groups.emplace_back(kAuthenticatedGroup);
    co_return std::move(*user);
  }
  if (refusal) co_return base::fail(*refusal);
  if (bearer_token(request)) co_return base::fail(refused("nobody knows it"));
  co_return std::nullopt;
}

}  // namespace apiserver
