// Several authorizers as one.
#pragma once

#include <memory>
#include <vector>

#include "apiserver/pipeline/authorizer.h"

namespace apiserver {

// Members of system:masters may do everything; then each member in turn, until one allows or denies.
class UnionAuthorizer final : public Authorizer {
 public:
  explicit UnionAuthorizer(std::vector<std::shared_ptr<const Authorizer>> members) : members_(std::move(members)) {}
  Authorization authorize(const AuthorizationAttributes& attributes) const override;

 private:
  std::vector<std::shared_ptr<const Authorizer>> members_;
};

}  // namespace apiserver
