// Requests that a proxy in front of us has authenticated: it shows a certificate of its own authority and says who the
// user is in headers. Kubernetes documentation, "Authenticating proxy".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apiserver/authn/authorities.h"
#include "apiserver/pipeline/identity.h"
#include "base/clock.h"

namespace apiserver {

// Safe from any thread.
class FrontProxyAuthenticator final : public Authenticator {
 public:
  struct Options {
    std::shared_ptr<const Authorities> authorities;
    std::vector<std::string> allowed_names;  // common names of proxies; none: any
    std::vector<std::string> user_headers = {"X-Remote-User"};
    std::vector<std::string> uid_headers = {"X-Remote-Uid"};
    std::vector<std::string> group_headers = {"X-Remote-Group"};
    std::vector<std::string> extra_prefixes = {"X-Remote-Extra-"};
  };
  FrontProxyAuthenticator(Options options, const base::Clock& clock);  // the clock is borrowed
  // No opinion on requests without the headers, and on those whose certificate is not a proxy's: others may know it.
  io::Task<base::Result<std::optional<User>>> authenticate(const io::Request& request, const io::Peer& peer) override;

 private:
  const Options options_;
  const base::Clock& clock_;
};

}  // namespace apiserver
