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

// Whose a credential is: what any pod of the node may use, or what one pod brought along.
struct CredentialSource {
  enum class Kind : uint8_t { Node, Secret, ServiceAccount } kind = Kind::Node;
  std::string uid, namespace_, name;  // of the secret or service account
  bool operator==(const CredentialSource&) const = default;
};

struct RegistryCredential {
  std::string pattern;  // "registry.example:5000/team", "*.example", as written but without scheme
  std::string username;
  std::string password;
  std::string identity_token;
  CredentialSource source;

  api::cri::AuthConfig auth() const;
  std::string hash() const;  // of what it opens doors with, hex
};

// Those of a file in docker's form: `legacy` for .dockercfg. What cannot be read is left out.
std::vector<RegistryCredential> read_docker_config(std::string_view json, bool legacy);
// Nothing for a secret of another type or one that cannot be read.
std::vector<RegistryCredential> read_pull_secret(const api::core_v1::Secret& secret);

// Those whose pattern fits the image, the most specific first.
std::vector<RegistryCredential> credentials_for(const std::vector<RegistryCredential>& all, std::string_view image);
// Whether a pattern ("*.example/team") fits an image's whole name.
bool pattern_fits(std::string_view pattern, std::string_view normalized_image);

// The image's name with registry and tag written out: "nginx" is "docker.io/library/nginx:latest". BadRequest if it is
// no name.
base::Result<std::string> normalized_image(std::string_view image);
// The same without tag and digest: "docker.io/library/nginx".
base::Result<std::string> image_repository(std::string_view image);
// With ":latest" if it has neither tag nor digest.
base::Result<std::string> with_default_tag(std::string_view image);

}  // namespace kubelet
