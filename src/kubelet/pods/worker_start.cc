// How a pod's worker begins things: volumes, sandbox, containers.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "kubelet/alignment/alignment.h"
#include "kubelet/device_plugins/device_plugins.h"
#include "kubelet/dra/claims.h"
#include "kubelet/metrics/stopwatch.h"
#include "kubelet/pods/configuration.h"
#include "kubelet/pods/environment.h"
#include "kubelet/pods/worker.h"
#include "kubelet/volume/mount.h"
#include "kubelet/volume/pod_volumes.h"

namespace kubelet {
namespace {

// What may pass is not told before it has lasted for a second or two.
constexpr int kQuietFailures = 2;
constexpr int64_t kRetryCreateNs = 10'000'000'000;

// Written beside the pod's volumes, and mounted into its containers.
base::Result<std::string> write_hosts_file(std::string directory, std::string text) {
  TRY(base::make_directories(directory, 0750));
  std::string path = directory + "/etc-hosts";
  if (auto present = base::read_file(path); present && *present == text) return path;
  // In place: a running container has the file itself mounted.
  FILE* file = fopen(path.c_str(), "we");
  if (file == nullptr) return base::fail(base::system_error("write " + path, errno));
  size_t written = fwrite(text.data(), 1, text.size(), file);
  if (fclose(file) != 0 || written != text.size()) return base::fail(base::system_error("write " + path, errno));
  chmod(path.c_str(), 0644);
  return path;
}

// Once four fifths of a token's life are over, or a day, as documented of service account tokens.
int64_t renewal_ns(const TokenKey& key, const IssuedToken& token) {
  constexpr int64_t kDaySeconds = 24 * 3600;
  int64_t after = std::min(key.expiration_seconds * 4 / 5, kDaySeconds);
  return token.expires_ns - (key.expiration_seconds - after) * 1'000'000'000;
}

}  // namespace

bool PodWorker::volumes_due() const {
  if (!volumes_ready_ || !Volumes::is_live(pod_)) return false;
  auto renewal = next_token_ns();
  return volumes_stale_ || (renewal && now_ns() >= *renewal);
}

std::optional<int64_t> PodWorker::next_token_ns() const {
  std::optional<int64_t> out;
  for (auto& [key, token] : tokens_) {
    int64_t renewal = renewal_ns(key, token);
    if (!out || renewal < *out) out = renewal;
  }
  return out;
}

io::Task<base::Result<PodObjects>> PodWorker::fetch_objects() {
  PodObjects out;
  auto names = referenced_objects(pod_);
  if (held_ == nullptr && names.config_maps.size() + names.secrets.size() > 0)
    held_ = context_.api.hold(pod_.metadata.namespace_, names.config_maps, names.secrets);
  for (auto& name : names.config_maps) {
    CO_TRY(auto object, co_await context_.api.config_map(pod_.metadata.namespace_, name));
    out.config_maps[name] = std::move(object);
  }
  for (auto& name : names.secrets) {
    CO_TRY(auto object, co_await context_.api.secret(pod_.metadata.namespace_, name));
    out.secrets[name] = std::move(object);
  }
  co_return out;
}

io::Task<base::Result<Tokens>> PodWorker::fetch_tokens() {
  Tokens out;
  for (auto& key : Volumes::tokens_of(pod_)) {
    auto& known = tokens_[key];
    if (known.token.empty() || now_ns() >= renewal_ns(key, known)) {
      auto fresh = co_await context_.api.token(pod_, key.audience, key.expiration_seconds);
      if (fresh) {
        tokens_[key] = std::move(*fresh);
      } else if (tokens_[key].token.empty() || now_ns() >= tokens_[key].expires_ns) {
        co_return base::fail(base::Error(fresh.error().code(), "failed to fetch token: " + fresh.error().message()));
      }
    }
    out[key] = tokens_[key].token;
  }
  co_return out;
}

io::Task<base::Result<PodWorker::Pause>> PodWorker::prepare_volumes() {
  volumes_stale_ = false;
  auto objects = co_await fetch_objects();
  if (!objects) co_return base::fail(objects.error());
  objects_ = std::move(*objects);
  auto tokens = co_await fetch_tokens();
  VolumeInput input{.pod = pod_,
                    .objects = objects_,
                    .tokens = tokens ? std::move(*tokens) : Tokens(),
                    .host_ips = context_.host_ips,
                    .pod_ips = pod_ips(),
                    .node_allocatable = context_.allocatable,
                    .now = base::Time::from_ns(now_ns()),
                    .persistent = {},
                    .elsewhere = {}};
  std::erase_if(input.pod.spec.volumes, [](const auto& volume) { return bool(volume.image); });  // the runtime's
  VolumeOutcome outcome;
  if (context_.pod_volumes != nullptr) {
    outcome = co_await context_.pod_volumes->set_up(std::move(input), volumes_ready_);
  } else {
    outcome = co_await context_.pool.run(
        [volumes = context_.volumes, input = std::move(input)] { return volumes.set_up(input); });
  }
  for (auto& [name, ns] : outcome.took_ns) {
    auto path = outcome.paths.find(name);
    bool mounted = path != outcome.paths.end();
    context_.metrics->storage_operations
        .with(
            {"false", "volume_mount", mounted ? "success" : "fail-unknown", mounted ? volume_plugin(path->second) : ""})
        .observe(static_cast<double>(ns) / 1e9);
  }
  std::map<std::string, std::string> complaints;
  for (auto& failure : outcome.failures) {
    if (failure.no_room && !volumes_ready_) {
      failure_ = PodFailure{.reason = "VolumeAttachmentLimitExceeded", .message = failure.message};
      rejected_ = !record_.any_running();
      event(true, failure_->reason, failure_->message);
      begin_terminating();
    }
    if (!tokens) failure.message += ": " + tokens.error().message();
    if (failure.waits || (failure.may_pass && volume_failures_ < kQuietFailures)) continue;
    complaints[failure.volume] = failure.message;
    if (volume_complaints_[failure.volume] != failure.message) event(true, "FailedMount", failure.message);
  }
  volume_complaints_ = std::move(complaints);
  // A volume that was there once is still there; what could not be refreshed is tried again.
  for (auto& [name, path] : outcome.paths) volume_paths_[name] = path;
  if (!outcome.failures.empty() && !volumes_ready_)
    co_return base::fail(base::Code::Unavailable, outcome.failures.front().message);
  volumes_ready_ = true;
  co_return Pause();
}

cri::PodSandboxConfig PodWorker::make_sandbox_config(uint32_t attempt) const {
  return sandbox_config(
      {.pod = pod_,
       .attempt = attempt,
       .log_root = context_.options.pod_log_directory,
       .cgroup_parent = context_.cgroups ? context_.cgroups->place(pod_cgroup(context_.cgroup_base(), pod_)) : "",
       .dns = context_.dns,
       .seccomp_root = context_.options.root_directory + "/seccomp",
       .user_ids = user_ids()});
}

std::optional<IdRange> PodWorker::user_ids() const {
  if (context_.id_ranges == nullptr || pod_.spec.host_users.value_or(true)) return std::nullopt;
  return context_.id_ranges->find(pod_.metadata.uid);
}

// A pod that asks for users of its own is not run without.
base::Result<void> PodWorker::ensure_user_ids(const std::string& handler) {
  if (pod_.spec.host_users.value_or(true)) return {};
  const auto* known = find_handler(context_.handlers, handler);
  bool can = known != nullptr && known->features && known->features->user_namespaces;
  if (!can || context_.id_ranges == nullptr) {
    std::string who = handler.empty() ? "runtime" : base::cat({"RuntimeClass handler ", base::quote(handler)});
    std::string why = known == nullptr && !handler.empty()
                          ? base::cat({": the handler ", base::quote(handler), " is not known"})
                          : "";
    return base::fail(base::Code::Invalid, base::cat({"can't set `spec.hostUsers: false`, ", who,
                                                      " does not support user namespaces", why}));
  }
  TRY(context_.id_ranges->ensure(pod_.metadata.uid));
  return {};
}

// Attempts, and those that failed.
void PodWorker::count_sandbox(bool started) const {
  auto& metrics = *context_.metrics;
  bool own_users = !pod_.spec.host_users.value_or(true);
  metrics.started_pods.add();
  if (own_users) metrics.started_user_namespaced_pods.add();
  if (started) return;
  metrics.started_pods_errors.add();
  if (own_users) metrics.started_user_namespaced_pods_errors.add();
}

io::Task<bool> PodWorker::allocate_devices() {
  if (context_.device_plugins != nullptr) {
    if (auto done = co_await context_.device_plugins->allocate(pod_); !done) {
      failure_ = unexpected_admission_error(done.error());
      rejected_ = !record_.any_running();
      event(true, failure_->reason, failure_->message);
      begin_terminating();
      co_return false;
    }
  }
  devices_allocated_ = true;
  co_return true;
}

io::Task<base::Result<void>> PodWorker::prepare_devices() {
  if (context_.dra != nullptr && DraClaims::uses_claims(pod_)) CO_TRY(co_await context_.dra->prepare(pod_));
  devices_ready_ = true;
  co_return {};
}

io::Task<base::Result<void>> PodWorker::create_sandbox(uint32_t attempt) {
  pod_limits_ = limits_of_pod();
  if (pod_.spec.resources) resize_.applied_to_pod = *pod_.spec.resources;
  if (context_.cgroups) {
    Stopwatch stopwatch(context_.metrics->cgroup_work.with({"create"}));
    auto group = pod_cgroup(context_.cgroup_base(), pod_);
    CO_TRY(co_await context_.pool.run(
        [groups = *context_.cgroups, group, limits = pod_limits_] { return groups.ensure(group, limits); }));
  }
  if (auto dns = pod_dns(pod_, context_.dns); !dns.problem.empty() && attempt == 0)
    event(true, "MissingClusterDNS", dns.problem);
  if (!pod_.spec.host_network) CO_TRY(check_names(pod_names(pod_, context_.dns.cluster_domain)));
  std::string handler;
  if (pod_.spec.runtime_class_name && !pod_.spec.runtime_class_name->empty()) {
    CO_TRY(handler, co_await context_.api.runtime_handler(*pod_.spec.runtime_class_name));
  }
  CO_TRY(ensure_user_ids(handler));
  auto config = make_sandbox_config(attempt);
  CO_TRY(base::make_directories(config.log_directory, 0755));
  auto& metrics = *context_.metrics;
  base::Result<std::string> id;
  {
    Stopwatch stopwatch(metrics.run_sandbox.with({handler}));
    id = co_await context_.runtime.run_sandbox(config, handler);
  }
  if (!id) {
    metrics.run_sandbox_errors.with({handler}).add();
    co_return base::fail(id.error());
  }
  unseen_.insert(std::move(*id));
  co_return {};
}

void PodWorker::container_failed(const std::string& name, std::string reason, const base::Error& error,
                                 const std::string& field) {
  std::string_view kind = field.starts_with("spec.init")        ? "init_container"
                          : field.starts_with("spec.ephemeral") ? "ephemeral_container"
                                                                : "container";
  context_.metrics->started_containers_errors.with({reason, kind}).add();
  event(true, "Failed", "Error: " + error.message(), field);
  waiting_[name] = {std::move(reason), error.message()};
  failed_before_[name] = now_ns() + kRetryCreateNs;
}

// Why a container cannot start yet for want of an image; nothing when it can.
std::optional<PodWorker::StartOutcome> PodWorker::image_outcome(const core::Container& container,
                                                                const Images::Answer& image) {
  if (image.state == Images::Answer::State::Pulling) {
    if (pull_since_ns_ == 0) pull_since_ns_ = now_ns();
    return StartOutcome::WaitsForImage;
  }
  if (pull_since_ns_ != 0) pulled_ns_ += now_ns() - std::exchange(pull_since_ns_, 0);
  if (image.state == Images::Answer::State::Present) return std::nullopt;
  waiting_[container.name] = image.reason;
  if (image.again_ns) failed_before_[container.name] = *image.again_ns;
  return StartOutcome::Failed;
}

// By the runtime, or on the host when it cannot: then it is a volume like others.
io::Task<base::Result<void>> PodWorker::mount_image_volume(std::string volume, cri::Image image) {
  CO_TRY(auto mount, co_await context_.runtime.host_mount_of(image.id));
  if (!mount) {
    image_volumes_[volume] = std::move(image);
    co_return {};
  }
  auto path = base::cat({context_.volumes.pod_directory(pod_.metadata.uid), "/volumes/kubernetes.io~image/", volume});
  CO_TRY(co_await context_.pool.run(
      [mount = *mount, path] { return mount_for_reading(mount.type, mount.source, mount.options, path); }));
  volume_paths_[volume] = path;
  co_return {};
}

io::Task<PodWorker::StartOutcome> PodWorker::start(StartContainer wanted) {
  core::Container container;
  {
    core::Container storage;
    container = *container_of(wanted, storage);
  }
  std::string field = field_path(wanted.kind, container.name);
  std::vector<std::shared_ptr<const core::Secret>> pull_secrets;
  for (auto& reference : pod_.spec.image_pull_secrets)
    if (auto found = objects_.secrets.find(reference.name); found != objects_.secrets.end())
      pull_secrets.push_back(found->second);
  auto sandbox_attempt = record_.sandboxes.front().attempt;
  auto image = co_await context_.images.ensure(pod_, container, field, make_sandbox_config(sandbox_attempt),
                                               pull_secrets, [this] { wake_.set(); });
  if (auto settled = image_outcome(container, image)) co_return *settled;
  // Images that are volumes come the same way.
  for (const auto& volume : std::vector(pod_.spec.volumes)) {
    bool used = volume.image && std::ranges::any_of(container.volume_mounts,
                                                    [&](const auto& mount) { return mount.name == volume.name; });
    if (!used) continue;
    core::Container stand_in;
    stand_in.name = "volume/" + volume.name;
    stand_in.image = volume.image->reference;
    stand_in.image_pull_policy = volume.image->pull_policy;
    auto found = co_await context_.images.ensure(pod_, stand_in, "", make_sandbox_config(sandbox_attempt), pull_secrets,
                                                 [this] { wake_.set(); });
    if (auto settled = image_outcome(container, found)) co_return *settled;
    if (!image_volumes_.contains(volume.name)) context_.metrics->image_volume_requested.add();
    if (auto mounted = co_await mount_image_volume(volume.name, std::move(found.image)); !mounted) {
      container_failed(container.name, "CreateContainerError", mounted.error(), field);
      co_return StartOutcome::Failed;
    }
  }
  if (wanted.failed_ns > 0) back_off_.next(back_off_key(pod_, container), wanted.failed_ns, now_ns());
  auto id = co_await create(container, wanted, image.image);
  auto image_mounts = static_cast<double>(std::ranges::count_if(
      container.volume_mounts, [&](const auto& mount) { return image_volumes_.contains(mount.name); }));
  (id ? context_.metrics->image_volume_mounted : context_.metrics->image_volume_errors).add(image_mounts);
  if (!id) {
    auto code = id.error().code();
    bool is_config = code == base::Code::NotFound || code == base::Code::Invalid || code == base::Code::Forbidden ||
                     code == base::Code::Unavailable;
    container_failed(container.name, is_config ? "CreateContainerConfigError" : "CreateContainerError", id.error(),
                     field);
    co_return StartOutcome::Failed;
  }
  event(false, "Created", "Container created", field);
  std::string_view kind = wanted.kind == ContainerKind::Init        ? "init_container"
                          : wanted.kind == ContainerKind::Ephemeral ? "ephemeral_container"
                                                                    : "container";
  context_.metrics->started_containers.with({kind}).add();
  if (auto started = co_await context_.runtime.start_container(*id); !started) {
    container_failed(container.name, "RunContainerError", started.error(), field);
    co_return StartOutcome::Failed;
  }
  event(false, "Started", "Container started", field);
  waiting_.erase(container.name);
  failed_before_.erase(container.name);
  if (container.lifecycle && container.lifecycle->post_start) co_await after_start(container, *id, field);
  co_return StartOutcome::Started;
}

io::Task<base::Result<std::string>> PodWorker::create(const core::Container& spec, const StartContainer& wanted,
                                                      const cri::Image& image) {
  // Copies: the pod may change while we wait.
  core::Container container = spec;
  core::Pod pod = pod_;
  // A container may begin again while the API is away, with what was known before.
  auto fresh = co_await fetch_objects();
  if (fresh) {
    objects_ = std::move(*fresh);
  } else if (!volumes_ready_ || objects_.config_maps.size() + objects_.secrets.size() == 0) {
    co_return base::fail(fresh.error());
  }
  auto ips = pod_ips();
  CO_TRY(auto files,
         co_await context_.pool.run([container, paths = volume_paths_] { return read_env_files(container, paths); }));
  CO_TRY(auto environment, make_environment({.pod = pod,
                                             .container = container,
                                             .services = context_.services(),
                                             .objects = objects_,
                                             .files = std::move(files),
                                             .host_ips = context_.host_ips,
                                             .pod_ips = ips,
                                             .node_allocatable = context_.allocatable}));
  std::string hosts_text;
  if (pod.spec.host_network) {
    auto node_file = base::read_file("/etc/hosts");
    hosts_text = host_network_hosts_file(node_file ? *node_file : "", pod);
  } else {
    hosts_text = hosts_file(pod, pod_names(pod, context_.dns.cluster_domain), ips);
  }
  CO_TRY(auto hosts, co_await context_.pool.run([directory = context_.volumes.pod_directory(pod.metadata.uid),
                                                 hosts_text] { return write_hosts_file(directory, hosts_text); }));
  std::string message_file;
  if (!container.termination_message_path.empty()) {
    uint64_t random = context_.random.next();
    CO_TRY(message_file,
           co_await context_.pool.run([volumes = context_.volumes, uid = pod.metadata.uid, name = container.name,
                                       random] { return volumes.make_termination_file(uid, name, random); }));
  }
  CO_TRY(auto sub_paths,
         co_await context_.pool.run([volumes = context_.volumes, pod, container, paths = volume_paths_, environment] {
           return volumes.set_up_sub_paths(pod, container, paths, environment);
         }));
  const auto* handler = find_handler(context_.handlers, record_.sandboxes.front().handler);
  bool recursive = handler != nullptr && handler->features && handler->features->recursive_read_only_mounts;
  std::string target;
  if (wanted.kind == ContainerKind::Ephemeral)
    if (auto& name = pod.spec.ephemeral_containers[wanted.index].target_container_name; !name.empty())
      if (auto* record = record_.newest(name)) target = record->id;
  CO_TRY(auto config, container_config({.pod = pod,
                                        .container = container,
                                        .ephemeral = wanted.kind == ContainerKind::Ephemeral,
                                        .attempt = wanted.attempt,
                                        .environment = environment,
                                        .volumes = volume_paths_,
                                        .sub_paths = sub_paths,
                                        .hosts_file = hosts,
                                        .termination_message_file = message_file,
                                        .image = image,
                                        .image_volumes = image_volumes_,
                                        .extra_groups = {},
                                        .rules = context_.rules,
                                        .target_id = target,
                                        .seccomp_root = context_.options.root_directory + "/seccomp",
                                        .user_ids = user_ids(),
                                        .recursive_read_only_mounts = recursive}));
  if (context_.alignment != nullptr && config.linux && config.linux->resources)
    context_.alignment->apply(pod, container, *config.linux->resources);
  if (context_.device_plugins != nullptr) {
    CO_TRY(co_await context_.device_plugins->before_start(pod, container));
    context_.device_plugins->apply(pod, container, config);
  }
  if (context_.dra != nullptr) {
    CO_TRY(auto ids, context_.dra->devices_of(pod, container));
    for (auto& id : ids) config.cdi_devices.emplace_back().name = std::move(id);
  }
  auto sandbox = make_sandbox_config(record_.sandboxes.front().attempt);
  CO_TRY(base::make_directories(sandbox.log_directory + "/" + container.name, 0755));
  std::string log = sandbox.log_directory + "/" + config.log_path;
  auto id =
      co_await context_.runtime.create_container(record_.sandboxes.front().id, std::move(config), std::move(sandbox));
  // Whatever the runtime's reason, it is no fault of the configuration.
  if (!id) co_return base::fail(base::Code::Internal, id.error().message());
  unseen_.insert(*id);
  resize_.applied[*id] = effective_resources(pod, container);
  if (!context_.options.container_log_directory.empty()) {
    std::string link = base::cat({context_.options.container_log_directory, "/", pod.metadata.name, "_",
                                  pod.metadata.namespace_, "_", container.name, "-", *id, ".log"});
    if (base::make_directories(context_.options.container_log_directory, 0755))
      (void)!symlink(log.c_str(), link.c_str());
  }
  co_return *id;
}

io::Task<void> PodWorker::run_post_start(core::LifecycleHandler hook, ProbeTarget target) {
  constexpr int64_t kHookSecondsMax = 24 * 3600;
  hook_result_ = co_await context_.prober.run_hook(std::move(hook), std::move(target), kHookSecondsMax);
  hook_settled_.set();
}

io::Task<void> PodWorker::after_start(core::Container container, std::string id, std::string field) {
  auto ips = pod_ips();
  ProbeTarget target{.pod = pod_, .container = container, .container_id = id, .pod_ip = ips.empty() ? "" : ips.front()};
  hook_settled_.reset();
  hook_result_.reset();
  if (!pod_.metadata.deletion_timestamp.is_zero() || !in_api_) co_return;
  io::Scope scope;
  scope.spawn(run_post_start(*container.lifecycle->post_start, std::move(target)));
  co_await hook_settled_.wait();
  // A pod that is to end does not wait for a hook.
  if (!hook_result_ || *hook_result_) co_return;
  auto& done = *hook_result_;
  event(true, "FailedPostStartHook", "PostStartHook failed", field);
  waiting_[container.name] = {"PostStartHookError", "PostStartHook failed: " + done.error().message()};
  ContainerRecord record;
  record.id = id;
  record.name = container.name;
  stop(record, "FailedPostStartHook", {});
}

}  // namespace kubelet
