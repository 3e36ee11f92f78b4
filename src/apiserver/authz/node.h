// The node authorizer: a kubelet may read what the pods bound to its node refer to, and nothing else of the kind.
// Kubernetes documentation, "Using Node Authorization".
//
// Keeps a graph from referenced objects to nodes, pod by pod. Safe from any thread.
#pragma once

#include <map>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "api/core_v1.h"
#include "apiserver/authz/rbac.h"
#include "apiserver/pipeline/authorizer.h"

namespace apiserver {

class NodeAuthorizer final : public Authorizer {
 public:
  // `rules`: what every node may do whatever runs on it (the bootstrap role system:node). What names an object that a
  // pod can refer to is narrowed further by the graph.
  explicit NodeAuthorizer(std::vector<PolicyRule> rules);
  std::optional<Authorization> decide(const AuthorizationAttributes& attributes) const override;

  // Pods as they are bound, change and go.
  void put_pod(const api::core_v1::Pod& pod);
  void remove_pod(const std::string& namespace_, const std::string& name);
  // Volumes: who reads a claim reads its volume, and the secrets that the volume's driver needs.
  void put_volume(const api::core_v1::PersistentVolume& volume);
  void remove_volume(const std::string& name);

 private:
  struct PodLinks {
    std::string node;
    std::vector<std::string> objects;  // "secret/ns/name", ...
  };
  struct Volume {
    std::string claim;                 // "persistentvolumeclaim/ns/name", or ""
    std::vector<std::string> secrets;  // "secret/ns/name"
  };
  // All want the lock held.
  bool reaches(const std::string& node, std::string_view object) const;
  bool reaches_volume(const std::string& node, const Volume& volume) const;
  void drop_pod(const std::string& pod);

  const std::vector<PolicyRule> rules_;

  mutable std::shared_mutex mutex_;                    // readers decide, the writer is the one that follows the store
  std::map<std::string, PodLinks, std::less<>> pods_;  // by "ns/name"
  std::map<std::string, std::map<std::string, int>, std::less<>> nodes_of_;  // object -> node -> how many pods
  std::map<std::string, Volume, std::less<>> volumes_;                       // by name
};

}  // namespace apiserver
