#include "kubelet/runtime/docker/pod_port.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/strings.h"
#include "io/transport.h"

namespace kubelet::docker {
namespace {

constexpr time_t kConnectSecondsMax = 10;

// A socket belongs to the network that its thread was in when it was made.
base::Result<int> socket_inside(int64_t process, int family) {
  base::Descriptor home(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  auto path = base::cat({"/proc/", std::to_string(process), "/ns/net"});
  base::Descriptor pod(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (home.get() < 0 || pod.get() < 0) return base::fail(base::system_error("open " + path, errno));
  if (setns(pod.get(), CLONE_NEWNET) != 0) return base::fail(base::system_error("enter the pod's network", errno));
  int made = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int error = errno;
  if (setns(home.get(), CLONE_NEWNET) != 0) abort();  // this thread would do the node's work inside the pod
  if (made < 0) return base::fail(base::system_error("socket", error));
  return made;
}

base::Result<int> connect_inside(int64_t process, uint16_t port, int family) {
  TRY(int made, socket_inside(process, family));
  base::Descriptor socket(made);
  timeval patience{.tv_sec = kConnectSecondsMax, .tv_usec = 0};
  setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in four{};
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  six.sin6_addr = in6addr_loopback;
  int connected = family == AF_INET ? connect(made, reinterpret_cast<sockaddr*>(&four), sizeof four)
                                    : connect(made, reinterpret_cast<sockaddr*>(&six), sizeof six);
  if (connected != 0) return base::fail(base::system_error("connect", errno));
  timeval forever{};
  setsockopt(made, SOL_SOCKET, SO_SNDTIMEO, &forever, sizeof forever);
  fcntl(made, F_SETFL, fcntl(made, F_GETFL) | O_NONBLOCK);
  return socket.release();
}

}  // namespace

io::Task<base::Result<std::unique_ptr<io::Stream>>> connect_to_pod(io::Pool& pool, int64_t process, uint16_t port) {
  // As a transport, which is closed when nobody waits for it any more.
  auto connected = co_await pool.run([process, port]() -> base::Result<std::unique_ptr<io::Transport>> {
    auto four = connect_inside(process, port, AF_INET);
    if (four) return std::make_unique<io::Transport>(*four);
    auto six = connect_inside(process, port, AF_INET6);
    if (six) return std::make_unique<io::Transport>(*six);
    return base::fail(base::Code::Unavailable, base::cat({"failed to connect to localhost:", std::to_string(port),
                                                          " inside the pod, IPv4: ", four.error().message(),
                                                          ", IPv6: ", six.error().message()}));
  });
  if (!connected) co_return base::fail(connected.error());
  co_return io::make_stream(std::move(*connected));
}

}  // namespace kubelet::docker
