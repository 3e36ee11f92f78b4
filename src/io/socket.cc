#include "io/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/descriptor.h"
#include "base/strings.h"
#include "io/tls.h"

namespace io {
namespace {

constexpr int kBacklog = 4096;

struct Name {
  sockaddr_storage storage{};
  socklen_t length = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

base::Result<Name> unix_name(const std::string& path) {
  Name name;
  auto* un = reinterpret_cast<sockaddr_un*>(&name.storage);
  if (path.size() >= sizeof un->sun_path) {
    return base::fail(base::Code::Invalid, base::cat({"the path of a unix socket is too long: ", path}));
  }
  un->sun_family = AF_UNIX;
  memcpy(un->sun_path, path.data(), path.size());
  name.length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  if (path[0] == '@') {
    un->sun_path[0] = 0;
  } else {
    name.length++;  // with the final zero
  }
  return name;
}

base::Result<Name> numeric_name(const std::string& host, uint16_t port) {
  Name name;
  auto* in = reinterpret_cast<sockaddr_in*>(&name.storage);
  auto* in6 = reinterpret_cast<sockaddr_in6*>(&name.storage);
  if (inet_pton(AF_INET, host.c_str(), &in->sin_addr) == 1) {
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    name.length = sizeof *in;
    return name;
  }
  if (inet_pton(AF_INET6, host.c_str(), &in6->sin6_addr) == 1) {
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    name.length = sizeof *in6;
    return name;
  }
  return base::fail(base::Code::Invalid, base::cat({"not a numeric address: ", host}));
}

void set_option(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

// A peer that vanished is noticed by the kernel within about a minute, without waking us.
void set_tcp_options(int fd) {
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 60'000);
}

// Waits once for `fd` to be writable.
class Writable {
 public:
  explicit Writable(int fd) : fd_(fd) {}
  Writable(const Writable&) = delete;
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> caller) {
    watch_.emplace(fd_, Ready::Write, [caller](Ready) { caller.resume(); });
  }
  void await_resume() {}

 private:
  int fd_;
  std::optional<Watch> watch_;
};

Task<base::Result<int>> connect_one(Name name, std::string what) {
  base::Descriptor socket(::socket(name.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket) co_return base::fail(base::system_error("create a socket", errno));
  if (name.family() != AF_UNIX) set_tcp_options(socket.get());
  int error = ::connect(socket.get(), name.get(), name.length) == 0 ? 0 : errno;
  if (error == EINPROGRESS || error == EINTR) {
    co_await Writable(socket.get());
    socklen_t size = sizeof error;
    getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error != 0) {
    co_return base::fail(base::Code::Unavailable,
                         base::cat({"dial ", what, ": connect: ", base::to_lower(strerror(error))}));
  }
  co_return socket.release();
}

bool nobody_listens(const Name& name) {
  base::Descriptor probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return ::connect(probe.get(), name.get(), name.length) != 0 && errno == ECONNREFUSED;
}

}  // namespace

base::Result<Address> Address::parse(std::string_view text) {
  if (text.starts_with("unix:")) {
    text.remove_prefix(5);
    if (text.starts_with("//")) text.remove_prefix(2);
    if (text.empty()) return base::fail(base::Code::Invalid, "a unix socket needs a path");
    return unix_socket(std::string(text));
  }
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return base::fail(base::Code::Invalid, base::cat({"missing port in address: ", text}));
  std::string_view host = text.substr(0, colon);
  auto port = base::parse_uint(text.substr(colon + 1));
  if (!port || *port > 65535) return base::fail(base::Code::Invalid, base::cat({"invalid port in address: ", text}));
  if (host.starts_with('[') && host.ends_with(']') && host.size() > 2) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos || host.starts_with('[')) {
    return base::fail(base::Code::Invalid, base::cat({"too many colons in address: ", text}));
  }
  return Address{.host = std::string(host), .port = static_cast<uint16_t>(*port)};
}

std::string Address::text() const {
  if (!unix_path.empty()) return base::cat({"unix:", unix_path});
  bool six = host.find(':') != std::string::npos;
  return base::cat({six ? "[" : "", host, six ? "]:" : ":", std::to_string(port)});
}

Listener::Listener(int fd, Address address) : fd_(fd), address_(std::move(address)) {}

Listener::~Listener() {
  close();
}

base::Result<std::unique_ptr<Listener>> Listener::listen(const Address& address, int mode) {
  Name name;
  std::string what = base::cat({"listen ", address.text()});
  if (!address.unix_path.empty()) {
    TRY(name, unix_name(address.unix_path));
  } else {
    TRY(name, numeric_name(address.host.empty() ? "::" : address.host, address.port));
  }
  base::Descriptor socket(::socket(name.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket && errno == EAFNOSUPPORT && address.host.empty()) {  // a kernel without IPv6
    TRY(name, numeric_name("0.0.0.0", address.port));
    socket = base::Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  }
  if (!socket) return base::fail(base::system_error(what, errno));
  if (name.family() != AF_UNIX) set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (name.family() == AF_INET6) set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, address.host.empty() ? 0 : 1);
  if (::bind(socket.get(), name.get(), name.length) != 0) {
    int number = errno;
    if (number != EADDRINUSE || name.family() != AF_UNIX || address.unix_path[0] == '@' || !nobody_listens(name)) {
      return base::fail(base::system_error(what, number));
    }
    unlink(address.unix_path.c_str());  // left behind by one that died
    if (::bind(socket.get(), name.get(), name.length) != 0) return base::fail(base::system_error(what, errno));
  }
  if (name.family() == AF_UNIX && address.unix_path[0] != '@')
    chmod(address.unix_path.c_str(), static_cast<mode_t>(mode));
  if (::listen(socket.get(), kBacklog) != 0) return base::fail(base::system_error(what, errno));
  Address bound = address;
  if (name.family() != AF_UNIX) {
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    getsockname(socket.get(), reinterpret_cast<sockaddr*>(&storage), &length);
    bound.port = ntohs(storage.ss_family == AF_INET ? reinterpret_cast<sockaddr_in*>(&storage)->sin_port
                                                    : reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port);
  }
  return std::unique_ptr<Listener>(new Listener(socket.release(), std::move(bound)));
}

void Listener::close() {
  watch_ = nullptr;
  pause_.stop();
  if (fd_ < 0) return;
  ::close(std::exchange(fd_, -1));
  if (!address_.unix_path.empty() && address_.unix_path[0] != '@') unlink(address_.unix_path.c_str());
}

void Listener::on_accept(std::function<void(int)> accepted) {
  constexpr int kPerTurn = 64;  // then others have their turn
  watch_ = std::make_unique<Watch>(fd_, Ready::Read, [this, accepted = std::move(accepted)](Ready) {
    for (int i = 0; i < kPerTurn && fd_ >= 0; i++) {
      int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (fd >= 0) {
        if (address_.unix_path.empty()) set_tcp_options(fd);
        accepted(fd);
        continue;
      }
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        watch_->set_interest(Ready::None);
        pause_.start(std::chrono::milliseconds(100), [this] { watch_->set_interest(Ready::Read); });
        return;
      }
      if (errno == EAGAIN) return;
      // Else this one connection failed before it was accepted.
    }
  });
}

Task<base::Result<std::unique_ptr<Transport>>> Listener::accept() {
  struct Readable {
    int fd;
    std::optional<Watch> watch;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> caller) {
      watch.emplace(fd, Ready::Read, [caller](Ready) { caller.resume(); });
    }
    void await_resume() { watch.reset(); }
  };
  for (;;) {
    if (fd_ < 0) co_return base::fail(base::Code::Closed, "listener closed");
    int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0) {
      if (address_.unix_path.empty()) set_tcp_options(fd);
      co_return std::make_unique<Transport>(fd);
    }
    if (errno == EAGAIN) {
      Readable readable{fd_, std::nullopt};
      co_await readable;
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      co_await sleep(std::chrono::milliseconds(100));
    }
  }
}

Task<base::Result<std::unique_ptr<Transport>>> connect(Address address, std::shared_ptr<TlsClient> tls) {
  base::Result<int> fd = base::fail(base::Code::Unavailable, base::cat({"dial ", address.text(), ": no addresses"}));
  if (!address.unix_path.empty()) {
    CO_TRY(auto name, unix_name(address.unix_path));
    fd = co_await connect_one(name, base::cat({"unix ", address.unix_path}));
  } else {
    CO_TRY(auto hosts, co_await resolve(address.host));
    for (const auto& host : hosts) {
      CO_TRY(auto name, numeric_name(host, address.port));
      fd = co_await connect_one(name, base::cat({"tcp ", Address{.host = host, .port = address.port}.text()}));
      if (fd) break;
    }
  }
  if (!fd) co_return base::fail(std::move(fd).error());
  if (tls == nullptr) co_return std::make_unique<Transport>(*fd);
  ssl_st* ssl = tls->begin(*fd, address.host);
  if (ssl == nullptr) {
    ::close(*fd);
    co_return base::fail(base::Code::Internal, "no memory for a TLS connection");
  }
  auto transport = std::make_unique<Transport>(*fd, ssl);
  CO_TRY(co_await handshake(*transport));
  co_return std::move(transport);
}

}  // namespace io
