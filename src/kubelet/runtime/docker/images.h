// Images of the Engine as the CRI's image service has them. One loop.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "api/cri.h"
#include "base/result.h"
#include "io/task.h"
#include "kubelet/runtime/docker/engine.h"

namespace kubelet::docker {

namespace cri = ::api::cri;

class ImageStore {
 public:
  explicit ImageStore(Engine& engine) : engine_(engine) {}  // borrowed; outlives it

  io::Task<base::Result<std::optional<cri::Image>>> status(std::string image);
  io::Task<base::Result<std::vector<cri::Image>>> list();
  // The id of what was pulled.
  io::Task<base::Result<std::string>> pull(std::string image, std::optional<cri::AuthConfig> auth);
  // All that an archive (docker or OCI) holds.
  io::Task<base::Result<void>> load(std::string archive);
  io::Task<base::Result<void>> remove(std::string image);
  // How a container's status names the image with this id; the id itself when it is gone.
  io::Task<std::string> reference(std::string id);

 private:
  Engine& engine_;
  std::map<std::string, std::string, std::less<>> references_;  // by id; bounded by kReferencesMax
};

// The value of X-Registry-Auth.
std::string registry_auth(const cri::AuthConfig& auth);
// The reference with ":latest" where it names neither tag nor digest: without one the Engine pulls all tags.
std::string with_tag(std::string image);

}  // namespace kubelet::docker
