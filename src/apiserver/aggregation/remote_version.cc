#include "apiserver/aggregation/remote_version.h"

namespace apiserver {
namespace {

// Pieces that a server behind us may take for another path than the one that was authorized.
bool has_odd_piece(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    auto piece = path.substr(0, path.find('/'));
    path.remove_prefix(piece.size());
    bool is_last = path.empty();
    if (piece == "." || piece == ".." || (piece.empty() && !is_last)) return true;
  }
  return false;
}

}  // namespace

RemoteVersionRef remote_of_path(const RemoteVersions& remote, std::string_view path) {
  constexpr std::string_view kRoot = "/apis/", kDescriptions = "/openapi/v3";
  if (remote.empty()) return nullptr;
  if (path.starts_with(kDescriptions)) path.remove_prefix(kDescriptions.size());
  if (!path.starts_with(kRoot) || has_odd_piece(path)) return nullptr;
  path.remove_prefix(kRoot.size());
  auto group_end = path.find('/');
  if (group_end == std::string_view::npos) return nullptr;
  auto found = remote.find(path.substr(0, path.find('/', group_end + 1)));
  return found == remote.end() ? nullptr : found->second;
}

}  // namespace apiserver
