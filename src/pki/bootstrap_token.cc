#include "pki/bootstrap_token.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>

#include "base/strings.h"
#include "base/time.h"

namespace pki {
namespace {

constexpr size_t kIdLength = 6;
constexpr size_t kSecretLength = 16;

bool is_plain(std::string_view text, size_t length) {
  return text.size() == length &&
         std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

}  // namespace

std::optional<BootstrapToken> parse_bootstrap_token(std::string_view text) {
  if (text.size() != kIdLength + 1 + kSecretLength || text[kIdLength] != '.') return std::nullopt;
  BootstrapToken token{std::string(text.substr(0, kIdLength)), std::string(text.substr(kIdLength + 1))};
  if (!is_plain(token.id, kIdLength) || !is_plain(token.secret, kSecretLength)) return std::nullopt;
  return token;
}

std::string_view BootstrapTokenSecret::text(std::string_view key) const {
  auto found = data_.find(key);
  return found == data_.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<BootstrapToken> BootstrapTokenSecret::token() const {
  BootstrapToken token{std::string(text("token-id")), std::string(text("token-secret"))};
  if (!is_plain(token.id, kIdLength) || !is_plain(token.secret, kSecretLength)) return std::nullopt;
  if (type_ != kBootstrapTokenType || name_ != base::cat({kBootstrapTokenPrefix, token.id})) return std::nullopt;
  return token;
}

bool BootstrapTokenSecret::is_for(std::string_view usage) const {
  return text(base::cat({"usage-bootstrap-", usage})) == "true";
}

std::optional<int64_t> BootstrapTokenSecret::time_left_ns(int64_t wall_ns) const {
  auto until = text("expiration");
  if (until.empty()) return std::nullopt;
  auto time = base::parse_rfc3339(until);
  return time ? time->seconds * 1'000'000'000 - wall_ns : 0;
}

std::string detached_signature(std::string_view text, const BootstrapToken& token) {
  auto header = base::base64url_encode(base::cat({R"({"alg":"HS256","kid":")", token.id, R"("})"}));
  auto signed_text = base::cat({header, ".", base::base64url_encode(text)});
  unsigned char code[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), token.secret.data(), static_cast<int>(token.secret.size()),
       reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size(), code, &size);
  return base::cat({header, "..", base::base64url_encode({reinterpret_cast<const char*>(code), size})});
}

}  // namespace pki
