// Which password goes with which image: .dockerconfigjson and .dockercfg secrets. Pure.
// Rules: the Kubernetes documentation, "Images", "Interpretation of config.json".
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/core_v1.h"
#include "api/cri.h"
#include "base/result.h"

namespace kubelet {

struct RegistryCredential {
  std::string pattern;  // "registry.example:5000/team", "*.example", as written but without scheme
  std::string username;
  std::string password;
  std::string identity_token;
};

// Nothing for a secret of another type or one that cannot be read.
std::vector<RegistryCredential> read_pull_secret(const api::core_v1::Secret& secret);

// Those whose pattern fits the image, the most specific first.
std::vector<api::cri::AuthConfig> credentials_for(const std::vector<RegistryCredential>& all, std::string_view image);

// The image's name with registry and tag written out: "nginx" is "docker.io/library/nginx:latest". BadRequest if it is
// no name.
base::Result<std::string> normalized_image(std::string_view image);
// With ":latest" if it has neither tag nor digest.
base::Result<std::string> with_default_tag(std::string_view image);

}  // namespace kubelet
