#include "apiserver/discovery/path_index.h"

#include <set>

#include "api/meta_v1.h"
#include "base/strings.h"

namespace apiserver {

std::string path_index(const PathIndexOf& server) {
  std::set<std::string> paths = {"/api",          "/api/v1",     "/apis",       "/apis/",       "/flagz",   "/metrics",
                                 "/metrics/slis", "/openapi/v2", "/openapi/v3", "/openapi/v3/", "/statusz", "/version"};
  if (server.issues_tokens) paths.insert({"/.well-known/openid-configuration", "/openid/v1/jwks"});
  auto groups = discovery::group_list(server.custom, server.remote);
  for (const auto& group : groups.as<api::meta_v1::APIGroupList>().groups) {
    paths.insert(base::cat({"/apis/", group.name}));
    for (const auto& version : group.versions) paths.insert(base::cat({"/apis/", version.group_version}));
  }
  for (std::string_view root : {"healthz", "livez", "readyz"}) {
    paths.insert(base::cat({"/", root}));
    for (std::string_view check : health_check_names(root, server.health_checks))
      paths.insert(base::cat({"/", root, "/", check}));
  }
  std::string json = "{\n  \"paths\": [";
  const char* separator = "\n    ";
  for (const std::string& path : paths) {
    json += base::cat({separator, base::quote(path)});
    separator = ",\n    ";
  }
  return json + "\n  ]\n}";
}

}  // namespace apiserver
