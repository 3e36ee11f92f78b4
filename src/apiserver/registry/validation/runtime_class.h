// The rules of runtime classes and priority classes, beyond those of metadata. `current` null: at birth. Pure.
#pragma once

#include "api/node_k8s_io_v1.h"
#include "api/scheduling_k8s_io_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_runtime_class(const api::node_k8s_io_v1::RuntimeClass& next,
                                           const api::node_k8s_io_v1::RuntimeClass* current);
schema::FieldErrors validate_priority_class(const api::scheduling_k8s_io_v1::PriorityClass& next,
                                            const api::scheduling_k8s_io_v1::PriorityClass* current);

}  // namespace apiserver
