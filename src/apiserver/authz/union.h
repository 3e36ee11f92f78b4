// Several authorizers as one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apiserver/authz/authorization_metrics.h"
#include "apiserver/pipeline/authorizer.h"

namespace apiserver {

// Members of system:masters may do everything; then each member in turn, until one allows or denies.
class UnionAuthorizer final : public Authorizer {
 public:
  struct Member {
    std::string type;  // "RBAC", "Webhook", ...
    std::string name;
    std::shared_ptr<const Authorizer> authorizer;
  };
  // The metrics are borrowed; none: nothing is counted.
  explicit UnionAuthorizer(const std::vector<Member>& members, AuthorizationMetrics* metrics = nullptr);
  // Nothing as soon as a member's turn comes that has to ask.
  std::optional<Authorization> decide(const AuthorizationAttributes& attributes) const override;
  io::Task<Authorization> authorize(AuthorizationAttributes attributes) const override;

 private:
  struct Counted {
    std::shared_ptr<const Authorizer> authorizer;
    base::Counter* allowed;
    base::Counter* denied;
    void count(Decision decision) const;
  };
  // What is said by those who have no opinion.
  struct Remarks {
    std::string reasons, errors;
    void add(Authorization&& answer);
    Authorization no_opinion() &&;
  };

  std::vector<Counted> members_;
};

}  // namespace apiserver
