// A datagram socket of one loop.
#pragma once

#include <netinet/in.h>

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/loop.h"
#include "io/socket.h"

namespace dns {

class UdpSocket {
 public:
  using Received = std::function<void(std::string_view packet, const sockaddr_storage& from, socklen_t size)>;

  // Bound to a numeric address; calls back with each packet until destroyed.
  static base::Result<std::unique_ptr<UdpSocket>> bind(const io::Address& address, Received received);
  // Speaks to one peer alone, from a port of the kernel's choice.
  static base::Result<std::unique_ptr<UdpSocket>> connect(const io::Address& peer, Received received);
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;

  // What the kernel has no room for is lost, as datagrams may be.
  void send(std::string_view packet, const sockaddr_storage& to, socklen_t size);
  void send(std::string_view packet);  // of a connected one
  uint16_t port() const;

 private:
  UdpSocket(int fd, Received received);

  int fd_;
  Received received_;
  std::unique_ptr<io::Watch> watch_;
};

}  // namespace dns
