// A whole one-node cluster in this process: API server, controllers, scheduler, kubelet, proxy, and the containerd they
// use.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"

namespace navarch {

class ServiceManager;

struct ClusterOptions {
  std::string data_directory = "/var/lib/navarch";
  std::string run_directory = "/run/navarch";
  std::string log_directory = "/var/log";  // pods/, containers/ and navarch/ below it
  std::string cgroup_root;                 // above kubepods; "": the top
  std::string node_name;                   // "": the host's name
  std::string advertise_address;           // "": that of the default route
  int64_t secure_port = 6443;
  std::string service_cidr = "10.96.0.0/16";
  std::string cluster_cidr = "10.244.0.0/16";
  std::string cluster_dns;  // where pods ask for names; "": the tenth address of services
  std::string cluster_domain = "cluster.local";
  std::string container_runtime = "remote";  // or "docker"
  std::string container_runtime_endpoint;    // "": a containerd of our own, or the machine's Docker Engine
  std::string proxy_mode = "iptables";       // or "nftables"
  bool node = true;                          // false: the control plane alone
  int64_t kubelet_port = 10250;

  std::string kubeconfig() const { return data_directory + "/admin.conf"; }
};

// Fills in what was left open from what this machine is.
base::Result<void> complete(ClusterOptions& options);

// Starts everything, reports progress (main/instance.h), and returns when told to end by SIGTERM or SIGINT.
// `manager` hears how far it has come.
base::Result<void> run_cluster(const ClusterOptions& options, const ServiceManager& manager);

// Stops what outlives the process: containers, their network, our containerd, the service rules. `purge`: and all
// files, mounts and groups that it ever made. Says what it does on standard output.
base::Result<void> clean_up(const ClusterOptions& options, bool purge);

}  // namespace navarch
