// Authorizers of one mind: AlwaysAllow and AlwaysDeny.
#pragma once

#include "apiserver/pipeline/authorizer.h"

namespace apiserver {

class AlwaysAuthorizer final : public Authorizer {
 public:
  // Allow, or NoOpinion: AlwaysDeny leaves it to those after it.
  explicit AlwaysAuthorizer(Decision decision) : decision_(decision) {}
  std::optional<Authorization> decide(const AuthorizationAttributes&) const override {
    if (decision_ == Decision::Allow) return Authorization{.decision = decision_};
    return Authorization{.decision = decision_, .reason = "Everything is forbidden."};
  }

 private:
  const Decision decision_;
};

}  // namespace apiserver
