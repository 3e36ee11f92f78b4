// The node's service proxy: follows services and endpoint slices, and keeps the kernel's tables of both address
// families as they say. One loop.
#pragma once

#include <memory>

#include "client/client.h"
#include "io/task.h"
#include "proxy/options.h"

namespace proxy {

class Proxy {
 public:
  Proxy(ProxyOptions options, client::Client client);
  ~Proxy();
  Proxy(const Proxy&) = delete;

  // Works until cancelled. The rules stay when it ends: traffic goes on.
  io::Task<void> run();
  // The first state is in the kernel.
  bool synced() const;
  // Whether load balancers may send traffic here: the node is not about to go.
  bool node_eligible() const;

  // Takes away the rules of this and earlier lives.
  static io::Task<base::Result<void>> clean_up();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace proxy
