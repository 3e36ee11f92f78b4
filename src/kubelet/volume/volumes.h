// The volumes of a pod on this node's disk, laid out as upstream does, so that either kubelet finds what the other
// made:
//
//   <root>/pods/<uid>/volumes/kubernetes.io~<plugin>/<volume>
//   <root>/pods/<uid>/volume-subpaths/<volume>/<container>/<index>
//   <root>/pods/<uid>/containers/<container>/<8 hex digits>    termination messages
//   <root>/pods/<uid>/etc-hosts
//
// set_up() makes what is missing and brings what is there up to date, so it serves at the start, after a restart of the
// kubelet, and for live updates. Blocking: for the pool. Calls for one pod do not overlap.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "kubelet/pods/environment.h"

namespace kubelet {

// A service account's token by volume and path.
struct TokenKey {
  std::string audience;
  int64_t expiration_seconds = 3600;
  auto operator<=>(const TokenKey&) const = default;
};
using Tokens = std::map<TokenKey, std::string>;

// All that a set-up looks at, by value: it runs on another thread.
struct VolumeInput {
  core::Pod pod;
  PodObjects objects;
  Tokens tokens;
  std::vector<std::string> host_ips;
  std::vector<std::string> pod_ips;
  ResourceList node_allocatable;
  base::Time now;
  // What the pod's claims are bound to, by the pod's name for the volume.
  std::map<std::string, std::shared_ptr<const core::PersistentVolume>, std::less<>> persistent;
  std::set<std::string, std::less<>> elsewhere;  // volumes that are somebody else's to set up
};

using VolumePaths = std::map<std::string, std::string, std::less<>>;  // by volume name

struct VolumeFailure {
  std::string volume;
  std::string message;    // as FailedMount says it
  bool waits = false;     // for what is under way: nothing to complain of
  bool may_pass = false;  // the API may be about to say otherwise: to complain of when it lasts
  bool no_room = false;   // the node can attach no more volumes of that driver: the pod is not for here
};

struct VolumeOutcome {
  VolumePaths paths;
  std::vector<VolumeFailure> failures;
  std::map<std::string, int64_t> took_ns = {};  // by volume, those that were made or failed
};

// "kubernetes.io/empty-dir" of "<pod>/volumes/kubernetes.io~empty-dir/<name>"; "" of a path that is no plugin's.
std::string volume_plugin(std::string_view path);

class Volumes {
 public:
  explicit Volumes(std::string root) : root_(std::move(root)) {}

  std::string pod_directory(const std::string& uid) const { return root_ + "/pods/" + uid; }

  VolumeOutcome set_up(const VolumeInput& input) const;
  // Sub paths of one container, by the place of the mount. The environment is for subPathExpr.
  base::Result<std::map<size_t, std::string>> set_up_sub_paths(const core::Pod& pod, const core::Container& container,
                                                               const VolumePaths& paths,
                                                               const Environment& environment) const;
  // A fresh file for a container's last words; its path.
  base::Result<std::string> make_termination_file(const std::string& uid, const std::string& container,
                                                  uint64_t random) const;
  // Unmounts and removes all that the pod has on this disk, logs apart.
  base::Result<void> tear_down(const std::string& uid) const;
  // Uids of pods that have something here.
  std::vector<std::string> pods_on_disk() const;

  // The projections of tokens that the pod's volumes ask for.
  static std::vector<TokenKey> tokens_of(const core::Pod& pod);
  // Whether objects or tokens stand behind some volume, so that it changes while the pod runs.
  static bool is_live(const core::Pod& pod);

 private:
  base::Result<std::string> set_up_persistent(const core::Volume& volume, const core::PersistentVolume& source,
                                              const core::Pod& pod) const;
  base::Result<std::string> set_up_one(const core::Volume& volume, const VolumeInput& input) const;

  std::string root_;
};

TokenKey token_key(const core::ServiceAccountTokenProjection& projection);

}  // namespace kubelet
