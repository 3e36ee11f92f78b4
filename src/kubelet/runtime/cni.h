// The network that pods of this node get, as a CNI configuration list: a bridge, addresses from the node's range, host
// ports, and masquerading of what leaves the pod network. Format: CNI specification 1.0.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace kubelet {

struct CniOptions {
  std::vector<std::string> pod_cidrs;  // "10.244.0.0/24", at most one of each family
  std::string bridge = "cni0";
  std::string address_directory = "/run/navarch/cni";  // which addresses are taken; empty after a reboot
  int mtu = 0;                                         // 0: the kernel's
  bool masquerade = true;
};

// The text of the .conflist file.
std::string cni_configuration(const CniOptions& options);
// Writes it to `directory`/10-navarch.conflist unless it is there already. Blocking.
base::Result<void> write_cni_configuration(const std::string& directory, const CniOptions& options);

}  // namespace kubelet
