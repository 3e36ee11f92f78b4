// What the expressions of policies and match conditions see of a write: `object`, `oldObject`, `request`,
// `namespaceObject`, `authorizer`. Kubernetes documentation, "Common Expression Language in Kubernetes".
#pragma once

#include <memory>

#include "apiserver/admission/plugin.h"
#include "apiserver/pipeline/authorizer.h"
#include "cel/admission_environment.h"
#include "cel/authorizer.h"
#include "cel/environment.h"
#include "cel/program.h"
#include "schema/value.h"

namespace apiserver {

class RequestAuthorizer;

// Holds the trees that an activation borrows. One write.
struct ExpressionInput {
  schema::Value object;
  schema::Value old_object;
  schema::Value request;
  schema::Value namespace_object;
  cel::Value authorizer;
  cel::Value request_resource;
  std::shared_ptr<RequestAuthorizer> rights;  // behind both

  // With the namespace when `needs_namespace`. `authorizer` outlives it.
  static io::Task<base::Result<std::unique_ptr<ExpressionInput>>> of(const Attempt& attempt, const Served& version,
                                                                     const Authorizer& authorizer,
                                                                     bool needs_namespace);
  void fill(cel::Activation& activation) const;
  // Asks what an evaluation wanted to know about rights and could not be told at once. True if there was anything: what
  // the evaluation came to does not count then, and it is to be done again.
  io::Task<bool> settle() const;
};

}  // namespace apiserver
