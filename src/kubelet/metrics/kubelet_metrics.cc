#include "kubelet/metrics/kubelet_metrics.h"

#include <sys/utsname.h>

#include <string>

#include "kubelet/node/node_object.h"

namespace kubelet {
namespace {

using Labels = std::vector<std::string>;

const std::vector<double> kSeconds = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};
const std::vector<double> kStart = {0.5, 1,   2,   3,   4,   5,   6,   8,   10,   20,   30,   45,  60,
                                    120, 180, 240, 300, 360, 480, 600, 900, 1200, 1800, 2700, 3600};
const std::vector<double> kPull = {1,   5,   10,  20,  30,  60,   120,  180,  240,
                                   300, 360, 480, 600, 900, 1200, 1800, 2700, 3600};
const std::vector<double> kStatusSync = {0.01, 0.05, 0.1, 0.5, 1, 5, 10, 20, 30, 45, 60};

base::MetricDescription named(const char* name, const char* help, Labels labels = {},
                              base::Stability stability = base::Stability::Alpha) {
  return {.name = name, .help = help, .stability = stability, .labels = std::move(labels)};
}

}  // namespace

KubeletMetrics::KubeletMetrics()
    : pod_start(all.histograms(named("kubelet_pod_start_duration_seconds",
                                     "Seconds from the kubelet's first sight of a pod until it runs"),
                               kStart)
                    .alone()),
      pod_start_sli(all.histograms(named("kubelet_pod_start_sli_duration_seconds",
                                         "Seconds from a pod's creation until its containers are seen to run, without "
                                         "the time to pull images and run init containers"),
                                   kStart)
                        .alone()),
      pod_start_total(all.histograms(named("kubelet_pod_start_total_duration_seconds",
                                           "Seconds from a pod's creation until its containers are seen to run, with "
                                           "the time to pull images"),
                                     kStart)
                          .alone()),
      pod_worker(all.histograms(
          named("kubelet_pod_worker_duration_seconds", "Seconds of one look after one pod", {"operation_type"}),
          kSeconds)),
      pod_worker_start(all.histograms(named("kubelet_pod_worker_start_duration_seconds",
                                            "Seconds from the kubelet's first sight of a pod until its worker begins"),
                                      kSeconds)
                           .alone()),
      pod_status_sync(all.histograms(named("kubelet_pod_status_sync_duration_seconds",
                                           "Seconds from a change of a pod's status until the API has it"),
                                     kStatusSync)
                          .alone()),
      started_pods(all.counters(named("kubelet_started_pods_total", "Pods that were started")).alone()),
      started_pods_errors(
          all.counters(named("kubelet_started_pods_errors_total", "Pods that could not be started")).alone()),
      started_user_namespaced_pods(all.counters(named("kubelet_started_user_namespaced_pods_total",
                                                      "Pods with users of their own that were started"))
                                       .alone()),
      started_user_namespaced_pods_errors(all.counters(named("kubelet_started_user_namespaced_pods_errors_total",
                                                             "Pods with users of their own that could not be started"))
                                              .alone()),
      orphaned_runtime_pods(all.counters(named("kubelet_orphaned_runtime_pods_total",
                                               "Pods that were found at the runtime without being known"))
                                .alone()),
      admission_rejections(
          all.counters(named("kubelet_admission_rejections_total", "Pods that were refused", {"reason"}))),
      evictions(all.counters(named("kubelet_evictions", "Pods that were evicted", {"eviction_signal"}))),
      eviction_stats_age(
          all.histograms(named("kubelet_eviction_stats_age_seconds",
                               "How old the figures were that a pod was evicted for", {"eviction_signal"}),
                         kSeconds)),
      started_containers(
          all.counters(named("kubelet_started_containers_total", "Containers that were started", {"container_type"}))),
      started_containers_errors(
          all.counters(named("kubelet_started_containers_errors_total", "Containers that could not be started",
                             {"code", "container_type"}))),
      terminated_containers(all.counters(named("kubelet_terminated_containers_total", "Containers that ended",
                                               {"container_type", "exit_code", "reason"}))),
      run_sandbox(all.histograms(
          named("kubelet_run_podsandbox_duration_seconds", "Seconds to make a sandbox", {"runtime_handler"}),
          kSeconds)),
      run_sandbox_errors(all.counters(
          named("kubelet_run_podsandbox_errors_total", "Sandboxes that could not be made", {"runtime_handler"}))),
      image_volume_requested(all.counters(named("kubelet_image_volume_requested_total",
                                                "Image volumes that were asked for", {}, base::Stability::Beta))
                                 .alone()),
      image_volume_mounted(all.counters(named("kubelet_image_volume_mounted_succeed_total",
                                              "Image volumes that were mounted", {}, base::Stability::Beta))
                               .alone()),
      image_volume_errors(all.counters(named("kubelet_image_volume_mounted_errors_total",
                                             "Image volumes that could not be mounted", {}, base::Stability::Beta))
                              .alone()),
      runtime_operations(
          all.counters(named("kubelet_runtime_operations_total", "Calls of the runtime", {"operation_type"}))),
      runtime_operations_errors(all.counters(
          named("kubelet_runtime_operations_errors_total", "Calls of the runtime that failed", {"operation_type"}))),
      runtime_operations_duration(all.histograms(
          named("kubelet_runtime_operations_duration_seconds", "Seconds of calls of the runtime", {"operation_type"}),
          base::exponential_bounds(0.005, 2.5, 14))),
      relist(all.histograms(named("kubelet_pleg_relist_duration_seconds", "Seconds to learn a pod's state"), kSeconds)
                 .alone()),
      relist_interval(
          all.histograms(named("kubelet_pleg_relist_interval_seconds", "Seconds between looks at the runtime"),
                         kSeconds)
              .alone()),
      relist_last_seen(
          all.gauges(named("kubelet_pleg_last_seen_seconds", "When the runtime answered last, in seconds since 1970"))
              .alone()),
      event_stream_successes(all.counters(named("kubelet_evented_pleg_connection_success_count",
                                                "How often the runtime's events began to be heard"))
                                 .alone()),
      event_stream_errors(
          all.counters(named("kubelet_evented_pleg_connection_error_count", "How often the runtime's events ended"))
              .alone()),
      running_pods(all.gauges(named("kubelet_running_pods", "Number of pods that have a running pod sandbox")).alone()),
      running_containers(all.gauges(
          named("kubelet_running_containers", "Number of containers currently running", {"container_state"}))),
      active_pods(all.gauges(named("kubelet_active_pods",
                                   "The number of pods the kubelet considers active and which are being considered "
                                   "when admitting new pods. static is true if the pod is not from the apiserver.",
                                   {"static"}))),
      desired_pods(all.gauges(named("kubelet_desired_pods",
                                    "The number of pods the kubelet is being instructed to run. static is true if the "
                                    "pod is not from the apiserver.",
                                    {"static"}))),
      working_pods(all.gauges(named("kubelet_working_pods",
                                    "Number of pods the kubelet is actually running, broken down by lifecycle phase, "
                                    "whether the pod is desired, orphaned, or runtime only (also orphaned), and "
                                    "whether the pod is static.",
                                    {"config", "lifecycle", "static"}))),
      mirror_pods(all.gauges(named("kubelet_mirror_pods",
                                   "The number of mirror pods the kubelet will try to create (one per admitted static "
                                   "pod)"))
                      .alone()),
      ephemeral_containers(all.gauges(named("kubelet_managed_ephemeral_containers",
                                            "Current number of ephemeral containers in pods managed by this kubelet."))
                               .alone()),
      cgroup_version(all.gauges(named("kubelet_cgroup_version", "cgroup version on the hosts.")).alone()),
      node_name(all.gauges(named("kubelet_node_name", "The node's name. The count is always 1.", {"node"}))),
      containers_per_pod(all.histograms(named("kubelet_containers_per_pod_count", "The number of containers per pod."),
                                        {1, 2, 4, 8, 16})
                             .alone()),
      image_pull(all.histograms(
          named("kubelet_image_pull_duration_seconds", "Seconds to pull an image", {"image_size_in_bytes"}), kPull)),
      image_garbage(all.counters(
          named("kubelet_image_garbage_collected_total", "Images removed because nobody uses them", {"reason"}))),
      storage_operations(all.histograms(named("storage_operation_duration_seconds", "Seconds to mount a volume",
                                              {"migrated", "operation_name", "status", "volume_plugin"}),
                                        {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600})),
      cgroup_work(all.histograms(
          named("kubelet_cgroup_manager_duration_seconds", "Seconds of work on control groups", {"operation_type"}),
          kSeconds)),
      http_requests(all.counters(named("kubelet_http_requests_total", "Requests to the kubelet's server",
                                       {"long_running", "method", "path", "server_type"}))),
      http_durations(all.histograms(named("kubelet_http_requests_duration_seconds", "Seconds to answer them",
                                          {"long_running", "method", "path", "server_type"}),
                                    kSeconds)),
      http_inflight(all.gauges(named("kubelet_http_inflight_requests", "Requests being answered",
                                     {"long_running", "method", "path", "server_type"}))) {
  all.add_process();
  utsname machine{};
  uname(&machine);
  std::string processor = machine.machine;
  if (processor == "x86_64") processor = "amd64";
  if (processor == "aarch64") processor = "arm64";
  all.gauges(named("kubernetes_build_info",
                   "A metric with a constant '1' value labeled by what this program is built from and runs on.",
                   {"build_date", "compiler", "git_commit", "git_tree_state", "git_version", "go_version", "major",
                    "minor", "platform"},
                   base::Stability::Beta))
      .with({"", "clang", "", "", kKubeletVersion, "", "1", "36", "linux/" + processor})
      .set(1);
}

const char* image_size_bucket(uint64_t bytes) {
  constexpr uint64_t kMega = 1 << 20, kGiga = 1 << 30;
  struct Bucket {
    uint64_t below;
    const char* name;
  };
  constexpr Bucket kBuckets[] = {{10 * kMega, "0-10MB"},    {100 * kMega, "10MB-100MB"}, {500 * kMega, "100MB-500MB"},
                                 {1 * kGiga, "500MB-1GB"},  {5 * kGiga, "1GB-5GB"},      {10 * kGiga, "5GB-10GB"},
                                 {20 * kGiga, "10GB-20GB"}, {30 * kGiga, "20GB-30GB"},   {40 * kGiga, "30GB-40GB"},
                                 {60 * kGiga, "40GB-60GB"}, {100 * kGiga, "60GB-100GB"}};
  if (bytes == 0) return "N/A";
  for (const auto& bucket : kBuckets)
    if (bytes < bucket.below) return bucket.name;
  return "GT100GB";
}

}  // namespace kubelet
