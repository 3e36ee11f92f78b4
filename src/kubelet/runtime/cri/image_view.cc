#include "kubelet/runtime/cri/image_view.h"

#include "base/random.h"
#include "base/strings.h"
#include "io/grpc_client.h"
#include "kubelet/runtime/cri/wire_fields.h"
#include "schema/value.h"

namespace kubelet {
namespace {

constexpr auto kTimeout = std::chrono::seconds(30);
constexpr std::string_view kSnapshots = "/containerd.services.snapshots.v1.Snapshots/";

}  // namespace

bool needs_image_views(std::string_view runtime, std::string_view version) {
  if (runtime != "containerd") return false;
  if (version.starts_with('v')) version.remove_prefix(1);
  auto parts = base::split(version, '.');
  if (parts.size() < 2) return false;
  auto major = base::parse_uint(parts[0]), minor = base::parse_uint(parts[1]);
  return major && minor && (*major < 2 || (*major == 2 && *minor < 1));
}

std::string chain_id_of(std::string_view verbose_info) {
  auto info = schema::Value::parse(std::string(verbose_info));
  return info ? std::string(info->text_at({"chainID"})) : "";
}

std::string snapshotter_of(std::string_view image_folder) {
  constexpr std::string_view kBefore = "io.containerd.snapshotter.v1.";
  auto at = image_folder.rfind(kBefore);
  if (at == std::string_view::npos) return "overlayfs";
  auto name = image_folder.substr(at + kBefore.size());
  return std::string(name.substr(0, name.find('/')));
}

base::Result<HostMount> mount_of_view(std::string_view answer) {
  // ViewSnapshotResponse: 1 mounts. Mount: 1 type, 2 source, 4 options.
  WireField field;
  std::vector<std::string_view> mounts;
  while (next_field(answer, field))
    if (field.number == 1) mounts.push_back(field.bytes);
  if (mounts.size() != 1)
    return base::fail(base::Code::Internal, base::cat({"containerd wants ", std::to_string(mounts.size()),
                                                       " mounts for an image, where one was expected"}));
  HostMount out;
  while (next_field(mounts[0], field)) {
    if (field.number == 1) out.type = field.bytes;
    if (field.number == 2) out.source = field.bytes;
    if (field.number == 4) out.options.emplace_back(field.bytes);
  }
  return out;
}

io::Task<base::Result<HostMount>> view_image(std::string endpoint, std::string snapshotter, std::string chain_id) {
  CO_TRY(auto address, io::Address::parse(endpoint));
  io::GrpcClient::Options options{.address = std::move(address), .tls = nullptr};
  options.metadata.add("containerd-namespace", "k8s.io");
  io::GrpcClient client(std::move(options));
  // ViewSnapshotRequest: 1 snapshotter, 2 key, 3 parent. RemoveSnapshotRequest: 1 snapshotter, 2 key.
  std::string remove;
  add_field(remove, 1, snapshotter);
  add_field(remove, 2, base::cat({"navarch-image-volume-", std::to_string(base::system_random().next())}));
  std::string view = remove;
  add_field(view, 3, chain_id);
  CO_TRY(auto answer, co_await client.call(base::cat({kSnapshots, "View"}), std::move(view), kTimeout));
  CO_TRY(co_await client.call(base::cat({kSnapshots, "Remove"}), std::move(remove), kTimeout));
  co_return mount_of_view(answer);
}

}  // namespace kubelet
