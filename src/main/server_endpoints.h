// Behind which addresses the service `kubernetes` finds API servers: its Endpoints and EndpointSlice in `default`.
//
// Servers that share an etcd tell each other that they live as upstream's do (--endpoint-reconciler-type=lease): a key
// below /registry/masterleases/ that outlives its last renewal by fifteen seconds. Ours and theirs may stand side by
// side. A server with a store of its own is the only one. One loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "client/client.h"
#include "io/loop.h"
#include "io/task.h"
#include "store/etcd/etcd_presence.h"

namespace navarch {

class ServerEndpoints {
 public:
  // `presence` is null where there is but one server. `client` may change everything.
  ServerEndpoints(client::Client client, std::string address, int port, std::unique_ptr<store::EtcdPresence> presence);

  // What is kept below /registry/masterleases/ for the server at `address`.
  static store::EtcdPresence::Options presence(const std::string& address);

  // Says that we live, and makes the endpoints those of all who do.
  io::Task<base::Result<void>> reconcile();
  // Does so from now on every ten seconds; where there is but one server, until it has been done.
  void start() { scope_.spawn(run()); }
  // We are about to end: takes our address away. The last one stays, as upstream leaves it.
  io::Task<void> withdraw();

 private:
  io::Task<void> run();
  io::Task<base::Result<void>> write(std::vector<std::string> addresses);
  std::string family() const { return address_.contains(':') ? "IPv6" : "IPv4"; }

  client::Client client_;
  const std::string address_;
  const int port_;
  const std::unique_ptr<store::EtcdPresence> presence_;
  io::Scope scope_;  // last: what runs in it refers to all above
};

}  // namespace navarch
