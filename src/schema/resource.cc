#include "schema/resource.h"

#include <algorithm>

#include "schema/resource_tables.h"

namespace schema {

bool Resource::has_verb(std::string_view verb) const {
  return std::ranges::find(verbs, verb) != verbs.end();
}

const Subresource* Resource::subresource(std::string_view name) const {
  auto found = std::ranges::find(subresources, name, &Subresource::name);
  return found == subresources.end() ? nullptr : &*found;
}

std::span<const Resource> resources() {
  return kResources;
}
std::span<const GroupVersion> group_versions() {
  return kGroupVersions;
}
std::span<const Type* const> kinds() {
  return kKinds;
}

const Resource* find_resource(std::string_view group, std::string_view version, std::string_view plural) {
  for (const Resource& resource : kResources) {
    if (resource.plural == plural && resource.group == group && resource.version == version) return &resource;
  }
  return nullptr;
}

const Resource* resource_of_kind(std::string_view group, std::string_view version, std::string_view kind) {
  for (const Resource& resource : kResources) {
    if (resource.kind == kind && resource.group == group && resource.version == version) return &resource;
  }
  return nullptr;
}

const Type* find_kind(std::string_view group, std::string_view version, std::string_view kind) {
  for (const Type* type : kKinds) {
    if (type->name == kind && type->group == group && type->version == version) return type;
  }
  return nullptr;
}

const Type* find_kind(std::string_view api_version, std::string_view kind) {
  size_t slash = api_version.find('/');
  if (slash == std::string_view::npos) return find_kind("", api_version, kind);
  return find_kind(api_version.substr(0, slash), api_version.substr(slash + 1), kind);
}

}  // namespace schema
