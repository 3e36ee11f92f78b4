#include "kubelet/pods/pods.h"

#include <utility>

#include "base/log.h"
#include "kubelet/cgroup/node_groups.h"
#include "kubelet/pods/admission.h"
#include "kubelet/pods/images.h"
#include "kubelet/pods/log_rotation.h"
#include "kubelet/pods/sysctls.h"
#include "kubelet/volume/pod_volumes.h"

namespace kubelet {

struct Pods::Entry {
  std::unique_ptr<PodWorker> worker;
  io::Scope scope;
};

Pods::Pods(PodContext& context, std::function<std::shared_ptr<const core::Node>()> node)
    : context_(context), node_(std::move(node)) {
  context_.others = [this](const std::string& uid) { return active_but(uid); };
  context_.freed = [this] {
    for (auto& [uid, entry] : workers_) entry->worker->capacity_freed();
    weigh_burstable();
  };
}
Pods::~Pods() = default;

void Pods::add(const std::string& uid, std::unique_ptr<PodWorker> worker) {
  auto& entry = workers_[uid] = std::make_unique<Entry>();
  entry->worker = std::move(worker);
  entry->scope.spawn(run(uid));
  any_.set();
  weigh_burstable();
}

io::Task<void> Pods::run(std::string uid) {
  PodWorker* worker = workers_.at(uid)->worker.get();
  co_await worker->run();
  context_.images.forget(uid);
  // The entry owns this very task: somebody else has to end it.
  io::Loop::current().post([this, uid, alive = std::weak_ptr<bool>(alive_)] {
    if (alive.expired()) return;
    workers_.erase(uid);
    if (workers_.empty()) any_.reset();
    gone_(uid);
  });
}

void Pods::updated(const core::Pod& pod) {
  auto found = workers_.find(pod.metadata.uid);
  if (found != workers_.end()) return found->second->worker->update(pod);
  std::optional<PodFailure> failure;
  // What ran before is not asked again whether it may.
  bool is_new = pod.status.start_time.is_zero() && pod.metadata.deletion_timestamp.is_zero() && !is_terminal(pod);
  if (is_new) failure = judge(pod);
  if (failure) {
    context_.metrics->admission_rejections.with({failure->reason}).add();
    context_.api.event(pod, true, failure->reason, failure->message, "");
  }
  context_.metrics->containers_per_pod.observe(static_cast<double>(pod.spec.containers.size()));
  add(pod.metadata.uid, std::make_unique<PodWorker>(context_, pod, std::move(failure)));
}

std::optional<PodFailure> Pods::judge(const core::Pod& pod) const {
  for (const auto& gate : context_.gates)
    if (auto refused = gate(pod)) return refused;
  if (auto node = node_())
    if (auto refused = admit(pod, *node, context_.allocatable, active_but(pod.metadata.uid))) return refused;
  return refuse_sysctls(pod, context_.options.allowed_unsafe_sysctls);
}

bool Pods::evict(const std::string& uid, PodFailure failure, std::optional<int64_t> grace_seconds) {
  auto found = workers_.find(uid);
  if (found == workers_.end() || found->second->worker->has_ended()) return false;
  found->second->worker->evict(std::move(failure), grace_seconds);
  return true;
}

io::Task<void> Pods::remove_remains() {
  std::vector<PodRecord> remains;
  for (auto& [uid, entry] : workers_)
    if (entry->worker->has_ended()) remains.push_back(entry->worker->record());
  for (const auto& record : remains) {
    for (const auto& container : record.containers) (void)co_await context_.runtime.remove_container(container.id);
    for (const auto& sandbox : record.sandboxes) (void)co_await context_.runtime.remove_sandbox(sandbox.id);
    if (auto found = workers_.find(record.uid); found != workers_.end()) found->second->worker->wake();
  }
}

std::vector<const core::Pod*> Pods::active_but(const std::string& uid) const {
  std::vector<const core::Pod*> out;
  for (auto& [other, entry] : workers_)
    if (other != uid && entry->worker->is_active()) out.push_back(&entry->worker->pod());
  return out;
}

// The group of the burstable pods weighs as much as they ask for together, so that each gets its own.
void Pods::weigh_burstable() {
  if (!context_.cgroups) return;
  int64_t sum = 0;
  for (auto& [uid, entry] : workers_) {
    const auto& pod = entry->worker->pod();
    if (!entry->worker->is_active() || qos_class(pod) != QosClass::Burstable) continue;
    auto requests = pod_requests(pod);
    if (auto cpu = requests.find("cpu"); cpu != requests.end()) sum += cpu->second.milli_value();
  }
  if (std::exchange(burstable_milli_cpu_, sum) == sum || weighing_) return;
  weighing_ = true;
  scope_.spawn(weigh_until_settled());
}

io::Task<void> Pods::weigh_until_settled() {
  int64_t set = -1;
  while (set != burstable_milli_cpu_) {
    set = burstable_milli_cpu_;
    auto done = co_await context_.pool.run([groups = *context_.cgroups, base = context_.cgroup_base(), set] {
      return set_burstable_weight(groups, base, set);
    });
    if (!done) LOG_WARNING("Cannot weigh the burstable pods", {"error", done.error().message()});
  }
  weighing_ = false;
}

void Pods::removed(const std::string& uid) {
  if (auto found = workers_.find(uid); found != workers_.end()) found->second->worker->removed();
}

void Pods::object_changed(const std::string& namespace_, const std::string& name) {
  for (auto& [uid, entry] : workers_)
    if (entry->worker->pod().metadata.namespace_ == namespace_) entry->worker->object_changed(name);
}

void Pods::volumes_changed() {
  for (auto& [uid, entry] : workers_) entry->worker->volumes_changed();
}

void Pods::devices_changed() {
  for (auto& [uid, entry] : workers_) entry->worker->wake();
}

io::Task<base::Result<void>> Pods::adopt_left_overs() {
  CO_TRY(auto there, co_await list_pods(context_.runtime));
  for (auto& uid : context_.volumes.pods_on_disk()) there.try_emplace(uid).first->second.uid = uid;
  for (auto& [uid, record] : there) {
    if (workers_.contains(uid)) continue;
    LOG_INFO("Ending a pod that the API does not know", {"uid", uid}, {"name", record.name});
    if (!record.empty()) context_.metrics->orphaned_runtime_pods.add();
    add(uid, std::make_unique<PodWorker>(context_, record));
  }
  co_return {};
}

void Pods::changed(const std::string& id) {
  for (auto& [uid, entry] : workers_)
    if (entry->worker->knows(id)) entry->worker->wake();
}

io::Task<void> Pods::follow_runtime() {
  for (;;) {
    context_.metrics->event_stream_successes.add();
    auto ended = co_await context_.runtime.watch([this](const std::string& id) { changed(id); });
    if (ended) continue;
    if (ended.error().code() == base::Code::MethodNotAllowed) {
      co_await look_every_second();
    } else {
      LOG_WARNING("The runtime's events have ended", {"error", ended.error().message()});
      context_.metrics->event_stream_errors.add();
      co_await io::sleep(std::chrono::seconds(1));
    }
    // Something may have happened in between.
    for (auto& [uid, entry] : workers_) entry->worker->wake();
  }
}

io::Task<void> Pods::look_every_second() {
  for (;;) {
    co_await any_.wait();
    co_await io::sleep(std::chrono::seconds(1));
    auto containers = co_await context_.runtime.list_containers({});
    auto sandboxes = co_await context_.runtime.list_sandboxes({});
    if (!containers || !sandboxes) continue;
    std::map<std::string, int> now;
    for (auto& one : *containers) now[one.id] = static_cast<int>(one.state);
    for (auto& one : *sandboxes) now[one.id] = static_cast<int>(one.state);
    for (auto& [id, state] : now)
      if (auto before = states_.find(id); before != states_.end() && before->second != state) changed(id);
    for (auto& [id, state] : states_)
      if (!now.contains(id)) changed(id);
    states_ = std::move(now);
  }
}

io::Task<void> Pods::rotate_logs() {
  for (;;) {
    co_await any_.wait();
    co_await io::sleep(io::Duration(context_.options.container_log_check_ns));
    std::vector<std::pair<std::string, std::string>> running;  // container id and log
    for (auto& [uid, entry] : workers_)
      for (auto& record : entry->worker->record().containers)
        if (record.is_running() && !record.log_path.empty()) running.emplace_back(record.id, record.log_path);
    auto now = base::Time::from_ns(io::Loop::current().clock().wall_ns());
    auto aside = co_await context_.pool.run([running, now, bytes = context_.options.container_log_bytes_max,
                                             files = context_.options.container_log_files_max] {
      std::vector<std::string> out;
      for (auto& [id, log] : running)
        if (auto done = set_log_aside(log, bytes, files, now); done && *done) out.push_back(id);
      return out;
    });
    for (auto& id : aside)
      if (auto opened = co_await context_.runtime.reopen_container_log(id); !opened)
        LOG_WARNING("Cannot begin a new container log", {"container", id}, {"error", opened.error().message()});
  }
}

io::Task<void> Pods::look_after_volumes_of(std::string uid, core::Pod pod, VolumePaths paths) {
  co_await context_.pod_volumes->look_after(std::move(pod), std::move(paths));
  cared_for_.erase(uid);
}

io::Task<void> Pods::look_after_volumes() {
  for (;;) {
    co_await any_.wait();
    co_await io::sleep(std::chrono::minutes(1));
    if (context_.pod_volumes == nullptr) continue;
    for (auto& [uid, entry] : workers_) {
      auto& worker = *entry->worker;
      // One that takes its time holds up nobody but itself.
      if (!worker.is_active() || worker.volume_paths().empty() || !cared_for_.insert(uid).second) continue;
      scope_.spawn(look_after_volumes_of(uid, worker.pod(), worker.volume_paths()));
    }
  }
}

std::vector<const PodWorker*> Pods::workers() const {
  std::vector<const PodWorker*> out;
  for (auto& [uid, entry] : workers_) out.push_back(entry->worker.get());
  return out;
}

const PodWorker* Pods::find(std::string_view namespace_, std::string_view name, std::string_view uid) const {
  const PodWorker* found = nullptr;
  for (auto& [id, entry] : workers_) {
    auto& meta = entry->worker->pod().metadata;
    if (meta.namespace_ != namespace_ || meta.name != name || (!uid.empty() && meta.uid != uid)) continue;
    if (found == nullptr || meta.creation_timestamp > found->pod().metadata.creation_timestamp)
      found = entry->worker.get();
  }
  return found;
}

}  // namespace kubelet
