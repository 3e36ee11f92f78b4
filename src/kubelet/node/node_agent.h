// Keeps this machine's node object: registers it, renews its lease, and tells what changes. One loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "client/client.h"
#include "io/loop.h"
#include "io/pool.h"
#include "kubelet/node/node_status.h"

namespace kubelet {

class NodeAgent {
 public:
  // `pod_cidrs_known` is told the node's pod ranges when they are first seen. Everything borrowed outlives the agent.
  NodeAgent(const KubeletOptions& options, client::Client client, Runtime& runtime, io::Pool& pool, base::Clock& clock,
            std::function<void(std::vector<std::string>)> pod_cidrs_known);
  ~NodeAgent();
  NodeAgent(const NodeAgent&) = delete;

  // Works until cancelled; an API server that is away is waited for.
  io::Task<void> run();
  // Something about the node may have changed: look now and tell.
  void look_again();
  // The node as last told or seen; null before it is registered.
  std::shared_ptr<const api::core_v1::Node> node() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kubelet
