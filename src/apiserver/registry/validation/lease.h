// The rules of leases, beyond those of metadata. Pure.
#pragma once

#include "api/coordination_k8s_io_v1.h"
#include "schema/field_error.h"

namespace apiserver {

schema::FieldErrors validate_lease(const api::coordination_k8s_io_v1::Lease& next);

}  // namespace apiserver
