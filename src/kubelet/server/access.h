// Who may ask the kubelet's server for what: client certificates of the cluster's authority and bearer tokens say who it is, the API
// server says whether it may. Kubernetes documentation, "Kubelet authentication/authorization".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/client.h"
#include "io/http.h"
#include "io/task.h"
#include "pki/certificate.h"

namespace kubelet {

class Access {
 public:
  // Without authorities no certificate is believed. Client and clock are borrowed; one loop.
  Access(std::optional<pki::TrustBundle> authorities, client::Client client, std::string node_name, base::Clock& clock);

  // Unauthorized: we do not know who this is. Forbidden: he may not do this to nodes/`subresource`.
  io::Task<base::Result<void>> check(const io::Request& request, const io::Peer& peer, std::string verb, std::string subresource);

 private:
  struct Caller {
    std::string name;
    std::string uid;
    std::vector<std::string> groups;
  };
  struct Verdict {
    bool allowed = false;
    int64_t until_ns = 0;
  };
  io::Task<base::Result<Caller>> identify(const io::Request& request, const io::Peer& peer);
  io::Task<base::Result<bool>> ask(const Caller& caller, const std::string& verb, const std::string& subresource);

  const std::optional<pki::TrustBundle> authorities_;
  client::Client client_;
  const std::string node_name_;
  base::Clock& clock_;
  std::map<std::string, Verdict> remembered_;  // by who and what; bounded
};

}  // namespace kubelet
