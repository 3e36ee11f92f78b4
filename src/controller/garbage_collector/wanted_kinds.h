// The kinds that come and go while the cluster runs: custom ones, and those of extension API servers.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/apiextensions_k8s_io_v1.h"
#include "api/apiregistration_k8s_io_v1.h"
#include "controller/common/kinds.h"

namespace controller::garbage {

// By group resource, those that can be listed, watched and deleted.
struct WantedKinds {
  std::map<std::string, ResourceKind> defined;
  std::map<std::string, ResourceKind> extensions;
  std::set<std::string> silent;  // group versions of extension API servers that did not tell
  bool has_extension_servers = false;

  // Whether the kind is still there as it was. What a server that is silent now had is taken to be there.
  bool has(const ResourceKind& kind, bool is_extension) const;
};

// Asks the extension API servers, if there are any.
io::Task<WantedKinds> wanted_kinds(
    client::Client client,
    std::vector<std::shared_ptr<const api::apiextensions_k8s_io_v1::CustomResourceDefinition>> definitions,
    std::vector<std::shared_ptr<const api::apiregistration_k8s_io_v1::APIService>> services);

}  // namespace controller::garbage
