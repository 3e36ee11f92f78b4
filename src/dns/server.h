// The cluster's name server: names of services from the cache, everything else from the machine's own resolvers. UDP
// and TCP. One loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "client/client.h"
#include "io/socket.h"
#include "io/task.h"

namespace dns {

struct ServerOptions {
  std::string domain = "cluster.local";
  std::string address = "127.0.0.1";   // numeric
  uint16_t port = 0;                   // 0: any, see ports()
  std::vector<io::Address> resolvers;  // asked for all names that are not the cluster's, in turn
};

// The name servers of a resolv.conf, but for `own`, which would ask itself.
std::vector<io::Address> resolvers_of(std::string_view resolv_conf, std::string_view own);

class Server {
 public:
  // Listens at once. The client may list and watch services and endpoint slices; random is borrowed.
  static base::Result<std::unique_ptr<Server>> create(ServerOptions options, client::Client client,
                                                      base::Random& random);
  ~Server();
  Server(const Server&) = delete;

  // Answers until cancelled. Names of the cluster are answered once the first list is there.
  io::Task<void> run();

  uint16_t udp_port() const;
  uint16_t tcp_port() const;

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace dns
