// What the pods of the test run: it tells whoever asks, by HTTP on port 8080 and by UDP on 8081, who answers and whom
// it sees asking: "NAME ADDRESS". Told to end, it goes on for as many seconds as its argument says.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

volatile sig_atomic_t ending = 0;
unsigned linger_seconds = 0;

void end(int) {
  if (linger_seconds == 0) _exit(0);
  if (ending == 0) alarm(linger_seconds);
  ending = 1;
}

int listen_at(int type, uint16_t port) {
  int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  int on = 1, off = 0;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  any.sin6_port = htons(port);
  bool bound = bind(fd, reinterpret_cast<sockaddr*>(&any), sizeof any) == 0;
  return bound && (type == SOCK_DGRAM || listen(fd, 64) == 0) ? fd : -1;
}

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

std::string answer_to(const sockaddr_in6& peer) {
  char address[INET6_ADDRSTRLEN] = "";
  inet_ntop(AF_INET6, &peer.sin6_addr, address, sizeof address);
  std::string text = address;
  if (text.starts_with("::ffff:")) text.erase(0, 7);
  return host_name() + " " + text + "\n";
}

void answer_http(int listener) {
  sockaddr_in6 peer{};
  socklen_t size = sizeof peer;
  int fd = accept(listener, reinterpret_cast<sockaddr*>(&peer), &size);
  if (fd < 0) return;
  char request[4096];
  pollfd ready{fd, POLLIN, 0};
  if (poll(&ready, 1, 2000) == 1 && read(fd, request, sizeof request) > 0) {
    auto body = answer_to(peer);
    auto text =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    (void)!write(fd, text.data(), text.size());
  }
  close(fd);
}

void answer_datagram(int fd) {
  char request[2048];
  sockaddr_in6 peer{};
  socklen_t size = sizeof peer;
  if (recvfrom(fd, request, sizeof request, 0, reinterpret_cast<sockaddr*>(&peer), &size) < 0) return;
  auto text = answer_to(peer);
  sendto(fd, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&peer), size);
}

}  // namespace

int main(int argc, char** argv) {
  if (std::string(argv[0]).ends_with("hostname")) {
    puts(host_name().c_str());
    return 0;
  }
  if (argc > 1) linger_seconds = static_cast<unsigned>(atoi(argv[1]));
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, end);
  signal(SIGALRM, [](int) { _exit(0); });
  pollfd sockets[] = {{listen_at(SOCK_STREAM, 8080), POLLIN, 0}, {listen_at(SOCK_DGRAM, 8081), POLLIN, 0}};
  if (sockets[0].fd < 0 || sockets[1].fd < 0) return 1;
  puts("listening");
  fflush(stdout);
  for (;;) {
    if (poll(sockets, 2, -1) <= 0) continue;
    if (sockets[0].revents != 0) answer_http(sockets[0].fd);
    if (sockets[1].revents != 0) answer_datagram(sockets[1].fd);
  }
}
