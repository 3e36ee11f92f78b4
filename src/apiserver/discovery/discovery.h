// What the server serves, told in the forms that clients ask for: the legacy lists of /api and /apis, and the
// aggregated list that holds everything in one answer. Pure functions of the resource tables, of the custom kinds there
// are, and of what other servers serve for us. Kubernetes documentation, "Discovery API".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "apiserver/aggregation/remote_version.h"
#include "apiserver/registry/served.h"
#include "schema/object.h"

namespace apiserver::discovery {

// /api: an APIVersions. `server_address` ("10.0.0.1:6443") is where clients from anywhere find us.
schema::Object api_versions(const std::string& server_address);
// /apis: an APIGroupList.
schema::Object group_list(const CustomKinds& custom, const RemoteVersions& remote);
// /apis/GROUP: an APIGroup; nothing when it is not served.
std::optional<schema::Object> group(const CustomKinds& custom, const RemoteVersions& remote, std::string_view name);
// /api/v1, /apis/GROUP/VERSION: an APIResourceList; nothing when it is not served.
std::optional<schema::Object> resource_list(const CustomKinds& custom, std::string_view group,
                                            std::string_view version);

enum class Root : uint8_t { Core, Groups };  // /api or /apis
// An APIGroupDiscoveryList (apidiscovery.k8s.io/v2).
schema::Object aggregated(Root root, const CustomKinds& custom, const RemoteVersions& remote);

// The media type parameters of the aggregated form, and the ETag of an encoded one: quoted, upper-case SHA-512.
inline constexpr std::string_view kAggregatedParameters = "g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
std::string etag(std::string_view encoded);

}  // namespace apiserver::discovery
