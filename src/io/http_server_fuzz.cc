// Any bytes on a connection, HTTP/1.1 or HTTP/2, end it in good order: the server stays, nothing leaks, every request
// that reaches the handler has a method and a path, and a body no longer than what was sent.
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "io/http_server.h"
#include "io/loop.h"

namespace {

size_t sent_bytes = 0;

io::Task<void> handle(const io::Request& request, const io::Peer&, io::RequestBody& body, io::ResponseWriter& writer) {
  if (request.method.empty() || request.target.empty()) abort();
  auto text = co_await body.read_all(size_t{1} << 20);
  if (text && text->size() > sent_bytes) abort();
  for (const auto& field : request.headers.fields()) {
    if (field.name.find_first_of("\r\n") != std::string::npos || field.value.find_first_of("\r\n") != std::string::npos)
      abort();
  }
  writer.send(200, {}, base::Bytes(std::string("ok")));
}

struct World {
  std::unique_ptr<io::Loop> loop = *io::Loop::create();
  io::Loop::Entered entered{*loop};
  std::string place[2];
  std::unique_ptr<io::HttpServer> servers[2];

  World() {
    for (int i = 0; i < 2; ++i) {
      place[i] = "navarch-fuzz-" + std::to_string(getpid()) + "-" + std::to_string(i);
      io::HttpServerOptions options;
      options.address = *io::Address::parse("unix:@" + place[i]);
      options.http2_only = i == 1;
      options.header_bytes_max = 4096;
      options.header_timeout = std::chrono::milliseconds(200);
      options.idle_timeout = std::chrono::milliseconds(200);
      servers[i] = std::move(*io::HttpServer::create(std::move(options), handle));
    }
  }
};

io::Task<void> until_closed(int fd) {
  char buffer[4096];
  io::Event ended;
  io::Watch watch(fd, io::Ready::Read, [&](io::Ready) {
    ssize_t size = recv(fd, buffer, sizeof buffer, MSG_DONTWAIT);
    if (size == 0 || (size < 0 && errno != EAGAIN)) ended.set();
  });
  co_await ended.wait();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static World world;
  if (size == 0 || size > 16384) return 0;
  bool http2 = (data[0] & 1) != 0;
  std::string input;
  if (http2) input = std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);
  input.append(reinterpret_cast<const char*>(data) + 1, size - 1);
  sent_bytes = input.size();
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const std::string& place = world.place[http2 ? 1 : 0];
  sockaddr_un to{.sun_family = AF_UNIX, .sun_path = {}};
  std::memcpy(to.sun_path + 1, place.data(), place.size());
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&to),
                        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + place.size())) != 0)
    abort();
  for (std::string_view rest = input; !rest.empty();) {
    ssize_t written = send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (written <= 0) break;
    rest.remove_prefix(static_cast<size_t>(written));
  }
  shutdown(fd, SHUT_WR);
  world.loop->run_task(until_closed(fd));
  close(fd);
  return 0;
}
