#include "kubelet/pods/worker.h"

#include <algorithm>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "kubelet/metrics/stopwatch.h"

namespace kubelet {
namespace {

constexpr auto kRetry = std::chrono::seconds(1);
// Even when the runtime says nothing: how often a pod that runs is looked at.
constexpr auto kLookAnyway = std::chrono::minutes(5);

io::Duration until(int64_t moment_ns, int64_t now_ns) {
  return std::chrono::nanoseconds(std::max<int64_t>(moment_ns - now_ns, 1'000'000));
}

std::optional<io::Duration> sooner(std::optional<io::Duration> a, std::optional<io::Duration> b) {
  if (!a) return b;
  if (!b) return a;
  return std::min(*a, *b);
}

io::Duration growing(int failures, io::Duration first, io::Duration most) {
  auto pause = first;
  for (int i = 1; i < failures && pause < most; ++i) pause *= 2;
  return std::min(pause, most);
}

bool is_ours(std::string_view condition) {
  return condition == "PodReadyToStartContainers" || condition == "Initialized" || condition == "Ready" ||
         condition == "ContainersReady" || condition == "PodScheduled" || condition == "PodResizePending" ||
         condition == "PodResizeInProgress" || condition == kAllContainersRestarting;
}

}  // namespace

PodWorker::PodWorker(PodContext& context, core::Pod pod, std::optional<PodFailure> failure)
    : context_(context),
      pod_(std::move(pod)),
      failure_(std::move(failure)),
      rejected_(failure_.has_value()),
      back_off_(context.options.restart_pause_max_ns),
      probes_(context.prober, context.api, context.random, [this] { wake_.set(); }) {
  wanted_ = allocation_in_spec(pod_);
  put_allocation(pod_, allocation_in_status(pod_));
  pod_limits_ = limits_of_pod();
  // The pod's end was reached before; only the cleaning may be left.
  if (is_terminal(pod_) || failure_) state_ = State::Terminating;
  seen_ns_ = io::Loop::current().clock().monotonic_ns();
  scope_.spawn(write_statuses());
}

PodWorker::PodWorker(PodContext& context, const PodRecord& left_over)
    : context_(context),
      state_(State::Terminating),
      in_api_(false),
      probes_(context.prober, context.api, context.random, [this] { wake_.set(); }) {
  pod_.metadata.uid = left_over.uid;
  pod_.metadata.name = left_over.name;
  pod_.metadata.namespace_ = left_over.namespace_;
  record_ = left_over;
}

PodWorker::~PodWorker() = default;

int64_t PodWorker::now_ns() const {
  return io::Loop::current().clock().wall_ns();
}

void PodWorker::event(bool warning, std::string_view reason, std::string message, std::string field) {
  context_.api.event(pod_, warning, reason, std::move(message), std::move(field));
}

void PodWorker::wake() {
  wake_.set();
}

bool PodWorker::knows(const std::string& id) const {
  if (adopted_ || unseen_.contains(id)) return true;
  return std::ranges::any_of(record_.containers, [&](auto& one) { return one.id == id; }) ||
         std::ranges::any_of(record_.sandboxes, [&](auto& one) { return one.id == id; });
}

// Whether anything changed that a look could answer. Most changes are our own status coming back.
static bool matters(const core::Pod& before, const core::Pod& now) {
  auto& a = before.metadata;
  auto& b = now.metadata;
  if (a.generation != b.generation || a.deletion_timestamp != b.deletion_timestamp ||
      a.deletion_grace_period_seconds != b.deletion_grace_period_seconds || a.labels != b.labels ||
      a.annotations != b.annotations)
    return true;
  if (before.spec != now.spec) return true;
  for (auto& gate : now.spec.readiness_gates) {
    auto* old = find_condition(before.status, gate.condition_type);
    auto* fresh = find_condition(now.status, gate.condition_type);
    if ((old == nullptr) != (fresh == nullptr) || (old != nullptr && old->status != fresh->status)) return true;
  }
  return false;
}

void PodWorker::update(core::Pod pod) {
  int64_t before = grace_seconds(pod_);
  auto wanted = allocation_in_spec(pod);
  put_allocation(pod, allocation_in_spec(pod_));
  bool look = matters(pod_, pod) || wanted != wanted_;
  wanted_ = std::move(wanted);
  if (wanted_status_) {
    // Somebody else has changed what is ours to say (the node was thought dead, perhaps): it is said again.
    int64_t version = base::parse_int(pod.metadata.resource_version).value_or(0);
    bool overwritten = std::ranges::any_of(wanted_status_->conditions, [&](auto& mine) {
      auto* theirs = find_condition(pod.status, mine.type);
      return is_ours(mine.type) && (theirs == nullptr || theirs->status != mine.status);
    });
    if (status_written_ && written_version_ > 0 && version > written_version_ &&
        (overwritten || pod.status.phase != wanted_status_->phase)) {
      status_written_ = false;
      status_wanted_.set();
    }
    // The status is ours to say, but for what others add to it.
    core::PodStatus status = *wanted_status_;
    std::erase_if(status.conditions, [](auto& condition) { return !is_ours(condition.type); });
    for (auto& condition : pod.status.conditions)
      if (!is_ours(condition.type)) status.conditions.push_back(condition);
    status.nominated_node_name = pod.status.nominated_node_name;
    status.resource_claim_statuses = pod.status.resource_claim_statuses;
    status.extended_resource_claim_status = pod.status.extended_resource_claim_status;
    pod.status = std::move(status);
  }
  // Labels and annotations may stand in files.
  if (pod.metadata.labels != pod_.metadata.labels || pod.metadata.annotations != pod_.metadata.annotations)
    volumes_stale_ = true;
  pod_ = std::move(pod);
  if (!pod_.metadata.deletion_timestamp.is_zero()) hook_settled_.set();
  bool sooner_end = state_ == State::Terminating && grace_seconds(pod_) < before;
  if (sooner_end) end_within(grace_seconds(pod_));
  if (look) wake_.set();
}

// What has more time than is left now is asked again, with less.
void PodWorker::end_within(int64_t seconds) {
  stop_deadline_ns_ = std::min(stop_deadline_ns_, now_ns() + seconds * 1'000'000'000);
  stopping_.clear();
  stopping_ids_.clear();
}

void PodWorker::object_changed(const std::string& name) {
  auto names = referenced_objects(pod_);
  if (!std::ranges::binary_search(names.config_maps, name) && !std::ranges::binary_search(names.secrets, name)) return;
  volumes_stale_ = true;
  // What failed for want of it may work now.
  failed_before_.clear();
  wake_.set();
}

void PodWorker::capacity_freed() {
  if (resize_.pending) wake_.set();
}

void PodWorker::volumes_changed() {
  if (!volumes_ready_ || !devices_ready_ || (state_ == State::Terminated && !cleaned_)) wake_.set();
}

void PodWorker::removed() {
  in_api_ = false;
  hook_settled_.set();
  wake_.set();
}

void PodWorker::evict(PodFailure failure, std::optional<int64_t> seconds) {
  if (has_ended()) return;
  if (!failure_) failure_ = std::move(failure);
  evicted_within_ = seconds;
  if (state_ == State::Terminating && stop_deadline_ns_ != 0 && seconds) end_within(*seconds);
  hook_settled_.set();
  wake_.set();
}

std::vector<std::string> PodWorker::pod_ips() const {
  if (pod_.spec.host_network) return context_.host_ips;
  return record_.sandboxes.empty() ? std::vector<std::string>() : record_.sandboxes.front().ips;
}

io::Task<void> PodWorker::run() {
  if (in_api_) {
    double waited = static_cast<double>(io::Loop::current().clock().monotonic_ns() - seen_ns_) / 1e9;
    context_.metrics->pod_worker_start.observe(waited);
  }
  bool is_first = true;
  while (state_ != State::Gone) {
    wake_.reset();
    std::string_view kind = state_ != State::Running ? "kill" : is_first ? "create" : "sync";
    is_first = false;
    Pause pause;
    {
      Stopwatch stopwatch(context_.metrics->pod_worker.with({kind}));
      pause = co_await step();
    }
    if (state_ == State::Gone) break;
    if (pause) {
      co_await wake_.wait_for(*pause);
    } else {
      co_await wake_.wait();
    }
  }
}

io::Task<base::Result<void>> PodWorker::observe() {
  PodRecord record;
  {
    Stopwatch stopwatch(context_.metrics->relist);
    CO_TRY(record, co_await observe_pod(context_.runtime, pod_.metadata.uid, record_));
  }
  if (record.name.empty()) record.name = pod_.metadata.name, record.namespace_ = pod_.metadata.namespace_;
  record_ = std::move(record);
  unseen_.clear();
  if (adopted_) seed_probes();
  seed_applied();
  collect_messages();
  co_return {};
}

// What was ready before the kubelet was restarted stays so until a probe finds otherwise.
void PodWorker::seed_probes() {
  for (auto& container : record_.containers) {
    if (!container.is_running()) continue;
    auto* before = find_status(pod_.status, container.name);
    if (before == nullptr || !before->container_id.ends_with("://" + container.id)) continue;
    ProbeResults results;
    if (before->started.value_or(false)) results.startup = Outcome::Success;
    if (before->ready) results.readiness = Outcome::Success;
    probes_.seed(container.id, results);
  }
}

io::Task<PodWorker::Pause> PodWorker::step() {
  if (auto seen = co_await observe(); !seen) {
    if (++observe_failures_ == 1)
      LOG_WARNING("Cannot learn a pod's state from the runtime", {"pod", pod_text(pod_)},
                  {"error", seen.error().message()});
    co_return growing(observe_failures_, std::chrono::milliseconds(200), std::chrono::seconds(5));
  }
  observe_failures_ = 0;
  if (state_ == State::Running && (!in_api_ || !pod_.metadata.deletion_timestamp.is_zero() || failure_))
    begin_terminating();
  Pause pause;
  if (state_ == State::Running) pause = co_await step_running();
  if (state_ == State::Terminating) pause = co_await step_terminating();
  if (state_ == State::Terminated) pause = co_await step_terminated();
  adopted_ = false;
  co_return pause;
}

std::optional<PodFailure> PodWorker::deadline_passed(Pause& pause) const {
  if (!pod_.spec.active_deadline_seconds || pod_.status.start_time.is_zero()) return {};
  int64_t end = pod_.status.start_time.to_ns() + *pod_.spec.active_deadline_seconds * 1'000'000'000;
  if (now_ns() >= end)
    return PodFailure{"DeadlineExceeded", "Pod was active on the node longer than the specified deadline"};
  pause = sooner(pause, until(end, now_ns()));
  return {};
}

io::Task<PodWorker::Pause> PodWorker::step_running() {
  Pause pause = record_.any_running() ? Pause(kLookAnyway) : Pause();
  failure_ = deadline_passed(pause);
  if (failure_) {
    begin_terminating();
    co_return Pause();
  }
  decide_resize();
  probes_.follow(pod_, record_, pod_ips(), adopted_);
  PodPlan plan = plan_pod({.pod = pod_,
                           .record = record_,
                           .probes = probes_.results(),
                           .back_off = back_off_,
                           .stopping = stopping_ids_,
                           .now_ns = now_ns()});
  if (plan.finished) {
    begin_terminating();
    co_return Pause();
  }
  restarting_all_ = plan.restart_all;
  if (!restarting_all_.empty()) co_return sooner(pause, co_await restart_all());
  for (auto& [name, reason] : plan.waiting) {
    auto& now = waiting_[name];
    if (now == reason) continue;
    now = reason;
    event(true, "BackOff", "Back-off restarting failed container " + name + " in pod " + pod_text(pod_),
          field_path(ContainerKind::Main, name));
  }
  publish(false);
  if (plan.again_ns) pause = sooner(pause, until(*plan.again_ns, now_ns()));

  for (auto& one : plan.stop)
    for (auto& record : record_.containers)
      if (record.id == one.id) stop(record, one.message, one.grace_seconds);

  if (!plan.stop_all && !plan.create_sandbox) pause = sooner(pause, co_await apply_resizes());

  if ((plan.stop_all || plan.create_sandbox) && plan.sandbox_attempt > sandbox_change_told_) {
    sandbox_change_told_ = plan.sandbox_attempt;
    event(false, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
  }
  if (plan.stop_all) {
    for (auto& record : record_.containers)
      if (record.is_running()) stop(record, "", {});
    if (!record_.any_running()) {
      co_await stop_sandboxes();
      wake_.set();
    }
    co_return pause;
  }

  bool something_begins = plan.create_sandbox || !plan.start.empty();
  if (something_begins && !devices_allocated_ && !co_await allocate_devices()) co_return Pause();
  // What runs already when a kubelet takes over has volumes that change.
  if (((something_begins || record_.any_running()) && !volumes_ready_) || volumes_due()) {
    auto ready = co_await prepare_volumes();
    if (state_ != State::Running) co_return Pause();
    if (!ready) {
      volumes_stale_ = true;
      LOG_V(2, "Volumes are not ready", {"pod", pod_text(pod_)}, {"error", ready.error().message()});
      co_return sooner(pause, growing(++volume_failures_, std::chrono::milliseconds(500), std::chrono::seconds(122)));
    }
    volume_failures_ = 0;
  }
  if (something_begins && !devices_ready_) {
    if (auto ready = co_await prepare_devices(); !ready) {
      event(true, "FailedPrepareDynamicResources", "Failed to prepare dynamic resources: " + ready.error().message());
      co_return sooner(pause, growing(++device_failures_, std::chrono::seconds(1), std::chrono::seconds(60)));
    }
    device_failures_ = 0;
  }
  if (auto renewal = next_token_ns()) pause = sooner(pause, until(*renewal, now_ns()));
  if (wake_.is_set() && !pod_.metadata.deletion_timestamp.is_zero()) co_return pause;

  if (plan.create_sandbox) {
    auto created = co_await create_sandbox(plan.sandbox_attempt);
    count_sandbox(created.has_value());
    if (!created) {
      event(true, "FailedCreatePodSandBox", "Failed to create pod sandbox: " + created.error().message());
      co_return sooner(pause, growing(++sandbox_failures_, std::chrono::seconds(1), std::chrono::seconds(10)));
    }
    sandbox_failures_ = 0;
    wake_.set();
    co_return pause;
  }

  for (auto& wanted : plan.start) {
    core::Container storage;
    auto* container = container_of(wanted, storage);
    if (auto failed = failed_before_.find(container->name);
        failed != failed_before_.end() && failed->second > now_ns()) {
      pause = sooner(pause, until(failed->second, now_ns()));
      continue;
    }
    std::string name = container->name;
    auto outcome = co_await start(wanted);
    if (outcome == StartOutcome::Started) wake_.set();
    if (outcome == StartOutcome::Failed) {
      if (auto failed = failed_before_.find(name); failed != failed_before_.end())
        pause = sooner(pause, until(failed->second, now_ns()));
      publish(false);
    }
    // As upstream: containers begin in the order in which they are written, so one may count on those before it.
    if (outcome == StartOutcome::WaitsForImage) break;
    if (!pod_.metadata.deletion_timestamp.is_zero() || !in_api_) break;
  }
  co_await remove_dead_containers();
  co_return pause;
}

const core::Container* PodWorker::container_of(const StartContainer& wanted, core::Container& storage) const {
  if (wanted.kind == ContainerKind::Main) return &pod_.spec.containers[wanted.index];
  if (wanted.kind == ContainerKind::Init) return &pod_.spec.init_containers[wanted.index];
  storage = from_ephemeral(pod_.spec.ephemeral_containers[wanted.index]);
  return &storage;
}

std::string PodWorker::field_path(ContainerKind kind, const std::string& name) const {
  auto is_init = [&] {
    return std::ranges::any_of(pod_.spec.init_containers, [&](auto& one) { return one.name == name; });
  };
  std::string_view list = kind == ContainerKind::Ephemeral           ? "ephemeralContainers"
                          : kind == ContainerKind::Init || is_init() ? "initContainers"
                                                                     : "containers";
  return base::cat({"spec.", list, "{", name, "}"});
}

void PodWorker::begin_terminating() {
  state_ = State::Terminating;
  stop_deadline_ns_ = now_ns() + evicted_within_.value_or(grace_seconds(pod_)) * 1'000'000'000;
  probes_.stop(ProbeKind::Liveness);
  probes_.stop(ProbeKind::Startup);
  context_.images.forget(pod_.metadata.uid);
  wake_.set();
}

io::Task<PodWorker::Pause> PodWorker::step_terminating() {
  if (stop_deadline_ns_ == 0) stop_deadline_ns_ = now_ns() + grace_seconds(pod_) * 1'000'000'000;
  if (record_.any_running()) {
    publish(false);
    stop_in_order();
    co_return kLookAnyway;
  }
  co_await stop_sandboxes();
  probes_.stop_all();
  collect_messages();
  publish(true);
  state_ = State::Terminated;
  context_.freed();
  co_return Pause();
}

// Whether the runtime has nothing of the pod any more.
io::Task<bool> PodWorker::forget_containers() {
  for (auto& container : record_.containers)
    if (auto gone = co_await context_.runtime.remove_container(container.id); !gone) co_return false;
  for (auto& sandbox : record_.sandboxes)
    if (auto gone = co_await context_.runtime.remove_sandbox(sandbox.id); !gone) co_return false;
  record_.sandboxes.clear();
  record_.containers.clear();
  co_return true;
}

io::Task<PodWorker::Pause> PodWorker::step_terminated() {
  if (!cleaned_) {
    if (auto cleaned = co_await clean_up(); !cleaned) {
      LOG_WARNING("Cannot clean up after a pod", {"pod", pod_text(pod_)}, {"error", cleaned.error().message()});
      co_return growing(++clean_failures_, std::chrono::milliseconds(100), std::chrono::seconds(30));
    }
    cleaned_ = true;
  }
  bool deleted = !pod_.metadata.deletion_timestamp.is_zero();
  if (in_api_ && !deleted) co_return Pause();
  // Nobody can ask for its logs any more. What the runtime does not let go of does not hold up the pod's end.
  Pause again;
  if (!co_await forget_containers())
    again = growing(++forget_failures_, std::chrono::seconds(1), std::chrono::seconds(30));
  std::string logs = context_.options.pod_log_directory + "/" +
                     log_directory_name(pod_.metadata.namespace_, pod_.metadata.name, pod_.metadata.uid);
  if (!pod_.metadata.name.empty()) (void)co_await context_.pool.run([logs] { return base::remove_tree(logs); });
  if (in_api_) {
    if (!status_written_) co_return again;    // write_statuses() wakes us
    if (deletion_finished_) co_return again;  // a finalizer holds it, or removed() is on its way
    auto gone = co_await context_.api.finish_deletion(pod_.metadata.namespace_, pod_.metadata.name, pod_.metadata.uid);
    if (!gone) {
      LOG_WARNING("Cannot finish a pod's deletion", {"pod", pod_text(pod_)}, {"error", gone.error().message()});
      co_return growing(++clean_failures_, std::chrono::milliseconds(500), std::chrono::seconds(10));
    }
    deletion_finished_ = true;
    if (in_api_) co_return again;
  }
  if (again) co_return again;
  state_ = State::Gone;
  co_return Pause();
}

}  // namespace kubelet
