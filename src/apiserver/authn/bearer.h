// Who a bearer token stands for: service accounts' signed tokens, and tokens from a file.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/authn/claims.h"
#include "apiserver/authn/key_ring.h"
#include "apiserver/authn/token_judge.h"
#include "apiserver/pipeline/identity.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace apiserver {

// The token of an Authorization header; nothing if there is none of the Bearer kind.
std::optional<std::string_view> bearer_token(const io::Request& request);

// The issuer that a JWT names, whoever signed it; "" for what is no JWT. Tells whose affair a token is, nothing else.
std::string unverified_issuer(std::string_view token);

// The uid of an object, or nothing if it is absent or being deleted for longer than tokens outlive it. Kinds:
// "serviceaccounts", "pods", "secrets", "nodes".
using FindUid = std::function<io::Task<base::Result<std::optional<std::string>>>(
    std::string resource, std::string namespace_, std::string name)>;

// Judges service account tokens. Safe from any thread.
class TokenVerifier final : public TokenJudge {
 public:
  struct Options {
    std::vector<std::string> issuers;    // that tokens may name
    std::vector<std::string> audiences;  // the API server's own
    std::shared_ptr<const KeyRing> keys;
  };
  TokenVerifier(Options options, FindUid find_uid, const base::Clock& clock);

  using Verdict = TokenVerdict;
  // Nothing if the token is not one of these issuers'; Unauthorized for one that is forged, expired, not yet valid,
  // meant for others, or tied to something that is gone. `audiences` empty: the API server's own.
  io::Task<base::Result<std::optional<Verdict>>> verify(std::string token, std::vector<std::string> audiences) override;

 private:
  io::Task<base::Result<void>> check_binding(std::string resource, std::string namespace_, TokenBinding binding) const;

  const Options options_;
  const FindUid find_uid_;
  const base::Clock& clock_;
};

// Bearer tokens on requests: asks the verifier, and remembers good answers for ten seconds (as upstream does).
class TokenAuthenticator final : public Authenticator {
 public:
  TokenAuthenticator(TokenJudge& verifier, const base::Clock& clock);  // borrowed
  io::Task<base::Result<std::optional<User>>> authenticate(const io::Request& request, const io::Peer& peer) override;

 private:
  struct Remembered {
    User user;
    int64_t until_ns = 0;
  };
  TokenJudge& verifier_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  std::map<std::string, Remembered, std::less<>> remembered_ GUARDED_BY(mutex_);  // by token; bounded
};

// A fixed list of tokens, as `--token-auth-file` gives it: lines of `token,user,uid,"group1,group2"`.
class StaticTokenAuthenticator final : public Authenticator {
 public:
  static base::Result<std::unique_ptr<StaticTokenAuthenticator>> from_csv(std::string_view text);
  io::Task<base::Result<std::optional<User>>> authenticate(const io::Request& request, const io::Peer& peer) override;

 private:
  std::vector<std::pair<std::string, User>> users_;
};

// Asks each in turn: the first to know the user decides. If none does and one refused, its refusal stands. Adds the
// group system:authenticated.
class UnionAuthenticator final : public Authenticator {
 public:
  explicit UnionAuthenticator(std::vector<std::unique_ptr<Authenticator>> members) : members_(std::move(members)) {}
  io::Task<base::Result<std::optional<User>>> authenticate(const io::Request& request, const io::Peer& peer) override;

 private:
  std::vector<std::unique_ptr<Authenticator>> members_;
};

}  // namespace apiserver
