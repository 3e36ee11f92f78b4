// Which claims drivers have prepared on this node, and for which pods: what is remembered in dra_manager_state, in
// upstream's form, so that either kubelet goes on where the other was. Pure but for read and write, which block.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"

namespace kubelet {

struct PreparedDevice {
  std::string pool;
  std::string device;
  std::string share_id;
  std::vector<std::string> requests;  // empty: of all
  std::vector<std::string> cdi_ids;
};

struct PreparedClaim {
  std::string uid;
  std::string namespace_;
  std::string name;
  std::set<std::string> pods;                                  // uids of those that use it
  std::map<std::string, std::vector<PreparedDevice>> drivers;  // a driver stands here before it is asked
  bool prepared = false;                                       // all of them have answered, since this kubelet began
};

using PreparedClaims = std::map<std::string, PreparedClaim>;  // by uid

base::Result<PreparedClaims> read_prepared(const std::string& path);
base::Result<void> write_prepared(const std::string& path, const PreparedClaims& claims);

}  // namespace kubelet
