#include "main/node_part.h"

#include "base/file.h"
#include "base/log.h"
#include "base/random.h"
#include "io/loop.h"
#include "io/pool.h"
#include "kubelet/kubelet.h"
#include "kubelet/runtime/cri/cri_runtime.h"
#include "main/pause_image.h"

namespace navarch {

constexpr int kPoolThreads = 8;

struct NodePart::State {
  explicit State(NodePartOptions given)
      : options(std::move(given)), containerd(options.containerd), pool(kPoolThreads) {}

  io::Task<base::Result<void>> ensure_pause_image() {
    CO_TRY(auto present, co_await runtime->image_status(kPauseImage));
    if (present) co_return {};
    CO_TRY(auto archive, make_pause_image());
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
  State& state = *state_;
  bool own = state.options.runtime_endpoint.empty();
  if (own) {
    CO_TRY(co_await state.containerd.start());
    state.scope.spawn(state.containerd.supervise());
  }
  CO_TRY(state.runtime, kubelet::make_cri_runtime(own ? state.containerd.endpoint() : state.options.runtime_endpoint));
  if (own) CO_TRY(co_await state.ensure_pause_image());
  co_return {};
}

io::Task<base::Result<void>> NodePart::start_kubelet(client::Client client) {
  State& state = *state_;
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
