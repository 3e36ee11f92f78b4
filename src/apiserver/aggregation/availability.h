// Whether the server behind an APIService can serve, as far as the objects in the store tell, and where it is. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "api/apiregistration_k8s_io_v1.h"
#include "base/result.h"
#include "base/time.h"
#include "io/socket.h"

namespace api::core_v1 {
struct Service;
}
namespace api::discovery_k8s_io_v1 {
struct EndpointSlice;
}

namespace apiserver {

// The condition Available, but for its time.
struct Availability {
  std::string status;
  std::string reason;
  std::string message;
  bool operator==(const Availability&) const = default;

  static Availability local();
  static Availability passed();
  static Availability failed_discovery(std::string message);
  static Availability no_access(const api::apiregistration_k8s_io_v1::ServiceReference& to, std::string_view why);
};

// What is known without asking the server; nothing when it has to be asked. `service` is null when there is none.
std::optional<Availability> judge(const api::apiregistration_k8s_io_v1::ServiceReference& to,
                                  const api::core_v1::Service* service,
                                  const std::vector<api::discovery_k8s_io_v1::EndpointSlice>& slices);

enum class Routing : uint8_t {
  ClusterAddress,  // the service's own address, which the proxy of our machine leads on
  Endpoints,       // straight to what is ready
};
// At least one place.
base::Result<std::vector<io::Address>> places_of(const api::core_v1::Service& service,
                                                 const std::vector<api::discovery_k8s_io_v1::EndpointSlice>& slices,
                                                 int32_t port, Routing routing);

constexpr int32_t kDefaultServicePort = 443;
int32_t port_of(const api::apiregistration_k8s_io_v1::ServiceReference& to);

// False when the condition says so already. Its time changes with its status only.
bool set_available(api::apiregistration_k8s_io_v1::APIService& service, const Availability& availability,
                   base::Time now);

}  // namespace apiserver
