// Tokens that a server outside knows: it is asked with a TokenReview, and its answers are remembered for a while.
// Kubernetes documentation, "Webhook Token Authentication".
#pragma once

#include <map>

#include "apiserver/authn/token_judge.h"
#include "apiserver/outbound/post.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace apiserver {

class TokenWebhook final : public TokenJudge {
 public:
  struct Options {
    Destination server;                  // of a kubeconfig
    std::vector<std::string> audiences;  // the API server's own
    int64_t remember_seconds = 120;      // upstream's --authentication-token-webhook-cache-ttl
  };
  TokenWebhook(Options options, const base::Clock& clock) : options_(std::move(options)), clock_(clock) {}
  io::Task<base::Result<std::optional<TokenVerdict>>> verify(std::string token,
                                                             std::vector<std::string> audiences) override;

 private:
  struct Known {
    std::optional<TokenVerdict> verdict;
    int64_t until_ns = 0;
  };
  io::Task<base::Result<std::optional<TokenVerdict>>> ask(std::string token, std::vector<std::string> audiences);

  const Options options_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  std::map<std::string, Known> known_ GUARDED_BY(mutex_);  // by digest of token and audiences; bounded
};

}  // namespace apiserver
