// Whom pods/proxy, services/proxy and nodes/proxy mean.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace api::core_v1 {
struct Pod;
struct Service;
}  // namespace api::core_v1
namespace api::discovery_k8s_io_v1 {
struct EndpointSlice;
}

namespace apiserver {

// "https:web:8443": a name with scheme and port as paths of proxies have it. Both may be absent.
struct ProxyName {
  std::string scheme;  // "", "http", "https"
  std::string name;
  std::string port;  // a number, or a name where the service's ports are meant
  static std::optional<ProxyName> parse(std::string_view text);
};

struct ProxyPlace {
  std::string host;
  uint16_t port = 0;
};
// The pod's address; its first port when none is named, else 80. BadRequest when it has no address.
base::Result<ProxyPlace> locate_pod(const api::core_v1::Pod& pod, const ProxyName& name);
// One of the endpoints that are ready, by `choice`. Unavailable when there is none, NotFound when the service has no
// endpoint slices at all.
base::Result<ProxyPlace> locate_service(const api::core_v1::Service& service,
                                        const std::vector<api::discovery_k8s_io_v1::EndpointSlice>& slices,
                                        const ProxyName& name, uint64_t choice);

// What follows ".../proxy" in a path as it was sent, and what stands before: {"/api/v1/nodes/a/proxy", "/metrics"}.
std::pair<std::string_view, std::string_view> split_proxy_path(std::string_view path, bool namespaced);

}  // namespace apiserver
