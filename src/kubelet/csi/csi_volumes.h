// The volumes of pods that drivers provide: attached (waited for), staged once for the node, published for each pod,
// and all of that undone. One loop.
//
// Work on one volume is done one at a time, whichever pods it is for. What has been begun is on disk first
// (csi/record.h), so that a kubelet that starts anew repeats or undoes it; drivers' calls may be repeated.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "io/pool.h"
#include "kubelet/api.h"
#include "kubelet/csi/drivers.h"
#include "kubelet/csi/record.h"
#include "kubelet/csi/request.h"

namespace kubelet {

class CsiVolumes {
 public:
  // `root` is the kubelet's folder; the rest is borrowed.
  CsiVolumes(std::string root, std::string node_name, client::Client client, Api& api, CsiDrivers& drivers,
             io::Pool& pool);
  CsiVolumes(const CsiVolumes&) = delete;

  // Called when something happened for which a volume may have waited: a driver came, a volume was attached.
  void on_change(std::function<void()> changed) { changed_ = std::move(changed); }
  // The node as the API has it now.
  void node_changed(const core::Node& node);

  // Where the volume is now, for the pod. Closed: it is not attached yet, which is nobody's fault. Other errors in the
  // words of FailedMount.
  io::Task<base::Result<std::string>> set_up(core::Pod pod, CsiSource source);
  // Whether the driver wants to publish again what is published, so that tokens in it stay good.
  io::Task<bool> republishes(std::string driver);
  // Takes back all that the pod has of drivers. An Error leaves what is left for the next time.
  io::Task<base::Result<void>> tear_down(std::string uid);
  // Takes back what was staged for pods that are no more.
  io::Task<void> sweep(std::string driver);
  // What an earlier kubelet left in use is still in use.
  io::Task<void> adopt();

 private:
  class Turn;  // on one volume
  io::Task<base::Result<std::string>> set_up_in_turn(core::Pod pod, CsiSource source);
  io::Task<base::Result<TextMap>> attached(CsiSource source);
  io::Task<base::Result<void>> stage(std::shared_ptr<CsiDriver> driver, CsiSource source, CsiRecord record,
                                     csi::VolumeCapability capability, TextMap publish_context);
  io::Task<base::Result<void>> publish(std::shared_ptr<CsiDriver> driver, core::Pod pod, CsiSource source,
                                       CsiRecord record, csi::VolumeCapability capability, TextMap publish_context);
  io::Task<base::Result<void>> add_pod_context(core::Pod pod, CsiSource source, csi::NodePublishVolumeRequest& request);
  io::Task<base::Result<TextMap>> secret(std::pair<std::string, std::string> place);
  io::Task<base::Result<void>> give_to_group(core::Pod pod, CsiSource source, std::string path);
  io::Task<base::Result<void>> expand(std::shared_ptr<CsiDriver> driver, core::Pod pod, CsiSource source,
                                      CsiRecord record, csi::VolumeCapability capability);
  io::Task<base::Result<void>> unpublish(CsiRecord record);
  io::Task<base::Result<void>> unstage(CsiRecord record);
  io::Task<base::Result<void>> set_in_use(std::string name, bool in_use);
  io::Task<base::Result<void>> write_in_use();
  base::Result<std::shared_ptr<CsiDriver>> driver(const std::string& name) const;

  const CsiDisk disk_;
  const std::string node_name_;
  client::Client client_;
  Api& api_;
  CsiDrivers& drivers_;
  io::Pool& pool_;
  std::function<void()> changed_ = [] {};
  std::set<std::string> attached_;  // volumesAttached of the node
  std::set<std::string> staged_;    // by this kubelet: what an earlier one staged is staged again
  std::set<std::string> in_use_;    // volumesInUse, as it was written
  std::map<std::string, std::shared_ptr<io::Event>> busy_;  // by unique name: set when the turn is over
};

}  // namespace kubelet
