// How a pod's worker ends things, and how it tells of the pod's state.
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "kubelet/alignment/alignment.h"
#include "kubelet/device_plugins/device_health.h"
#include "kubelet/device_plugins/device_plugins.h"
#include "kubelet/dra/claims.h"
#include "kubelet/metrics/stopwatch.h"
#include "kubelet/pods/log_rotation.h"
#include "kubelet/pods/worker.h"
#include "kubelet/server/logs.h"
#include "kubelet/volume/pod_volumes.h"

namespace kubelet {
namespace {

constexpr size_t kMessageMax = 4096;
constexpr int64_t kTellWithinNs = 5'000'000'000;
// What a container gets at the least after its preStop hook has used up the time.
constexpr int64_t kLeastGrace = 2;

}  // namespace

void PodWorker::stop(const ContainerRecord& record, std::string message, std::optional<int64_t> grace) {
  if (!stopping_ids_.insert(record.id).second) return;
  int64_t seconds =
      grace ? *grace : pod_.spec.termination_grace_period_seconds.value_or(record.grace_seconds.value_or(30));
  auto& scope = stopping_[record.id] = std::make_unique<io::Scope>();
  scope->spawn(stop_one(record, std::move(message), seconds));
}

io::Task<void> PodWorker::stop_one(ContainerRecord record, std::string message, int64_t grace) {
  std::string field = field_path(ContainerKind::Main, record.name);
  if (in_api_) event(false, "Killing", message.empty() ? "Stopping container " + record.name : message, field);
  auto* container = find_container(pod_, record.name);
  int64_t left = grace;
  if (container != nullptr && container->lifecycle && container->lifecycle->pre_stop && grace > 0) {
    auto ips = pod_ips();
    ProbeTarget target{
        .pod = pod_, .container = *container, .container_id = record.id, .pod_ip = ips.empty() ? "" : ips.front()};
    int64_t began = io::Loop::current().clock().monotonic_ns();
    auto done =
        co_await io::with_timeout(std::chrono::seconds(grace),
                                  context_.prober.run_hook(*container->lifecycle->pre_stop, std::move(target), grace));
    if (done && !*done) event(true, "FailedPreStopHook", "PreStopHook failed", field);
    left = grace - (io::Loop::current().clock().monotonic_ns() - began) / 1'000'000'000;
    left = std::max(left, kLeastGrace);
  }
  for (;;) {
    auto stopped = co_await context_.runtime.stop_container(record.id, left);
    if (stopped || stopped.error().code() == base::Code::NotFound) break;
    LOG_WARNING("Cannot stop a container", {"pod", pod_text(pod_)}, {"container", record.name},
                {"error", stopped.error().message()});
    co_await io::sleep(std::chrono::seconds(1));
  }
  stopping_ids_.erase(record.id);
  wake_.set();
}

// The containers proper at once; then the sidecars, the last one first, as the documentation of sidecars says.
void PodWorker::stop_in_order() {
  auto left_seconds = [&] {
    return std::max<int64_t>((stop_deadline_ns_ - now_ns() + 999'999'999) / 1'000'000'000, 0);
  };
  auto sidecar_place = [&](const std::string& name) -> std::optional<size_t> {
    for (size_t i = 0; i < pod_.spec.init_containers.size(); ++i)
      if (pod_.spec.init_containers[i].name == name && is_sidecar(pod_.spec.init_containers[i])) return i;
    return {};
  };
  bool proper_left = false;
  for (auto& record : record_.containers) {
    if (!record.is_running() || sidecar_place(record.name)) continue;
    proper_left = true;
    stop(record, "", left_seconds());
  }
  if (proper_left) return;
  const ContainerRecord* last = nullptr;
  size_t place = 0;
  for (auto& record : record_.containers) {
    if (!record.is_running()) continue;
    auto at = sidecar_place(record.name);
    if (at && (last == nullptr || *at > place)) last = &record, place = *at;
  }
  if (last != nullptr) stop(*last, "", std::max(left_seconds(), kLeastGrace));
}

io::Task<void> PodWorker::stop_sandboxes() {
  auto sandboxes = record_.sandboxes;
  for (auto& sandbox : sandboxes) {
    // One that is not ready may still hold an address.
    if (auto stopped = co_await context_.runtime.stop_sandbox(sandbox.id); !stopped) {
      event(true, "FailedKillPod",
            "error killing pod: failed to \"KillPodSandbox\" for " + base::quote(pod_.metadata.uid) + ": " +
                stopped.error().message());
      continue;
    }
    for (auto& known : record_.sandboxes)
      if (known.id == sandbox.id) known.ready = false;
  }
}

io::Task<bool> PodWorker::remove_container(const ContainerRecord& record) {
  if (auto removed = co_await context_.runtime.remove_container(record.id); !removed) co_return false;
  stopping_.erase(record.id);
  messages_.erase(record.id);
  message_known_.erase(record.id);
  resize_.applied.erase(record.id);
  if (!record.log_path.empty()) remove_logs(record.log_path);
  unlink(base::cat({context_.options.container_log_directory, "/", pod_.metadata.name, "_", pod_.metadata.namespace_,
                    "_", record.name, "-", record.id, ".log"})
             .c_str());
  co_return true;
}

io::Task<PodWorker::Pause> PodWorker::restart_all() {
  std::vector<ContainerRecord> all;
  for (auto& record : record_.containers)
    if (find_container(pod_, record.name) != nullptr) all.push_back(record);
  bool runs = false;
  for (auto& record : all) {
    if (!record.is_running()) continue;
    runs = true;
    // In no order and without a grace: they come back in a moment.
    stop(record, "", 0);
  }
  collect_messages();
  publish(false);
  if (runs) co_return Pause();
  // How they ended is told before they are gone, if somebody listens.
  if (restart_told_by_ns_ == 0) restart_told_by_ns_ = now_ns() + kTellWithinNs;
  if (!status_written_ && now_ns() < restart_told_by_ns_)
    co_return std::chrono::nanoseconds(restart_told_by_ns_ - now_ns());
  for (auto& record : all)
    if (!co_await remove_container(record)) co_return std::chrono::seconds(1);
  std::erase_if(record_.containers, [&](auto& record) { return find_container(pod_, record.name) != nullptr; });
  waiting_.clear();
  failed_before_.clear();
  restarting_all_.clear();
  restart_told_by_ns_ = 0;
  publish(false);
  wake_.set();
  co_return Pause();
}

io::Task<void> PodWorker::remove_dead_containers() {
  DeadContainerRules rules{.kept = context_.options.dead_containers_per_container,
                           .age_ns = context_.options.dead_container_age_ns};
  for (auto& id : removable_containers(record_, rules, now_ns())) {
    if (stopping_ids_.contains(id)) continue;
    auto record = std::ranges::find_if(record_.containers, [&](auto& one) { return one.id == id; });
    if (record != record_.containers.end()) co_await remove_container(ContainerRecord(*record));
  }
  // Sandboxes that were replaced hold nothing any more.
  auto sandboxes = record_.sandboxes;
  for (size_t i = 1; i < sandboxes.size(); ++i) {
    bool used = std::ranges::any_of(record_.containers, [&](auto& one) { return one.sandbox_id == sandboxes[i].id; });
    if (!used && !sandboxes[i].ready) (void)co_await context_.runtime.remove_sandbox(sandboxes[i].id);
  }
}

io::Task<base::Result<void>> PodWorker::clean_up() {
  std::string uid = pod_.metadata.uid;
  held_.reset();
  if (context_.alignment != nullptr) context_.alignment->release(uid);
  if (context_.device_plugins != nullptr) context_.device_plugins->release(uid);
  if (context_.dra != nullptr) CO_TRY(co_await context_.dra->unprepare(uid));
  if (context_.pod_volumes != nullptr) CO_TRY(co_await context_.pod_volumes->tear_down(uid));
  CO_TRY(co_await context_.pool.run([volumes = context_.volumes, uid] { return volumes.tear_down(uid); }));
  if (context_.id_ranges != nullptr) context_.id_ranges->release(uid);
  if (context_.cgroups) {
    Stopwatch stopwatch(context_.metrics->cgroup_work.with({"destroy"}));
    // An orphan's class of service is not known.
    CO_TRY(co_await context_.pool.run([groups = *context_.cgroups, base = context_.cgroup_base(), uid] {
      base::Result<void> done;
      for (std::string_view below : {"", "/burstable", "/besteffort"})
        if (done) done = groups.remove(base::cat({base, below, "/pod", uid}));
      return done;
    }));
  }
  if (!context_.options.container_log_directory.empty())
    for (auto& record : record_.containers)
      if (!in_api_ || !pod_.metadata.deletion_timestamp.is_zero())
        unlink(base::cat({context_.options.container_log_directory, "/", pod_.metadata.name, "_",
                          pod_.metadata.namespace_, "_", record.name, "-", record.id, ".log"})
                   .c_str());
  co_return {};
}

// A container's last words, read once when it has ended. A few kilobytes from memory: not worth another thread.
void PodWorker::collect_messages() {
  for (auto& record : record_.containers) {
    if (record.phase != ContainerPhase::Exited || !message_known_.insert(record.id).second) continue;
    // What ended before this kubelet began was counted by the one before.
    if (!adopted_) {
      std::string_view kind = field_path(ContainerKind::Main, record.name).starts_with("spec.init") ? "init_container"
                              : find_container(pod_, record.name) == nullptr ? "ephemeral_container"
                                                                             : "container";
      context_.metrics->terminated_containers.with({kind, std::to_string(record.exit_code), record.reason}).add();
    }
    std::string message;
    if (!record.message_host_path.empty())
      if (auto text = base::read_file(record.message_host_path)) message = text->substr(0, kMessageMax);
    if (message.empty() && record.exit_code != 0 && record.message_policy == "FallbackToLogsOnError" &&
        !record.log_path.empty())
      message = log_tail_message(record.log_path);
    if (!message.empty()) messages_[record.id] = std::move(message);
  }
}

void PodWorker::count_start() const {
  auto& metrics = *context_.metrics;
  metrics.pod_start.observe(static_cast<double>(io::Loop::current().clock().monotonic_ns() - seen_ns_) / 1e9);
  if (is_mirror_or_static(pod_)) return;
  double total = static_cast<double>(now_ns() - pod_.metadata.creation_timestamp.to_ns()) / 1e9;
  metrics.pod_start_total.observe(total);
  metrics.pod_start_sli.observe(std::max(total - static_cast<double>(pulled_ns_) / 1e9, 0.0));
}

void PodWorker::publish(bool ended) {
  if (!in_api_) return;
  core::PodStatus status;
  if (rejected_) {
    // It never was here: there is nothing to say of its containers.
    status.phase = "Failed";
    status.reason = failure_->reason;
    status.message = failure_->message;
    status.qos_class = qos_class_name(qos_class(pod_));
    status.observed_generation = pod_.metadata.generation;
    status.start_time = base::Time::from_ns(now_ns()).truncated_to_seconds();
    status.conditions = pod_.status.conditions;
    if (is_terminal(pod_)) status = pod_.status;
  } else {
    status = make_status({.pod = pod_,
                          .record = record_,
                          .probes = probes_.results(),
                          .waiting = waiting_,
                          .messages = messages_,
                          .runtime_name = context_.runtime_name,
                          .host_ips = context_.host_ips,
                          .failure = failure_,
                          .resize = resize_,
                          .restarting_all = restarting_all_,
                          .ended = ended,
                          .now_ns = now_ns()});
    if (context_.device_plugins != nullptr)
      show_device_health(status, pod_.metadata.uid, context_.device_plugins->inventory());
  }
  if (same_status(status, pod_.status) && wanted_status_) return;
  bool changed = !same_status(status, pod_.status);
  if (status.phase == "Running" && (pod_.status.phase.empty() || pod_.status.phase == "Pending")) count_start();
  pod_.status = status;
  wanted_status_ = std::move(status);
  if (!changed) return;
  if (status_changed_ns_ == 0) status_changed_ns_ = io::Loop::current().clock().monotonic_ns();
  status_written_ = false;
  status_wanted_.set();
}

// The newest status goes to the API, one write at a time; what was overtaken meanwhile is never written.
io::Task<void> PodWorker::write_statuses() {
  int failures = 0;
  for (;;) {
    co_await status_wanted_.wait();
    status_wanted_.reset();
    core::Pod pod = pod_;
    if (wanted_status_) pod.status = *wanted_status_;
    auto written = co_await context_.api.write_status(std::move(pod));
    if (!written && written.error().code() != base::Code::NotFound) {
      LOG_WARNING("Cannot write a pod's status", {"pod", pod_text(pod_)}, {"error", written.error().message()});
      status_wanted_.set();
      co_await io::sleep(std::chrono::milliseconds(std::min(200 << std::min(failures++, 6), 10'000)));
      continue;
    }
    failures = 0;
    if (status_changed_ns_ != 0)
      context_.metrics->pod_status_sync.observe(
          static_cast<double>(io::Loop::current().clock().monotonic_ns() - std::exchange(status_changed_ns_, 0)) / 1e9);
    if (written) written_version_ = base::parse_int(*written).value_or(0);
    if (!status_wanted_.is_set()) {
      status_written_ = true;
      if (state_ == State::Terminated || !restarting_all_.empty()) wake_.set();
    }
  }
}

}  // namespace kubelet
