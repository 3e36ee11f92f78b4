// What expressions about a write may name, in policies and match conditions: `object`, `oldObject`, `request`,
// `authorizer`, `namespaceObject`, `params`, `variables`. Kubernetes documentation, "Validating Admission Policy".
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cel/environment.h"

namespace cel {

struct AdmissionNames {
  bool with_params = false;
  bool with_namespace = true;
  DeclarationRef object = nullptr;  // of object and oldObject, where the kind is known; null: of any type
  DeclarationRef params = nullptr;  // the same
};
Environment admission_environment(const AdmissionNames& names);

// Of `namespaceObject`.
const DeclarationRef& namespace_declaration();

// The environment with `variables.NAME` for each of these.
Environment with_variables(Environment environment,
                           const std::vector<std::pair<std::string, DeclarationRef>>& variables);

}  // namespace cel
