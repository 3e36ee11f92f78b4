// The rules of roles and bindings, beyond those of metadata. `current` null: at birth. Pure.
#pragma once

#include "api/rbac_authorization_k8s_io_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_role(const api::rbac_authorization_k8s_io_v1::Role& next);
schema::FieldErrors validate_cluster_role(const api::rbac_authorization_k8s_io_v1::ClusterRole& next,
                                          const api::rbac_authorization_k8s_io_v1::ClusterRole* current);
schema::FieldErrors validate_role_binding(const api::rbac_authorization_k8s_io_v1::RoleBinding& next,
                                          const api::rbac_authorization_k8s_io_v1::RoleBinding* current);
schema::FieldErrors validate_cluster_role_binding(const api::rbac_authorization_k8s_io_v1::ClusterRoleBinding& next,
                                                  const api::rbac_authorization_k8s_io_v1::ClusterRoleBinding* current);

}  // namespace apiserver
