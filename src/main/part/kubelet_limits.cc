#include "main/part/kubelet_limits.h"

#include <algorithm>

#include "api/core_v1.h"
#include "api/kubelet_config_k8s_io_v1beta1.h"
#include "api/tracing_v1.h"
#include "base/strings.h"
#include "base/time.h"

namespace navarch {
namespace {

using Configuration = api::kubelet_config_k8s_io_v1beta1::KubeletConfiguration;

constexpr int64_t kSecond = 1'000'000'000;

base::Error invalid(std::initializer_list<std::string_view> words) {
  return {base::Code::BadRequest, "invalid configuration: " + base::cat(words)};
}

base::Result<void> check_numbers(const Configuration& from) {
  struct Row {
    std::string_view name;
    int64_t value;
  };
  const Row not_negative[] = {{"eventBurst (--event-burst)", from.event_burst},
                              {"eventRecordQPS (--event-qps)", from.event_record_qps.value_or(0)},
                              {"kubeAPIBurst (--kube-api-burst)", from.kube_api_burst},
                              {"kubeAPIQPS (--kube-api-qps)", from.kube_api_qps.value_or(0)},
                              {"maxOpenFiles (--max-open-files)", from.max_open_files},
                              {"maxPods (--max-pods)", from.max_pods},
                              {"podsPerCore (--pods-per-core)", from.pods_per_core},
                              {"registryBurst (--registry-burst)", from.registry_burst},
                              {"registryPullQPS (--registry-qps)", from.registry_pull_qps.value_or(0)}};
  for (const auto& [name, value] : not_negative)
    if (value < 0) return base::fail(invalid({name, " ", std::to_string(value), " must not be a negative number"}));
  if (int64_t images = from.node_status_max_images.value_or(0); images < -1)
    return base::fail(
        invalid({"nodeStatusMaxImages (--node-status-max-images) ", std::to_string(images), " must be -1 or greater"}));
  if (int64_t score = from.oom_score_adj.value_or(0); score < -1000 || score > 1000)
    return base::fail(invalid(
        {"oomScoreAdj (--oom-score-adj) ", std::to_string(score), " must be between -1000 and 1000, inclusive"}));
  if (from.container_log_max_workers.value_or(1) < 1)
    return base::fail(invalid({"containerLogMaxWorkers must be greater than or equal to 1"}));
  if (from.container_log_max_files.value_or(5) <= 1)
    return base::fail(invalid({"containerLogMaxFiles must be greater than 1"}));
  if (from.container_log_monitor_interval && from.container_log_monitor_interval->ns < 3 * kSecond)
    return base::fail(
        invalid({"containerLogMonitorInterval must be a positive time duration greater than or equal to 3s"}));
  if (from.node_lease_duration_seconds < 0)
    return base::fail(invalid({"nodeLeaseDurationSeconds must be greater than 0"}));
  const auto& pause = from.crash_loop_back_off.max_container_restart_period;
  if (pause && (pause->ns < kSecond || pause->ns > 300 * kSecond))
    return base::fail(invalid({"CrashLoopBackOff.MaxContainerRestartPeriod (got: ", base::format_duration(pause->ns),
                               ") must be set between 1s and 300s"}));
  if (from.memory_throttling_factor && (*from.memory_throttling_factor <= 0 || *from.memory_throttling_factor > 1))
    return base::fail(invalid({"memoryThrottlingFactor must be greater than 0 and less than or equal to 1.0"}));
  return {};
}

base::Result<void> check_words(const Configuration& from) {
  auto one_of = [](std::string_view name, const std::string& value,
                   std::initializer_list<std::string_view> known) -> base::Result<void> {
    if (value.empty() || std::ranges::find(known, value) != known.end()) return {};
    std::vector<std::string> words;
    for (auto word : known) words.push_back(base::quote(std::string(word)));
    return base::fail(invalid(
        {"option ", base::quote(value), " specified for ", name, ". Valid options are ", base::join(words, ", ")}));
  };
  TRY(one_of("cgroupDriver (--cgroup-driver)", from.cgroup_driver, {"cgroupfs", "systemd"}));
  TRY(one_of("hairpinMode (--hairpin-mode)", from.hairpin_mode, {"none", "hairpin-veth", "promiscuous-bridge"}));
  TRY(one_of("memorySwap.swapBehavior", from.memory_swap.swap_behavior, {"NoSwap", "LimitedSwap"}));
  TRY(one_of("configMapAndSecretChangeDetectionStrategy", from.config_map_and_secret_change_detection_strategy,
             {"Get", "Cache", "Watch"}));
  TRY(one_of("authorization.mode (--authorization-mode)", from.authorization.mode, {"AlwaysAllow", "Webhook"}));
  TRY(one_of("memoryReservationPolicy", from.memory_reservation_policy, {"None", "TieredReservation"}));
  if (from.memory_reservation_policy == "TieredReservation")
    return base::fail(
        invalid({"memoryReservationPolicy \"TieredReservation\" requires MemoryQoS feature gate to be enabled"}));
  if (const auto& logs = from.pod_logs_dir; !logs.empty() && !logs.starts_with('/'))
    return base::fail(invalid({"pod logs path ", base::quote(logs), " must be absolute path"}));
  return {};
}

// What upstream may be told and this kubelet does not do. It does not begin with half of what was asked for.
base::Result<void> check_possible(const Configuration& from) {
  auto refuse = [](std::string_view field, std::string_view why) {
    return base::fail(invalid({field, " is not supported: ", why}));
  };
  if (from.run_once)
    return base::fail(invalid({"runOnce (--runOnce) true, Runonce mode has been deprecated and should not be set"}));
  if (from.read_only_port != 0)
    return refuse("readOnlyPort (--read-only-port)", "nobody is answered without a credential; ask the port of TLS");
  if (!from.system_cgroups.empty())
    return refuse("systemCgroups (--system-cgroups)", "processes of others are left where they are");
  if (!from.qos_reserved.empty())
    return refuse("qosReserved (--qos-reserved)", "it requires the feature gate QOSReserved, which is off");
  if (from.cpu_cfs_quota_period && from.cpu_cfs_quota_period->ns != 100'000'000)
    return base::fail(
        invalid({"cpuCFSQuotaPeriod (--cpu-cfs-quota-period) ", base::format_duration(from.cpu_cfs_quota_period->ns),
                 " requires feature gate CustomCPUCFSQuotaPeriod"}));
  if (!from.enable_controller_attach_detach.value_or(true))
    return refuse("enableControllerAttachDetach (--enable-controller-attach-detach) false",
                  "volumes are attached by the controller alone");
  if (!from.tls_curve_preferences.empty()) return refuse("tlsCurvePreferences", "OpenSSL chooses the curves");
  if (const auto& format = from.logging.format; !format.empty() && format != "text")
    return base::fail(base::Code::BadRequest, base::cat({"logging.format: Invalid value: ", base::quote(format),
                                                         ": Unsupported log format; there is \"text\""}));
  if (from.enable_system_log_query.value_or(false) && !from.enable_system_log_handler.value_or(true))
    return base::fail(invalid({"enableSystemLogHandler is required for enableSystemLogQuery"}));
  for (const auto& taint : from.register_with_taints)
    if (!taint.time_added.is_zero()) return base::fail(invalid({"taint.TimeAdded is not nil"}));
  return {};
}

}  // namespace

base::Result<void> check_kubelet_limits(const Configuration& from) {
  TRY(check_numbers(from));
  TRY(check_words(from));
  return check_possible(from);
}

std::vector<std::pair<std::string, std::string>> unused_kubelet_fields(const Configuration& from) {
  std::vector<std::pair<std::string, std::string>> out;
  auto note = [&out](bool is_set, const char* field, const char* why) {
    if (is_set) out.emplace_back(field, why);
  };
  constexpr const char* kEvents = "what changes is heard of, nothing is looked at by the clock";
  constexpr const char* kOwnRate = "requests to the API are not held back by a rate of their own";
  constexpr const char* kNoGo = "it is about the runtime of Go";
  note(from.sync_frequency.ns != 0, "syncFrequency", kEvents);
  note(from.cpu_manager_reconcile_period.ns != 0, "cpuManagerReconcilePeriod", kEvents);
  note(from.kernel_memcg_notification, "kernelMemcgNotification", "memory is looked at every ten seconds");
  note(from.volume_stats_agg_period.ns != 0, "volumeStatsAggPeriod", "volumes are measured when somebody asks");
  note(from.node_status_update_frequency.ns != 0, "nodeStatusUpdateFrequency", "a change is told when it is seen");
  note(from.streaming_connection_idle_timeout.ns != 0, "streamingConnectionIdleTimeout",
       "the runtime ends idle streams by its own configuration");
  note(from.authentication.webhook.cache_ttl.ns != 0, "authentication.webhook.cacheTTL", "a token is asked about anew");
  note(from.event_record_qps.has_value(), "eventRecordQPS", kOwnRate);
  note(from.event_burst != 0, "eventBurst", kOwnRate);
  note(from.kube_api_qps.has_value(), "kubeAPIQPS", kOwnRate);
  note(from.kube_api_burst != 0, "kubeAPIBurst", kOwnRate);
  note(!from.content_type.empty(), "contentType", "the client chooses");
  note(!from.config_map_and_secret_change_detection_strategy.empty() &&
           from.config_map_and_secret_change_detection_strategy != "Watch",
       "configMapAndSecretChangeDetectionStrategy", "objects of pods are watched");
  note(from.container_log_max_workers.has_value(), "containerLogMaxWorkers", "setting a log aside is a rename");
  note(!from.hairpin_mode.empty(), "hairpinMode", "the network plugin decides");
  note(!from.pod_cidr.empty(), "podCIDR", "the Node says it");
  note(from.make_iptables_util_chains.has_value(), "makeIPTablesUtilChains", "the proxy makes its chains itself");
  note(from.iptables_masquerade_bit.has_value(), "iptablesMasqueradeBit", "the proxy marks packets");
  note(from.iptables_drop_bit.has_value(), "iptablesDropBit", "no packets are marked to be dropped");
  note(!from.volume_plugin_dir.empty(), "volumePluginDir", "there are no FlexVolumes");
  note(from.enable_profiling_handler.has_value(), "enableProfilingHandler", kNoGo);
  note(from.enable_contention_profiling, "enableContentionProfiling", kNoGo);
  note(from.enable_debug_flags_handler.has_value(), "enableDebugFlagsHandler", kNoGo);
  note(!from.show_hidden_metrics_for_version.empty(), "showHiddenMetricsForVersion", "no metrics are hidden");
  note(from.memory_throttling_factor.has_value(), "memoryThrottlingFactor", "the feature gate MemoryQoS is off");
  note(static_cast<bool>(from.tracing), "tracing", "no spans are sent");
  note(!from.feature_gates.empty(), "featureGates", "features are on or off as they are by default");
  return out;
}

}  // namespace navarch
