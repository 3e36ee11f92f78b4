// How images come to this node, as the kubelet's configuration says.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace api::kubelet_config_k8s_io_v1 {
struct CredentialProviderConfig;
}

namespace kubelet {

// Whether a pod may use an image that is there already without showing that it could have pulled it.
// KubeletConfiguration's imagePullCredentialsVerificationPolicy.
enum class ImageVerification : uint8_t { Never, NeverPreloaded, NeverAllowlisted, Always };

struct ImageOptions {
  int pulls_max = 1;             // at the same time; 0: any number
  int32_t pulls_per_second = 5;  // on average; 0: any number
  int32_t pull_burst = 10;       // that many may begin at once
  ImageVerification verification = ImageVerification::NeverPreloaded;
  std::vector<std::string> allowlist = {};  // "registry.example/team/app", "registry.example/team/*"
  // Programs that know passwords; null: none.
  std::shared_ptr<const api::kubelet_config_k8s_io_v1::CredentialProviderConfig> providers = {};
  std::string provider_directory = {};
  std::string root_directory = {};  // image_manager/ and config.json are below
};

}  // namespace kubelet
