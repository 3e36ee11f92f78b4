// Sockets: listening, connecting, and the addresses of both.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/task.h"
#include "io/transport.h"

namespace io {

class TlsClient;

// Where to listen or connect.
struct Address {
  std::string host;  // a name, "10.0.0.1", "::1"; "" listens on all addresses
  uint16_t port = 0;
  std::string unix_path;  // set for unix sockets; a leading '@' is the abstract namespace

  // "10.0.0.1:80", "[::1]:80", "name:80", ":80", "unix:/run/x.sock", "unix:///run/x.sock".
  static base::Result<Address> parse(std::string_view text);
  static Address unix_socket(std::string path) { return {.unix_path = std::move(path)}; }
  std::string text() const;  // as parse() reads it
};

// A socket that accepts. One loop.
class Listener {
 public:
  // Only numeric hosts. A unix socket's file that nobody listens on is replaced; the file gets `mode` and goes with the
  // listener.
  static base::Result<std::unique_ptr<Listener>> listen(const Address& address, int mode = 0600);
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // The port is the one the kernel chose if 0 was asked for.
  const Address& address() const { return address_; }
  // The next connection, without TLS.
  Task<base::Result<std::unique_ptr<Transport>>> accept();
  // Calls back with each connection's descriptor until destroyed or close(), instead of accept(). When descriptors
  // run out it pauses for a moment rather than spin.
  void on_accept(std::function<void(int fd)> accepted);
  void close();

 private:
  explicit Listener(int fd, Address address);

  int fd_;
  Address address_;
  std::unique_ptr<Watch> watch_;
  Timer pause_;
};

// Connects, trying a name's addresses in turn; with `tls` the handshake is done too and the server's name verified.
// Unavailable if nobody answers. Bound it with with_timeout().
Task<base::Result<std::unique_ptr<Transport>>> connect(Address address, std::shared_ptr<TlsClient> tls = nullptr);

// The numeric addresses of `host`, which may be numeric itself: /etc/hosts, then DNS as /etc/resolv.conf says.
Task<base::Result<std::vector<std::string>>> resolve(std::string host);

}  // namespace io
