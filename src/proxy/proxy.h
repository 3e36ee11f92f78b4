// The node's service proxy: follows services and endpoint slices, and keeps the kernel's tables as they say. One loop.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "base/result.h"
#include "client/client.h"
#include "io/task.h"
#include "proxy/model.h"

namespace proxy {

enum class Mode : uint8_t { Iptables, Nftables };
// --proxy-mode: "iptables" (and ""), or "nftables". BadRequest for anything else.
base::Result<Mode> parse_mode(std::string_view text);

struct ProxyOptions {
  Mode mode = Mode::Iptables;
  std::string node_name;
  std::string cluster_cidr;
  bool masquerade_all = false;
  bool local_node_ports = true;
  Family family = Family::IPv4;
  int64_t min_sync_period_ns = 50'000'000;  // changes within this time become one
};

class Proxy {
 public:
  Proxy(ProxyOptions options, client::Client client);
  ~Proxy();
  Proxy(const Proxy&) = delete;

  // Works until cancelled. The rules stay when it ends: traffic goes on.
  io::Task<void> run();
  // The first state is in the kernel.
  bool synced() const;

  // Takes away the rules of this and earlier lives.
  static io::Task<base::Result<void>> clean_up(Family family);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace proxy
