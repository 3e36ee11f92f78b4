// No client gets a certificate that makes it a master. Kubernetes documentation, "CertificateSubjectRestriction".

#include <algorithm>

#include "api/certificates_k8s_io_v1.h"
#include "apiserver/admission/list.h"
#include "base/strings.h"
#include "pki/certificate.h"

namespace apiserver {
namespace {

constexpr std::string_view kClientSigner = "kubernetes.io/kube-apiserver-client";

class CertificateSubjectRestriction final : public AdmissionPlugin {
 public:
  std::string_view name() const override { return "CertificateSubjectRestriction"; }
  bool handles(const Attempt& attempt) const override {
    return attempt.is("certificatesigningrequests", "certificates.k8s.io") && attempt.operation == Operation::Create &&
           attempt.subresource.empty();
  }
  io::Task<base::Result<void>> validate(const Attempt& attempt) const override {
    const auto& spec = attempt.object->as<api::certificates_k8s_io_v1::CertificateSigningRequest>().spec;
    if (spec.signer_name != kClientSigner) co_return {};
    auto subject = pki::read_request(spec.request);
    if (!subject) co_return attempt.refuse(base::cat({"failed to parse CSR: ", subject.error().message()}));
    const auto& groups = subject->organizations;
    if (std::find(groups.begin(), groups.end(), kMastersGroup) == groups.end()) co_return {};
    co_return attempt.refuse(
        base::cat({"use of ", kClientSigner, " signer with ", kMastersGroup, " group is not allowed"}));
  }
};

}  // namespace

std::unique_ptr<AdmissionPlugin> make_certificate_subject_restriction() {
  return std::make_unique<CertificateSubjectRestriction>();
}

}  // namespace apiserver
