#include "controller/garbage_collector/wanted_kinds.h"

#include <algorithm>

#include "base/strings.h"

namespace controller::garbage {

bool WantedKinds::has(const ResourceKind& kind, bool is_extension) const {
  const auto& kinds = is_extension ? extensions : defined;
  if (auto found = kinds.find(kind.group_resource()); found != kinds.end()) return found->second == kind;
  return is_extension && silent.contains(base::cat({kind.group, "/", kind.version}));
}

io::Task<WantedKinds> wanted_kinds(
    client::Client client,
    std::vector<std::shared_ptr<const api::apiextensions_k8s_io_v1::CustomResourceDefinition>> definitions,
    std::vector<std::shared_ptr<const api::apiregistration_k8s_io_v1::APIService>> services) {
  WantedKinds wanted;
  for (const auto& definition : definitions) {
    for (ResourceKind& kind : kinds_of(*definition)) wanted.defined.emplace(kind.group_resource(), std::move(kind));
  }
  std::erase_if(services, [](const auto& one) { return !one->spec.service; });
  wanted.has_extension_servers = !services.empty();
  if (services.empty()) co_return wanted;
  auto told = co_await extension_kinds(client);
  if (!told) {
    for (const auto& one : services) wanted.silent.insert(base::cat({one->spec.group, "/", one->spec.version}));
    co_return wanted;
  }
  for (auto& [version, why] : told->failures) wanted.silent.insert(version);
  for (ResourceKind& kind : told->kinds) {
    if (kind.watchable) wanted.extensions.emplace(kind.group_resource(), std::move(kind));
  }
  co_return wanted;
}

}  // namespace controller::garbage
