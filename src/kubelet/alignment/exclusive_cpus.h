// The static policy for processors: containers of guaranteed pods that ask for whole ones get them for themselves; all
// others share the rest. Pure but for load and save. Kubernetes documentation, "Control CPU Management Policies on the
// Node".
#pragma once

#include <map>
#include <string>

#include "api/core_v1.h"
#include "base/result.h"
#include "kubelet/alignment/hints.h"
#include "kubelet/alignment/layout.h"

namespace kubelet {

namespace core = ::api::core_v1;

// `count` of those available, such that few sockets and cores are broken up; nothing when there are fewer.
std::optional<CpuSet> take_cpus(const Layout& layout, const CpuSet& available, size_t count);

struct ExclusiveCpuOptions {
  CpuSet reserved;                  // given to nobody alone
  bool full_cores = false;          // full-pcpus-only: a core is given whole or not at all
  bool strict_reservation = false;  // reserved ones are not for sharing either
};

class ExclusiveCpus {
 public:
  // `path`: cpu_manager_state, in upstream's form.
  ExclusiveCpus(Layout layout, ExclusiveCpuOptions options, std::string path);

  // Invalid when the file is damaged, or speaks of processors or a policy that are not there.
  base::Result<void> load();

  // How many a container gets for itself; 0: it shares.
  static size_t wanted_by(const core::Pod& pod, const core::Container& container);
  // Where `count` could come from, given what the pod has already.
  std::vector<Hint> hints(const core::Pod& pod, const core::Container& container, size_t count) const;
  // An Error in upstream's words when there are not as many.
  base::Result<void> allocate(const core::Pod& pod, const core::Container& container, const Hint& where);
  void release(const std::string& pod_uid);

  // What the container may run on.
  CpuSet cpus_of(const std::string& pod_uid, const std::string& container) const;
  bool is_exclusive(const std::string& pod_uid, const std::string& container) const;
  CpuSet shared() const;
  // What could be given to containers alone.
  CpuSet assignable() const;
  std::vector<std::string> pods() const;

 private:
  CpuSet available_to(const core::Pod& pod, const core::Container& container) const;
  CpuSet reusable(const core::Pod& pod) const;
  base::Result<void> save() const;

  const Layout layout_;
  const ExclusiveCpuOptions options_;
  const std::string path_;
  std::map<std::string, std::map<std::string, CpuSet>> assigned_;  // by pod and container
};

}  // namespace kubelet
