// Pods on a real containerd: its own folders, in a network namespace of its own, images made on the spot. Needs root,
// containerd, runc and the CNI plugins, and is skipped without. Everything is taken down again, also when a test fails.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <set>

#include "api/core_v1.h"
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "client/testing/fake_server.h"
#include "image/archive.h"
#include "io/http_client.h"
#include "io/port_forward.h"
#include "io/process.h"
#include "io/remote_command.h"
#include "io/socket.h"
#include "io/tls.h"
#include "io/transport.h"
#include "kubelet/cgroup/cgroups.h"
#include "kubelet/kubelet.h"
#include "kubelet/runtime/cni.h"
#include "kubelet/runtime/containerd.h"
#include "kubelet/runtime/cri/cri_runtime.h"
#include "kubelet/volume/mount.h"
#include "pki/certificate.h"

namespace kubelet {
namespace {

using namespace std::chrono_literals;
namespace core = ::api::core_v1;

bool can_run() {
  if (geteuid() != 0) return false;
  for (auto path : {"/usr/bin/containerd", "/usr/sbin/runc", "/usr/lib/cni/bridge", "/usr/bin/busybox"})
    if (!base::exists(path)) return false;
  return true;
}

// One containerd for all tests of this program.
class World {
 public:
  // Made by the first test that asks, ended by end() below.
  static World& get() {
    if (made_ == nullptr) made_ = new World;
    return *made_;
  }
  // While all else still stands: what the loop runs may use what exit() destroys.
  static void end() {
    delete made_;
    made_ = nullptr;
  }

  std::string directory;
  std::unique_ptr<io::Loop> loop;
  std::unique_ptr<io::Loop::Entered> entered;
  std::unique_ptr<Containerd> containerd;
  std::string problem;

  World() {
    // Ours alone from here on: links, addresses, rules.
    if (unshare(CLONE_NEWNET) != 0) {
      problem = "no network namespace can be made";
      return;
    }
    char path[] = "/tmp/navarch-node-XXXXXX";
    directory = mkdtemp(path);
    clean_up_if_we_die();
    loop = std::move(*io::Loop::create());
    entered = std::make_unique<io::Loop::Entered>(*loop);
    if (auto begun = loop->run_task(begin()); !begun) problem = begun.error().message();
  }

  ~World() {
    if (containerd != nullptr) {
      auto cleared = [](World* world) -> io::Task<void> { co_await world->clear(); }(this);
      loop->run_task(std::move(cleared));
    }
    (void)unmount_below(directory);
    (void)base::remove_tree(directory);
    if (auto cgroups = Cgroups::detect()) (void)cgroups->remove(cgroup_root());
  }

  // Containerd and its shims outlive their parents by design. When this program crashes, somebody has to end them.
  void clean_up_if_we_die() {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0 || fork() != 0) {
      close(pipe_ends[0]);
      return;
    }
    setsid();
    close(pipe_ends[1]);
    char byte;
    while (read(pipe_ends[0], &byte, 1) < 0 && errno == EINTR) {
    }
    auto processes = base::list_directory("/proc");
    for (int round = 0; round < 2; ++round)
      for (auto& name : *processes) {
        auto pid = base::parse_int(name);
        if (!pid || *pid == getpid()) continue;
        auto text = base::read_file("/proc/" + name + "/cmdline");
        if (text && text->contains(directory + "/") && text->contains("containerd"))
          kill(static_cast<pid_t>(*pid), SIGKILL);
      }
    (void)unmount_below(directory);
    (void)base::remove_tree(directory);
    _exit(0);
  }

  static std::string cgroup_root() { return "/navarch-test-" + std::to_string(getpid()); }
  std::string endpoint() const { return containerd->endpoint(); }

  io::Task<base::Result<void>> command(std::vector<std::string> argv) {
    CO_TRY(auto result, co_await io::run_command({.argv = argv}));
    if (!result.status.ok()) co_return base::fail(base::Code::Internal, base::join(argv, " ") + ": " + result.error);
    co_return {};
  }

  io::Task<base::Result<void>> begin() {
    CO_TRY(co_await command({"ip", "link", "set", "lo", "up"}));
    // A way out, so that there is an address to be reached at.
    CO_TRY(co_await command({"ip", "link", "add", "world", "type", "veth", "peer", "name", "beyond"}));
    CO_TRY(co_await command({"ip", "address", "add", "192.168.77.1/24", "dev", "world"}));
    CO_TRY(co_await command({"ip", "link", "set", "world", "up"}));
    CO_TRY(co_await command({"ip", "link", "set", "beyond", "up"}));
    CO_TRY(co_await command({"ip", "route", "add", "default", "via", "192.168.77.254"}));
    ContainerdOptions options;
    options.directory = directory + "/containerd";
    options.state_directory = directory + "/run";
    options.log_file = directory + "/containerd.log";
    options.sandbox_image = "navarch.local/pause:test";
    options.cni_configuration_directory = directory + "/cni";
    CO_TRY(write_cni_configuration(directory + "/cni",
                                   {.pod_cidrs = {"10.97.0.0/24"}, .address_directory = directory + "/addresses"}));
    containerd = std::make_unique<Containerd>(options);
    CO_TRY(co_await containerd->start());
    CO_TRY(co_await add_image("navarch.local/pause:test", {"/bin/sleep", "1000000"}));
    CO_TRY(co_await add_image("navarch.local/box:test", {"/bin/sh"}));
    co_return {};
  }

  io::Task<base::Result<void>> add_image(std::string name, std::vector<std::string> entrypoint) {
    image::Image image;
    image.reference = name;
    CO_TRY(auto busybox, base::read_file("/usr/bin/busybox"));
    image.files.push_back({.path = "bin/busybox", .content = busybox, .link = {}});
    for (auto tool : {"sh", "sleep", "cat", "echo", "ls", "hostname", "id", "env", "nc", "httpd", "wget", "kill",
                      "trap", "true", "false", "touch", "stat", "dd"})
      image.files.push_back({.path = std::string("bin/") + tool, .content = {}, .link = "busybox"});
    image.entrypoint = std::move(entrypoint);
    image.environment = {"PATH=/bin"};
    CO_TRY(auto archive, image::make_archive(image));
    std::string path = directory + "/image.tar";
    CO_TRY(base::write_file(path, archive, 0600));
    co_return co_await containerd->import_image(path);
  }

  io::Task<void> clear() {
    auto runtime = make_cri_runtime(endpoint());
    if (runtime) {
      auto sandboxes = co_await (*runtime)->list_sandboxes({});
      if (sandboxes)
        for (auto& sandbox : *sandboxes) {
          (void)co_await (*runtime)->stop_sandbox(sandbox.id);
          (void)co_await (*runtime)->remove_sandbox(sandbox.id);
        }
    }
    co_await containerd->stop();
  }

 private:
  static inline World* made_ = nullptr;
};

class WorldEnds final : public testing::Environment {
 public:
  void TearDown() override { World::end(); }
};
[[maybe_unused]] auto* const world_ends = testing::AddGlobalTestEnvironment(new WorldEnds);

class RealRuntime : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_run()) GTEST_SKIP() << "needs root, containerd, runc, CNI plugins and busybox";
    ASSERT_EQ(World::get().problem, "");
    loop_ = World::get().loop.get();
    server_ = std::make_unique<client::FakeServer>(base::system_clock(), base::system_random());
    core::Namespace space;
    space.metadata.name = "default";
    server_->put(space);
    options_.node_name = "test-node";
    options_.root_directory = World::get().directory + "/kubelet";
    options_.pod_log_directory = World::get().directory + "/pods";
    options_.container_log_directory = "";
    options_.cgroup_root = World::cgroup_root();
    options_.address = "127.0.0.1";
    options_.port = 0;
    make_certificates();
    begin();
  }
  void TearDown() override {
    if (kubelet_ == nullptr) return;
    // The kubelet itself takes its pods down.
    for (auto& pod : server_->list<core::Pod>()) server_->erase<core::Pod>(pod.metadata.namespace_, pod.metadata.name);
    EXPECT_TRUE(wait_for([&] { return count_sandboxes() == 0; })) << "sandboxes are left";
    end();
    server_.reset();
  }

  void begin() {
    runtime_ = std::move(*make_cri_runtime(World::get().endpoint()));
    kubelet_ = std::make_unique<Kubelet>(options_, client::Client(server_->transport()), *runtime_, pool_,
                                         base::system_random());
    loop_->post([this] { scope_.spawn(run_kubelet()); });
    ASSERT_TRUE(wait_for([&] { return kubelet_->node_ready(); }));
  }
  void end() {
    scope_.cancel();
    kubelet_.reset();
    runtime_.reset();
  }
  io::Task<void> run_kubelet() {
    auto ended = co_await kubelet_->run();
    ADD_FAILURE() << "the kubelet ended: " << ended.error().message();
  }

  void make_certificates() {
    pki::CertificateOptions options;
    options.common_name = "authority";
    options.authority = true;
    options.not_before = base::Time::from_ns(base::system_clock().wall_ns() - 3600'000'000'000);
    options.not_after = base::Time::from_ns(base::system_clock().wall_ns() + 3600'000'000'000);
    auto authority = *pki::make_authority(options);
    options.common_name = "kube-apiserver-kubelet-client";
    options.organizations = {"system:masters"};
    options.authority = false;
    options.client = true;
    auto client = *pki::issue(authority, options);
    options_.client_ca_file = World::get().directory + "/ca.crt";
    ASSERT_TRUE(base::write_file(options_.client_ca_file, authority.certificate_pem, 0600));
    tls_ = *io::TlsClient::create({.ca = {},
                                   .skip_verify = true,
                                   .server_name = {},
                                   .certificate = {.text = client.certificate_pem, .file = {}},
                                   .key = {.text = client.key_pem, .file = {}}});
  }
  std::string url() const { return "https://127.0.0.1:" + std::to_string(kubelet_->port()); }

  static io::Task<base::Result<std::string>> get(std::string url, std::string target,
                                                 std::shared_ptr<io::TlsClient> tls) {
    CO_TRY(auto client, io::HttpClient::create({.url = url, .tls = tls}));
    CO_TRY(auto answer, co_await client->request("GET", target));
    CO_TRY(auto body, co_await io::read_all(*answer, 1 << 20));
    co_return std::to_string(answer->head().status) + " " + body;
  }
  std::string fetch(std::string target, bool known = true) {
    auto stranger =
        *io::TlsClient::create({.ca = {}, .skip_verify = true, .server_name = {}, .certificate = {}, .key = {}});
    auto answer = loop_->run_task(get(url(), std::move(target), known ? tls_ : stranger));
    return answer ? *answer : answer.error().message();
  }

  // Runs a command the way kubectl does: what it printed, and how it ended.
  static io::Task<base::Result<std::string>> exec(uint16_t port, std::shared_ptr<io::TlsClient> tls, std::string target,
                                                  io::RemoteWire wire, std::string input) {
    CO_TRY(auto old, tls->with_alpn({"http/1.1"}));
    CO_TRY(auto connection, co_await io::connect({.host = "127.0.0.1", .port = port, .unix_path = {}}, old));
    io::Request request;
    request.method = wire == io::RemoteWire::Spdy ? "POST" : "GET";
    request.target = target;
    request.authority = "127.0.0.1";
    io::RemoteCommandOptions options{.stdin_stream = true, .stdout_stream = true};
    CO_TRY(auto command, co_await io::connect_remote_command(io::make_stream(std::move(connection)), std::move(request),
                                                             wire, options));
    CO_TRY(co_await command->channel(io::RemoteChannel::Stdin)->write(base::Bytes(input)));
    command->channel(io::RemoteChannel::Stdin)->finish();
    std::string out;
    for (;;) {
      CO_TRY(auto piece, co_await command->channel(io::RemoteChannel::Stdout)->read());
      if (piece.empty()) break;
      out += piece;
    }
    CO_TRY(auto status, co_await command->status());
    co_return out + status;
  }

  static io::Task<base::Result<std::string>> through_port(uint16_t port, std::shared_ptr<io::TlsClient> tls,
                                                          std::string target) {
    CO_TRY(auto old, tls->with_alpn({"http/1.1"}));
    CO_TRY(auto connection, co_await io::connect({.host = "127.0.0.1", .port = port, .unix_path = {}}, old));
    io::Request request;
    request.method = "POST";
    request.target = target;
    request.authority = "127.0.0.1";
    CO_TRY(auto forward, co_await io::connect_port_forward(io::make_stream(std::move(connection)), std::move(request)));
    CO_TRY(auto pair, co_await forward->open(8080));
    CO_TRY(co_await pair.data->write(base::Bytes("GET /index.html HTTP/1.0\r\n\r\n")));
    std::string out;
    for (;;) {
      CO_TRY(auto piece, co_await pair.data->read());
      if (piece.empty()) break;
      out += piece;
    }
    co_return out;
  }

  template <class Holds>
  static io::Task<bool> until(Holds holds, io::Duration most) {
    int64_t end = base::system_clock().monotonic_ns() + most.count();
    while (!holds()) {
      if (base::system_clock().monotonic_ns() > end) co_return false;
      co_await io::sleep(10ms);
    }
    co_return true;
  }
  template <class Holds>
  bool wait_for(Holds holds, io::Duration most = 60s) {
    return loop_->run_task(until(std::move(holds), most));
  }
  size_t count_sandboxes() {
    // Seldom enough to ask in the middle of a wait.
    auto names = base::list_directory(World::get().directory + "/run/io.containerd.runtime.v2.task/k8s.io");
    return names ? names->size() : 0;
  }

  static core::Pod pod(std::string name, std::string script) {
    core::Pod out;
    out.metadata.name = std::move(name);
    out.metadata.namespace_ = "default";
    out.spec.node_name = "test-node";
    out.spec.restart_policy = "Always";
    out.spec.dns_policy = "Default";
    out.spec.termination_grace_period_seconds = 1;
    auto& container = out.spec.containers.emplace_back();
    container.name = "main";
    container.image = "navarch.local/box:test";
    container.image_pull_policy = "Never";
    container.command = {"/bin/sh", "-c", std::move(script)};
    container.termination_message_path = "/dev/termination-log";
    container.termination_message_policy = "File";
    return out;
  }
  core::Pod now(const std::string& name) { return server_->get<core::Pod>("default", name).value_or(core::Pod()); }
  bool wait_phase(const std::string& name, const std::string& phase) {
    bool reached = wait_for([&] { return now(name).status.phase == phase; });
    if (!reached) {
      for (auto& event : server_->list<core::Event>())
        fprintf(stderr, "event: %s %s\n", event.reason.c_str(), event.message.c_str());
      for (auto& status : now(name).status.container_statuses)
        if (status.state.waiting)
          fprintf(stderr, "waiting: %s %s\n", status.state.waiting->reason.c_str(),
                  status.state.waiting->message.c_str());
    }
    return reached;
  }
  std::string log(const std::string& name, int attempt = 0) {
    auto text = base::read_file(options_.pod_log_directory + "/default_" + name + "_" + now(name).metadata.uid +
                                "/main/" + std::to_string(attempt) + ".log");
    return text ? *text : "";
  }

  io::Loop* loop_ = nullptr;
  io::Pool pool_{4};
  KubeletOptions options_;
  std::unique_ptr<client::FakeServer> server_;
  std::unique_ptr<Runtime> runtime_;
  std::unique_ptr<Kubelet> kubelet_;
  std::shared_ptr<io::TlsClient> tls_;
  io::Scope scope_;
};

TEST_F(RealRuntime, NodeRegistersWithWhatTheMachineHas) {
  auto node = server_->get<core::Node>("", "test-node");
  ASSERT_TRUE(node);
  EXPECT_GT(node->status.capacity["memory"].value(), 0);
  EXPECT_EQ(node->status.addresses.front().address, "192.168.77.1");
  EXPECT_TRUE(node->status.node_info.container_runtime_version.starts_with("containerd://"));
}

TEST_F(RealRuntime, PodRunsWithItsEnvironmentVolumesAndNames) {
  core::ConfigMap map;
  map.metadata.name = "settings";
  map.metadata.namespace_ = "default";
  map.data["colour"] = "blue";
  server_->put(map);
  core::Secret secret;
  secret.metadata.name = "password";
  secret.metadata.namespace_ = "default";
  secret.data["word"] = "xyzzy";
  server_->put(secret);
  auto spec = pod("full",
                  "echo env=$COLOUR/$IP/$NAME; cat /config/colour /secret/word; echo; hostname; cat /etc/hosts; "
                  "echo data > /scratch/file; cat /scratch/file; echo bye > /dev/termination-log; id -u; exit 0");
  spec.spec.restart_policy = "Never";
  auto& container = spec.spec.containers.front();
  container.security_context.emplace().run_as_user = 1000;
  auto& colour = container.env.emplace_back();
  colour.name = "COLOUR";
  auto& key = colour.value_from.emplace().config_map_key_ref.emplace();
  key.name = "settings";
  key.key = "colour";
  auto& ip = container.env.emplace_back();
  ip.name = "IP";
  ip.value_from.emplace().field_ref.emplace().field_path = "status.podIP";
  auto& name = container.env.emplace_back();
  name.name = "NAME";
  name.value = "$(COLOUR)-full";
  auto mount = [&](std::string volume, std::string path) {
    auto& one = container.volume_mounts.emplace_back();
    one.name = std::move(volume);
    one.mount_path = std::move(path);
  };
  auto& config_volume = spec.spec.volumes.emplace_back();
  config_volume.name = "config";
  config_volume.config_map.emplace().name = "settings";
  mount("config", "/config");
  auto& secret_volume = spec.spec.volumes.emplace_back();
  secret_volume.name = "secret";
  secret_volume.secret.emplace().secret_name = "password";
  mount("secret", "/secret");
  auto& scratch = spec.spec.volumes.emplace_back();
  scratch.name = "scratch";
  scratch.empty_dir.emplace().medium = "Memory";
  mount("scratch", "/scratch");
  server_->put(spec);
  ASSERT_TRUE(wait_phase("full", "Succeeded"));
  auto status = now("full").status;
  std::string text = log("full");
  EXPECT_THAT(text, testing::HasSubstr("env=blue/" + status.pod_ip + "/blue-full"));
  EXPECT_THAT(text, testing::HasSubstr("bluexyzzy"));
  EXPECT_THAT(text, testing::HasSubstr(status.pod_ip + "\tfull"));
  EXPECT_THAT(text, testing::HasSubstr("stdout F data"));
  EXPECT_THAT(text, testing::HasSubstr("stdout F 1000"));
  EXPECT_EQ(status.container_statuses.front().state.terminated->message, "bye\n");
  EXPECT_EQ(status.container_statuses.front().state.terminated->reason, "Completed");
}

TEST_F(RealRuntime, ContainerThatIsKilledRunsAgainInPlaceAndSurvivesTheKubelet) {
  auto spec = pod("loop", "echo attempt; sleep 100000");
  server_->put(spec);
  ASSERT_TRUE(wait_phase("loop", "Running"));
  auto before = now("loop").status;
  std::string id = before.container_statuses.front().container_id.substr(sizeof "containerd://" - 1);
  auto pid = base::read_file(World::get().directory + "/run/io.containerd.runtime.v2.task/k8s.io/" + id + "/init.pid");
  ASSERT_TRUE(pid);
  kill(static_cast<pid_t>(*base::parse_int(base::trim(*pid))), SIGKILL);
  ASSERT_TRUE(wait_for([&] {
    auto statuses = now("loop").status.container_statuses;
    return statuses.front().restart_count == 1 && statuses.front().state.running;
  }));
  auto after = now("loop").status;
  EXPECT_EQ(after.pod_ip, before.pod_ip);
  EXPECT_EQ(after.container_statuses.front().last_state.terminated->exit_code, 137);
  auto written = now("loop").metadata.resource_version;

  end();
  begin();
  ASSERT_FALSE(HasFatalFailure());
  server_->put(pod("other", "sleep 100000"));
  ASSERT_TRUE(wait_phase("other", "Running"));
  EXPECT_EQ(now("loop").metadata.resource_version, written)
      << "the status of a pod that nothing happened to was written again";
  EXPECT_EQ(now("loop").status.container_statuses.front().container_id, after.container_statuses.front().container_id);
}

TEST_F(RealRuntime, DeletedPodLeavesNothing) {
  auto spec = pod("gone", "trap 'exit 0' TERM; while true; do sleep 0.1; done");
  spec.spec.termination_grace_period_seconds = 20;
  auto& scratch = spec.spec.volumes.emplace_back();
  scratch.name = "scratch";
  scratch.empty_dir.emplace().medium = "Memory";
  server_->put(spec);
  ASSERT_TRUE(wait_phase("gone", "Running"));
  std::string uid = now("gone").metadata.uid;
  client::Client client(server_->transport());
  (void)loop_->run_task(client.remove<core::Pod>("default", "gone"));
  EXPECT_TRUE(wait_for([&] { return !server_->get<core::Pod>("default", "gone"); }));
  EXPECT_FALSE(base::exists(options_.root_directory + "/pods/" + uid));
  auto cgroups = Cgroups::detect();
  for (auto below : {"/kubepods", "/kubepods/besteffort"})
    EXPECT_FALSE(base::exists(cgroups->directory("memory", base::cat({World::cgroup_root(), below, "/pod", uid}))))
        << below;
}

TEST_F(RealRuntime, ProbesReachThePod) {
  auto spec = pod("web", "echo hello > /index.html; httpd -f -p 8080 -h /");
  auto& readiness = spec.spec.containers.front().readiness_probe.emplace();
  readiness.http_get.emplace().port = 8080;
  readiness.http_get->path = "/index.html";
  readiness.period_seconds = 1;
  auto& liveness = spec.spec.containers.front().liveness_probe.emplace();
  liveness.exec.emplace().command = {"/bin/cat", "/index.html"};
  liveness.period_seconds = 1;
  liveness.timeout_seconds = 10;
  server_->put(spec);
  EXPECT_TRUE(wait_for([&] {
    auto statuses = now("web").status.container_statuses;
    return !statuses.empty() && statuses.front().ready;
  }));
}

TEST_F(RealRuntime, LogsExecAndPortsAreServed) {
  server_->put(pod("web", "echo hello > /index.html; echo started; httpd -f -p 8080 -h /"));
  ASSERT_TRUE(wait_phase("web", "Running"));
  ASSERT_TRUE(wait_for([&] { return log("web").contains("started"); }));
  EXPECT_EQ(fetch("/containerLogs/default/web/main"), "200 started\n");
  EXPECT_THAT(fetch("/containerLogs/default/web/main?previous=true"),
              testing::HasSubstr("400 previous terminated container \"main\" in pod \"web\" not found"));
  EXPECT_EQ(fetch("/containerLogs/default/web/other"), "404 container \"other\" not found in pod \"web\"");
  EXPECT_EQ(fetch("/healthz"), "200 ok");
  EXPECT_EQ(fetch("/healthz", false), "401 Unauthorized");
  EXPECT_THAT(fetch("/pods"), testing::HasSubstr("\"name\":\"web\""));
  EXPECT_THAT(fetch("/metrics"), testing::HasSubstr("kubelet_running_pods 1"));
  EXPECT_THAT(
      fetch("/metrics/resource"),
      testing::HasSubstr("container_memory_working_set_bytes{container=\"main\",namespace=\"default\",pod=\"web\"} "));
  EXPECT_THAT(fetch("/metrics/resource"), testing::HasSubstr("resource_scrape_error 0"));
  for (auto wire : {io::RemoteWire::Spdy, io::RemoteWire::WebSocket}) {
    auto said = loop_->run_task(
        exec(kubelet_->port(), tls_, "/exec/default/web/main?input=1&output=1&command=/bin/cat", wire, "echo!"));
    ASSERT_TRUE(said) << said.error().message();
    EXPECT_EQ(*said, "echo!" + std::string(io::kRemoteSuccess));
    said = loop_->run_task(exec(kubelet_->port(), tls_,
                                "/exec/default/web/main?input=1&output=1&command=/bin/sh&command=-c&command=exit+3",
                                wire, ""));
    ASSERT_TRUE(said) << said.error().message();
    EXPECT_THAT(*said, testing::HasSubstr("NonZeroExitCode"));
  }
  auto page = loop_->run_task(through_port(kubelet_->port(), tls_, "/portForward/default/web"));
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_THAT(*page, testing::HasSubstr("hello"));
}

TEST_F(RealRuntime, StaticPodRunsAndIsShownByAMirror) {
  auto manifests = World::get().directory + "/manifests";
  ASSERT_TRUE(base::make_directories(manifests, 0755));
  end();
  options_.static_pods.path = manifests;
  begin();
  auto write = [&](const std::string& words) {
    ASSERT_TRUE(base::write_file(manifests + "/own.yaml",
                                 "apiVersion: v1\nkind: Pod\nmetadata: {name: own}\nspec:\n"
                                 "  terminationGracePeriodSeconds: 1\n"
                                 "  containers: [{name: main, image: 'navarch.local/box:test', imagePullPolicy: Never, "
                                 "command: [sh, -c, '" +
                                     words + "; sleep 100000']}]\n",
                                 0644));
  };
  // A file that appears is heard of, not waited for.
  write("echo one");
  ASSERT_TRUE(wait_phase("own-test-node", "Running"));
  auto first = now("own-test-node");
  EXPECT_EQ(first.metadata.owner_references.front().name, "test-node");
  auto said = [&](const std::string& words) {
    return wait_for([&] {
      auto hash = now("own-test-node").metadata.annotations["kubernetes.io/config.hash"];
      auto text = base::read_file(options_.pod_log_directory + "/default_own-test-node_" + hash + "/main/0.log");
      return text && text->contains(words);
    });
  };
  EXPECT_TRUE(said("stdout F one"));
  server_->erase<core::Pod>("default", "own-test-node");
  ASSERT_TRUE(wait_phase("own-test-node", "Running"));
  EXPECT_NE(now("own-test-node").metadata.uid, first.metadata.uid);
  EXPECT_EQ(now("own-test-node").status.container_statuses.front().container_id,
            first.status.container_statuses.front().container_id);
  write("echo two");
  EXPECT_TRUE(said("stdout F two"));
  unlink((manifests + "/own.yaml").c_str());
  EXPECT_TRUE(wait_for([&] { return !server_->get<core::Pod>("default", "own-test-node"); }));
}

TEST_F(RealRuntime, PodThatFillsItsVolumeIsEvicted) {
  auto spec = pod("greedy", "dd if=/dev/zero of=/scratch/file bs=1024 count=2048; sleep 100000");
  auto& scratch = spec.spec.volumes.emplace_back();
  scratch.name = "scratch";
  scratch.empty_dir.emplace().size_limit = *base::Quantity::parse("1Mi");
  auto& mount = spec.spec.containers.front().volume_mounts.emplace_back();
  mount.name = "scratch";
  mount.mount_path = "/scratch";
  server_->put(spec);
  ASSERT_TRUE(wait_phase("greedy", "Failed"));
  EXPECT_EQ(now("greedy").status.reason, "Evicted");
  EXPECT_EQ(now("greedy").status.message, "Usage of EmptyDir volume \"scratch\" exceeds the limit \"1Mi\". ");
}

TEST_F(RealRuntime, NodeThatRunsLowEndsAPodAndRefusesOthers) {
  server_->put(pod("victim", "sleep 100000"));
  ASSERT_TRUE(wait_phase("victim", "Running"));
  end();
  options_.eviction.thresholds = {{.signal = Signal::MemoryAvailable, .limit = {.amount = {}, .share = 0.9999}}};
  begin();
  ASSERT_TRUE(wait_phase("victim", "Failed"));
  auto status = now("victim").status;
  EXPECT_EQ(status.reason, "Evicted");
  EXPECT_TRUE(status.message.starts_with("The node was low on resource: memory. Threshold quantity: "));
  EXPECT_TRUE(std::ranges::any_of(status.conditions, [](auto& one) {
    return one.type == "DisruptionTarget" && one.reason == "TerminationByKubelet";
  }));
  EXPECT_TRUE(wait_for([&] {
    auto node = server_->get<core::Node>("", "test-node");
    return std::ranges::any_of(node->status.conditions, [](auto& one) {
      return one.type == "MemoryPressure" && one.status == "True" && one.reason == "KubeletHasInsufficientMemory";
    });
  }));
  server_->put(pod("late", "sleep 100000"));
  ASSERT_TRUE(wait_phase("late", "Failed"));
  EXPECT_EQ(now("late").status.message, "Pod was rejected: The node had condition: [MemoryPressure]. ");
}

TEST_F(RealRuntime, ManyPodsComeAndGo) {
  constexpr int kPods = 8;
  for (int i = 0; i < kPods; ++i) server_->put(pod("many-" + std::to_string(i), "sleep 100000"));
  EXPECT_TRUE(wait_for([&] {
    int running = 0;
    for (auto& one : server_->list<core::Pod>()) running += one.status.phase == "Running";
    return running == kPods;
  }));
  std::set<std::string> addresses;
  for (auto& one : server_->list<core::Pod>()) addresses.insert(one.status.pod_ip);
  EXPECT_EQ(addresses.size(), static_cast<size_t>(kPods));
  client::Client client(server_->transport());
  for (int i = 0; i < kPods; ++i)
    (void)loop_->run_task(client.remove<core::Pod>("default", "many-" + std::to_string(i)));
  EXPECT_TRUE(wait_for([&] { return server_->list<core::Pod>().empty(); }));
  EXPECT_TRUE(base::list_directory(options_.root_directory + "/pods")->empty());
  EXPECT_TRUE(base::list_directory(options_.pod_log_directory)->empty());
}

TEST_F(RealRuntime, ContainerdThatDiesComesBackAndContainersRunOn) {
  server_->put(pod("steady", "sleep 100000"));
  ASSERT_TRUE(wait_phase("steady", "Running"));
  auto before = now("steady").status.container_statuses.front().container_id;
  auto& containerd = *World::get().containerd;
  io::Scope watching;
  loop_->post([&] { watching.spawn(containerd.supervise()); });
  int old = containerd.pid();
  kill(old, SIGKILL);
  ASSERT_TRUE(wait_for([&] { return containerd.pid() > 0 && containerd.pid() != old; }));
  server_->put(pod("after", "sleep 100000"));
  EXPECT_TRUE(wait_phase("after", "Running"));
  EXPECT_EQ(now("steady").status.container_statuses.front().container_id, before);
  EXPECT_EQ(now("steady").status.container_statuses.front().restart_count, 0);
  watching.cancel();
}

}  // namespace
}  // namespace kubelet
