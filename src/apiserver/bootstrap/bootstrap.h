// What is in every cluster from its first moment: system namespaces, default roles and bindings, priority classes, flow
// control, API services, and the service behind which pods find the API server. Reconciled at every
// start, as upstream does: what is missing is made, default roles get back the rights they lack, what people added
// stays.
#pragma once

#include <string>
#include <vector>

#include "apiserver/authz/rbac.h"
#include "apiserver/registry/registry.h"

namespace apiserver {

struct BootstrapOptions {
  std::string service_cidr;       // "10.96.0.0/16", or two by comma
  std::string kubernetes_ip;      // the first address of the range
  std::string advertise_address;  // where pods reach this server
  int secure_port = 6443;
  std::vector<schema::Object> more;  // what this cluster has beside: rights of components of its own
  bool resource_metrics = false;     // who may look at pods may read metrics.k8s.io
};

// Writes through the registry as system:apiserver. The first failure ends it.
io::Task<base::Result<void>> bootstrap(Registry& registry, BootstrapOptions options);

// The rights of every node: the rules of the default role system:node.
std::vector<PolicyRule> node_rules();
// The flow schemas and priority levels among the defaults.
std::vector<schema::Object> default_flow_objects();

}  // namespace apiserver
