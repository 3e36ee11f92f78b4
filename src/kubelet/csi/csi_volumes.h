// The volumes of pods that drivers provide: attached (waited for), staged once for the node, published for each pod,
// and all of that undone. One loop.
//
// Work on one volume is done one at a time, whichever pods it is for. What has been begun is on disk first
// (csi/record.h), so that a kubelet that starts anew repeats or undoes it; drivers' calls may be repeated.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "io/pool.h"
#include "kubelet/api.h"
#include "kubelet/csi/drivers.h"
#include "kubelet/csi/record.h"
#include "kubelet/csi/request.h"
#include "kubelet/csi/turn.h"
#include "kubelet/volume/slow_usage.h"

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

  // Where the volume is now, for the pod. Closed: it is not attached yet, which is nobody's fault. TooLarge: it cannot
  // be attached, as the node has as many as it can. Other errors in the words of FailedMount.
  io::Task<base::Result<std::string>> set_up(core::Pod pod, CsiSource source);
  // Whether look_after() has anything to do for what is published at `path`.
  io::Task<bool> wants_care(std::string path);
  // Now and then for a volume that a pod has: it grows when its claim was made larger, and is published again when its
  // driver wants that.
  io::Task<void> look_after(core::Pod pod, CsiSource source);
  // How full the volume is that is published at `path`, as its driver says.
  io::Task<SlowUsage::Usage> usage(std::string path);
  // Whether the driver wants to publish again what is published, so that tokens in it stay good.
  io::Task<bool> republishes(std::string driver);
  // Takes back all that the pod has of drivers. An Error leaves what is left for the next time.
  io::Task<base::Result<void>> tear_down(std::string uid);
  // Takes back what was staged for pods that are no more.
  io::Task<void> sweep(std::string driver);
  // What an earlier kubelet left in use is still in use.
  io::Task<void> adopt();

 private:
  static csi::VolumeCapability capability_for(const CsiDriver& driver, const CsiSource& source, const core::Pod& pod);
  io::Task<SlowUsage::Usage> ask_usage(std::shared_ptr<CsiDriver> driver, CsiRecord record);
  io::Task<base::Result<IssuedToken>> token(core::Pod pod, std::string audience, int64_t seconds);
  io::Task<base::Result<std::string>> set_up_in_turn(core::Pod pod, CsiSource source);
  io::Task<base::Result<TextMap>> attached(CsiSource source);
  io::Task<base::Error> why_not_attached(CsiSource source, bool counts_volumes);
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
  std::set<std::string> attached_;              // volumesAttached of the node
  std::set<std::string> staged_;                // by this kubelet: what an earlier one staged is staged again
  std::set<std::string> in_use_;                // volumesInUse, as it was written
  Turn::Busy busy_;                             // by unique name
  std::map<std::string, CsiRecord> published_;  // by path, by this kubelet
  std::map<std::tuple<std::string, std::string, int64_t>, IssuedToken> tokens_;  // by pod, audience and life
  SlowUsage usage_;  // last: what it runs looks at all above
};

}  // namespace kubelet
