// TLS bootstrapping: how a kubelet gets, and later renews, the client certificate that it is a node by. Kubernetes
// documentation, "TLS bootstrapping".
#pragma once

#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "io/task.h"

namespace navarch {

struct BootstrapOptions {
  std::string kubeconfig;            // written once there is a certificate
  std::string bootstrap_kubeconfig;  // who may ask for the first one
  std::string certificate_directory = "/var/lib/kubelet/pki";
  std::string node_name;

  std::string current() const { return certificate_directory + "/kubelet-client-current.pem"; }
};

// Makes sure of a kubeconfig: asks for a certificate when there is none, and waits until the cluster has signed it.
io::Task<base::Result<void>> ensure_kubelet_identity(const BootstrapOptions& options, base::Clock& clock);

// Renews the certificate when most of its life is over, until cancelled. Does nothing when the kubeconfig uses another.
io::Task<void> rotate_kubelet_certificate(BootstrapOptions options, base::Clock& clock);

}  // namespace navarch
