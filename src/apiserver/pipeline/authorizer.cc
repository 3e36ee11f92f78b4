#include "apiserver/pipeline/authorizer.h"

namespace apiserver {

// For those who always know.
io::Task<Authorization> Authorizer::authorize(AuthorizationAttributes attributes) const {
  co_return decide(attributes).value_or(Authorization{});
}

}  // namespace apiserver
