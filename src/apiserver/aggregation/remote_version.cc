#include "apiserver/aggregation/remote_version.h"

namespace apiserver {

RemoteVersionRef remote_of_path(const RemoteVersions& remote, std::string_view path) {
  constexpr std::string_view kRoot = "/apis/", kDescriptions = "/openapi/v3";
  if (remote.empty()) return nullptr;
  if (path.starts_with(kDescriptions)) path.remove_prefix(kDescriptions.size());
  if (!path.starts_with(kRoot)) return nullptr;
  path.remove_prefix(kRoot.size());
  auto group_end = path.find('/');
  if (group_end == std::string_view::npos) return nullptr;
  auto found = remote.find(path.substr(0, path.find('/', group_end + 1)));
  return found == remote.end() ? nullptr : found->second;
}

}  // namespace apiserver
