// The resources there are, built in and custom, for controllers that treat all alike.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/apiextensions_k8s_io_v1.h"
#include "api/meta_v1.h"
#include "base/result.h"
#include "client/client.h"

namespace controller {

struct ResourceKind {
  std::string group;
  std::string version;
  std::string plural;
  std::string kind;
  bool namespaced = false;
  bool watchable = true;

  bool operator==(const ResourceKind&) const = default;
  std::string target(std::string_view namespace_, std::string_view name = "") const;
  std::string group_resource() const { return group.empty() ? plural : plural + "." + group; }
};

// Each built-in resource once, in its preferred version, that can be listed, watched and deleted.
std::vector<ResourceKind> built_in_kinds();
// What a definition defines, in the first version it serves; nothing while it is not established.
std::vector<ResourceKind> kinds_of(const api::apiextensions_k8s_io_v1::CustomResourceDefinition& definition);

// What the group versions of extension API servers hold, as those tell. `failures`: of those that cannot be asked, by
// group version.
struct ExtensionKinds {
  std::vector<ResourceKind> kinds;
  std::vector<std::pair<std::string, std::string>> failures;
};
io::Task<base::Result<ExtensionKinds>> extension_kinds(client::Client client);

// Calls on objects of any kind.
// NotFound: there is no such object. Unavailable: nobody serves its kind at that place, so nobody can tell.
io::Task<base::Result<api::meta_v1::ObjectMeta>> get_meta(client::Client client, ResourceKind kind,
                                                          std::string namespace_, std::string name);
// A JSON merge patch.
io::Task<base::Result<void>> merge_patch(client::Client client, ResourceKind kind, std::string namespace_,
                                         std::string name, std::string patch);
io::Task<base::Result<void>> remove(client::Client client, ResourceKind kind, std::string namespace_, std::string name,
                                    std::string uid, std::string propagation_policy);

}  // namespace controller
