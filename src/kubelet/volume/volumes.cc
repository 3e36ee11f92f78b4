#include "kubelet/volume/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "base/clock.h"
#include "base/file.h"
#include "base/strings.h"
#include "kubelet/pods/expansion.h"
#include "kubelet/volume/mount.h"
#include "kubelet/volume/payload.h"

namespace kubelet {
namespace {

std::optional<int64_t> group_of(const core::Pod& pod) {
  if (!pod.spec.security_context) return {};
  return pod.spec.security_context->fs_group;
}

std::string plugin_of(const core::Volume& volume) {
  if (volume.empty_dir) return "kubernetes.io~empty-dir";
  if (volume.config_map) return "kubernetes.io~configmap";
  if (volume.secret) return "kubernetes.io~secret";
  if (volume.downward_api) return "kubernetes.io~downward-api";
  if (volume.projected) return "kubernetes.io~projected";
  return "";
}

int64_t memory_volume_bytes(const core::EmptyDirVolumeSource& source, const VolumeInput& input) {
  int64_t bytes = 0;  // nothing limits it
  auto limit = [&](int64_t most) {
    if (most > 0) bytes = bytes == 0 ? most : std::min(bytes, most);
  };
  if (auto memory = input.node_allocatable.find("memory"); memory != input.node_allocatable.end())
    limit(memory->second.value());
  auto limits = pod_limits(input.pod);
  if (auto memory = limits.find("memory"); memory != limits.end()) limit(memory->second.value());
  if (source.size_limit) limit(source.size_limit->value());
  return bytes;
}

}  // namespace

std::string volume_plugin(std::string_view path) {
  constexpr std::string_view kVolumes = "/volumes/";
  auto at = path.find(kVolumes);
  if (at == std::string_view::npos) return "";
  auto rest = path.substr(at + kVolumes.size());
  auto name = rest.substr(0, rest.find('/'));
  auto tilde = name.find('~');
  if (tilde == std::string_view::npos) return "";
  return base::cat({name.substr(0, tilde), "/", name.substr(tilde + 1)});
}

TokenKey token_key(const core::ServiceAccountTokenProjection& projection) {
  return {.audience = projection.audience, .expiration_seconds = projection.expiration_seconds.value_or(3600)};
}

std::vector<TokenKey> Volumes::tokens_of(const core::Pod& pod) {
  std::vector<TokenKey> out;
  for (auto& volume : pod.spec.volumes)
    if (volume.projected)
      for (auto& source : volume.projected->sources)
        if (source.service_account_token) out.push_back(token_key(*source.service_account_token));
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool Volumes::is_live(const core::Pod& pod) {
  return std::ranges::any_of(pod.spec.volumes, [](auto& volume) {
    return volume.config_map || volume.secret || volume.downward_api || volume.projected;
  });
}

base::Result<std::string> Volumes::set_up_persistent(const core::Volume& volume, const core::PersistentVolume& source,
                                                     const core::Pod& pod) const {
  if (source.spec.host_path) {
    TRY(check_host_path(source.spec.host_path->path, source.spec.host_path->type.value_or("")));
    return source.spec.host_path->path;
  }
  if (!source.spec.local) return base::fail(base::Code::Invalid, "no volume plugin matched");
  auto& local = source.spec.local->path;
  if (!base::exists(local))
    return base::fail(base::Code::NotFound, base::cat({"path ", base::quote(local), " does not exist"}));
  if (source.spec.volume_mode == "Block") return local;
  std::string path =
      base::cat({pod_directory(pod.metadata.uid), "/volumes/kubernetes.io~local-volume/", source.metadata.name});
  bool fresh = !is_mount_point(path);
  TRY(bind_directory(local, path, volume.persistent_volume_claim && volume.persistent_volume_claim->read_only));
  auto group = group_of(pod);
  if (group && fresh && !(volume.persistent_volume_claim && volume.persistent_volume_claim->read_only))
    TRY(set_group(path, *group, false, pod.spec.security_context->fs_group_change_policy == "OnRootMismatch"));
  return path;
}

base::Result<std::string> Volumes::set_up_one(const core::Volume& volume, const VolumeInput& input) const {
  if (auto persistent = input.persistent.find(volume.name); persistent != input.persistent.end())
    return set_up_persistent(volume, *persistent->second, input.pod);
  if (volume.host_path) {
    TRY(check_host_path(volume.host_path->path, volume.host_path->type.value_or("")));
    return volume.host_path->path;
  }
  std::string plugin = plugin_of(volume);
  if (plugin.empty()) return base::fail(base::Code::Invalid, "no volume plugin matched");
  std::string path = pod_directory(input.pod.metadata.uid) + "/volumes/" + plugin + "/" + volume.name;
  auto group = group_of(input.pod);
  if (volume.empty_dir) {
    bool fresh = !base::exists(path);
    std::optional<int64_t> memory;
    if (volume.empty_dir->medium == "Memory") memory = memory_volume_bytes(*volume.empty_dir, input);
    TRY(make_volume_directory(path, 0777, memory));
    if (group && fresh) TRY(set_group(path, *group, false));
    return path;
  }
  PayloadInput payload_input{.pod = input.pod,
                             .objects = input.objects,
                             .host_ips = input.host_ips,
                             .pod_ips = input.pod_ips,
                             .node_allocatable = input.node_allocatable,
                             .token = [&](const core::ServiceAccountTokenProjection& projection) -> const std::string* {
                               auto found = input.tokens.find(token_key(projection));
                               return found == input.tokens.end() ? nullptr : &found->second;
                             }};
  TRY(auto payload, make_payload(volume, payload_input));
  // What may be secret never touches the disk.
  std::optional<int64_t> memory;
  if (!volume.config_map) memory = 0;
  TRY(make_volume_directory(path, 0755, memory));
  TRY(write_payload(path, *payload, group, input.now));
  return path;
}

VolumeOutcome Volumes::set_up(const VolumeInput& input) const {
  VolumeOutcome out;
  for (auto& volume : input.pod.spec.volumes) {
    if (input.elsewhere.contains(volume.name)) continue;
    int64_t began = base::system_clock().monotonic_ns();
    auto path = set_up_one(volume, input);
    out.took_ns[volume.name] = base::system_clock().monotonic_ns() - began;
    if (path) {
      out.paths[volume.name] = std::move(*path);
    } else {
      auto persistent = input.persistent.find(volume.name);
      auto& name = persistent == input.persistent.end() ? volume.name : persistent->second->metadata.name;
      out.failures.push_back({.volume = volume.name,
                              .message = base::cat({"MountVolume.SetUp failed for volume ", base::quote(name), " : ",
                                                    path.error().message()})});
    }
  }
  return out;
}

base::Result<std::map<size_t, std::string>> Volumes::set_up_sub_paths(const core::Pod& pod,
                                                                      const core::Container& container,
                                                                      const VolumePaths& paths,
                                                                      const Environment& environment) const {
  std::map<size_t, std::string> out;
  for (size_t i = 0; i < container.volume_mounts.size(); ++i) {
    auto& mount = container.volume_mounts[i];
    std::string sub_path = mount.sub_path;
    if (!mount.sub_path_expr.empty()) {
      auto expanded = expand_strictly(mount.sub_path_expr, [&](std::string_view name) -> std::optional<std::string> {
        for (auto& [key, value] : environment)
          if (key == name) return value;
        return {};
      });
      if (!expanded)
        return base::fail(base::Code::Invalid,
                          "failed to expand subPathExpr of volumeMount " + base::quote(mount.name));
      sub_path = *expanded;
    }
    if (sub_path.empty()) continue;
    if (sub_path.starts_with('/'))
      return base::fail(base::Code::Invalid, "error SubPath `" + sub_path + "` must not be an absolute path");
    for (auto part : base::split(sub_path, '/'))
      if (part == "..")
        return base::fail(base::Code::Invalid, "error SubPath `" + sub_path + "` must not contain `..`");
    auto volume = paths.find(mount.name);
    if (volume == paths.end()) {
      // The runtime looks into an image; what else is missing container_config() complains of.
      bool is_image = std::ranges::any_of(pod.spec.volumes,
                                          [&](const auto& one) { return one.name == mount.name && bool(one.image); });
      if (is_image) out[i] = sub_path;
      continue;
    }
    std::string target = pod_directory(pod.metadata.uid) + "/volume-subpaths/" + mount.name + "/" + container.name +
                         "/" + std::to_string(i);
    // A restarted container sees what is at the sub path now.
    TRY(unmount_below(target));
    TRY(bind_sub_path(volume->second, sub_path, target));
    out[i] = target;
  }
  return out;
}

base::Result<std::string> Volumes::make_termination_file(const std::string& uid, const std::string& container,
                                                         uint64_t random) const {
  std::string folder = pod_directory(uid) + "/containers/" + container;
  TRY(base::make_directories(folder, 0750));
  char name[9];
  snprintf(name, sizeof name, "%08x", static_cast<unsigned>(random));
  std::string path = folder + "/" + name;
  int fd = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
  if (fd < 0) return base::fail(base::system_error("create " + path, errno));
  fchmod(fd, 0666);  // whatever user the container runs as
  close(fd);
  return path;
}

base::Result<void> Volumes::tear_down(const std::string& uid) const {
  if (uid.empty() || uid.contains('/')) return base::fail(base::Code::Invalid, "not a uid: " + uid);
  std::string folder = pod_directory(uid);
  TRY(unmount_below(folder));
  return base::remove_tree(folder);
}

std::vector<std::string> Volumes::pods_on_disk() const {
  auto names = base::list_directory(root_ + "/pods");
  return names ? *names : std::vector<std::string>();
}

}  // namespace kubelet
