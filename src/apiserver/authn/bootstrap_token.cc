#include "apiserver/authn/bootstrap_token.h"

#include <openssl/crypto.h>

#include <algorithm>

#include "api/core_v1.h"
#include "base/strings.h"
#include "base/time.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr size_t kIdLength = 6;
constexpr size_t kSecretLength = 16;
constexpr std::string_view kGroup = "system:bootstrappers";

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

std::string_view data(const core::Secret& secret, std::string_view key) {
  auto found = secret.data.find(key);
  return found == secret.data.end() ? std::string_view() : std::string_view(found->second);
}

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// Groups beside the one that all have: "system:bootstrappers:" and plain words. Nothing when one is not of that form.
std::optional<std::vector<std::string>> groups_of(const core::Secret& secret) {
  std::vector<std::string> groups = {std::string(kGroup)};
  auto extra = data(secret, "auth-extra-groups");
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
  if (token.size() != kIdLength + 1 + kSecretLength || token[kIdLength] != '.') co_return std::nullopt;
  std::string id = token.substr(0, kIdLength);
  std::string secret_part = token.substr(kIdLength + 1);
  if (!is_plain(id) || !is_plain(secret_part)) co_return std::nullopt;
  auto secret = co_await reader_.get<core::Secret>("kube-system", "bootstrap-token-" + id);
  if (!secret) {
    if (secret.error().code() == base::Code::NotFound) co_return std::nullopt;
    co_return base::fail(secret.error());
  }
  if (!secret->metadata.deletion_timestamp.is_zero() || secret->type != "bootstrap.kubernetes.io/token")
    co_return std::nullopt;
  if (!same(data(*secret, "token-secret"), secret_part) || data(*secret, "token-id") != id) co_return std::nullopt;
  if (auto until = data(*secret, "expiration"); !until.empty()) {
    auto time = base::parse_rfc3339(until);
    if (!time || time->seconds <= clock_.wall_ns() / 1'000'000'000) co_return std::nullopt;
  }
  if (data(*secret, "usage-bootstrap-authentication") != "true") co_return std::nullopt;
  auto groups = groups_of(*secret);
  if (!groups) co_return std::nullopt;
  TokenVerdict verdict;
  verdict.user.name = "system:bootstrap:" + id;
  verdict.user.groups = std::move(*groups);
  co_return verdict;
}

}  // namespace apiserver
