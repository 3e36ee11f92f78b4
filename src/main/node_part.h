// What runs on a machine that carries pods: containerd, kubelet and proxy, on one loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "client/client.h"
#include "io/task.h"
#include "kubelet/options.h"
#include "kubelet/runtime/containerd.h"
#include "proxy/proxy.h"

namespace navarch {

struct NodePartOptions {
  kubelet::KubeletOptions kubelet;
  kubelet::ContainerdOptions containerd;
  std::string runtime_endpoint;  // "": a containerd of our own
  proxy::ProxyOptions proxy;
};

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
