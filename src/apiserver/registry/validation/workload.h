// The rules of what makes pods. Pure. `current` null: at birth.
#pragma once

#include "api/apps_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_deployment(const api::apps_v1::Deployment& next, const api::apps_v1::Deployment* current);
schema::FieldErrors validate_stateful_set(const api::apps_v1::StatefulSet& next, const api::apps_v1::StatefulSet* current);

}  // namespace apiserver
