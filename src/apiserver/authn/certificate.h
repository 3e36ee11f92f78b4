// Client certificates: the common name is the user, each organization a group.
#pragma once

#include <memory>

#include "apiserver/authn/authorities.h"
#include "apiserver/pipeline/identity.h"
#include "base/clock.h"

namespace apiserver {

// Safe from any thread.
class CertificateAuthenticator final : public Authenticator {
 public:
  CertificateAuthenticator(std::shared_ptr<const Authorities> authorities,
                           const base::Clock& clock);  // the clock is borrowed
  // No opinion without a certificate; Unauthorized for one that our authorities did not sign or that has expired.
  io::Task<base::Result<std::optional<User>>> authenticate(const io::Request& request, const io::Peer& peer) override;

 private:
  const std::shared_ptr<const Authorities> authorities_;
  const base::Clock& clock_;
};

}  // namespace apiserver
