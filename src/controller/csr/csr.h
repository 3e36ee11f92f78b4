// Certificate requests: those of kubelets for their own client certificate are approved, and what is approved for one
// of the cluster's own signers is signed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/certificates_k8s_io_v1.h"
#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_csr_approver(Context& context);
std::unique_ptr<Controller> make_csr_signer(Context& context);

namespace csr {

inline constexpr std::string_view kClient = "kubernetes.io/kube-apiserver-client";
inline constexpr std::string_view kKubeletClient = "kubernetes.io/kube-apiserver-client-kubelet";
inline constexpr std::string_view kKubeletServing = "kubernetes.io/kubelet-serving";

// Why a signer of the cluster does not sign this; "" when it does. Kubernetes documentation, "Certificates and
// Certificate Signing Requests", "Kubernetes signers".
std::string refusal(const api::certificates_k8s_io_v1::CertificateSigningRequestSpec& spec,
                    const pki::CertificateOptions& asked);

}  // namespace csr
}  // namespace controller
