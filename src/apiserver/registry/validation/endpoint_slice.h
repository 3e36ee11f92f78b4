// The rules of endpoint slices, beyond those of metadata. Pure.
#pragma once

#include <string>
#include <vector>

#include "api/discovery_k8s_io_v1.h"
#include "schema/field_error.h"

namespace apiserver {

// `current` null: at birth.
schema::FieldErrors validate_endpoint_slice(const api::discovery_k8s_io_v1::EndpointSlice& next,
                                            const api::discovery_k8s_io_v1::EndpointSlice* current);
void warn_about_endpoint_slice(std::vector<std::string>& warnings,
                               const api::discovery_k8s_io_v1::EndpointSlice& slice);

}  // namespace apiserver
