// Whether a custom resource definition may be. Complaints name fields as upstream's own form of definitions has them:
// what is the same in all versions stands once, at the top ("spec.validation" for "spec.versions[*].schema").
#pragma once

#include "apiserver/crd/conditions.h"
#include "schema/field_error.h"

namespace apiserver::crd {

// Beside metadata. `current` is null at birth.
schema::FieldErrors validate_definition(const Definition& next, const Definition* current);
schema::FieldErrors validate_definition_status(const Definition& next);

// The condition about the approval of groups that belong to the Kubernetes project; nothing for other groups.
struct Approval {
  bool approved = false;
  std::string reason, message;
};
std::optional<Approval> approval_of(const Definition& definition);

}  // namespace apiserver::crd
