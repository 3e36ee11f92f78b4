#include "fixture.h"

#include <unistd.h>

#include <cstdlib>

#include "base/file.h"
#include "base/strings.h"
#include "image/archive.h"
#include "io/process.h"
#include "io/socket.h"
#include "io/transport.h"
#include "kubelet/runtime/cri/cri_client.h"
#include "kubelet/runtime/cri/cri_runtime.h"
#include "kubelet/runtime/docker/docker_runtime.h"
#include "kubelet/runtime/docker/engine.h"
#include "kubelet/runtime/records.h"
#include "kubelet/server/logs.h"

namespace kubelet {
namespace {

constexpr const char* kPause = "navarch.local/pause:test";

std::string variable(const char* name) {
  const char* value = getenv(name);
  if (value == nullptr) {
    fprintf(stderr, "%s is not set: run tests/runtime/run\n", name);
    exit(2);
  }
  return value;
}

base::Result<std::string> archive(std::string name, std::vector<std::string> entrypoint) {
  image::Image image;
  image.reference = std::move(name);
  TRY(auto busybox, base::read_file("/usr/bin/busybox"));
  image.files.push_back({.path = "bin/busybox", .content = busybox, .link = {}});
  for (auto tool : {"sh",   "sleep", "cat",      "echo",  "id",  "env", "nc", "kill", "true",  "tail",
                    "grep", "seq",   "hostname", "touch", "pwd", "ps",  "tr", "dd",   "mkdir", "stty"})
    image.files.push_back({.path = std::string("bin/") + tool, .content = {}, .link = "busybox"});
  image.entrypoint = std::move(entrypoint);
  image.environment = {"PATH=/bin", "FROM=image"};
  return image::make_archive(image);
}

io::Task<base::Result<void>> load(std::string name, std::vector<std::string> entrypoint) {
  CO_TRY(auto text, archive(std::move(name), std::move(entrypoint)));
  if (variable("RUNTIME") == "docker") co_return co_await load_docker_image(variable("ENDPOINT"), std::move(text));
  auto path = variable("PLACE") + "/image.tar";
  CO_TRY(base::write_file(path, text, 0600));
  CO_TRY(auto result, co_await io::run_command({.argv = {"ctr", "-a", variable("ENDPOINT").substr(7), "-n", "k8s.io",
                                                         "images", "import", path},
                                                .environment = {},
                                                .directory = {},
                                                .input = {}}));
  if (!result.status.ok()) co_return base::fail(base::Code::Internal, result.error);
  co_return {};
}

class Images final : public testing::Environment {
 public:
  void SetUp() override {
    base::set_log_verbosity(0);
    auto loop = *io::Loop::create();
    for (auto& loaded : {loop->run_task(load(kPause, {"/bin/sleep", "1000000"})),
                         loop->run_task(load(kBox, {"/bin/echo", "the image's own"}))})
      if (!loaded) {
        fprintf(stderr, "no images: %s\n", loaded.error().message().c_str());
        exit(2);
      }
  }
};
[[maybe_unused]] auto* const images = testing::AddGlobalTestEnvironment(new Images);

io::Task<void> clear(Runtime* runtime) {
  auto sandboxes = co_await runtime->list_sandboxes({});
  if (!sandboxes) co_return;
  for (auto& sandbox : *sandboxes) {
    auto stopped = co_await runtime->stop_sandbox(sandbox.id);
    auto removed = co_await runtime->remove_sandbox(sandbox.id);
    if (!stopped || !removed) ADD_FAILURE() << "sandbox " << sandbox.id << " is left";
  }
}

io::Task<base::Result<std::string>> converse(std::string url, io::RemoteCommandOptions options, std::string input) {
  CO_TRY(auto place, parse_streaming_url(url));
  CO_TRY(auto transport, co_await io::connect(place.address));
  io::Request request{.target = place.target, .authority = place.authority, .headers = {}};
  CO_TRY(auto command, co_await io::connect_remote_command(io::make_stream(std::move(transport)), std::move(request),
                                                           io::RemoteWire::Spdy, options));
  if (auto* in = command->channel(io::RemoteChannel::Stdin)) {
    CO_TRY(co_await in->write(base::Bytes(input)));
    in->finish();
  }
  std::string out;
  for (;;) {
    CO_TRY(auto piece, co_await command->channel(io::RemoteChannel::Stdout)->read());
    if (piece.empty()) break;
    out += piece;
  }
  CO_TRY(auto ended, co_await command->status());
  co_return out + ended;
}

}  // namespace

bool Contract::is_docker() {
  return variable("RUNTIME") == "docker";
}
std::string Contract::place() {
  return variable("PLACE");
}

Contract::Contract()
    : loop_(*io::Loop::create()),
      entered_(std::make_unique<io::Loop::Entered>(*loop_)),
      pool_(std::make_unique<io::Pool>(8)) {
  restart();
}

Contract::~Contract() {
  run(clear(runtime_.get()));
  runtime_.reset();
}

void Contract::restart() {
  runtime_.reset();
  if (is_docker()) {
    DockerOptions options;
    options.endpoint = variable("ENDPOINT");
    options.directory = place() + "/docker-state";
    options.sandbox_image = kPause;
    options.cni.configuration_directory = place() + "/cni";
    runtime_ = std::move(*make_docker_runtime(options, *pool_));
  } else {
    runtime_ = std::move(*make_cri_runtime(variable("ENDPOINT")));
  }
}

cri::PodSandboxConfig Contract::pod(const std::string& name) const {
  cri::PodSandboxConfig out;
  auto& metadata = out.metadata.emplace();
  metadata.name = name;
  metadata.namespace_ = "default";
  metadata.uid = name + "-uid";
  out.hostname = name;
  out.log_directory = place() + "/logs/" + name;
  (void)base::make_directories(out.log_directory, 0755);
  out.labels[std::string(kPodUidLabel)] = metadata.uid;
  out.labels[std::string(kPodNameLabel)] = name;
  out.annotations["a/b"] = "c";
  out.linux.emplace().cgroup_parent = variable("CGROUP_PARENT") + "/" + name;
  out.linux->security_context.emplace().namespace_options.emplace().pid = cri::NamespaceMode::Container;
  return out;
}

cri::ContainerConfig Contract::container(const std::string& name, const std::string& script) {
  cri::ContainerConfig out;
  out.metadata.emplace().name = name;
  out.image.emplace().image = kBox;
  out.command = {"/bin/sh", "-c", script};
  out.log_path = name + "/0.log";
  out.annotations["io.kubernetes.container.restartCount"] = "0";
  auto& linux = out.linux.emplace();
  linux.resources.emplace();
  auto& security = linux.security_context.emplace();
  security.namespace_options.emplace().pid = cri::NamespaceMode::Container;
  security.seccomp.emplace().profile_type = cri::SecurityProfile::ProfileType::Unconfined;
  return out;
}

std::string Contract::start(const cri::PodSandboxConfig& pod, const std::string& sandbox,
                            const cri::ContainerConfig& given) {
  auto config = given;
  for (auto& [key, value] : pod.labels) config.labels[key] = value;
  (void)base::make_directories(pod.log_directory + "/" + config.metadata->name, 0755);
  auto id = get(runtime_->create_container(sandbox, config, pod));
  get(runtime_->start_container(id));
  return id;
}

std::string Contract::start(const std::string& name, const std::string& script) {
  auto config = pod(name);
  return start(config, start_pod(config), container("main", script));
}

cri::ContainerStatus Contract::wait_end(const std::string& id) {
  cri::ContainerStatus last;
  EXPECT_TRUE(wait_for([&] {
    last = status(id);
    return last.state == cri::ContainerState::ContainerExited;
  }));
  return last;
}

void Contract::remove_behind_its_back(const std::string& id) {
  auto engine = *docker::Engine::create(variable("ENDPOINT"));
  get(engine->remove("/containers/" + id + "?force=1"));
}

std::string Contract::log_path(const std::string& pod, const std::string& container) const {
  return place() + "/logs/" + pod + "/" + container + "/0.log";
}

std::string Contract::log(const std::string& path) const {
  auto text = base::read_file(path);
  std::string out;
  if (!text) return out;
  bool begins = true;
  for (auto line : base::split(*text, '\n')) {
    auto parsed = parse_log_line(line);
    if (!parsed) continue;
    if (begins && parsed->stream == "stderr") out += "! ";
    out += parsed->text;
    begins = !parsed->partial;
    if (begins) out += "\n";
  }
  return out;
}

std::string Contract::output(const std::string& id, const std::string& script) {
  return get(runtime_->exec_sync(id, {"/bin/sh", "-c", script}, 20)).stdout;
}

std::string Contract::talk(const std::string& url, io::RemoteCommandOptions options, const std::string& input) {
  auto said = run(converse(url, options, input));
  return said ? *said : said.error().message();
}

}  // namespace kubelet
