#include "kubelet/runtime/docker/docker_runtime.h"

#include <set>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "kubelet/runtime/containerd.h"
#include "kubelet/runtime/docker/answers.h"
#include "kubelet/runtime/docker/engine.h"
#include "kubelet/runtime/docker/exec.h"
#include "kubelet/runtime/docker/images.h"
#include "kubelet/runtime/docker/log_copier.h"
#include "kubelet/runtime/docker/requests.h"
#include "kubelet/runtime/docker/streaming.h"
#include "kubelet/runtime/records.h"

namespace kubelet {
namespace {

using docker::bool_at;
using docker::Engine;
using docker::integer_at;
using schema::Value;

base::Result<void> unless_missing(base::Result<void> done) {
  if (!done && done.error().code() != base::Code::NotFound) return base::fail(done.error());
  return {};
}

// The lowest OOM score that our containers may have.
int64_t oom_score_adj_min() {
  if (has_capability_sys_resource()) return -1000;
  auto text = base::read_file("/proc/self/oom_score_adj");
  return text ? base::parse_int(base::trim(*text)).value_or(0) : 0;
}

// The query of a list, all states.
std::string of_type(std::string_view type, std::string_view label = {}, std::string_view value = {}) {
  Value::Array labels;
  labels.emplace_back(base::cat({docker::kTypeLabel, "=", type}));
  if (!label.empty() && !value.empty()) labels.emplace_back(base::cat({label, "=", value}));
  return "/containers/json?all=1&" + docker::filters({{"label", Value(std::move(labels))}});
}

class DockerRuntime final : public Runtime {
 public:
  DockerRuntime(DockerOptions options, std::unique_ptr<Engine> engine, std::unique_ptr<docker::LogCopier> logs)
      : options_(std::move(options)),
        engine_(std::move(engine)),
        images_(*engine_),
        network_(options_.cni),
        logs_(std::move(logs)) {}

  base::Result<void> serve(io::Pool& pool) {
    TRY(streaming_, docker::Streaming::create(*engine_, pool));
    return {};
  }

  io::Task<base::Result<RuntimeInfo>> info() override {
    CO_TRY(auto version, co_await engine_->get("/version"));
    if (driver_.empty()) {
      CO_TRY(auto facts, co_await engine_->get("/info"));
      driver_ = facts.text_at({"CgroupDriver"});
      handlers_ = docker::handlers(facts, version);
    }
    RuntimeInfo out{.name = "docker",
                    .version = std::string(version.text_at({"Version"})),
                    .runtime_ready = true,
                    .runtime_message = {},
                    .network_message = {}};
    out.handlers = handlers_;
    auto network = network_.check();
    out.network_ready = network.has_value();
    if (!network) out.network_message = "docker: network plugin is not ready: cni config uninitialized";
    co_return out;
  }

  io::Task<base::Result<std::optional<CgroupDriver>>> cgroup_driver() override {
    CO_TRY(co_await info());
    co_return driver_ == "systemd" ? CgroupDriver::Systemd : CgroupDriver::Cgroupfs;
  }

  io::Task<base::Result<std::string>> run_sandbox(cri::PodSandboxConfig config, std::string handler) override {
    if (!config.metadata) co_return base::fail(base::Code::BadRequest, "a sandbox without metadata");
    CO_TRY(auto body, docker::sandbox_request(config, handler, surroundings()));
    CO_TRY(auto id, co_await create(docker::sandbox_name(*config.metadata), std::move(body)));
    auto begun = co_await begin_sandbox(id, config);
    if (begun) co_return id;
    auto stopped = co_await stop_sandbox(id);
    if (stopped) stopped = co_await remove_sandbox(id);
    if (!stopped) LOG_WARNING("A sandbox that failed is left", {"sandbox", id}, {"err", stopped.error().message()});
    co_return base::fail(begun.error());
  }

  io::Task<base::Result<void>> stop_sandbox(std::string id) override {
    auto found = co_await engine_->get("/containers/" + id + "/json");
    if (!found && found.error().code() != base::Code::NotFound) co_return base::fail(found.error());
    CO_TRY(auto members, co_await members_of(id));
    for (const auto& member : members)
      if (member.state == cri::ContainerState::ContainerRunning) CO_TRY(co_await stop_container(member.id, 0));
    if (!found) co_return {};
    auto status = docker::to_sandbox_status(*found);
    if (!is_in_node_network(status)) CO_TRY(co_await network_.remove(network_pod(*found, status)));
    co_return unless_missing(co_await kill_container(id));
  }

  io::Task<base::Result<void>> remove_sandbox(std::string id) override {
    CO_TRY(auto members, co_await members_of(id));
    for (const auto& member : members) CO_TRY(co_await remove_container(member.id));
    co_return unless_missing(co_await engine_->remove("/containers/" + id + "?v=1&force=1"));
  }

  io::Task<base::Result<cri::PodSandboxStatus>> sandbox_status(std::string id) override {
    CO_TRY(auto found, co_await engine_->get("/containers/" + id + "/json"));
    auto status = docker::to_sandbox_status(found);
    auto& network = status.network.emplace();
    if (is_in_node_network(status)) co_return status;
    auto addresses = network_.addresses(id);
    if (!addresses) {
      status.state = cri::PodSandboxState::SandboxNotready;  // a crash came before it had a network
      co_return status;
    }
    for (size_t i = 0; i < addresses->size(); ++i) {
      if (i == 0) network.ip = (*addresses)[0];
      if (i > 0) network.additional_ips.emplace_back().ip = (*addresses)[i];
    }
    co_return status;
  }

  io::Task<base::Result<std::vector<cri::PodSandbox>>> list_sandboxes(RuntimeFilter filter) override {
    CO_TRY(auto found, co_await engine_->get(of_type(docker::kSandboxType, kPodUidLabel, filter.pod_uid)));
    std::vector<cri::PodSandbox> out;
    if (!found.is_array()) co_return out;
    for (const auto& entry : found.as_array()) {
      auto sandbox = docker::to_sandbox(entry);
      if (!sandbox) continue;
      bool in_node = entry.text_at({"HostConfig", "NetworkMode"}) == "host";
      if (!in_node && !network_.has(sandbox->id)) sandbox->state = cri::PodSandboxState::SandboxNotready;
      out.push_back(std::move(*sandbox));
    }
    if (filter.pod_uid.empty()) co_await release_networks(out);
    co_return out;
  }

  io::Task<base::Result<std::string>> create_container(std::string sandbox_id, cri::ContainerConfig config,
                                                       cri::PodSandboxConfig sandbox_config) override {
    if (!config.metadata || !sandbox_config.metadata)
      co_return base::fail(base::Code::BadRequest, "a container without metadata");
    // As other runtimes do; the Engine would refuse.
    for (const auto& mount : config.mounts)
      if (!mount.host_path.empty() && !base::exists(mount.host_path))
        CO_TRY(base::make_directories(mount.host_path, 0755));
    CO_TRY(auto body, docker::container_request(sandbox_id, config, sandbox_config, surroundings()));
    co_return co_await create(docker::container_name(*config.metadata, *sandbox_config.metadata), std::move(body));
  }

  io::Task<base::Result<void>> start_container(std::string id) override {
    auto started = co_await engine_->post("/containers/" + id + "/start");
    if (!started) co_return base::fail(started.error());
    if (auto found = co_await engine_->get("/containers/" + id + "/json"))
      follow_log(*found, docker::LogCopier::Container::JustStarted);
    co_return {};
  }

  io::Task<base::Result<void>> stop_container(std::string id, int64_t grace_seconds) override {
    if (grace_seconds <= 0) co_return unless_missing(co_await kill_container(id));
    auto stopped = co_await engine_->post(base::cat({"/containers/", id, "/stop?t=", std::to_string(grace_seconds)}),
                                          {}, Engine::kTimeout + std::chrono::seconds(grace_seconds));
    if (!stopped && stopped.error().code() != base::Code::NotFound) co_return base::fail(stopped.error());
    co_return {};
  }

  io::Task<base::Result<void>> remove_container(std::string id) override {
    // The copy of its log is completed first: the original goes with the container.
    if (auto found = co_await engine_->get("/containers/" + id + "/json")) follow_log(*found);
    co_await logs_->drain(id);
    CO_TRY(unless_missing(co_await engine_->remove("/containers/" + id + "?v=1&force=1")));
    logs_->forget(id);
    co_return {};
  }

  io::Task<base::Result<std::vector<cri::Container>>> list_containers(RuntimeFilter filter) override {
    co_return co_await containers_of(of_type(docker::kContainerType, kPodUidLabel, filter.pod_uid));
  }

  io::Task<base::Result<cri::ContainerStatus>> container_status(std::string id) override {
    CO_TRY(auto found, co_await engine_->get("/containers/" + id + "/json"));
    auto status = docker::to_container_status(found);
    follow_log(found);
    if (status.state == cri::ContainerState::ContainerExited) {
      // Who sees that it has ended may read its log to the end.
      co_await logs_->drain(id);
      logs_->rest(id);
    }
    status.image_ref = co_await images_.reference(status.image_id);
    co_return status;
  }

  io::Task<base::Result<void>> update_container_resources(std::string id,
                                                          cri::LinuxContainerResources resources) override {
    auto updated = co_await engine_->post("/containers/" + id + "/update", docker::update_request(resources));
    if (!updated) co_return base::fail(updated.error());
    co_return {};
  }

  io::Task<base::Result<void>> reopen_container_log(std::string id) override { return logs_->reopen(std::move(id)); }

  io::Task<base::Result<cri::ExecSyncResponse>> exec_sync(std::string id, std::vector<std::string> command,
                                                          int64_t timeout_seconds) override {
    return docker::run_exec(*engine_, std::move(id), std::move(command), timeout_seconds);
  }
  io::Task<base::Result<std::string>> exec(cri::ExecRequest request) override {
    co_return streaming_->exec(std::move(request));
  }
  io::Task<base::Result<std::string>> attach(cri::AttachRequest request) override {
    // A terminal is one by the container's making, whatever is asked for.
    CO_TRY(auto found, co_await engine_->get("/containers/" + request.container_id + "/json"));
    request.tty = bool_at(found, {"Config", "Tty"});
    co_return streaming_->attach(std::move(request), bool_at(found, {"Config", "StdinOnce"}));
  }
  io::Task<base::Result<std::string>> port_forward(cri::PortForwardRequest request) override {
    CO_TRY(auto found, co_await engine_->get("/containers/" + request.pod_sandbox_id + "/json"));
    if (!bool_at(found, {"State", "Running"}))
      co_return base::fail(base::Code::Unavailable, "the sandbox does not run");
    co_return streaming_->port_forward(integer_at(found, {"State", "Pid"}));
  }

  io::Task<base::Result<std::optional<cri::Image>>> image_status(std::string image) override {
    return images_.status(std::move(image));
  }
  io::Task<base::Result<std::vector<cri::Image>>> list_images() override { return images_.list(); }
  io::Task<base::Result<std::string>> pull_image(std::string image, std::optional<cri::AuthConfig> auth,
                                                 cri::PodSandboxConfig) override {
    return images_.pull(std::move(image), std::move(auth));
  }
  io::Task<base::Result<void>> remove_image(std::string image) override { return images_.remove(std::move(image)); }

  io::Task<base::Result<std::vector<cri::ContainerStats>>> list_container_stats() override {
    CO_TRY(auto found, co_await engine_->get(of_type(docker::kContainerType) + "&size=1"));
    std::vector<cri::ContainerStats> out;
    if (!found.is_array()) co_return out;
    for (const auto& entry : found.as_array()) {
      auto container = docker::to_container(entry);
      if (!container) continue;
      auto& stats = out.emplace_back();
      auto& attributes = stats.attributes.emplace();
      attributes.id = container->id;
      attributes.metadata = container->metadata;
      attributes.labels = std::move(container->labels);
      attributes.annotations = std::move(container->annotations);
      auto& layer = stats.writable_layer.emplace();
      layer.timestamp = io::Loop::current().clock().wall_ns();
      layer.used_bytes.emplace().value = static_cast<uint64_t>(integer_at(entry, {"SizeRw"}));
    }
    co_return out;
  }

  io::Task<base::Result<void>> watch(std::function<void(const std::string&)> changed) override {
    auto query = docker::filters({{"type", Value(Value::Array{Value("container")})},
                                  {"event", Value(Value::Array{Value("die"), Value("oom")})}});
    CO_TRY(co_await engine_->stream("GET", "/events?" + query, {}, {},
                                    [&changed](const Value& event) -> base::Result<void> {
                                      std::string id(event.text_at({"Actor", "ID"}));
                                      if (!id.empty()) changed(id);
                                      return {};
                                    }));
    co_return base::fail(base::Code::Closed, "the Docker Engine ended its events");
  }

 private:
  docker::Surroundings surroundings() const {
    return {.sandbox_image = options_.sandbox_image,
            .oom_score_adj_min = oom_score_adj_min_,
            .now_ns = io::Loop::current().clock().wall_ns()};
  }

  static bool is_in_node_network(const cri::PodSandboxStatus& status) {
    return status.linux->namespaces->options->network == cri::NamespaceMode::Node;
  }

  static CniPod network_pod(const Value& inspected, const cri::PodSandboxStatus& status) {
    CniPod pod{.id = status.id, .network_namespace = {}, .namespace_ = {}, .name = {}, .uid = {}, .ports = {}};
    if (auto process = integer_at(inspected, {"State", "Pid"}); process > 0)
      pod.network_namespace = base::cat({"/proc/", std::to_string(process), "/ns/net"});
    if (status.metadata) {
      pod.namespace_ = status.metadata->namespace_;
      pod.name = status.metadata->name;
      pod.uid = status.metadata->uid;
    }
    return pod;
  }

  io::Task<base::Result<std::string>> create(std::string name, Value body) {
    auto path = "/containers/create?name=" + base::url_encode(name);
    auto made = co_await engine_->post(path, body);
    if (!made && made.error().code() == base::Code::Conflict) {
      // What a crash has left behind between making it and hearing of it. It never ran.
      CO_TRY(auto old, co_await engine_->get("/containers/" + name + "/json"));
      if (old.text_at({"State", "Status"}) != "created") co_return base::fail(made.error());
      CO_TRY(unless_missing(co_await engine_->remove("/containers/" + std::string(old.text_at({"Id"})) + "?v=1")));
      made = co_await engine_->post(path, std::move(body));
    }
    if (!made) co_return base::fail(made.error());
    co_return std::string(made->text_at({"Id"}));
  }

  io::Task<base::Result<void>> begin_sandbox(std::string id, const cri::PodSandboxConfig& config) {
    CO_TRY(co_await engine_->post("/containers/" + id + "/start"));
    CO_TRY(auto found, co_await engine_->get("/containers/" + id + "/json"));
    // The Engine's own idea of name servers is replaced; containers of the sandbox share the file.
    std::string resolver(found.text_at({"ResolvConfPath"}));
    if (config.dns_config && !resolver.empty())
      CO_TRY(base::write_file(resolver, docker::resolver_file(*config.dns_config), 0644));
    if (docker::is_in_node_network(config)) co_return {};
    auto pod = network_pod(found, docker::to_sandbox_status(found));
    pod.ports = config.port_mappings;
    auto added = co_await network_.add(std::move(pod));
    if (!added) {
      co_return base::fail(
          added.error().with_context(base::cat({"failed to set up sandbox container ", base::quote(id),
                                                " network for pod ", base::quote(config.metadata->name)})));
    }
    co_return {};
  }

  // Of sandboxes that somebody else has removed from the Engine: their addresses would be taken for ever.
  io::Task<void> release_networks(const std::vector<cri::PodSandbox>& known) {
    std::set<std::string> gone;
    for (auto& id : network_.ids()) gone.insert(std::move(id));
    for (const auto& sandbox : known) gone.erase(sandbox.id);
    for (const auto& id : gone) {
      auto found = co_await engine_->get("/containers/" + id + "/json");  // it may be newer than the list
      if (found || found.error().code() != base::Code::NotFound) continue;
      auto released = co_await network_.remove(
          {.id = id, .network_namespace = {}, .namespace_ = {}, .name = {}, .uid = {}, .ports = {}});
      if (!released)
        LOG_WARNING("The network of a sandbox that is gone is left", {"sandbox", id},
                    {"err", released.error().message()});
    }
  }

  io::Task<base::Result<std::vector<cri::Container>>> containers_of(std::string path) {
    CO_TRY(auto found, co_await engine_->get(std::move(path)));
    std::vector<cri::Container> out;
    if (found.is_array())
      for (const auto& entry : found.as_array())
        if (auto container = docker::to_container(entry)) out.push_back(std::move(*container));
    co_return out;
  }
  io::Task<base::Result<std::vector<cri::Container>>> members_of(std::string sandbox_id) {
    return containers_of(of_type(docker::kContainerType, docker::kSandboxIdLabel, sandbox_id));
  }

  // Returns when it has ended.
  io::Task<base::Result<void>> kill_container(std::string id) {
    auto killed = co_await engine_->post("/containers/" + id + "/kill");
    // Conflict: it does not run.
    if (!killed && killed.error().code() != base::Code::Conflict) co_return base::fail(killed.error());
    auto ended = co_await engine_->post("/containers/" + id + "/wait?condition=not-running");
    if (!ended) co_return base::fail(ended.error());
    co_return {};
  }

  void follow_log(const Value& inspected,
                  docker::LogCopier::Container container = docker::LogCopier::Container::Known) {
    std::string source(inspected.text_at({"LogPath"}));
    auto target = docker::to_container_status(inspected).log_path;
    if (!source.empty() && !target.empty())
      logs_->follow(std::string(inspected.text_at({"Id"})), std::move(source), std::move(target), container);
  }

  const DockerOptions options_;
  const int64_t oom_score_adj_min_ = kubelet::oom_score_adj_min();
  std::unique_ptr<Engine> engine_;
  docker::ImageStore images_;
  CniNetwork network_;
  std::unique_ptr<docker::LogCopier> logs_;
  std::unique_ptr<docker::Streaming> streaming_;
  std::string driver_;  // of control groups; "" before it was asked for
  std::vector<cri::RuntimeHandler> handlers_;
};

}  // namespace

base::Result<std::unique_ptr<Runtime>> make_docker_runtime(DockerOptions options, io::Pool& pool) {
  TRY(auto engine, Engine::create(options.endpoint));
  if (options.cni.state_directory.empty()) options.cni.state_directory = options.directory + "/networks";
  TRY(auto logs, docker::LogCopier::create(options.directory + "/logs", pool));
  auto runtime = std::make_unique<DockerRuntime>(std::move(options), std::move(engine), std::move(logs));
  TRY(runtime->serve(pool));
  return runtime;
}

io::Task<base::Result<void>> load_docker_image(std::string endpoint, std::string archive) {
  CO_TRY(auto engine, Engine::create(std::move(endpoint)));
  co_return co_await docker::ImageStore(*engine).load(std::move(archive));
}

}  // namespace kubelet
