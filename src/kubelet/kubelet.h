// The node agent: makes the pods that the API binds to this node run, and says how they and the node are.
//
// A component like any other: a client of the API on one loop. Containers do not need it to go on: when it ends nothing
// is stopped, and the next one takes over what it finds.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "client/client.h"
#include "io/pool.h"
#include "io/task.h"
#include "kubelet/options.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {

class Kubelet {
 public:
  // The client's identity is system:node:<name>. `runtime`, `pool` and `random` are borrowed and outlive the kubelet.
  Kubelet(KubeletOptions options, client::Client client, Runtime& runtime, io::Pool& pool, base::Random& random);
  ~Kubelet();  // leaves all containers running
  Kubelet(const Kubelet&) = delete;

  // Until cancelled. An Error when it cannot begin: its folders, its port.
  io::Task<base::Result<void>> run();

  // The node's status in the API says Ready.
  bool node_ready() const;
  // Comes back once it does.
  io::Task<void> wait_node_ready();
  // The port of the server, once it listens; 0 before.
  uint16_t port() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kubelet
