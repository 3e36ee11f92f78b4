#include "kubelet/volume/pod_volumes.h"

#include <algorithm>

#include "base/file.h"
#include "base/strings.h"
#include "io/process.h"
#include "kubelet/volume/mount.h"
#include "stats/filesystem.h"
#include "volume/names.h"

namespace kubelet {
namespace {

constexpr auto kMountTimeout = std::chrono::minutes(2);
constexpr std::string_view kNfs = "kubernetes.io/nfs";

// An Error whose words stand for themselves in the event; others are put behind "MountVolume.SetUp failed".
VolumeFailure failure_of(const core::Volume& volume, const base::Error& error) {
  return {.volume = volume.name,
          .message = error.message(),
          .waits = error.code() == base::Code::Closed,
          .no_room = error.code() == base::Code::TooLarge};
}

base::Error cannot_process(const core::Volume& volume, const core::Pod& pod, const std::string& claim,
                           const base::Error& why) {
  return base::Error(why.code(),
                     base::cat({"Unable to attach or mount volumes: unmounted volumes=[", volume.name,
                                "], unattached volumes=[], failed to process volumes=[", volume.name,
                                "]: error processing PVC ", pod.metadata.namespace_, "/", claim, ": ", why.message()}));
}

template <class Visit>
void each_container(const core::Pod& pod, Visit visit) {
  for (auto& container : pod.spec.init_containers) visit(container);
  for (auto& container : pod.spec.containers) visit(container);
}

}  // namespace

PodVolumes::PodVolumes(client::Client client, const Volumes& volumes, CsiVolumes& csi, io::Pool& pool)
    : client_(std::move(client)), volumes_(volumes), csi_(csi), pool_(pool) {}

base::Result<void> check_claim(const core::Pod& pod, const core::Volume& volume,
                               const core::PersistentVolumeClaim& claim) {
  auto no = [](std::string why) { return base::fail(base::Code::Invalid, std::move(why)); };
  if (volume.ephemeral && !volume::is_made_for(claim, pod)) return no(volume::not_made_for(claim, pod));
  if (!claim.metadata.deletion_timestamp.is_zero()) return no("PVC is being deleted");
  if (claim.status.phase != "Bound") return no("PVC is not bound");
  if (claim.spec.volume_name.empty()) return no("PVC has empty pvc.Spec.VolumeName");
  return {};
}

base::Result<void> check_bound_volume(const core::PersistentVolume& volume, const core::PersistentVolumeClaim& claim) {
  auto& reference = volume.spec.claim_ref;
  if (!reference)
    return base::fail(base::Code::Invalid,
                      "found PV object " + volume.metadata.name +
                          " but it has a nil pv.Spec.ClaimRef indicating it is not yet bound to the claim");
  if (reference->uid != claim.metadata.uid)
    return base::fail(base::Code::Invalid,
                      base::cat({"found PV object ", volume.metadata.name, " but its pv.Spec.ClaimRef.UID ",
                                 reference->uid, " does not point to claim.UID ", claim.metadata.uid}));
  return {};
}

base::Result<void> check_use(const core::Pod& pod, const core::Volume& volume,
                             const core::PersistentVolume& persistent) {
  bool mounted = false, device = false;
  auto is_it = [&](auto& one) { return one.name == volume.name; };
  each_container(pod, [&](auto& container) {
    mounted = mounted || std::ranges::any_of(container.volume_mounts, is_it);
    device = device || std::ranges::any_of(container.volume_devices, is_it);
  });
  std::string mode = persistent.spec.volume_mode.value_or("Filesystem");
  auto no = [&](std::string_view where) {
    return base::fail(base::Code::Invalid,
                      base::cat({"volume ", volume.name, " has volumeMode ", mode, ", but is specified in ", where}));
  };
  if (mounted && mode == "Block") return no("volumeMounts");
  if (device && mode == "Filesystem") return no("volumeDevices");
  return {};
}

io::Task<base::Result<PodVolumes::Persistent>> PodVolumes::resolve(core::Pod pod, core::Volume volume,
                                                                   std::string name) {
  auto claim = co_await client_.get<core::PersistentVolumeClaim>(pod.metadata.namespace_, name);
  if (!claim) co_return base::fail(claim.error().with_context("failed to fetch PVC from API server"));
  CO_TRY(check_claim(pod, volume, *claim));
  auto persistent = co_await client_.get<core::PersistentVolume>("", claim->spec.volume_name);
  if (!persistent)
    co_return base::fail(
        persistent.error().with_context("failed to fetch PV " + claim->spec.volume_name + " from API server"));
  CO_TRY(check_bound_volume(*persistent, *claim));
  CO_TRY(check_use(pod, volume, *persistent));
  co_return std::make_shared<const core::PersistentVolume>(std::move(*persistent));
}

io::Task<VolumeOutcome> PodVolumes::set_up(VolumeInput input, bool only_refresh) {
  VolumeOutcome problems;
  std::map<std::string, Persistent, std::less<>> persistent;
  core::Pod pod = input.pod;
  std::vector<core::Volume> elsewhere;
  for (auto& volume : pod.spec.volumes) {
    auto claim = volume::claim_name(pod, volume);
    if (!claim.empty()) {
      input.elsewhere.insert(volume.name);
      // What a running pod has was checked when it began.
      if (only_refresh) continue;
      auto found = co_await resolve(pod, volume, claim);
      if (!found) {
        auto failure = failure_of(volume, cannot_process(volume, pod, claim, found.error()));
        failure.may_pass = true;
        problems.failures.push_back(std::move(failure));
        continue;
      }
      persistent[volume.name] = *found;
      bool is_ours = (*found)->spec.local || (*found)->spec.host_path;
      if (is_ours) {
        input.elsewhere.erase(volume.name);
        input.persistent[volume.name] = *found;
        continue;
      }
    } else if (!volume.csi && !volume.nfs) {
      continue;
    }
    input.elsewhere.insert(volume.name);
    if (only_refresh && !(volume.csi && co_await csi_.republishes(volume.csi->driver))) continue;
    elsewhere.push_back(volume);
  }
  auto outcome = co_await pool_.run([volumes = volumes_, input = std::move(input)] { return volumes.set_up(input); });
  outcome.failures.insert(outcome.failures.end(), problems.failures.begin(), problems.failures.end());
  for (auto& volume : elsewhere) {
    auto found = persistent.find(volume.name);
    int64_t began = io::Loop::current().clock().monotonic_ns();
    auto path = co_await set_up_elsewhere(pod, volume, found == persistent.end() ? nullptr : found->second);
    outcome.took_ns[volume.name] = io::Loop::current().clock().monotonic_ns() - began;
    if (path) {
      outcome.paths[volume.name] = std::move(*path);
    } else {
      outcome.failures.push_back(failure_of(volume, path.error()));
    }
  }
  co_return outcome;
}

io::Task<base::Result<std::string>> PodVolumes::set_up_elsewhere(core::Pod pod, core::Volume volume,
                                                                 Persistent persistent) {
  if (auto source = csi_source(pod, volume, persistent.get())) co_return co_await csi_.set_up(pod, std::move(*source));
  std::string name = persistent == nullptr ? volume.name : persistent->metadata.name;
  auto failed = [&](const base::Error& error) {
    return base::fail(error.code(),
                      base::cat({"MountVolume.SetUp failed for volume ", base::quote(name), " : ", error.message()}));
  };
  if (!volume.nfs && (persistent == nullptr || !persistent->spec.nfs))
    co_return failed(base::Error(base::Code::Invalid, "no volume plugin matched"));
  auto source = volume.nfs ? *volume.nfs : *persistent->spec.nfs;
  if (volume.persistent_volume_claim && volume.persistent_volume_claim->read_only) source.read_only = true;
  auto path = co_await mount_nfs(pod, name, std::move(source),
                                 persistent == nullptr ? std::vector<std::string>() : persistent->spec.mount_options);
  if (!path) co_return failed(path.error());
  co_return path;
}

io::Task<base::Result<std::string>> PodVolumes::mount_nfs(core::Pod pod, std::string name, core::NFSVolumeSource source,
                                                          std::vector<std::string> options) {
  std::string target = base::cat({volumes_.pod_directory(pod.metadata.uid), "/volumes/kubernetes.io~nfs/", name});
  CO_TRY(bool there, co_await pool_.run([target]() -> base::Result<bool> {
    if (is_mount_point(target)) return true;
    TRY(base::make_directories(target, 0750));
    return false;
  }));
  if (there) co_return target;
  if (source.read_only) options.emplace_back("ro");
  io::CommandOptions command{.argv = {"mount", "-t", "nfs"}};
  if (!options.empty()) command.argv.insert(command.argv.end(), {"-o", base::join(options, ",")});
  command.argv.insert(command.argv.end(), {source.server + ":" + source.path, target});
  std::vector<std::string> arguments(command.argv.begin() + 1, command.argv.end());
  auto done = co_await io::with_timeout(kMountTimeout, io::run_command(std::move(command)));
  if (!done) co_return base::fail(base::Code::Timeout, "mount did not end in time");
  if (!*done) co_return base::fail(done->error());
  auto& result = **done;
  if (!result.status.ok())
    co_return base::fail(base::Code::Internal,
                         base::cat({"mount failed: ", result.status.text(),
                                    "\nMounting command: mount\nMounting arguments: ", base::join(arguments, " "),
                                    "\nOutput: ", result.output, result.error}));
  co_return target;
}

io::Task<void> PodVolumes::look_after(core::Pod pod, VolumePaths paths) {
  for (const auto& volume : pod.spec.volumes) {
    auto path = paths.find(volume.name);
    if (path == paths.end() || !co_await csi_.wants_care(path->second)) continue;
    Persistent persistent;
    if (auto claim = volume::claim_name(pod, volume); !claim.empty()) {
      auto found = co_await resolve(pod, volume, claim);
      if (!found) continue;  // the API is away, or the claim is going
      persistent = *found;
    }
    if (auto source = csi_source(pod, volume, persistent.get())) co_await csi_.look_after(pod, std::move(*source));
  }
}

io::Task<SlowUsage::Usage> PodVolumes::ask_server(std::string path) {
  if (patient_ == nullptr) patient_ = std::make_unique<io::Pool>(1);
  auto usage = co_await patient_->run([path] { return stats::read_filesystem(path); });
  co_return usage ? SlowUsage::Usage(*usage) : std::nullopt;
}

io::Task<SlowUsage::Usage> PodVolumes::usage(std::string path) {
  if (volume_plugin(path) != kNfs) co_return co_await csi_.usage(std::move(path));
  co_return co_await usage_.get(path, [this, path] { return ask_server(path); });
}

// By a command, which may be given up: a server that does not answer would hold the thread that unmounts itself.
io::Task<base::Result<void>> PodVolumes::unmount_nfs(std::string uid) {
  std::string folder = volumes_.pod_directory(uid) + "/volumes/kubernetes.io~nfs";
  auto names = co_await pool_.run([folder] { return base::list_directory(folder); });
  if (!names) co_return {};
  for (const auto& name : *names) {
    std::string path = base::cat({folder, "/", name});
    usage_.forget(path);
    if (!co_await pool_.run([path] { return is_mount_point(path); })) continue;
    auto done = co_await io::with_timeout(kMountTimeout, io::run_command({.argv = {"umount", path}}));
    auto failed = [&](std::string_view why) {
      return base::fail(base::Code::Unavailable,
                        base::cat({"UnmountVolume.TearDown failed for volume ", base::quote(name), " : ", why}));
    };
    if (!done) co_return failed("umount did not end in time");
    if (!*done) co_return failed(done->error().message());
    if (!(*done)->status.ok()) co_return failed((*done)->error);
  }
  co_return {};
}

io::Task<base::Result<void>> PodVolumes::tear_down(std::string uid) {
  CO_TRY(co_await unmount_nfs(uid));
  co_return co_await csi_.tear_down(std::move(uid));
}

}  // namespace kubelet
