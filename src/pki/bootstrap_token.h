// Tokens that new nodes join a cluster with: "id.secret", each kept as a Secret in kube-system. Kubernetes
// documentation, "Authenticating with Bootstrap Tokens".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pki {

inline constexpr std::string_view kBootstrapTokenType = "bootstrap.kubernetes.io/token";  // of the Secret
inline constexpr std::string_view kBootstrapTokenNamespace = "kube-system";
inline constexpr std::string_view kBootstrapTokenPrefix = "bootstrap-token-";  // of the Secret's name, before the id

struct BootstrapToken {
  std::string id, secret;
};

// "abcdef.0123456789abcdef" taken apart; nothing for what has another form.
std::optional<BootstrapToken> parse_bootstrap_token(std::string_view text);

// What a Secret says of a token.
class BootstrapTokenSecret {
 public:
  using Data = std::map<std::string, std::string, std::less<>>;
  BootstrapTokenSecret(std::string_view name, std::string_view type, const Data& data)  // borrowed
      : name_(name), type_(type), data_(data) {}

  // The token, whatever it is good for; nothing when type, name, id or secret are not of the form they must have.
  std::optional<BootstrapToken> token() const;
  // Under a key; "" if nothing.
  std::string_view text(std::string_view key) const;
  // Whether the token may be used for "authentication" or "signing".
  bool is_for(std::string_view usage) const;
  // How long it is good for after `wall_ns`, in nanoseconds: nothing is for ever, 0 and less is over. A time that
  // cannot be read is over.
  std::optional<int64_t> time_left_ns(int64_t wall_ns) const;

 private:
  std::string_view name_, type_;
  const Data& data_;
};

// What vouches for `text` to those who know the token: a detached JWS (RFC 7515, appendix F) with HMAC-SHA256.
std::string detached_signature(std::string_view text, const BootstrapToken& token);

}  // namespace pki
