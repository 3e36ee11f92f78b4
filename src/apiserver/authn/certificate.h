// Client certificates: the common name is the user, each organization a group.
#pragma once

#include "apiserver/pipeline/identity.h"
#include "base/clock.h"
#include "pki/certificate.h"

namespace apiserver {

// Safe from any thread.
class CertificateAuthenticator final : public Authenticator {
 public:
  CertificateAuthenticator(pki::TrustBundle authorities, const base::Clock& clock);  // the clock is borrowed
  // No opinion without a certificate; Unauthorized for one that our authorities did not sign or that has expired.
  io::Task<base::Result<std::optional<User>>> authenticate(const io::Request& request, const io::Peer& peer) override;

 private:
  const pki::TrustBundle authorities_;
  const base::Clock& clock_;
};

}  // namespace apiserver
