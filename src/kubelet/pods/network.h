// A pod's names and name servers: hostname, /etc/hosts, resolv.conf. Pure.
// Rules: the Kubernetes documentation, "DNS for Services and Pods", "Adding entries to Pod /etc/hosts".
#pragma once

#include <string>
#include <vector>

#include "api/cri.h"
#include "base/result.h"
#include "kubelet/pods/pod.h"

namespace kubelet {

struct DnsOptions {
  std::vector<std::string> cluster_servers;  // the addresses of the cluster's DNS service; may be empty
  std::string cluster_domain;                // "cluster.local"
  api::cri::DNSConfig host;                  // what the node's own resolv.conf says
};

api::cri::DNSConfig parse_resolv_conf(std::string_view text);

// `problem` is set when the pod asks for cluster DNS and there is none: it then gets the host's.
struct PodDns {
  api::cri::DNSConfig config;
  std::string problem;
};
PodDns pod_dns(const core::Pod& pod, const DnsOptions& options);

struct PodNames {
  std::string hostname;  // 63 characters at most
  std::string domain;    // "sub.ns.svc.cluster.local" or ""
  std::string shown;     // what `hostname` says in the pod: with the domain, if it wants that
};
PodNames pod_names(const core::Pod& pod, const std::string& cluster_domain);
// Invalid when the kernel cannot show the name: 64 characters are what it takes.
base::Result<void> check_names(const PodNames& names);

// The file for a pod with its own network.
std::string hosts_file(const core::Pod& pod, const PodNames& names, const std::vector<std::string>& pod_ips);
// The node's file with the pod's aliases, for a pod in the node's network.
std::string host_network_hosts_file(std::string_view node_file, const core::Pod& pod);

}  // namespace kubelet
