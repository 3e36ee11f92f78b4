// The variables of a container: those of services, envFrom, env with valueFrom and $(NAME). Pure: objects are looked up
// in what was fetched before. Rules: API documentation of EnvVar, EnvFromSource and of Service discovery by variables.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "kubelet/pods/env_file.h"
#include "kubelet/pods/pod.h"
#include "kubelet/pods/resources.h"

namespace kubelet {

// The configuration objects that a pod refers to, as they are now; null: known to be absent.
struct PodObjects {
  std::map<std::string, std::shared_ptr<const core::ConfigMap>, std::less<>> config_maps;
  std::map<std::string, std::shared_ptr<const core::Secret>, std::less<>> secrets;
};

struct EnvironmentInput {
  const core::Pod& pod;
  const core::Container& container;
  const std::vector<std::shared_ptr<const core::Service>>& services;  // of all namespaces
  const PodObjects& objects;
  EnvFiles files;
  std::vector<std::string> host_ips;
  std::vector<std::string> pod_ips;
  const ResourceList& node_allocatable;
};

using Environment = std::vector<std::pair<std::string, std::string>>;

// In their order, each name once. The error's text is what users see: `configmap "x" not found`.
base::Result<Environment> make_environment(const EnvironmentInput& input);

// NAME_SERVICE_HOST, NAME_PORT_80_TCP_ADDR and the like.
std::map<std::string, std::string> service_variables(const core::Pod& pod,
                                                     const std::vector<std::shared_ptr<const core::Service>>& services);

// metadata.name, status.podIP, metadata.labels['x'], ... Invalid for other paths. Also for downward API volumes, which
// may name all labels or annotations.
base::Result<std::string> field_value(const core::Pod& pod, const std::string& path,
                                      const std::vector<std::string>& host_ips,
                                      const std::vector<std::string>& pod_ips);
// limits.cpu by its divisor, rounded up.
base::Result<std::string> resource_value(const core::Pod& pod, const core::ResourceFieldSelector& selector,
                                         const std::string& container, const ResourceList& node_allocatable);

// The ConfigMaps and Secrets that the pod's variables and volumes name, in its namespace; image pull secrets too.
struct ObjectNames {
  std::vector<std::string> config_maps;
  std::vector<std::string> secrets;
};
ObjectNames referenced_objects(const core::Pod& pod);

}  // namespace kubelet
