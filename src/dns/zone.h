// What the cluster's domain holds, as services and endpoint slices say it. Kubernetes DNS-Based Service Discovery,
// version 1.1.0.
//
//   SERVICE.NAMESPACE.svc.DOMAIN                    A, AAAA: the service's addresses, or those of its endpoints when it
//   is headless HOST.SERVICE.NAMESPACE.svc.DOMAIN               of one endpoint of a headless service
//   _PORT._PROTOCOL.SERVICE.NAMESPACE.svc.DOMAIN    SRV
//   1-2-3-4.NAMESPACE.pod.DOMAIN                    the address that the name says
//   4.3.2.1.in-addr.arpa, ....ip6.arpa              PTR
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core_v1.h"
#include "api/discovery_k8s_io_v1.h"
#include "dns/message.h"

namespace dns {

using ServiceRef = std::shared_ptr<const api::core_v1::Service>;
using SliceRef = std::shared_ptr<const api::discovery_k8s_io_v1::EndpointSlice>;

// Where the zone reads from.
struct Names {
  std::function<ServiceRef(std::string_view namespace_, std::string_view name)> service;
  std::function<std::vector<SliceRef>(std::string_view namespace_, std::string_view service)> slices;
  std::function<std::vector<ServiceRef>(std::string_view address)> services_by_address;
  std::function<std::vector<SliceRef>(std::string_view address)> slices_by_address;
  std::function<bool(std::string_view namespace_)> has_namespace;  // with anything in it
};

class Zone {
 public:
  Zone(std::string domain, Names names);

  // Nothing when the name is none of ours, and others have to be asked. A CNAME that leads out of the cluster is the
  // last answer, for the caller to follow.
  std::optional<Answer> answer(const Query& query) const;

 private:
  struct Endpoint {
    base::IpAddress address;
    std::string host;
  };
  std::optional<Answer> inside(const Query& query) const;
  Answer service_answer(const Query& query, const std::vector<std::string_view>& labels) const;
  Answer pod_answer(const Query& query, const std::vector<std::string_view>& labels) const;
  std::optional<Answer> reverse(const Query& query) const;
  std::vector<Endpoint> endpoints(const api::core_v1::Service& service) const;
  void add_addresses(const Query& query, const std::vector<base::IpAddress>& addresses, Answer& answer) const;
  void add_services(const Query& query, const api::core_v1::Service& service, std::string_view port,
                    std::string_view protocol, Answer& answer) const;
  Answer nothing(Code code) const;

  const std::string domain_;
  const Names names_;
};

// "10-0-0-1", as an endpoint without a name is called.
std::string dashed(const base::IpAddress& address);

}  // namespace dns
