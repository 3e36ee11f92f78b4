#include "apiserver/discovery/discovery.h"

#include <openssl/sha.h>

#include <algorithm>
#include <map>
#include <vector>

#include "api/apidiscovery_k8s_io_v2.h"
#include "api/meta_v1.h"
#include "base/strings.h"
#include "schema/resource.h"

namespace apiserver::discovery {
namespace {

namespace meta = api::meta_v1;
namespace v2 = api::apidiscovery_k8s_io_v2;

using Texts = std::vector<std::string>;

// The group that describes the others comes first.
constexpr std::string_view kRegistrationGroup = "apiregistration.k8s.io";

Texts to_texts(std::span<const std::string_view> views) { return Texts(views.begin(), views.end()); }

std::string api_version(std::string_view group, std::string_view version) {
  return group.empty() ? std::string(version) : base::cat({group, "/", version});
}

// The versions of each group, best first; groups in the order in which clients should look at them.
std::vector<std::vector<const schema::GroupVersion*>> ordered_groups() {
  std::map<std::string_view, std::vector<const schema::GroupVersion*>> by_group;
  for (const auto& one : schema::group_versions()) by_group[one.group].push_back(&one);
  std::vector<std::vector<const schema::GroupVersion*>> groups;
  for (auto& [name, versions] : by_group) {
    std::sort(versions.begin(), versions.end(), [](const auto* a, const auto* b) { return a->version_priority > b->version_priority; });
    groups.push_back(std::move(versions));
  }
  auto rank = [](const auto& group) {
    return group[0]->group == kRegistrationGroup ? INT32_MAX : group[0]->group_priority;
  };
  std::stable_sort(groups.begin(), groups.end(), [&](const auto& a, const auto& b) { return rank(a) > rank(b); });
  return groups;
}

std::vector<const schema::Resource*> resources_of(std::string_view group, std::string_view version) {
  std::vector<const schema::Resource*> found;
  for (const auto& resource : schema::resources()) {
    if (resource.group == group && resource.version == version) found.push_back(&resource);
  }
  std::sort(found.begin(), found.end(), [](const auto* a, const auto* b) { return a->plural < b->plural; });
  return found;
}

meta::APIGroup make_group(const std::vector<const schema::GroupVersion*>& versions) {
  meta::APIGroup made;
  made.name = versions[0]->group;
  for (const auto* one : versions) {
    auto& listed = made.versions.emplace_back();
    listed.group_version = api_version(one->group, one->version);
    listed.version = one->version;
    if (one->preferred || made.preferred_version.version.empty()) {
      made.preferred_version.group_version = listed.group_version;
      made.preferred_version.version = listed.version;
    }
  }
  return made;
}

// A kind of another group or version than that of the list it stands in is told with both.
template <class Target>
void set_foreign(Target& target, const schema::Resource& resource, const schema::Subresource& subresource) {
  if (subresource.group == resource.group && subresource.version == resource.version) return;
  target.group = subresource.group;
  target.version = subresource.version;
}

v2::APIResourceDiscovery describe(const schema::Resource& resource) {
  v2::APIResourceDiscovery made;
  made.resource = resource.plural;
  made.response_kind.emplace().kind = resource.kind;
  made.scope = resource.namespaced ? "Namespaced" : "Cluster";
  made.singular_resource = resource.singular;
  made.verbs = to_texts(resource.verbs);
  made.short_names = to_texts(resource.short_names);
  made.categories = to_texts(resource.categories);
  for (const auto& subresource : resource.subresources) {
    auto& listed = made.subresources.emplace_back();
    listed.subresource = subresource.name;
    auto& kind = listed.response_kind.emplace();
    kind.kind = subresource.kind;
    set_foreign(kind, resource, subresource);
    listed.verbs = to_texts(subresource.verbs);
  }
  return made;
}

}  // namespace

schema::Object api_versions(const std::string& server_address) {
  meta::APIVersions made;
  made.versions = {"v1"};
  auto& address = made.server_address_by_client_cidrs.emplace_back();
  address.client_cidr = "0.0.0.0/0";
  address.server_address = server_address;
  return made;
}

schema::Object group_list() {
  meta::APIGroupList made;
  for (const auto& versions : ordered_groups()) {
    if (!versions[0]->group.empty()) made.groups.push_back(make_group(versions));
  }
  return made;
}

std::optional<schema::Object> group(std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (const auto& versions : ordered_groups()) {
    if (versions[0]->group == name) return make_group(versions);
  }
  return std::nullopt;
}

std::optional<schema::Object> resource_list(std::string_view group, std::string_view version) {
  auto served = resources_of(group, version);
  if (served.empty()) return std::nullopt;
  meta::APIResourceList made;
  made.group_version = api_version(group, version);
  for (const auto* resource : served) {
    auto& listed = made.resources.emplace_back();
    listed.name = resource->plural;
    listed.singular_name = resource->singular;
    listed.namespaced = resource->namespaced;
    listed.kind = resource->kind;
    listed.verbs = to_texts(resource->verbs);
    listed.short_names = to_texts(resource->short_names);
    listed.categories = to_texts(resource->categories);
    listed.storage_version_hash = resource->storage_version_hash;
    for (const auto& subresource : resource->subresources) {
      auto& below = made.resources.emplace_back();
      below.name = base::cat({resource->plural, "/", subresource.name});
      below.namespaced = resource->namespaced;
      below.kind = subresource.kind;
      set_foreign(below, *resource, subresource);
      below.verbs = to_texts(subresource.verbs);
    }
  }
  return made;
}

schema::Object aggregated(Root root) {
  v2::APIGroupDiscoveryList made;
  for (const auto& versions : ordered_groups()) {
    if (versions[0]->group.empty() != (root == Root::Core)) continue;
    auto& group = made.items.emplace_back();
    group.metadata.name = versions[0]->group;
    for (const auto* one : versions) {
      auto& version = group.versions.emplace_back();
      version.version = one->version;
      version.freshness = "Current";
      for (const auto* resource : resources_of(one->group, one->version)) version.resources.push_back(describe(*resource));
    }
  }
  return made;
}

std::string etag(std::string_view encoded) {
  unsigned char digest[SHA512_DIGEST_LENGTH];
  SHA512(reinterpret_cast<const unsigned char*>(encoded.data()), encoded.size(), digest);
  auto text = base::hex_encode({reinterpret_cast<char*>(digest), sizeof digest});
  for (char& c : text) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  return base::cat({"\"", text, "\""});
}

}  // namespace apiserver::discovery
