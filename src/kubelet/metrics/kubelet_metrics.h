// What the node agent counts of its own work, under upstream's names. What is only known when somebody asks (how many
// pods run) is set by whoever answers: server/pod_metrics.h. Safe from any thread.
#pragma once

#include <cstdint>

#include "base/metrics.h"

namespace kubelet {

struct KubeletMetrics {
  KubeletMetrics();
  KubeletMetrics(const KubeletMetrics&) = delete;

  base::Metrics all;

  // Pods.
  base::Histogram& pod_start;        // seconds from first seen to Running
  base::Histogram& pod_start_sli;    // from made to Running, without its images' pulls
  base::Histogram& pod_start_total;  // and with them
  base::Histograms& pod_worker;      // operation_type
  base::Histogram& pod_worker_start;
  base::Histogram& pod_status_sync;
  base::Counter& started_pods;
  base::Counter& started_pods_errors;
  base::Counter& started_user_namespaced_pods;
  base::Counter& started_user_namespaced_pods_errors;
  base::Counter& orphaned_runtime_pods;
  base::Counters& admission_rejections;  // reason
  base::Counters& evictions;             // eviction_signal
  base::Histograms& eviction_stats_age;  // eviction_signal

  // Containers.
  base::Counters& started_containers;         // container_type
  base::Counters& started_containers_errors;  // code, container_type
  base::Counters& terminated_containers;      // container_type, exit_code, reason
  base::Histograms& run_sandbox;              // runtime_handler
  base::Counters& run_sandbox_errors;         // runtime_handler
  base::Counter& image_volume_requested;
  base::Counter& image_volume_mounted;
  base::Counter& image_volume_errors;

  // The runtime.
  base::Counters& runtime_operations;             // operation_type
  base::Counters& runtime_operations_errors;      // operation_type
  base::Histograms& runtime_operations_duration;  // operation_type
  base::Histogram& relist;
  base::Histogram& relist_interval;
  base::Gauge& relist_last_seen;  // seconds since 1970
  base::Counter& event_stream_successes;
  base::Counter& event_stream_errors;

  // As things stand.
  base::Gauge& running_pods;
  base::Gauges& running_containers;  // container_state
  base::Gauges& active_pods;         // static
  base::Gauges& desired_pods;        // static
  base::Gauges& working_pods;        // config, lifecycle, static
  base::Gauge& mirror_pods;
  base::Gauge& ephemeral_containers;
  base::Gauge& cgroup_version;
  base::Gauges& node_name;  // node
  base::Histogram& containers_per_pod;

  // Images, groups, requests.
  base::Histograms& image_pull;          // image_size_in_bytes
  base::Counters& image_garbage;         // reason
  base::Histograms& storage_operations;  // migrated, operation_name, status, volume_plugin
  base::Histograms& cgroup_work;         // operation_type
  base::Counters& http_requests;         // long_running, method, path, server_type
  base::Histograms& http_durations;      // the same
  base::Gauges& http_inflight;           // the same
};

// "0-10MB", "10MB-100MB", ...: how upstream tells images of different sizes apart.
const char* image_size_bucket(uint64_t bytes);

}  // namespace kubelet
