// A CredentialProviderConfig: a file, or a folder of such files whose providers are put together by the files' names.
#pragma once

#include <memory>
#include <string>

#include "api/kubelet_config_k8s_io_v1.h"
#include "base/result.h"

namespace navarch {

// kubelet.config.k8s.io/v1, v1beta1 or v1alpha1. What it says is checked, and that the programs are in `directory`.
base::Result<std::shared_ptr<const api::kubelet_config_k8s_io_v1::CredentialProviderConfig>>
read_credential_provider_configuration(const std::string& path, const std::string& directory);

}  // namespace navarch
