// Which endpoint slices a service should have: pure. Slices are changed as little as possible: endpoints stay in the
// slice they are in, new ones go where there is room, and a slice that has none left goes.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "api/discovery_k8s_io_v1.h"
#include "controller/common/pods.h"
#include "controller/common/services.h"

namespace controller::endpointslice {

using api::discovery_k8s_io_v1::EndpointSlice;
using SlicePointer = std::shared_ptr<const EndpointSlice>;

inline constexpr std::string_view kManagedBy = "endpointslice.kubernetes.io/managed-by";
inline constexpr std::string_view kController = "endpointslice-controller.k8s.io";
inline constexpr std::string_view kServiceName = "kubernetes.io/service-name";

struct Plan {
  std::vector<EndpointSlice> create;
  std::vector<EndpointSlice> update;
  std::vector<SlicePointer> remove;
};

// `pods` are those the service selects, `slices` those of the service that are ours. `zone_of` tells a node's zone, ""
// if unknown.
Plan plan(const api::core_v1::Service& service, const std::vector<PodPointer>& pods,
          const std::vector<SlicePointer>& slices, const std::function<std::string(const std::string& node)>& zone_of,
          size_t max_endpoints);

}  // namespace controller::endpointslice
