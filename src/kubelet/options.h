// How a kubelet is set up. Defaults are upstream's.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/quantity.h"
#include "kubelet/alignment/alignment_options.h"
#include "kubelet/cgroup/cgroup_driver.h"
#include "kubelet/eviction/threshold.h"
#include "kubelet/pods/image_options.h"
#include "kubelet/runtime/cni.h"

namespace kubelet {

// When images that nobody uses are removed.
struct ImageGarbageOptions {
  int32_t high_percent = 85;  // of the disk in use: then images go
  int32_t low_percent = 80;   // until no more than this is in use
  int64_t minimum_age_ns = 120'000'000'000;
  int64_t maximum_age_ns = 0;     // unused for longer: removed whatever the disk says; 0: never
  std::vector<std::string> kept;  // by name: what sandboxes are made of, which no list of containers shows
};

// Pods that no API server knows first: manifests on this machine or at a URL.
struct StaticPodOptions {
  std::string path;  // a file, or a folder of them; "": none
  std::string url;   // a Pod or a PodList; "": none
  std::map<std::string, std::vector<std::string>, std::less<>> url_headers;
  int64_t file_check_ns = 20'000'000'000;
  int64_t url_check_ns = 20'000'000'000;
};

// What is kept back from pods for the system and for Kubernetes, and whether the kernel is told so.
struct ReservedOptions {
  enum class Enforce : uint8_t { No, Compressible, All };  // Compressible: only the weight of processors
  std::map<std::string, base::Quantity, std::less<>> system, kube;
  std::string system_group, kube_group;  // control groups, which are there: "/system.slice"
  bool enforce_pods = true;              // pods together get no more than the rest
  Enforce enforce_system = Enforce::No, enforce_kube = Enforce::No;
};

struct ShutdownGrace {
  int32_t priority = 0;  // of pods, and those above
  int64_t seconds = 0;
};

struct KubeletOptions {
  std::string node_name;
  std::string root_directory = "/var/lib/kubelet";
  std::string pod_log_directory = "/var/log/pods";
  std::string container_log_directory = "/var/log/containers";  // links by name; "" none
  std::string node_log_directory = "/var/log";                  // what /logs/ shows; "" nothing
  std::vector<std::string> node_addresses;  // ours, of each family one; empty: that of the default route
  std::vector<std::string> cluster_dns;
  std::string cluster_domain = "cluster.local";
  std::string resolv_conf = "/etc/resolv.conf";
  int32_t pods_max = 110;
  int32_t pods_per_core = 0;                        // if that is less; 0: it does not count
  std::string provider_id;                          // of this machine at the cloud that it is from: spec.providerID
  int32_t status_images_max = 50;                   // shown in the node's status; -1: all
  std::vector<std::string> allowed_unsafe_sysctls;  // names, or the beginnings of names: "net.*"
  std::map<std::string, std::string, std::less<>> node_labels;
  std::vector<std::pair<std::string, std::string>> register_with_taints;  // "key=value", effect
  bool register_node = true;
  ReservedOptions reserved_groups;
  // All of it together: taken from capacity to make allocatable.
  std::map<std::string, base::Quantity, std::less<>> reserved;
  EvictionOptions eviction;
  ImageGarbageOptions image_garbage;
  StaticPodOptions static_pods;
  // When the machine is shut down pods get this time to end, by priority, ascending. Empty: nobody waits for them.
  std::vector<ShutdownGrace> shutdown;
  int64_t pod_processes_max = -1;        // -1: no bound
  uint32_t user_ids_per_pod = 65536;     // of a pod with users of its own; a multiple of 65536
  std::optional<int64_t> oom_score_adj;  // of this process; nothing: as it is
  // Containers that have ended: how many are kept of each, and in all (-1: no bound), and how long at least.
  int32_t dead_containers_per_container = 1;
  int32_t dead_containers_max = -1;
  int64_t dead_container_age_ns = 0;
  AlignmentOptions alignment;
  // Control groups: pods live below cgroup_root + "/kubepods".
  bool cgroups = true;
  std::string cgroup_root;
  CgroupDriver cgroup_driver = CgroupDriver::Cgroupfs;  // of a runtime that does not tell its own
  std::string kubelet_group;                            // where this process goes; "": it stays
  bool cpu_quota = true;                                // limits of processor time hold
  bool limited_swap = false;                            // burstable pods may use swap, as much as their part of memory
  std::optional<bool> single_process_oom_kill;     // out of memory, not the whole container goes; by version if open
  bool seccomp_default = false;                    // RuntimeDefault for containers that say nothing
  int64_t restart_pause_max_ns = 300'000'000'000;  // between the restarts of a container that keeps failing
  int64_t status_update_seconds = 300;
  int64_t lease_seconds = 40;  // renewed each quarter
  ImageOptions images;
  int64_t container_log_bytes_max = 10 << 20;  // then it is set aside
  int container_log_files_max = 5;             // of one container, the current one among them
  int64_t container_log_check_ns = 10'000'000'000;
  // Where the network's configuration is written once the Node has its pod range; "": somebody else does that.
  std::string cni_directory;
  CniOptions cni;
  // The server. Port 0: any free one.
  bool serve = true;
  std::string address = "0.0.0.0";
  uint16_t port = 10250;
  std::string certificate_file;  // PEM; both empty: made on the spot, signed by itself
  std::string key_file;
  std::string client_ca_file;                     // whose client certificates are believed
  bool anonymous_auth = false;                    // who shows nothing is system:anonymous, instead of being refused
  bool authorize = true;                          // false: whoever is known may do all
  bool token_webhook = true;                      // the cluster judges bearer tokens; false: none is believed
  int64_t remember_allowed_ns = 300'000'000'000;  // what the cluster said of who may do what
  int64_t remember_refused_ns = 30'000'000'000;
  int tls_version_min = 12;                                   // 12 or 13
  std::string tls_ciphers;                                    // OpenSSL's list for TLS 1.2; "": io::TlsServer's
  bool debugging_handlers = true;                             // exec, attach, logs and the like are served
  bool log_query = false;                                     // /logs/?query= asks the journal
  std::string configuration = "{}";                           // what /configz shows
  std::map<std::string, std::function<std::string()>> pages;  // more texts, by path: "/flagz"
};

}  // namespace kubelet
