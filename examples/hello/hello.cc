// The web server of the examples: every answer names the pod that gave it. Called as `hostname` it prints that name, so
// that `kubectl exec` has something to run. Static; one process, one connection at a time.
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

const char* version() {
  const char* text = getenv("HELLO_VERSION");
  return text ? text : "v1";
}

void answer(int connection) {
  char request[4096];
  pollfd ready{connection, POLLIN, 0};
  if (poll(&ready, 1, 5000) != 1) return;
  ssize_t size = read(connection, request, sizeof request - 1);
  if (size <= 0) return;
  request[size] = '\0';
  char* end = strpbrk(request, "\r\n");
  if (end) *end = '\0';
  printf("%s\n", request);
  fflush(stdout);
  std::string body = "Hello from " + host_name() + " (" + version() + ")\n";
  std::string text = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: " +
                     std::to_string(body.size()) + "\r\n\r\n" + body;
  for (size_t at = 0; at < text.size();) {
    ssize_t count = write(connection, text.data() + at, text.size() - at);
    if (count <= 0) return;
    at += static_cast<size_t>(count);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const char* name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
  if (strcmp(name, "hostname") == 0) {
    printf("%s\n", host_name().c_str());
    return 0;
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, [](int) { _exit(0); });
  signal(SIGINT, [](int) { _exit(0); });
  int port = argc > 1 ? atoi(argv[1]) : 8080;
  int listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_any;
  address.sin6_port = htons(static_cast<uint16_t>(port));
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener, 128) != 0) {
    perror("hello: listen");
    return 1;
  }
  printf("listening on port %d\n", port);
  fflush(stdout);
  for (;;) {
    int connection = accept(listener, nullptr, nullptr);
    if (connection < 0) continue;
    answer(connection);
    close(connection);
  }
}
