// All the volumes of a pod, wherever they come from: those made here (volumes.h), those behind claims, those of drivers
// (csi/), those of other machines (NFS). One loop.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "client/client.h"
#include "io/pool.h"
#include "kubelet/csi/csi_volumes.h"
#include "kubelet/volume/slow_usage.h"
#include "kubelet/volume/volumes.h"

namespace kubelet {

class PodVolumes {
 public:
  // All borrowed but the client.
  PodVolumes(client::Client client, const Volumes& volumes, CsiVolumes& csi, io::Pool& pool);
  PodVolumes(const PodVolumes&) = delete;

  // Sets up all volumes of the pod, or, of a pod that has them, only what may change while it runs.
  io::Task<VolumeOutcome> set_up(VolumeInput input, bool only_refresh);
  // Now and then for a pod that has its volumes at `paths`: they grow with their claims, and drivers that want it
  // publish them again.
  io::Task<void> look_after(core::Pod pod, VolumePaths paths);
  // How full the volume at `path` is, when its driver or its server says so.
  io::Task<SlowUsage::Usage> usage(std::string path);
  // Takes back what drivers have published for the pod. The rest is Volumes::tear_down().
  io::Task<base::Result<void>> tear_down(std::string uid);

 private:
  using Persistent = std::shared_ptr<const core::PersistentVolume>;
  io::Task<base::Result<Persistent>> resolve(core::Pod pod, core::Volume volume, std::string claim);
  io::Task<base::Result<std::string>> set_up_elsewhere(core::Pod pod, core::Volume volume, Persistent persistent);
  io::Task<SlowUsage::Usage> ask_server(std::string path);
  io::Task<base::Result<void>> unmount_nfs(std::string uid);
  io::Task<base::Result<std::string>> mount_nfs(core::Pod pod, std::string name, core::NFSVolumeSource source,
                                                std::vector<std::string> options);

  client::Client client_;
  const Volumes& volumes_;
  CsiVolumes& csi_;
  io::Pool& pool_;
  // A thread that asks another machine may wait for ever: it is nobody else's.
  std::unique_ptr<io::Pool> patient_;
  SlowUsage usage_;
};

// Why a pod may not have the claim's volume yet, in upstream's words.
base::Result<void> check_claim(const core::Pod& pod, const core::Volume& volume,
                               const core::PersistentVolumeClaim& claim);
base::Result<void> check_bound_volume(const core::PersistentVolume& volume, const core::PersistentVolumeClaim& claim);
// A block volume is for volumeDevices, another for volumeMounts.
base::Result<void> check_use(const core::Pod& pod, const core::Volume& volume,
                             const core::PersistentVolume& persistent);

}  // namespace kubelet
