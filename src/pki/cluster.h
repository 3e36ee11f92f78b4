// A cluster's own public key infrastructure: made on first start, renewed before it expires, laid out as kubeadm does.
//
//   ca.crt ca.key                      the cluster's authority: servers, clients
//   front-proxy-ca.* front-proxy-client.*  who may speak for others (aggregation)
//   sa.key sa.pub                      signs service account tokens
//   apiserver.*                        the API server's serving certificate
//   apiserver-kubelet-client.*         the API server as a client of kubelets
//   kubelet.*                          the node's serving certificate
// Private keys are 0600.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "pki/certificate.h"

namespace pki {

struct ClusterOptions {
  std::string directory;
  std::string node_name;
  std::vector<std::string> server_names;      // DNS names of the API server beside the well-known ones
  std::vector<std::string> server_addresses;  // its addresses, the service address among them
  std::vector<std::string> node_addresses;
};

struct Cluster {
  KeyPair authority;
  KeyPair front_proxy_authority;
  KeyPair front_proxy_client;
  std::string service_account_key_pem;  // private
  KeyPair api_server;
  KeyPair api_server_kubelet_client;
  KeyPair kubelet_server;
};

// Reads what is there, makes what is missing, and makes anew what has less than a third of its life left or does not
// name all addresses. An authority is never replaced: without it nobody would trust anybody. Blocking.
base::Result<Cluster> ensure_cluster(const ClusterOptions& options, const base::Clock& clock);

// A client certificate for a component or a person, valid for a year.
base::Result<KeyPair> issue_client(const KeyPair& authority, const std::string& name,
                                   const std::vector<std::string>& groups, const base::Clock& clock);

// A serving certificate that nobody vouches for, valid for a year.
base::Result<KeyPair> make_self_signed(const std::string& name, std::vector<std::string> dns_names,
                                       std::vector<std::string> addresses, const base::Clock& clock);

// A kubeconfig with everything inside (private: 0600).
std::string make_kubeconfig(const std::string& server_url, const std::string& authority_pem, const std::string& user,
                            const KeyPair& client);

}  // namespace pki
