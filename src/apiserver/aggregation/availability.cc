#include "apiserver/aggregation/availability.h"

#include <algorithm>

#include "api/core_v1.h"
#include "api/discovery_k8s_io_v1.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
namespace registration = api::apiregistration_k8s_io_v1;
using Slices = std::vector<api::discovery_k8s_io_v1::EndpointSlice>;

constexpr std::string_view kServiceLabel = "kubernetes.io/service-name";

const core::ServicePort* port_numbered(const core::Service& service, int32_t number) {
  auto found = std::ranges::find(service.spec.ports, number, &core::ServicePort::port);
  return found == service.spec.ports.end() ? nullptr : &*found;
}

bool belongs_to(const api::discovery_k8s_io_v1::EndpointSlice& slice, const std::string& namespace_,
                const std::string& name) {
  auto label = slice.metadata.labels.find(kServiceLabel.data());
  return slice.metadata.namespace_ == namespace_ && label != slice.metadata.labels.end() && label->second == name;
}

std::vector<io::Address> ready_places(const std::string& namespace_, const std::string& name, const Slices& slices,
                                      const std::string& port_name) {
  std::vector<io::Address> places;
  for (const auto& slice : slices) {
    if (!belongs_to(slice, namespace_, name)) continue;
    for (const auto& port : slice.ports) {
      if (port.name.value_or("") != port_name || !port.port) continue;
      for (const auto& endpoint : slice.endpoints) {
        if (!endpoint.conditions.ready.value_or(true) || endpoint.addresses.empty()) continue;
        places.push_back({.host = endpoint.addresses[0], .port = static_cast<uint16_t>(*port.port)});
      }
    }
  }
  return places;
}

// `service/metrics in "kube-system"`
std::string shown(const registration::ServiceReference& to) {
  return base::cat({"service/", to.name, " in ", base::quote(to.namespace_)});
}

}  // namespace

Availability Availability::local() {
  return {"True", "Local", "Local APIServices are always available"};
}
Availability Availability::passed() {
  return {"True", "Passed", "all checks passed"};
}
Availability Availability::failed_discovery(std::string message) {
  return {"False", "FailedDiscoveryCheck", std::move(message)};
}
Availability Availability::no_access(const registration::ServiceReference& to, std::string_view why) {
  return {"Unknown", "ServiceAccessError", base::cat({shown(to), " cannot be checked due to: ", why})};
}

int32_t port_of(const registration::ServiceReference& to) {
  return to.port.value_or(kDefaultServicePort);
}

std::optional<Availability> judge(const registration::ServiceReference& to, const core::Service* service,
                                  const Slices& slices) {
  if (service == nullptr) return Availability{"False", "ServiceNotFound", base::cat({shown(to), " is not present"})};
  if (service->spec.type != "ClusterIP") return std::nullopt;
  const core::ServicePort* port = port_numbered(*service, port_of(to));
  if (port == nullptr) {
    return Availability{"False", "ServicePortError",
                        base::cat({shown(to), " is not listening on port ", std::to_string(port_of(to))})};
  }
  bool any = std::ranges::any_of(slices, [&](const auto& slice) { return belongs_to(slice, to.namespace_, to.name); });
  if (!any)
    return Availability{"False", "EndpointsNotFound", base::cat({"cannot find endpointslices for ", shown(to)})};
  if (!ready_places(to.namespace_, to.name, slices, port->name).empty()) return std::nullopt;
  return Availability{
      "False", "MissingEndpoints",
      base::cat({"endpointslices for ", shown(to), " have no addresses with port name ", base::quote(port->name)})};
}

base::Result<std::vector<io::Address>> places_of(const core::Service& service, const Slices& slices, int32_t number,
                                                 Routing routing) {
  auto nowhere = [](std::string why) { return base::fail(base::Code::Unavailable, std::move(why)); };
  const auto& spec = service.spec;
  const auto& name = service.metadata.name;
  if (spec.type == "ExternalName") {
    return std::vector<io::Address>{{.host = spec.external_name, .port = static_cast<uint16_t>(number)}};
  }
  if (routing == Routing::ClusterAddress && spec.type == "ClusterIP" && spec.cluster_ip == "None") {
    return nowhere("cannot route to service with ClusterIP \"None\"");
  }
  const core::ServicePort* port = port_numbered(service, number);
  if (port == nullptr) {
    return nowhere(base::cat({"no service port ", std::to_string(number), " found for service ", base::quote(name)}));
  }
  if (routing == Routing::ClusterAddress) {
    return std::vector<io::Address>{{.host = spec.cluster_ip, .port = static_cast<uint16_t>(number)}};
  }
  auto places = ready_places(service.metadata.namespace_, name, slices, port->name);
  if (places.empty()) return nowhere(base::cat({"no endpoints available for service ", base::quote(name)}));
  return places;
}

bool set_available(registration::APIService& service, const Availability& availability, base::Time now) {
  auto& conditions = service.status.conditions;
  auto found = std::ranges::find(conditions, "Available", &registration::APIServiceCondition::type);
  if (found == conditions.end()) {
    conditions.emplace_back().type = "Available";
    found = conditions.end() - 1;
  }
  if (Availability{found->status, found->reason, found->message} == availability) return false;
  if (found->status != availability.status) found->last_transition_time = now.truncated_to_seconds();
  found->status = availability.status;
  found->reason = availability.reason;
  found->message = availability.message;
  return true;
}

}  // namespace apiserver
