#include "controller/list.h"

#include <algorithm>

#include "base/log.h"
#include "controller/cronjob/cronjob.h"
#include "controller/daemonset/daemonset.h"
#include "controller/deployment/deployment.h"
#include "controller/disruption/disruption.h"
#include "controller/endpoints/endpoints.h"
#include "controller/endpointslice/endpointslice.h"
#include "controller/garbage_collector/garbage_collector.h"
#include "controller/job/job.h"
#include "controller/namespace/namespace.h"
#include "controller/node_lifecycle/node_lifecycle.h"
#include "controller/node_ipam/node_ipam.h"
#include "controller/pod_gc/pod_gc.h"
#include "controller/replicaset/replicaset.h"
#include "controller/root_ca/root_ca.h"
#include "controller/serviceaccount/serviceaccount.h"
#include "controller/statefulset/statefulset.h"
#include "controller/taint_eviction/taint_eviction.h"
#include "controller/ttl_after_finished/ttl_after_finished.h"
#include "io/loop.h"

namespace controller {
namespace {

constexpr Row kRows[] = {
    {"cronjob-controller", make_cronjob_controller},
    {"daemonset-controller", make_daemonset_controller},
    {"deployment-controller", make_deployment_controller},
    {"disruption-controller", make_disruption_controller},
    {"endpoints-controller", make_endpoints_controller},
    {"endpointslice-controller", make_endpointslice_controller},
    {"garbage-collector-controller", make_garbage_collector},
    {"job-controller", make_job_controller},
    {"namespace-controller", make_namespace_controller},
    {"node-ipam-controller", make_node_ipam_controller},
    {"node-lifecycle-controller", make_node_lifecycle_controller},
    {"pod-garbage-collector-controller", make_pod_gc_controller},
    {"replicaset-controller", make_replicaset_controller},
    {"replicationcontroller-controller", make_replicationcontroller_controller},
    {"root-ca-certificate-publisher-controller", make_root_ca_publisher},
    {"serviceaccount-controller", make_serviceaccount_controller},
    {"statefulset-controller", make_statefulset_controller},
    {"taint-eviction-controller", make_taint_eviction_controller},
    {"ttl-after-finished-controller", make_ttl_after_finished_controller},
};

}  // namespace

std::span<const Row> controllers() { return kRows; }

bool is_chosen(const std::vector<std::string>& chosen, std::string_view name) {
  auto says = [&](std::string_view word) { return std::find(chosen.begin(), chosen.end(), word) != chosen.end(); };
  if (says(std::string("-") + std::string(name))) return false;
  return says(name) || says("*");
}

io::Task<void> run_controllers(client::Client client, base::Clock& clock, base::Random& random, Options options,
                               std::vector<std::string> chosen) {
  Caches caches(client);
  Context context{.client = client, .caches = caches, .clock = clock, .random = random, .options = std::move(options)};
  std::vector<std::unique_ptr<Controller>> running;
  for (const Row& row : controllers()) {
    if (is_chosen(chosen, row.name)) running.push_back(row.make(context));
  }
  LOG_INFO("Starting controllers", {"count", static_cast<int64_t>(running.size())});
  io::Event never;
  io::Scope scope;
  scope.spawn(caches.run());
  for (auto& controller : running) scope.spawn(controller->run());
  co_await never.wait();
}

}  // namespace controller
