// An authorizer outside: asked with SubjectAccessReviews, its answers remembered for a while. Kubernetes documentation,
// "Webhook Mode". Safe from any thread.
#pragma once

#include <map>
#include <string>

#include "apiserver/authz/authorization_metrics.h"
#include "apiserver/authz/match_conditions.h"
#include "apiserver/outbound/post.h"
#include "apiserver/pipeline/authorizer.h"
#include "base/clock.h"
#include "base/mutex.h"

namespace apiserver {

class WebhookAuthorizer final : public Authorizer {
 public:
  struct Options {
    std::string name;
    Destination server;
    std::string review_version = "v1";              // of the SubjectAccessReviews it is sent: "v1" or "v1beta1"
    int64_t allowed_remember_ns = 300'000'000'000;  // 0: answers are not remembered
    int64_t refused_remember_ns = 30'000'000'000;
    int64_t timeout_ns = 30'000'000'000;
    Decision on_error = Decision::NoOpinion;
    AuthorizerConditions conditions;
  };
  // Clock and metrics are borrowed.
  WebhookAuthorizer(Options options, const base::Clock& clock, AuthorizationMetrics& metrics);

  // Known at once: what a condition leaves out, and answers that are remembered.
  std::optional<Authorization> decide(const AuthorizationAttributes& attributes) const override;
  io::Task<Authorization> authorize(AuthorizationAttributes attributes) const override;

 private:
  struct Question;
  struct Known {
    Authorization answer;
    int64_t until_ns = 0;
  };
  std::optional<Authorization> decide(const Question& question) const;
  io::Task<base::Result<Authorization>> ask(std::string body) const;
  io::Task<base::Result<Authorization>> ask_once(std::string body) const;
  void remember(Question&& question, const Authorization& answer) const;

  const Options options_;
  const base::Clock& clock_;
  AuthorizationMetrics& metrics_;
  mutable base::Mutex mutex_;
  mutable std::map<std::string, Known> known_ GUARDED_BY(mutex_);  // by the question's JSON; bounded
};

}  // namespace apiserver
