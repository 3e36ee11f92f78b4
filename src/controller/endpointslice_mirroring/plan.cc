#include "controller/endpointslice_mirroring/plan.h"

#include <algorithm>

#include "base/ip.h"
#include "controller/common/ownership.h"
#include "controller/common/services.h"

namespace controller::endpointslice_mirroring {
namespace {

using api::core_v1::EndpointAddress;
using api::core_v1::Endpoints;
using api::core_v1::EndpointSubset;
using api::discovery_k8s_io_v1::Endpoint;
using endpointslice::EndpointSlice;

constexpr std::string_view kSkip = "endpointslice.kubernetes.io/skip-mirror";
constexpr std::string_view kLeader = "control-plane.alpha.kubernetes.io/leader";
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";

Endpoint endpoint_of(const EndpointAddress& address, bool ready) {
  Endpoint endpoint;
  endpoint.addresses = {address.ip};
  endpoint.conditions.ready = ready;
  endpoint.target_ref = address.target_ref;
  if (address.node_name && !address.node_name->empty()) endpoint.node_name = address.node_name;
  if (!address.hostname.empty()) endpoint.hostname = address.hostname;
  return endpoint;
}

// The endpoints of a subset whose addresses are of the family.
std::vector<Endpoint> endpoints_of(const EndpointSubset& subset, bool v4) {
  std::vector<Endpoint> out;
  size_t counted = 0;
  auto add = [&](const std::vector<EndpointAddress>& addresses, bool ready) {
    for (const auto& address : addresses) {
      if (counted++ >= kSubsetMax) return;
      auto parsed = base::IpAddress::parse(address.ip);
      if (parsed && parsed->is_v4() == v4) out.push_back(endpoint_of(address, ready));
    }
  };
  add(subset.addresses, true);
  add(subset.not_ready_addresses, false);
  return out;
}

EndpointSlice frame(const Endpoints& endpoints, std::string_view type) {
  EndpointSlice slice;
  slice.metadata.namespace_ = endpoints.metadata.namespace_;
  slice.metadata.generate_name = endpoints.metadata.name + "-";
  slice.metadata.owner_references.push_back(controller_reference(endpoints));
  slice.metadata.labels = endpoints.metadata.labels;
  slice.metadata.labels[std::string(endpointslice::kServiceName)] = endpoints.metadata.name;
  slice.metadata.labels[std::string(endpointslice::kManagedBy)] = kController;
  slice.metadata.annotations = endpoints.metadata.annotations;
  std::erase_if(slice.metadata.annotations,
                [](const auto& entry) { return entry.first == kTriggerTime || entry.first == kLastApplied; });
  slice.address_type = type;
  return slice;
}

std::vector<EndpointSlice> wanted_slices(const Endpoints& endpoints) {
  std::vector<EndpointSlice> wanted;
  for (const auto& subset : endpoints.subsets) {
    for (bool v4 : {true, false}) {
      auto mirrored = endpoints_of(subset, v4);
      if (mirrored.empty()) continue;
      EndpointSlice& slice = wanted.emplace_back(frame(endpoints, v4 ? "IPv4" : "IPv6"));
      slice.endpoints = std::move(mirrored);
      for (const auto& port : subset.ports) {
        auto& added = slice.ports.emplace_back();
        added.name = port.name;
        added.port = port.port;
        added.protocol = port.protocol.empty() ? "TCP" : port.protocol;
        added.app_protocol = port.app_protocol;
      }
    }
  }
  return wanted;
}

bool says_the_same(const EndpointSlice& a, const EndpointSlice& b) {
  return a.endpoints == b.endpoints && a.metadata.labels == b.metadata.labels &&
         a.metadata.annotations == b.metadata.annotations;
}

}  // namespace

bool is_mirrored(const Endpoints& endpoints, const api::core_v1::Service* service) {
  const auto& meta = endpoints.metadata;
  auto skip = meta.labels.find(kSkip);
  if (skip != meta.labels.end() && skip->second == "true") return false;
  if (meta.annotations.contains(kLeader) || is_being_deleted(meta)) return false;
  return service && service->spec.selector.empty() && service->spec.type != "ExternalName";
}

endpointslice::Plan plan(const Endpoints& endpoints, const std::vector<endpointslice::SlicePointer>& slices) {
  endpointslice::Plan plan;
  auto wanted = wanted_slices(endpoints);
  for (const auto& slice : slices) {
    auto match = std::find_if(wanted.begin(), wanted.end(), [&](const EndpointSlice& one) {
      return one.address_type == slice->address_type && one.ports == slice->ports;
    });
    if (match == wanted.end()) {
      plan.remove.push_back(slice);
      continue;
    }
    if (!says_the_same(*match, *slice)) {
      EndpointSlice next = *slice;
      next.endpoints = std::move(match->endpoints);
      next.metadata.labels = std::move(match->metadata.labels);
      next.metadata.annotations = std::move(match->metadata.annotations);
      plan.update.push_back(std::move(next));
    }
    wanted.erase(match);
  }
  plan.create = std::move(wanted);
  return plan;
}

}  // namespace controller::endpointslice_mirroring
