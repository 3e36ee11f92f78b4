// Group versions that another server serves for us, as one constant snapshot: what APIServices that name a service come
// to; and those that we serve like another server's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/apidiscovery_k8s_io_v2.h"
#include "io/socket.h"

namespace io {
class TlsClient;
}

namespace apiserver {

class OwnVersion;

struct RemoteVersion {
  std::string group;
  std::string version;
  int32_t group_priority = 0;
  int32_t version_priority = 0;
  std::shared_ptr<io::TlsClient>
      tls;  // trusts that server, and shows it who we are; null when its authority cannot be read
  bool available = false;
  std::vector<io::Address> places;                                           // where it is; any will do
  std::vector<api::apidiscovery_k8s_io_v2::APIResourceDiscovery> resources;  // as it last told
  // Where its index of OpenAPI says that the version is described: "/openapi/v3/apis/x.io/v1?hash=1"; "" when it does
  // not.
  std::string openapi_url;
  bool fresh = false;                     // whether it could be asked of late
  std::shared_ptr<const OwnVersion> own;  // we serve it ourselves, and nothing above but names and resources counts
};
using RemoteVersionRef = std::shared_ptr<const RemoteVersion>;
using RemoteVersions = std::map<std::string, RemoteVersionRef, std::less<>>;  // by "group/version"

// Whose the path is ("/apis/GROUP/VERSION" and all below, and its description at "/openapi/v3/apis/GROUP/VERSION",
// unescaped); null when it is nobody's but ours.
RemoteVersionRef remote_of_path(const RemoteVersions& remote, std::string_view path);

}  // namespace apiserver
