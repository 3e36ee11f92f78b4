// Which of this node's user ids stand for the users of a pod that does not share the node's own (hostUsers: false): a
// range for each such pod that no other has. What was given is in a file of the pod's folder before it is used, so that
// it outlives the kubelet and is taken back with the folder:
//
//   <root>/pods/<uid>/userns    {"uidMappings":[{"hostId":65536,"containerId":0,"length":65536}],"gidMappings":[...]}
//
// The Kubernetes documentation, "Use a User Namespace With a Pod"; the file is upstream's. One loop; small files.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kubelet {

struct IdRangeOptions {
  uint32_t first = 65536;         // a multiple of ids_per_pod, and not 0: those are the node's own users
  uint32_t length = 110 * 65536;  // of all ranges together
  uint32_t ids_per_pod = 65536;   // a multiple of 65536
};

struct IdRange {
  uint32_t first = 0;
  uint32_t length = 0;
  bool operator==(const IdRange&) const = default;
};

class IdRanges {
 public:
  // Takes up what pods below `root` have. Files that cannot be read are told of and left alone.
  IdRanges(std::string root, IdRangeOptions options);

  // The pod's range, which it now has. Unavailable when all are taken; Invalid for a file that says something else.
  base::Result<IdRange> ensure(const std::string& uid);
  // Nothing if it has none.
  std::optional<IdRange> find(const std::string& uid) const;
  // Once nothing of the pod runs and its folder is gone.
  void release(const std::string& uid);

 private:
  std::string file_of(const std::string& uid) const;
  base::Result<void> take_up(const std::string& uid, std::string_view text);

  const std::string root_;
  const IdRangeOptions options_;
  std::map<std::string, uint32_t> first_;  // by uid
  std::set<uint32_t> taken_;
};

// What the node lets pods have: as /etc/subuid and /etc/subgid give it to the user "kubelet" ("kubelet:65536:7208960"),
// the same in both; the usual range when there is no such user (`passwd` without a line of it) or neither file names
// it. Invalid when what is given is of no use, or not enough for `pods_max` pods.
base::Result<IdRangeOptions> id_range_options(std::string_view passwd, std::string_view subuid, std::string_view subgid,
                                              uint32_t ids_per_pod, int32_t pods_max);

}  // namespace kubelet
