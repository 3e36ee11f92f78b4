#include "controller/list.h"

#include <algorithm>

#include "base/log.h"
#include "controller/attachdetach/attachdetach.h"
#include "controller/bootstrap_signer/bootstrap_signer.h"
#include "controller/clusterrole_aggregation/clusterrole_aggregation.h"
#include "controller/cronjob/cronjob.h"
#include "controller/csr/csr.h"
#include "controller/daemonset/daemonset.h"
#include "controller/deployment/deployment.h"
#include "controller/device_taint_eviction/device_taint_eviction.h"
#include "controller/disruption/disruption.h"
#include "controller/endpoints/endpoints.h"
#include "controller/endpointslice/endpointslice.h"
#include "controller/endpointslice_mirroring/endpointslice_mirroring.h"
#include "controller/ephemeral_volume/ephemeral_volume.h"
#include "controller/garbage_collector/garbage_collector.h"
#include "controller/job/job.h"
#include "controller/namespace/namespace.h"
#include "controller/node_ipam/node_ipam.h"
#include "controller/node_lifecycle/node_lifecycle.h"
#include "controller/persistentvolume/persistentvolume.h"
#include "controller/pod_gc/pod_gc.h"
#include "controller/podautoscaler/podautoscaler.h"
#include "controller/pv_protection/pv_protection.h"
#include "controller/pvc_protection/pvc_protection.h"
#include "controller/replicaset/replicaset.h"
#include "controller/resource_quota/resource_quota.h"
#include "controller/resourceclaim/resourceclaim.h"
#include "controller/root_ca/root_ca.h"
#include "controller/service_cidr/service_cidr.h"
#include "controller/serviceaccount/serviceaccount.h"
#include "controller/serviceaccount_token/serviceaccount_token.h"
#include "controller/statefulset/statefulset.h"
#include "controller/taint_eviction/taint_eviction.h"
#include "controller/token_cleaner/token_cleaner.h"
#include "controller/ttl/ttl.h"
#include "controller/ttl_after_finished/ttl_after_finished.h"
#include "controller/validatingadmissionpolicy_status/validatingadmissionpolicy_status.h"
#include "controller/volume_expand/volume_expand.h"
#include "controller/volumeattributesclass_protection/volumeattributesclass_protection.h"
#include "io/loop.h"

namespace controller {
namespace {

constexpr Row kRows[] = {
    {"bootstrap-signer-controller", "bootstrapsigner", "bootstrap-signer", make_bootstrap_signer, Starts::WhenNamed},
    {"certificatesigningrequest-approving-controller", "csrapproving", "certificate-controller", make_csr_approver},
    {"certificatesigningrequest-cleaner-controller", "csrcleaner", "certificate-controller", make_csr_cleaner},
    {"certificatesigningrequest-signing-controller", "csrsigning", "certificate-controller", make_csr_signer},
    {"clusterrole-aggregation-controller", "clusterrole-aggregation", "clusterrole-aggregation-controller",
     make_clusterrole_aggregation_controller},
    {"cronjob-controller", "cronjob", "cronjob-controller", make_cronjob_controller},
    {"daemonset-controller", "daemonset", "daemon-set-controller", make_daemonset_controller},
    {"deployment-controller", "deployment", "deployment-controller", make_deployment_controller},
    {"device-taint-eviction-controller", "", "device-taint-eviction-controller", make_device_taint_eviction_controller},
    {"disruption-controller", "disruption", "disruption-controller", make_disruption_controller},
    {"endpoints-controller", "endpoint", "endpoint-controller", make_endpoints_controller},
    {"endpointslice-controller", "endpointslice", "endpointslice-controller", make_endpointslice_controller},
    {"endpointslice-mirroring-controller", "endpointslicemirroring", "endpointslicemirroring-controller",
     make_endpointslice_mirroring_controller},
    {"ephemeral-volume-controller", "ephemeral-volume", "ephemeral-volume-controller",
     make_ephemeral_volume_controller},
    {"garbage-collector-controller", "garbagecollector", "generic-garbage-collector", make_garbage_collector},
    {"horizontal-pod-autoscaler-controller", "horizontalpodautoscaling", "horizontal-pod-autoscaler",
     make_podautoscaler_controller},
    {"job-controller", "job", "job-controller", make_job_controller},
    {"namespace-controller", "namespace", "namespace-controller", make_namespace_controller},
    {"node-ipam-controller", "nodeipam", "node-controller", make_node_ipam_controller},
    {"node-lifecycle-controller", "nodelifecycle", "node-controller", make_node_lifecycle_controller},
    {"persistentvolume-attach-detach-controller", "attachdetach", "attachdetach-controller",
     make_attachdetach_controller},
    {"persistentvolume-binder-controller", "persistentvolume-binder", "persistent-volume-binder",
     make_persistentvolume_binder},
    {"persistentvolume-expander-controller", "persistentvolume-expander", "expand-controller",
     make_volume_expand_controller},
    {"persistentvolume-protection-controller", "pv-protection", "pv-protection-controller",
     make_pv_protection_controller},
    {"persistentvolumeclaim-protection-controller", "pvc-protection", "pvc-protection-controller",
     make_pvc_protection_controller},
    {"pod-garbage-collector-controller", "podgc", "pod-garbage-collector", make_pod_gc_controller},
    {"replicaset-controller", "replicaset", "replicaset-controller", make_replicaset_controller},
    {"replicationcontroller-controller", "replicationcontroller", "replication-controller",
     make_replicationcontroller_controller},
    {"resourceclaim-controller", "resource-claim-controller", "resource-claim-controller",
     make_resourceclaim_controller},
    {"resourcequota-controller", "resourcequota", "resourcequota-controller", make_resource_quota_controller},
    {"root-ca-certificate-publisher-controller", "root-ca-cert-publisher", "root-ca-cert-publisher",
     make_root_ca_publisher},
    {"service-cidr-controller", "", "service-cidrs-controller", make_service_cidr_controller},
    {"serviceaccount-controller", "serviceaccount", "service-account-controller", make_serviceaccount_controller},
    {"serviceaccount-token-controller", "serviceaccount-token", "", make_serviceaccount_token_controller},
    {"statefulset-controller", "statefulset", "statefulset-controller", make_statefulset_controller},
    {"taint-eviction-controller", "", "node-controller", make_taint_eviction_controller},
    {"token-cleaner-controller", "tokencleaner", "token-cleaner", make_token_cleaner, Starts::WhenNamed},
    {"ttl-after-finished-controller", "ttl-after-finished", "ttl-after-finished-controller",
     make_ttl_after_finished_controller},
    {"ttl-controller", "ttl", "ttl-controller", make_ttl_controller},
    {"validatingadmissionpolicy-status-controller", "", "validatingadmissionpolicy-status-controller",
     make_validatingadmissionpolicy_status_controller},
    {"volumeattributesclass-protection-controller", "", "volumeattributesclass-protection-controller",
     make_volumeattributesclass_protection_controller},
};

}  // namespace

std::span<const Row> controllers() {
  return kRows;
}

bool Row::is_called(std::string_view word) const {
  return word == name || (!former.empty() && word == former);
}

bool is_chosen(const std::vector<std::string>& chosen, const Row& row) {
  bool all = false;
  for (std::string_view word : chosen) {
    if (row.is_called(word)) return true;
    if (word.starts_with('-') && row.is_called(word.substr(1))) return false;
    all = all || word == "*";
  }
  return all && row.starts == Starts::WithAll;
}

io::Task<void> run_controllers(client::Client reader, ClientFor client_for, base::Clock& clock, base::Random& random,
                               Options options, std::vector<std::string> chosen) {
  Caches caches(reader);
  std::vector<std::unique_ptr<Context>> contexts;
  std::vector<std::unique_ptr<Controller>> running;
  for (const Row& row : controllers()) {
    if (!is_chosen(chosen, row)) continue;
    contexts.push_back(
        std::make_unique<Context>(Context{.client = row.account.empty() ? reader : client_for(row.account),
                                          .reader = reader,
                                          .caches = caches,
                                          .clock = clock,
                                          .random = random,
                                          .options = options}));
    running.push_back(row.make(*contexts.back()));
  }
  LOG_INFO("Starting controllers", {"count", static_cast<int64_t>(running.size())});
  io::Event never;
  io::Scope scope;
  scope.spawn(caches.run());
  for (auto& controller : running) scope.spawn(controller->run());
  co_await never.wait();
}

}  // namespace controller
