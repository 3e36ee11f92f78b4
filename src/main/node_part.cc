#include "main/node_part.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "base/strings.h"
#include "io/loop.h"
#include "io/pool.h"
#include "kubelet/kubelet.h"
#include "kubelet/runtime/cri/cri_runtime.h"
#include "main/pause_image.h"

namespace navarch {

constexpr int kPoolThreads = 8;

base::Result<RuntimeKind> parse_runtime_kind(std::string_view text) {
  if (text == "remote") return RuntimeKind::Remote;
  if (text == "docker") return RuntimeKind::Docker;
  return base::fail(base::Code::BadRequest,
                    base::cat({"unsupported container runtime ", base::quote(text), ", must be remote or docker"}));
}

std::string docker_endpoint_file(const std::string& directory) {
  return directory + "/endpoint";
}

struct NodePart::State {
  explicit State(NodePartOptions given)
      : options(std::move(given)), containerd(options.containerd), pool(kPoolThreads) {}

  io::Task<base::Result<void>> start_containerd() {
    bool own = options.runtime_endpoint.empty();
    if (own) {
      CO_TRY(co_await containerd.start());
      scope.spawn(containerd.supervise());
    }
    CO_TRY(runtime, kubelet::make_cri_runtime({.endpoint = own ? containerd.endpoint() : options.runtime_endpoint,
                                               .image_endpoint = options.image_endpoint,
                                               .timeout = io::Duration(options.runtime_timeout_ns)}));
    if (!own) co_return {};
    CO_TRY(co_await wait_for_runtime());
    co_return co_await ensure_pause_image();
  }

  // A containerd listens a moment before its CRI side is ready to serve.
  io::Task<base::Result<void>> wait_for_runtime() {
    constexpr auto kPause = std::chrono::milliseconds(20);
    constexpr int kLooks = 1500;
    for (int look = 1;; ++look) {
      auto told = co_await runtime->info();
      if (told) co_return {};
      if (look == kLooks) co_return base::fail(told.error());
      co_await io::sleep(kPause);
    }
  }

  // The machine's own Engine, which is there or is not.
  io::Task<base::Result<void>> connect_docker() {
    CO_TRY(runtime, kubelet::make_docker_runtime(options.docker, pool));
    auto answers = co_await runtime->info();
    if (!answers) {
      co_return base::fail(
          answers.error().with_context("the Docker Engine does not answer at " + options.docker.endpoint));
    }
    // Where `down` finds whom to ask.
    CO_TRY(base::make_directories(options.docker.directory, 0700));
    CO_TRY(base::write_file(docker_endpoint_file(options.docker.directory), options.docker.endpoint + "\n", 0600));
    if (options.docker.sandbox_image == kPauseImage) CO_TRY(co_await ensure_pause_image());
    co_return {};
  }

  io::Task<base::Result<void>> ensure_pause_image() {
    CO_TRY(auto present, co_await runtime->image_status(kPauseImage));
    if (present) co_return {};
    CO_TRY(auto archive, make_pause_image());
    if (options.runtime == RuntimeKind::Docker)
      co_return co_await kubelet::load_docker_image(options.docker.endpoint, std::move(archive));
    auto path = options.containerd.directory + "/pause.tar";
    CO_TRY(base::write_file(path, archive, 0644));
    co_return co_await containerd.import_image(path);
  }

  io::Task<void> run_kubelet() {
    auto ended = co_await kubelet->run();
    if (ended) co_return;
    LOG_ERROR("Kubelet cannot run", {"err", ended.error().message()});
    failure = ended.error();
    settled.set();
  }
  io::Task<void> wait_ready() {
    co_await kubelet->wait_node_ready();
    settled.set();
  }

  NodePartOptions options;
  kubelet::Containerd containerd;
  std::unique_ptr<kubelet::Runtime> runtime;
  io::Pool pool;
  std::unique_ptr<kubelet::Kubelet> kubelet;
  std::unique_ptr<proxy::Proxy> proxy;
  std::optional<base::Error> failure;
  io::Event settled;
  io::Scope scope;  // last: its tasks refer to all above
};

NodePart::NodePart(NodePartOptions options) : state_(std::make_unique<State>(std::move(options))) {}
NodePart::~NodePart() = default;

io::Task<base::Result<void>> NodePart::start_runtime() {
  state_->options.kubelet.image_garbage.kept.push_back(kPauseImage);
  return state_->options.runtime == RuntimeKind::Docker ? state_->connect_docker() : state_->start_containerd();
}

io::Task<base::Result<void>> NodePart::start_kubelet(client::Client client) {
  State& state = *state_;
  auto& pages = state.options.kubelet.pages;
  pages["/flagz"] = [flags = state.options.flags] { return apiserver::flagz_page("kubelet", flags); };
  pages["/statusz"] = [started = base::system_clock().wall_ns()] {
    return apiserver::statusz_page("kubelet", started, base::system_clock().wall_ns(),
                                   {"/configz", "/flagz", "/healthz", "/metrics", "/pods", "/runningpods", "/stats"});
  };
  state.kubelet = std::make_unique<kubelet::Kubelet>(state.options.kubelet, std::move(client), *state.runtime,
                                                     state.pool, base::system_random());
  state.scope.spawn(state.run_kubelet());
  state.scope.spawn(state.wait_ready());
  co_await state.settled.wait();
  if (state.failure) co_return base::fail(*state.failure);
  co_return {};
}

void NodePart::start_proxy(client::Client client) {
  state_->proxy = std::make_unique<proxy::Proxy>(state_->options.proxy, std::move(client));
  state_->scope.spawn(state_->proxy->run());
}

const proxy::Proxy* NodePart::proxy() const {
  return state_->proxy.get();
}

}  // namespace navarch
