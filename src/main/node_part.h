// What runs on a machine that carries pods: a container runtime, kubelet and proxy, on one loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "apiserver/discovery/debug_pages.h"
#include "base/result.h"
#include "client/client.h"
#include "io/task.h"
#include "kubelet/options.h"
#include "kubelet/runtime/containerd.h"
#include "kubelet/runtime/docker/docker_runtime.h"
#include "proxy/proxy.h"

namespace navarch {

enum class RuntimeKind : uint8_t { Remote, Docker };
// --container-runtime: "remote" (the CRI) or "docker". BadRequest for anything else.
base::Result<RuntimeKind> parse_runtime_kind(std::string_view text);

struct NodePartOptions {
  kubelet::KubeletOptions kubelet;
  RuntimeKind runtime = RuntimeKind::Remote;
  kubelet::ContainerdOptions containerd;
  std::string runtime_endpoint;                  // of a remote one; "": a containerd of our own
  std::string image_endpoint;                    // who keeps the images of a remote one; "": the same
  int64_t runtime_timeout_ns = 120'000'000'000;  // of a call to it
  kubelet::DockerOptions docker;
  proxy::ProxyOptions proxy;
  apiserver::FlagValues flags;  // as they were given, for /flagz
};

// Where it is noted which Engine has the pods, for who clears up after us.
std::string docker_endpoint_file(const std::string& directory);

class NodePart {
 public:
  // On the loop that it lives on, which it also dies on. Leaves containers, containerd and rules as they are.
  explicit NodePart(NodePartOptions options);
  ~NodePart();
  NodePart(const NodePart&) = delete;

  // Makes sure of a container runtime that answers and has the pause image. Needs no API.
  io::Task<base::Result<void>> start_runtime();
  // Starts the kubelet as a client of the API, and comes back once the node is Ready. An Error when it cannot begin.
  io::Task<base::Result<void>> start_kubelet(client::Client client);
  void start_proxy(client::Client client);
  const proxy::Proxy* proxy() const;  // null before it was started

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace navarch
