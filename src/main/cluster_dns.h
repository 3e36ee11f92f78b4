// The cluster's name server, and the service kube-dns that leads to it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "client/client.h"
#include "dns/server.h"
#include "io/task.h"
#include "schema/object.h"

namespace navarch {

struct ClusterDnsOptions {
  std::string service_address;  // where pods ask: "10.96.0.10"
  std::string node_address;     // where it listens
  std::string domain = "cluster.local";
};

// Whom `writer` acts as, and the role and binding that let it.
constexpr const char* kClusterDnsUser = "system:navarch:cluster-dns";
std::vector<schema::Object> cluster_dns_rights();

// Serves until cancelled. `reader` follows services, `writer` makes kube-system/kube-dns and its endpoints; a kube-dns
// that selects pods of its own is left as it is, and nothing is served. On the current loop.
io::Task<void> run_cluster_dns(ClusterDnsOptions options, client::Client reader, client::Client writer);

}  // namespace navarch
