// The rules of admission policies and their bindings, beyond those of metadata. Pure.
#pragma once

#include "api/admissionregistration_k8s_io_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_policy(const api::admissionregistration_k8s_io_v1::ValidatingAdmissionPolicy& next);
schema::FieldErrors validate_policy(const api::admissionregistration_k8s_io_v1::MutatingAdmissionPolicy& next);
schema::FieldErrors validate_policy_status(const api::admissionregistration_k8s_io_v1::ValidatingAdmissionPolicy& next);
schema::FieldErrors validate_policy_binding(
    const api::admissionregistration_k8s_io_v1::ValidatingAdmissionPolicyBinding& next);
schema::FieldErrors validate_policy_binding(
    const api::admissionregistration_k8s_io_v1::MutatingAdmissionPolicyBinding& next);

}  // namespace apiserver
