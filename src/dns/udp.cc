#include "dns/udp.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace dns {
namespace {

constexpr size_t kPacketMax = 4096;
constexpr int kPacketsPerTurn = 64;  // then others have theirs

base::Result<socklen_t> to_native(const io::Address& address, sockaddr_storage& native) {
  memset(&native, 0, sizeof native);
  auto* v4 = reinterpret_cast<sockaddr_in*>(&native);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&native);
  if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    return static_cast<socklen_t>(sizeof *v4);
  }
  if (inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    return static_cast<socklen_t>(sizeof *v6);
  }
  return base::fail(base::Code::BadRequest, "not an IP address: " + address.host);
}

}  // namespace

UdpSocket::UdpSocket(int fd, Received received) : fd_(fd), received_(std::move(received)) {
  watch_ = std::make_unique<io::Watch>(fd_, io::Ready::Read, [this](io::Ready) {
    char packet[kPacketMax];
    sockaddr_storage from;
    for (int i = 0; i < kPacketsPerTurn; ++i) {
      socklen_t from_size = sizeof from;
      ssize_t size = recvfrom(fd_, packet, sizeof packet, 0, reinterpret_cast<sockaddr*>(&from), &from_size);
      if (size < 0) break;
      received_({packet, static_cast<size_t>(size)}, from, from_size);
    }
  });
}

UdpSocket::~UdpSocket() {
  watch_.reset();
  close(fd_);
}

base::Result<std::unique_ptr<UdpSocket>> UdpSocket::bind(const io::Address& address, Received received) {
  sockaddr_storage native;
  TRY(socklen_t size, to_native(address, native));
  int fd = socket(native.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return base::fail(base::system_error("open a socket", errno));
  if (::bind(fd, reinterpret_cast<sockaddr*>(&native), size) != 0) {
    int error = errno;
    close(fd);
    return base::fail(base::system_error("listen on UDP " + address.text(), error));
  }
  return std::unique_ptr<UdpSocket>(new UdpSocket(fd, std::move(received)));
}

base::Result<std::unique_ptr<UdpSocket>> UdpSocket::connect(const io::Address& peer, Received received) {
  sockaddr_storage native;
  TRY(socklen_t size, to_native(peer, native));
  int fd = socket(native.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return base::fail(base::system_error("open a socket", errno));
  if (::connect(fd, reinterpret_cast<sockaddr*>(&native), size) != 0) {
    int error = errno;
    close(fd);
    return base::fail(base::system_error("reach UDP " + peer.text(), error));
  }
  return std::unique_ptr<UdpSocket>(new UdpSocket(fd, std::move(received)));
}

void UdpSocket::send(std::string_view packet, const sockaddr_storage& to, socklen_t size) {
  [[maybe_unused]] auto sent =
      sendto(fd_, packet.data(), packet.size(), 0, reinterpret_cast<const sockaddr*>(&to), size);
}
void UdpSocket::send(std::string_view packet) {
  [[maybe_unused]] auto sent = ::send(fd_, packet.data(), packet.size(), 0);
}

uint16_t UdpSocket::port() const {
  sockaddr_storage ours{};
  socklen_t size = sizeof ours;
  getsockname(fd_, reinterpret_cast<sockaddr*>(&ours), &size);
  return ntohs(ours.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6*>(&ours)->sin6_port
                                          : reinterpret_cast<sockaddr_in*>(&ours)->sin_port);
}

}  // namespace dns
