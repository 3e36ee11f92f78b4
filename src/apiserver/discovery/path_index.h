// "/": the paths that the server answers below itself, for people and monitors.
#pragma once

#include <string>
#include <vector>

#include "apiserver/discovery/discovery.h"
#include "apiserver/discovery/health.h"

namespace apiserver {

struct PathIndexOf {
  const CustomKinds& custom;
  const RemoteVersions& remote;
  std::vector<HealthCheck> health_checks;  // beside those that every server has
  bool issues_tokens = false;
};
// The document, in JSON; paths in order.
std::string path_index(const PathIndexOf& server);

}  // namespace apiserver
