// Services and the pods behind them: what the two endpoint controllers share.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "client/cache.h"
#include "client/queue.h"
#include "controller/common/pods.h"
#include "controller/common/selector.h"

namespace controller {

// Which services select a pod, without decoding every service for every pod. One loop.
class ServiceSelectors {
 public:
  void changed(const client::Key& key, const api::core_v1::Service* now);
  std::vector<client::Key> selecting(const std::string& namespace_, const Labels& labels) const;

 private:
  std::map<std::string, std::map<std::string, Labels>> by_namespace_;  // those that have a selector
};

// Queues the services whose endpoints a change of a pod may touch.
void queue_services_of(const ServiceSelectors& selectors, client::Queue& queue, const api::core_v1::Pod* before,
                       const api::core_v1::Pod* now);

// Its endpoints are ours to write: it has a selector and is no alias of a name.
bool has_managed_endpoints(const api::core_v1::Service& service);
bool is_headless(const api::core_v1::Service& service);  // without a cluster address

// The pods it selects, in order of their names.
std::vector<PodPointer> pods_of(const client::Cache<api::core_v1::Pod>& pods, const api::core_v1::Service& service);

// Whether a pod can be an endpoint at all: it has an address and has not ended. Departing ones count only if
// `departing`.
bool can_be_endpoint(const api::core_v1::Pod& pod, bool departing);
// The number behind a service's port in this pod; nothing when the pod has no port of that name.
std::optional<int32_t> port_in_pod(const api::core_v1::ServicePort& port, const api::core_v1::Pod& pod);
// The name under which DNS knows the pod in this service, "" for none.
std::string endpoint_hostname(const api::core_v1::Pod& pod, const api::core_v1::Service& service);
api::core_v1::ObjectReference endpoint_target(const api::core_v1::Pod& pod);

// When the pod last became ready or stopped being so; zero if never.
base::Time ready_change(const api::core_v1::Pod& pod);

inline constexpr std::string_view kTriggerTime = "endpoints.kubernetes.io/last-change-trigger-time";
inline constexpr std::string_view kHeadless = "service.kubernetes.io/headless";

}  // namespace controller
