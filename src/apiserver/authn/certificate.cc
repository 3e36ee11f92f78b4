#include "apiserver/authn/certificate.h"

namespace apiserver {

CertificateAuthenticator::CertificateAuthenticator(std::shared_ptr<const Authorities> authorities,
                                                   const base::Clock& clock)
    : authorities_(std::move(authorities)), clock_(clock) {}

io::Task<base::Result<std::optional<User>>> CertificateAuthenticator::authenticate(const io::Request&,
                                                                                   const io::Peer& peer) {
  if (peer.certificates_der.empty()) co_return std::nullopt;
  CO_TRY(auto subject,
         authorities_->bundle().verify_client(peer.certificates_der, base::Time::from_ns(clock_.wall_ns())));
  if (subject.common_name.empty()) co_return std::nullopt;
  User user;
  user.name = subject.common_name;
  user.groups = subject.organizations;
  user.extra["authentication.kubernetes.io/credential-id"] = {"X509SHA256=" + subject.sha256};
  co_return user;
}

}  // namespace apiserver
