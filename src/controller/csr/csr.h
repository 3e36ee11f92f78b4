// Certificate requests: those of kubelets for their own client certificate are approved, what is approved for one of
// the cluster's own signers is signed, and those that are settled, or that nobody settled, are removed after a while.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/certificates_k8s_io_v1.h"
#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_csr_approver(Context& context);
std::unique_ptr<Controller> make_csr_signer(Context& context);
std::unique_ptr<Controller> make_csr_cleaner(Context& context);

namespace csr {

inline constexpr std::string_view kClient = "kubernetes.io/kube-apiserver-client";
inline constexpr std::string_view kKubeletClient = "kubernetes.io/kube-apiserver-client-kubelet";
inline constexpr std::string_view kKubeletServing = "kubernetes.io/kubelet-serving";

// Why a signer of the cluster does not sign this; "" when it does. Kubernetes documentation, "Certificates and
// Certificate Signing Requests", "Kubernetes signers".
std::string refusal(const api::certificates_k8s_io_v1::CertificateSigningRequestSpec& spec,
                    const pki::CertificateOptions& asked);

// When a request may go, in seconds since 1970: an hour after it was settled, a day after it was made if nobody settled
// it, and in any case when its certificate expires.
int64_t goes_at(const api::certificates_k8s_io_v1::CertificateSigningRequest& request);

}  // namespace csr
}  // namespace controller
