// Which endpoint slices mirror Endpoints: pure. One for each subset and family of addresses.
#pragma once

#include "api/core_v1.h"
#include "controller/endpointslice/plan.h"

namespace controller::endpointslice_mirroring {

inline constexpr std::string_view kController = "endpointslicemirroring-controller.k8s.io";
inline constexpr size_t kSubsetMax = 1000;  // addresses of a subset that are mirrored

// Whether somebody wants them mirrored: not those that elect leaders, say so, or belong to a service with a selector.
bool is_mirrored(const api::core_v1::Endpoints& endpoints, const api::core_v1::Service* service);

// `slices` are those that mirror them now.
endpointslice::Plan plan(const api::core_v1::Endpoints& endpoints,
                         const std::vector<endpointslice::SlicePointer>& slices);

}  // namespace controller::endpointslice_mirroring
