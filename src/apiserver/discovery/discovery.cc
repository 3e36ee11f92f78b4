#include "apiserver/discovery/discovery.h"

#include <openssl/sha.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "api/apidiscovery_k8s_io_v2.h"
#include "api/meta_v1.h"
#include "apiserver/crd/kind.h"
#include "base/strings.h"
#include "schema/resource.h"

namespace apiserver::discovery {
namespace {

namespace meta = api::meta_v1;
namespace v2 = api::apidiscovery_k8s_io_v2;

using Texts = std::vector<std::string>;

// The group that describes the others comes first.
constexpr std::string_view kRegistrationGroup = "apiregistration.k8s.io";

Texts to_texts(std::span<const std::string_view> views) {
  return Texts(views.begin(), views.end());
}

std::string api_version(std::string_view group, std::string_view version) {
  return group.empty() ? std::string(version) : base::cat({group, "/", version});
}

constexpr int32_t kCustomGroupPriority = 1000;
constexpr int32_t kCustomVersionPriority = 100;  // beside versions of other servers

// Versions as the Kubernetes documentation orders them ("Version priority"): stable ones first, then betas, then
// alphas, the newest first; what is no version of that form comes last, in order of the alphabet.
struct VersionRank {
  int stability = 0;  // 3 stable, 2 beta, 1 alpha, 0 else
  int64_t major = 0, minor = 0;
  std::string_view name;

  explicit VersionRank(std::string_view version) : name(version) {
    auto number = [](std::string_view& text) -> std::optional<int64_t> {
      size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
      auto value = base::parse_int(text.substr(0, end));
      bool fine = value && end > 0 && text[0] != '0';
      text.remove_prefix(end);
      return fine ? std::optional(*value) : std::nullopt;
    };
    if (!version.starts_with('v')) return;
    version.remove_prefix(1);
    auto first = number(version);
    if (!first) return;
    if (version.empty()) {
      stability = 3;
      major = *first;
      return;
    }
    int found = version.starts_with("beta") ? 2 : version.starts_with("alpha") ? 1 : 0;
    if (found == 0) return;
    version.remove_prefix(found == 2 ? 4 : 5);
    auto second = number(version);
    if (!second || !version.empty()) return;
    stability = found;
    major = *first;
    minor = *second;
  }

  bool before(const VersionRank& other) const {
    if (stability != other.stability) return stability > other.stability;
    if (stability == 0) return name < other.name;
    return major != other.major ? major > other.major : minor > other.minor;
  }
};

// The versions of each group, best first; groups in the order in which clients should look at them.
std::vector<std::vector<schema::GroupVersion>> ordered_groups(const CustomKinds& custom, const RemoteVersions& remote) {
  std::map<std::string_view, std::vector<schema::GroupVersion>> by_group;
  for (const auto& one : schema::group_versions()) by_group[one.group].push_back(one);
  for (auto& [name, versions] : by_group) {
    std::sort(versions.begin(), versions.end(),
              [](const auto& a, const auto& b) { return a.version_priority > b.version_priority; });
  }
  std::set<std::string_view> added;
  for (const auto& [name, kind] : custom.served()) {
    const auto& row = kind->row();
    auto& versions = by_group[row.group];
    if (std::ranges::find(versions, row.version, &schema::GroupVersion::version) != versions.end()) continue;
    versions.push_back({row.group, row.version, kCustomGroupPriority, 0, false});
    added.insert(row.group);
  }
  std::set<std::string_view> shared;  // groups with versions of other servers
  for (const auto& [name, one] : remote) {
    auto& versions = by_group[one->group];
    std::erase_if(versions, [&](const auto& known) { return known.version == one->version; });
    versions.push_back({one->group, one->version, one->group_priority, one->version_priority, false});
    shared.insert(one->group);
  }
  std::vector<std::vector<schema::GroupVersion>> groups;
  for (auto& [name, versions] : by_group) {
    if (shared.contains(name)) {
      std::stable_sort(versions.begin(), versions.end(), [](const auto& a, const auto& b) {
        auto priority = [](const auto& one) {
          return one.version_priority == 0 ? kCustomVersionPriority : one.version_priority;
        };
        if (priority(a) != priority(b)) return priority(a) > priority(b);
        return VersionRank(a.version).before(VersionRank(b.version));
      });
    } else if (added.contains(name)) {
      std::stable_sort(versions.begin(), versions.end(), [](const auto& a, const auto& b) {
        bool custom_a = a.version_priority == 0, custom_b = b.version_priority == 0;
        if (custom_a != custom_b) return custom_b;
        return custom_a && VersionRank(a.version).before(VersionRank(b.version));
      });
    }
    groups.push_back(std::move(versions));
  }
  auto rank = [](const auto& group) {
    if (group[0].group == kRegistrationGroup) return INT32_MAX;
    return std::ranges::max(group, {}, &schema::GroupVersion::group_priority).group_priority;
  };
  std::stable_sort(groups.begin(), groups.end(), [&](const auto& a, const auto& b) { return rank(a) > rank(b); });
  return groups;
}

// A resource, and what can be done to it now.
struct Listed {
  const schema::Resource* row;
  Texts verbs;
};

std::vector<Listed> resources_of(const CustomKinds& custom, std::string_view group, std::string_view version) {
  std::vector<Listed> found;
  for (const auto& resource : schema::resources()) {
    if (resource.group == group && resource.version == version) found.push_back({&resource, to_texts(resource.verbs)});
  }
  for (const auto& [name, kind] : custom.served()) {
    const auto& row = kind->row();
    if (row.group != group || row.version != version) continue;
    Texts verbs = to_texts(row.verbs);
    // What is going can be looked at and deleted.
    if (kind->custom()->is_terminating()) {
      std::erase_if(verbs, [](const auto& verb) { return verb == "create" || verb == "update" || verb == "patch"; });
    }
    found.push_back({&row, std::move(verbs)});
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.row->plural < b.row->plural; });
  return found;
}

meta::APIGroup make_group(const std::vector<schema::GroupVersion>& versions) {
  meta::APIGroup made;
  made.name = versions[0].group;
  for (const auto& one : versions) {
    auto& listed = made.versions.emplace_back();
    listed.group_version = api_version(one.group, one.version);
    listed.version = one.version;
    if (one.preferred || made.preferred_version.version.empty()) {
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

v2::APIResourceDiscovery describe(const Listed& one) {
  const schema::Resource& resource = *one.row;
  v2::APIResourceDiscovery made;
  made.resource = resource.plural;
  auto& response = made.response_kind.emplace();
  response.kind = resource.kind;
  // Custom kinds are told with group and version, though they are those of the list they stand in.
  bool is_custom = resource.type->form == schema::Form::Custom;
  if (is_custom) response.group = resource.group, response.version = resource.version;
  made.scope = resource.namespaced ? "Namespaced" : "Cluster";
  made.singular_resource = resource.singular;
  made.verbs = one.verbs;
  made.short_names = to_texts(resource.short_names);
  made.categories = to_texts(resource.categories);
  for (const auto& subresource : resource.subresources) {
    auto& listed = made.subresources.emplace_back();
    listed.subresource = subresource.name;
    auto& kind = listed.response_kind.emplace();
    kind.kind = subresource.kind;
    set_foreign(kind, resource, subresource);
    if (is_custom) kind.group = subresource.group, kind.version = subresource.version;
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

schema::Object group_list(const CustomKinds& custom, const RemoteVersions& remote) {
  meta::APIGroupList made;
  for (const auto& versions : ordered_groups(custom, remote)) {
    if (!versions[0].group.empty()) made.groups.push_back(make_group(versions));
  }
  return made;
}

std::optional<schema::Object> group(const CustomKinds& custom, const RemoteVersions& remote, std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (const auto& versions : ordered_groups(custom, remote)) {
    if (versions[0].group == name) return make_group(versions);
  }
  return std::nullopt;
}

std::optional<schema::Object> resource_list(const CustomKinds& custom, std::string_view group,
                                            std::string_view version) {
  auto served = resources_of(custom, group, version);
  if (served.empty()) return std::nullopt;
  meta::APIResourceList made;
  made.group_version = api_version(group, version);
  for (const auto& one : served) {
    const schema::Resource* resource = one.row;
    auto& listed = made.resources.emplace_back();
    listed.name = resource->plural;
    listed.singular_name = resource->singular;
    listed.namespaced = resource->namespaced;
    listed.kind = resource->kind;
    listed.verbs = one.verbs;
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

schema::Object aggregated(Root root, const CustomKinds& custom, const RemoteVersions& remote) {
  v2::APIGroupDiscoveryList made;
  for (const auto& versions : ordered_groups(custom, remote)) {
    if (versions[0].group.empty() != (root == Root::Core)) continue;
    auto& group = made.items.emplace_back();
    group.metadata.name = versions[0].group;
    for (const auto& one : versions) {
      auto& version = group.versions.emplace_back();
      version.version = one.version;
      if (auto other = remote.find(api_version(one.group, one.version)); other != remote.end()) {
        version.freshness = other->second->fresh ? "Current" : "Stale";
        version.resources = other->second->resources;
        continue;
      }
      version.freshness = "Current";
      for (const auto& resource : resources_of(custom, one.group, one.version))
        version.resources.push_back(describe(resource));
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
