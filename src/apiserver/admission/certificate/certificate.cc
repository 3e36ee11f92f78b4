// Who may approve and sign certificate requests of a signer, and which names no client may ask for.

#include <algorithm>

#include "api/certificates_k8s_io_v1.h"
#include "apiserver/admission/list.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace certificates = api::certificates_k8s_io_v1;

class CertificateRights final : public AdmissionPlugin {
 public:
  explicit CertificateRights(const Authorizer& authorizer) : authorizer_(authorizer) {}
  std::string_view name() const override { return "CertificateApproval"; }
  bool handles(const Attempt& attempt) const override {
    return attempt.is("certificatesigningrequests", "certificates.k8s.io") && attempt.operation == Operation::Update &&
           (attempt.subresource == "approval" || attempt.subresource == "status");
  }
  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    const auto& signer = attempt.current->as<certificates::CertificateSigningRequest>().spec.signer_name;
    bool approves = attempt.subresource == "approval";
    if (!approves && !signs(attempt)) co_return {};
    std::string verb = approves ? "approve" : "sign";
    auto wildcard = signer.substr(0, signer.find('/')) + "/*";
    if (!co_await may(attempt.user, verb, signer) && !co_await may(attempt.user, verb, wildcard)) {
      co_return attempt.refuse(
          base::cat({"user not permitted to ", verb, " requests with signerName ", base::quote(signer)}));
    }
    co_return {};
  }

 private:
  // Only what a signer writes asks for a signer's rights.
  static bool signs(const Attempt& attempt) {
    const auto& next = attempt.object->as<certificates::CertificateSigningRequest>().status;
    const auto& before = attempt.current->as<certificates::CertificateSigningRequest>().status;
    return next.certificate != before.certificate || !(next.conditions == before.conditions);
  }

  io::Task<bool> may(const User& user, std::string verb, std::string name) const {
    AuthorizationAttributes attributes;
    attributes.user = user;
    attributes.verb = std::move(verb);
    attributes.api_group = "certificates.k8s.io";
    attributes.api_version = "*";
    attributes.resource = "signers";
    attributes.name = std::move(name);
    attributes.resource_request = true;
    co_return (co_await authorizer_.authorize(std::move(attributes))).allowed();
  }

  const Authorizer& authorizer_;
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_certificate_rights(const Authorizer& authorizer) {
  return std::make_unique<CertificateRights>(authorizer);
}

}  // namespace apiserver
