// Programs beside the kubelet that know passwords of registries: asked over their standard input and output, their
// answers kept as long as they say. Kubernetes documentation, "Kubelet credential provider"; the messages are those of
// credentialprovider.kubelet.k8s.io/v1. One loop.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/kubelet_config_k8s_io_v1.h"
#include "base/result.h"
#include "io/task.h"
#include "kubelet/api.h"
#include "kubelet/pods/credentials.h"

namespace kubelet {

using CredentialProviderConfig = api::kubelet_config_k8s_io_v1::CredentialProviderConfig;

// Invalid in upstream's words; NotFound when a program is not in `directory`.
base::Result<void> check_credential_providers(const CredentialProviderConfig& config, const std::string& directory);

class CredentialProviders {
 public:
  // Checked ones. The API is borrowed.
  CredentialProviders(const CredentialProviderConfig& config, std::string directory, Api& api);
  ~CredentialProviders();

  // What the programs that know this image (its whole name) give for a pod. A program that fails is logged and gives
  // nothing.
  io::Task<std::vector<RegistryCredential>> credentials_for(api::core_v1::Pod pod, std::string image);

 private:
  using Provider = api::kubelet_config_k8s_io_v1::CredentialProvider;
  struct Account;  // what a program is told of the pod's service account
  struct Kept {
    std::vector<RegistryCredential> credentials;
    int64_t expires_ns = 0;  // monotonic
  };
  io::Task<base::Result<std::vector<RegistryCredential>>> ask(const Provider& provider, api::core_v1::Pod pod,
                                                              std::string image);
  io::Task<base::Result<Account>> account_for(const Provider& provider, api::core_v1::Pod pod);
  const Kept* kept(const std::string& provider, const std::string& account, const std::string& image);

  const CredentialProviderConfig config_;
  const std::string directory_;
  Api& api_;
  std::map<std::string, Kept> kept_;  // by provider, account, and image, registry or nothing
};

}  // namespace kubelet
