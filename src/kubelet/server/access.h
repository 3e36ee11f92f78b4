// Who may ask the kubelet's server for what: the cluster decides (client/delegated_access.h), on the node as a
// resource. Kubernetes documentation, "Kubelet authentication/authorization".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/delegated_access.h"
#include "kubelet/options.h"

namespace kubelet {

class Access {
 public:
  // Without authorities no certificate is believed. The clock is borrowed; one loop.
  Access(const KubeletOptions& options, std::optional<pki::TrustBundle> authorities, client::Client client,
         base::Clock& clock);

  // Unauthorized: we do not know who this is. Forbidden: he may not do this to nodes/`subresources`, any of which will
  // do.
  io::Task<base::Result<void>> check(const io::Request& request, const io::Peer& peer, std::string verb,
                                     std::vector<std::string> subresources);

 private:
  client::DelegatedAccess access_;
  const std::string node_name_;
  const bool authorize_;
};

}  // namespace kubelet
