// All pods of this node: one worker each. Whoever learns of a pod (the API, the runtime, the disk) tells this. One
// loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "io/loop.h"
#include "kubelet/pods/context.h"
#include "kubelet/pods/worker.h"

namespace kubelet {

class Pods {
 public:
  // `node` gives the node's object for admission; null while there is none.
  Pods(PodContext& context, std::function<std::shared_ptr<const core::Node>()> node);
  ~Pods();
  Pods(const Pods&) = delete;

  void updated(const core::Pod& pod);  // from the API: new or changed
  void removed(const std::string& uid);
  // Ends a pod as failed; see PodWorker::evict. False if there is none that could be ended.
  bool evict(const std::string& uid, PodFailure failure, std::optional<int64_t> grace_seconds = {});
  // Forgets the remains at the runtime of pods that have ended: the API keeps their statuses.
  io::Task<void> remove_remains();
  // A ConfigMap or a Secret that some pod may refer to.
  void volumes_changed();  // what volumes may have waited for has come: a driver, an attachment
  // Devices are more, fewer, or otherwise than before.
  void devices_changed();
  void object_changed(const std::string& namespace_, const std::string& name);
  // Once the API's pods are all known: what else the runtime and the disk hold is taken down.
  io::Task<base::Result<void>> adopt_left_overs();
  // Sets aside logs that have grown too long; looks once a minute while there are pods. Until cancelled.
  io::Task<void> rotate_logs();
  // Has volumes looked after once a minute while there are pods that have some. Until cancelled.
  io::Task<void> look_after_volumes();
  // Hears the runtime, or looks at it once a second when it does not speak and there are pods. Until cancelled.
  io::Task<void> follow_runtime();

  // Called when nothing of a pod is left.
  void on_gone(std::function<void(const std::string& uid)> gone) { gone_ = std::move(gone); }

  std::vector<const PodWorker*> workers() const;
  // The newest of that name, or the one of that uid; null if there is none.
  const PodWorker* find(std::string_view namespace_, std::string_view name, std::string_view uid = "") const;
  // Comes back when the last one is gone; for tests and for shutting down.
  size_t size() const { return workers_.size(); }

 private:
  struct Entry;
  void add(const std::string& uid, std::unique_ptr<PodWorker> worker);
  io::Task<void> run(std::string uid);
  void changed(const std::string& runtime_id);
  std::optional<PodFailure> judge(const core::Pod& pod) const;
  std::vector<const core::Pod*> active_but(const std::string& uid) const;
  io::Task<void> look_every_second();
  void weigh_burstable();
  io::Task<void> weigh_until_settled();
  io::Task<void> look_after_volumes_of(std::string uid, core::Pod pod, VolumePaths paths);

  PodContext& context_;
  std::function<std::shared_ptr<const core::Node>()> node_;
  std::map<std::string, std::unique_ptr<Entry>> workers_;  // by uid
  std::function<void(const std::string&)> gone_ = [](const std::string&) {};
  std::map<std::string, int> states_;  // of containers and sandboxes, when looking
  io::Event any_;                      // there are pods
  int64_t burstable_milli_cpu_ = 0;    // that the kernel knows of, or is being told
  bool weighing_ = false;
  std::set<std::string> cared_for_;                             // uids: their volumes are being looked after
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for work posted to the loop
  io::Scope scope_;
};

}  // namespace kubelet
