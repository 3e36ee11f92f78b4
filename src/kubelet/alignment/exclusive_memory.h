// The Static policy for memory: containers of guaranteed pods get memory of certain nodes, and only of these. Pure but
// for load and save. Kubernetes documentation, "Utilizing the NUMA-aware Memory Manager".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "base/result.h"
#include "kubelet/alignment/hints.h"
#include "kubelet/alignment/layout.h"

namespace kubelet {

namespace core = ::api::core_v1;

class ExclusiveMemory {
 public:
  using Amounts = std::map<std::string, int64_t>;  // bytes, by resource
  struct Block {
    NodeMask nodes = 0;
    std::string resource;
    int64_t bytes = 0;
  };

  // `reserved`: of each node, for the system. `path`: memory_manager_state, in upstream's form.
  ExclusiveMemory(Layout layout, std::map<int, Amounts> reserved, std::string path);
  base::Result<void> load();

  // What a container gets for itself, empty: it shares.
  static Amounts wanted_by(const core::Pod& pod, const core::Container& container);
  Hints hints(const core::Pod& pod, const core::Container& container, const Amounts& wanted) const;
  base::Result<void> allocate(const core::Pod& pod, const core::Container& container, const Hint& where);
  void release(const std::string& pod_uid);

  // From which nodes the container has its memory; 0: from any.
  NodeMask nodes_of(const std::string& pod_uid, const std::string& container) const;
  const std::vector<Block>* blocks_of(const std::string& pod_uid, const std::string& container) const;
  // What could be given: of each node, by resource.
  std::map<int, Amounts> allocatable() const;
  std::vector<std::string> pods() const;

 private:
  std::map<int, int64_t> free(const std::string& resource) const;
  std::vector<Hint> hints_of(const std::string& resource, int64_t bytes) const;
  base::Result<void> save() const;

  const Layout layout_;
  const std::map<int, Amounts> reserved_;
  const std::string path_;
  std::map<std::string, std::map<std::string, std::vector<Block>>> blocks_;  // by pod and container
};

// The numbers of nodes, "0-1": as cgroups take them.
std::string to_node_list(NodeMask nodes);

}  // namespace kubelet
