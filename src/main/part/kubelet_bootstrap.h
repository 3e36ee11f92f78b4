// TLS bootstrapping: how a kubelet gets, and later renews, the client certificate that it is a node by. Kubernetes
// documentation, "TLS bootstrapping".
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "client/client.h"
#include "io/task.h"

namespace navarch {

struct BootstrapOptions {
  std::string kubeconfig;            // written once there is a certificate
  std::string bootstrap_kubeconfig;  // who may ask for the first one
  std::string certificate_directory = "/var/lib/kubelet/pki";
  std::string node_name;

  std::string current() const { return certificate_directory + "/kubelet-client-current.pem"; }
  std::string current_of_server() const { return certificate_directory + "/kubelet-server-current.pem"; }
};

// Makes sure of a kubeconfig: asks for a certificate when there is none, and waits until the cluster has signed it.
io::Task<base::Result<void>> ensure_kubelet_identity(const BootstrapOptions& options, base::Clock& clock);

// Renews the certificate when most of its life is over, until cancelled. Does nothing when the kubeconfig uses another.
io::Task<void> rotate_kubelet_certificate(BootstrapOptions options, base::Clock& clock);

// What the kubelet's server shows (serverTLSBootstrap): until the cluster has signed one, a certificate that nobody
// vouches for, made here.
base::Result<void> begin_server_certificate(const BootstrapOptions& options, const std::vector<std::string>& addresses,
                                            base::Clock& clock);
// Asks the cluster for one and for the next ones, until cancelled. Requests of this kind wait until somebody approves
// them.
io::Task<void> rotate_server_certificate(BootstrapOptions options, client::Client client,
                                         std::vector<std::string> addresses, base::Clock& clock);

}  // namespace navarch
