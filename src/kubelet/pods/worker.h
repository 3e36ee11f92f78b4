// One pod's life on this node: a coroutine that looks at what is, asks plan_pod() what to do, does it, and says how it
// stands.
//
//   Running      containers are started, watched, restarted
//   Terminating  deleted, finished, failed: containers are ended in order and in time
//   Terminated   nothing runs; volumes and control groups are taken down; a deleted pod leaves the API
//
// It starts from nothing but the API's object and the runtime's records, so a restarted kubelet goes on where the old
// one was. One loop. Destroying it stops looking after the pod and leaves its containers alone.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "io/loop.h"
#include "kubelet/pods/context.h"
#include "kubelet/pods/images.h"
#include "kubelet/pods/plan.h"
#include "kubelet/pods/resize.h"
#include "kubelet/pods/status.h"
#include "kubelet/probe/probes.h"

namespace kubelet {

class PodWorker {
 public:
  // `failure`: the pod was refused; it only gets its status.
  PodWorker(PodContext& context, core::Pod pod, std::optional<PodFailure> failure = {});
  // Of a pod that the API no longer knows: what is left of it is ended and taken down.
  PodWorker(PodContext& context, const PodRecord& left_over);
  ~PodWorker();
  PodWorker(const PodWorker&) = delete;

  // Runs until nothing of the pod is left. Spawn it once.
  io::Task<void> run();

  void update(core::Pod pod);  // the API's object changed
  void removed();              // it is gone
  void wake();                 // something happened at the runtime
  // Ends the pod as failed, in `grace_seconds` or, if that is not given, in its own time. One that is ending already
  // ends sooner.
  void evict(PodFailure failure, std::optional<int64_t> grace_seconds = {});
  void object_changed(const std::string& name);  // a ConfigMap or Secret of its namespace
  void capacity_freed();                         // another pod needs less than before
  void volumes_changed();                        // what its volumes or devices may have waited for has come

  const core::Pod& pod() const { return pod_; }  // with the newest status
  const PodRecord& record() const { return record_; }
  const ProbeCountsByContainer& probe_counts() const { return probes_.counts(); }
  const VolumePaths& volume_paths() const { return volume_paths_; }  // those that are there
  // Whether a container or sandbox is the pod's, as far as it can be told before the first look.
  bool knows(const std::string& runtime_id) const;
  // Nothing of it runs any more, nor will.
  bool has_ended() const { return state_ == State::Terminated || state_ == State::Gone; }
  // "sync", "terminating" or "terminated", as upstream's metrics say it.
  std::string_view lifecycle() const {
    return state_ == State::Running ? "sync" : state_ == State::Terminating ? "terminating" : "terminated";
  }
  // Counts against what the node can bear: not terminal, and not refused.
  bool is_active() const { return state_ == State::Running || (state_ == State::Terminating && record_.any_running()); }

 private:
  enum class State : uint8_t { Running, Terminating, Terminated, Gone };
  using Pause = std::optional<io::Duration>;  // until the next look; none: until something happens

  io::Task<Pause> step();
  io::Task<Pause> step_running();
  io::Task<Pause> step_terminating();
  io::Task<Pause> step_terminated();
  io::Task<bool> forget_containers();

  io::Task<base::Result<void>> observe();
  void seed_probes();
  std::optional<PodFailure> deadline_passed(Pause& pause) const;
  void begin_terminating();
  void end_within(int64_t seconds);

  // Before the first container, and again for live updates.
  io::Task<base::Result<Pause>> prepare_volumes();
  io::Task<base::Result<PodObjects>> fetch_objects();
  io::Task<base::Result<Tokens>> fetch_tokens();
  io::Task<bool> allocate_devices();  // false: it cannot have them, and ends
  io::Task<base::Result<void>> prepare_devices();
  bool volumes_due() const;
  std::optional<int64_t> next_token_ns() const;  // when the first token is to be renewed
  io::Task<base::Result<void>> create_sandbox(uint32_t attempt);
  cri::PodSandboxConfig make_sandbox_config(uint32_t attempt) const;
  base::Result<void> ensure_user_ids(const std::string& handler);
  std::optional<IdRange> user_ids() const;

  enum class StartOutcome : uint8_t { Started, WaitsForImage, Failed };
  io::Task<StartOutcome> start(StartContainer wanted);
  io::Task<base::Result<void>> mount_image_volume(std::string volume, cri::Image image);
  std::optional<StartOutcome> image_outcome(const core::Container& container, const Images::Answer& image);
  io::Task<base::Result<std::string>> create(const core::Container& container, const StartContainer& wanted,
                                             const cri::Image& image);
  io::Task<void> after_start(core::Container container, std::string id, std::string field);
  io::Task<void> run_post_start(core::LifecycleHandler hook, ProbeTarget target);
  void container_failed(const std::string& name, std::string reason, const base::Error& error,
                        const std::string& field);

  // In worker_resize.cc.
  void decide_resize();
  void seed_applied();
  io::Task<Pause> apply_resizes();
  bool containers_resize() const;  // some have yet to get what they were granted
  io::Task<void> set_pod_limits(CgroupLimits limits);
  CgroupLimits limits_of_pod() const;

  void stop(const ContainerRecord& record, std::string message, std::optional<int64_t> grace_seconds);
  io::Task<void> stop_one(ContainerRecord record, std::string message, int64_t grace_seconds);
  void stop_in_order();
  io::Task<void> stop_sandboxes();
  io::Task<void> remove_dead_containers();
  // Stops all but ephemeral containers at once and removes them; called until `restarting_all_` is "" again.
  io::Task<Pause> restart_all();
  io::Task<bool> remove_container(const ContainerRecord& record);  // its logs too
  io::Task<base::Result<void>> clean_up();

  void collect_messages();
  void publish(bool ended);
  void count_start() const;
  void count_sandbox(bool started) const;
  io::Task<void> write_statuses();

  std::vector<std::string> pod_ips() const;
  std::string field_path(ContainerKind kind, const std::string& name) const;
  const core::Container* container_of(const StartContainer& wanted, core::Container& storage) const;
  void event(bool warning, std::string_view reason, std::string message, std::string field = "");
  int64_t now_ns() const;

  PodContext& context_;
  core::Pod pod_;      // its containers' resources are those granted
  Allocation wanted_;  // those that the API's object asks for
  ResizeState resize_;
  CgroupLimits pod_limits_;  // of the pod's control group
  State state_ = State::Running;
  bool in_api_ = true;
  bool adopted_ = true;  // until the first look is over
  std::optional<PodFailure> failure_;
  bool rejected_ = false;                  // never let in
  std::optional<int64_t> evicted_within_;  // seconds
  PodRecord record_;
  BackOff back_off_;
  std::map<std::string, WaitingReason> waiting_;  // by container
  std::map<std::string, int64_t> failed_before_;  // creations that failed, by container: not tried again before
  std::map<std::string, std::string> messages_;   // termination messages by container id
  std::set<std::string> message_known_;
  std::string restarting_all_;      // why all containers are being stopped to run anew
  int64_t restart_told_by_ns_ = 0;  // until when that waits for the API to be told

  VolumePaths volume_paths_;
  std::map<std::string, cri::Image> image_volumes_;  // by volume, as the runtime has them
  bool volumes_ready_ = false;
  bool volumes_stale_ = false;  // what is in them changed since they were written
  std::shared_ptr<void> held_;  // our interest in the objects behind them
  int volume_failures_ = 0;
  std::map<std::string, std::string> volume_complaints_;  // told once until they change
  PodObjects objects_;
  std::map<TokenKey, IssuedToken> tokens_;
  bool devices_allocated_ = false;
  bool devices_ready_ = false;
  int device_failures_ = 0;
  int sandbox_failures_ = 0;
  int observe_failures_ = 0;
  uint32_t sandbox_change_told_ = 0;  // the attempt that the event was about

  int64_t stop_deadline_ns_ = 0;  // when the pod's time to end is over
  bool cleaned_ = false;
  bool deletion_finished_ = false;
  int clean_failures_ = 0;
  int forget_failures_ = 0;

  int64_t seen_ns_ = 0;        // first, monotonic
  int64_t pull_since_ns_ = 0;  // 0: no image is waited for
  int64_t pulled_ns_ = 0;      // how long images were

  std::optional<core::PodStatus> wanted_status_;
  bool status_written_ = true;
  int64_t status_changed_ns_ = 0;  // since when it is not
  int64_t written_version_ = 0;    // the resource version that our last write gave

  io::Event wake_;
  io::Event status_wanted_;
  io::Event hook_settled_;  // a postStart hook has ended, or nobody waits for it any more
  std::optional<base::Result<void>> hook_result_;
  Probes probes_;
  std::map<std::string, std::unique_ptr<io::Scope>> stopping_;  // by container id
  std::set<std::string> stopping_ids_;
  std::set<std::string> unseen_;  // made since the last look: what the runtime tells of them counts already
  io::Scope scope_;
};

}  // namespace kubelet
