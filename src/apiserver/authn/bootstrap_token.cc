#include "apiserver/authn/bootstrap_token.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "api/core_v1.h"
#include "base/strings.h"
#include "pki/bootstrap_token.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr std::string_view kGroup = "system:bootstrappers";

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// Groups beside the one that all have: "system:bootstrappers:" and plain words. Nothing when one is not of that form.
std::optional<std::vector<std::string>> groups_of(std::string_view extra) {
  std::vector<std::string> groups = {std::string(kGroup)};
  if (extra.empty()) return groups;
  for (auto group : base::split(extra, ',')) {
    auto rest = group.substr(std::min(group.size(), kGroup.size()));
    bool fits = group.starts_with(kGroup) && rest.size() > 1 && rest[0] == ':' &&
                rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789:-") == std::string_view::npos &&
                rest.back() != ':' && rest.back() != '-';
    if (!fits) return std::nullopt;
    groups.emplace_back(group);
  }
  return groups;
}

}  // namespace

io::Task<base::Result<std::optional<TokenVerdict>>> BootstrapTokenJudge::verify(std::string token,
                                                                                std::vector<std::string>) {
  auto given = pki::parse_bootstrap_token(token);
  if (!given) co_return std::nullopt;
  auto secret = co_await reader_.get<core::Secret>(std::string(pki::kBootstrapTokenNamespace),
                                                   base::cat({pki::kBootstrapTokenPrefix, given->id}));
  if (!secret) {
    if (secret.error().code() == base::Code::NotFound) co_return std::nullopt;
    co_return base::fail(secret.error());
  }
  if (!secret->metadata.deletion_timestamp.is_zero()) co_return std::nullopt;
  pki::BootstrapTokenSecret said(secret->metadata.name, secret->type, secret->data);
  auto kept = said.token();
  if (!kept || !same(kept->secret, given->secret)) co_return std::nullopt;
  if (said.time_left_ns(clock_.wall_ns()).value_or(1) <= 0 || !said.is_for("authentication")) co_return std::nullopt;
  auto groups = groups_of(said.text("auth-extra-groups"));
  if (!groups) co_return std::nullopt;
  TokenVerdict verdict;
  verdict.user.name = "system:bootstrap:" + given->id;
  verdict.user.groups = std::move(*groups);
  co_return verdict;
}

}  // namespace apiserver
