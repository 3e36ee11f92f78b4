// How a kubelet is set up. Defaults are upstream's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/quantity.h"
#include "kubelet/pods/image_options.h"
#include "kubelet/runtime/cni.h"

namespace kubelet {

struct KubeletOptions {
  std::string node_name;
  std::string root_directory = "/var/lib/kubelet";
  std::string pod_log_directory = "/var/log/pods";
  std::string container_log_directory = "/var/log/containers";  // links by name; "" none
  std::vector<std::string> node_addresses;  // ours, of each family one; empty: that of the default route
  std::vector<std::string> cluster_dns;
  std::string cluster_domain = "cluster.local";
  std::string resolv_conf = "/etc/resolv.conf";
  int32_t pods_max = 110;
  std::vector<std::string> allowed_unsafe_sysctls;  // names, or the beginnings of names: "net.*"
  std::map<std::string, std::string, std::less<>> node_labels;
  std::vector<std::pair<std::string, std::string>> register_with_taints;  // "key=value", effect
  bool register_node = true;
  // Taken from capacity to make allocatable.
  std::map<std::string, base::Quantity, std::less<>> reserved;
  // Control groups: pods live below cgroup_root + "/kubepods".
  bool cgroups = true;
  std::string cgroup_root;
  int64_t status_update_seconds = 300;
  int64_t lease_seconds = 40;  // renewed each quarter
  ImageOptions images;
  int64_t container_log_bytes_max = 10 << 20;  // then it is set aside
  int container_log_files_max = 5;             // of one container, the current one among them
  // Where the network's configuration is written once the Node has its pod range; "": somebody else does that.
  std::string cni_directory;
  CniOptions cni;
  // The server. Port 0: any free one.
  bool serve = true;
  std::string address = "0.0.0.0";
  uint16_t port = 10250;
  std::string certificate_file;  // PEM; both empty: made on the spot, signed by itself
  std::string key_file;
  std::string client_ca_file;        // whose client certificates are believed
  bool anonymous_auth = false;       // who shows nothing is system:anonymous, instead of being refused
  bool authorize = true;             // false: whoever is known may do all
  std::string configuration = "{}";  // what /configz shows
};

}  // namespace kubelet
