// What the files of a volume made of API objects hold. Pure. Rules: API documentation of the volume sources.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kubelet/pods/environment.h"
#include "kubelet/volume/atomic_writer.h"

namespace kubelet {

struct PayloadInput {
  const core::Pod& pod;
  const PodObjects& objects;
  std::vector<std::string> host_ips;
  std::vector<std::string> pod_ips;
  const ResourceList& node_allocatable;
  // The token for a projection; fetched before. Null if there is none yet.
  std::function<const std::string*(const core::ServiceAccountTokenProjection&)> token;
};

// Nothing if the volume is not made of API objects. NotFound, in the words users see, if something is missing that may
// not be.
base::Result<std::optional<Payload>> make_payload(const core::Volume& volume, const PayloadInput& input);

}  // namespace kubelet
