#include "apiserver/proxy/locate.h"

#include "api/core_v1.h"
#include "api/discovery_k8s_io_v1.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/proxy/errors.h"
#include "base/strings.h"

namespace apiserver {
namespace {

constexpr std::string_view kServiceLabel = "kubernetes.io/service-name";

std::optional<uint16_t> port_number(std::string_view text) {
  auto value = base::parse_uint(text);
  if (!value || *value == 0 || *value > 65535) return std::nullopt;
  return static_cast<uint16_t>(*value);
}

}  // namespace

std::optional<ProxyName> ProxyName::parse(std::string_view text) {
  auto parts = base::split(text, ':');
  ProxyName name;
  if (parts.size() == 1) {
    name.name = parts[0];
  } else if (parts.size() == 2) {
    name.name = parts[0];
    name.port = parts[1];
  } else if (parts.size() == 3) {
    name.scheme = parts[0];
    name.name = parts[1];
    name.port = parts[2];
  } else {
    return std::nullopt;
  }
  if (name.name.empty() || (!name.scheme.empty() && name.scheme != "http" && name.scheme != "https"))
    return std::nullopt;
  return name;
}

base::Result<ProxyPlace> locate_pod(const api::core_v1::Pod& pod, const ProxyName& name) {
  ProxyPlace place{.host = pod.status.pod_ip, .port = 80};
  if (place.host.empty() && !pod.status.pod_ips.empty()) place.host = pod.status.pod_ips[0].ip;
  if (place.host.empty()) return base::fail(bad_request("address not allowed"));
  if (!name.port.empty()) {
    auto port = port_number(name.port);
    if (!port) return base::fail(bad_request(base::cat({"invalid port ", base::quote(name.port)})));
    place.port = *port;
    return place;
  }
  for (const auto& container : pod.spec.containers) {
    if (container.ports.empty()) continue;
    place.port = static_cast<uint16_t>(container.ports[0].container_port);
    break;
  }
  return place;
}

base::Result<ProxyPlace> locate_service(const api::core_v1::Service& service,
                                        const std::vector<api::discovery_k8s_io_v1::EndpointSlice>& slices,
                                        const ProxyName& name, uint64_t choice) {
  const auto& service_name = service.metadata.name;
  std::string port_name = name.port;
  if (auto number = port_number(name.port)) {
    bool found = false;
    for (const auto& port : service.spec.ports) {
      if (port.port != *number) continue;
      port_name = port.name;
      found = true;
      break;
    }
    if (!found)
      return base::fail(service_unavailable(
          base::cat({"no service port ", name.port, " found for service ", base::quote(service_name)})));
  }
  std::vector<ProxyPlace> places;
  bool known = false;  // to whoever looks for endpoints
  for (const auto& slice : slices) {
    auto label = slice.metadata.labels.find(kServiceLabel);
    if (label == slice.metadata.labels.end() || label->second != service_name) continue;
    known = true;
    for (const auto& port : slice.ports) {
      if (port.name.value_or("") != port_name || !port.port) continue;
      for (const auto& endpoint : slice.endpoints) {
        if (!endpoint.conditions.ready.value_or(true) || endpoint.addresses.empty()) continue;
        places.push_back({endpoint.addresses[0], static_cast<uint16_t>(*port.port)});
      }
    }
  }
  if (!known) return base::fail(not_found("", "services", service_name));
  if (places.empty())
    return base::fail(
        service_unavailable(base::cat({"no endpoints available for service ", base::quote(service_name)})));
  return places[choice % places.size()];
}

std::pair<std::string_view, std::string_view> split_proxy_path(std::string_view path, bool namespaced) {
  // "/api/v1/nodes/NAME/proxy" has five pieces, "/api/v1/namespaces/NS/pods/NAME/proxy" seven.
  int pieces = namespaced ? 7 : 5;
  size_t at = 0;
  while (at < path.size() && pieces > 0) {
    size_t next = path.find('/', at + 1);
    at = next == path.npos ? path.size() : next;
    --pieces;
  }
  return {path.substr(0, at), path.substr(at)};
}

}  // namespace apiserver
