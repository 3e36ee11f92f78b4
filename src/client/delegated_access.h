// Who may ask a component's own server for what, as the cluster decides it: client certificates of the cluster's
// authority and bearer tokens say who it is, the API server says whether it may. Kubernetes documentation, "Kubelet
// authentication/authorization" and the
// --authentication-kubeconfig and --authorization-kubeconfig flags.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/authorization_k8s_io_v1.h"
#include "base/clock.h"
#include "client/client.h"
#include "io/http.h"
#include "io/task.h"
#include "pki/certificate.h"

namespace client {

struct Caller {
  std::string name;
  std::string uid;
  std::vector<std::string> groups;
  std::map<std::string, std::vector<std::string>, std::less<>> extra = {};
};

class DelegatedAccess {
 public:
  struct Options {
    std::optional<pki::TrustBundle> authorities;  // none: no certificate is believed
    bool anonymous = false;                       // who shows nothing is system:anonymous, instead of being refused
    bool tokens = true;                           // the cluster is asked whose they are; false: none is believed
    int64_t remember_allowed_ns = 10'000'000'000;
    int64_t remember_refused_ns = 10'000'000'000;
  };
  // One loop. The clock is borrowed.
  DelegatedAccess(Options options, Client client, base::Clock& clock);

  // Unauthorized: we do not know who this is.
  io::Task<base::Result<Caller>> identify(const io::Request& request, const io::Peer& peer);
  // Whether the caller may do what the spec's attributes say; its user is filled in here. system:masters may do all.
  io::Task<base::Result<bool>> allows(Caller caller, api::authorization_k8s_io_v1::SubjectAccessReviewSpec what);

 private:
  struct Verdict {
    bool allowed = false;
    int64_t until_ns = 0;
  };

  const Options options_;
  Client client_;
  base::Clock& clock_;
  std::map<std::string, Verdict> remembered_;  // by who and what; bounded
};

}  // namespace client
