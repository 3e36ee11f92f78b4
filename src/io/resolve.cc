// Names to addresses with c-ares, which unlike getaddrinfo() needs no thread and works in a static binary.
#include <ares.h>
#include <arpa/inet.h>
#include <netdb.h>

#include <map>

#include "base/strings.h"
#include "io/socket.h"

namespace io {
namespace {

bool is_numeric(const std::string& host) {
  unsigned char address[sizeof(in6_addr)];
  return inet_pton(AF_INET, host.c_str(), address) == 1 || inet_pton(AF_INET6, host.c_str(), address) == 1;
}

// One question, with its sockets and its timer on the current loop.
class Query {
 public:
  Query() = default;
  Query(const Query&) = delete;
  ~Query() {
    if (channel_ != nullptr) ares_destroy(channel_);  // calls back with EDESTRUCTION
  }

  Task<base::Result<std::vector<std::string>>> ask(std::string host) {
    static const int ready = ares_library_init(ARES_LIB_INIT_ALL);
    ares_options options{};
    options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
      static_cast<Query*>(self)->watch(fd, readable != 0, writable != 0);
    };
    options.sock_state_cb_data = this;
    int status = ready;
    if (status == ARES_SUCCESS) status = ares_init_options(&channel_, &options, ARES_OPT_SOCK_STATE_CB);
    if (status != ARES_SUCCESS) {
      channel_ = nullptr;
      co_return base::fail(base::Code::Unavailable, base::cat({"look up ", host, ": ", ares_strerror(status)}));
    }
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &Query::answered, this);
    arm();
    co_await done_.wait();
    if (status_ != ARES_SUCCESS || addresses_.empty()) {
      bool unknown = status_ == ARES_ENOTFOUND || status_ == ARES_ENODATA || status_ == ARES_SUCCESS;
      co_return base::fail(base::Code::Unavailable,
                           base::cat({"lookup ", host, ": ", unknown ? "no such host" : ares_strerror(status_)}));
    }
    co_return std::move(addresses_);
  }

 private:
  static void answered(void* self_pointer, int status, int, ares_addrinfo* info) {
    auto* self = static_cast<Query*>(self_pointer);
    self->status_ = status;
    for (auto* node = info != nullptr ? info->nodes : nullptr; node != nullptr; node = node->ai_next) {
      char text[INET6_ADDRSTRLEN];
      const void* address = node->ai_family == AF_INET
                                ? static_cast<const void*>(&reinterpret_cast<sockaddr_in*>(node->ai_addr)->sin_addr)
                                : &reinterpret_cast<sockaddr_in6*>(node->ai_addr)->sin6_addr;
      if (inet_ntop(node->ai_family, address, text, sizeof text) != nullptr) self->addresses_.emplace_back(text);
    }
    if (info != nullptr) ares_freeaddrinfo(info);
    self->done_.set();
  }

  void watch(ares_socket_t fd, bool readable, bool writable) {
    Ready interest = (readable ? Ready::Read : Ready::None) | (writable ? Ready::Write : Ready::None);
    if (interest == Ready::None) {
      watches_.erase(fd);
    } else if (auto found = watches_.find(fd); found != watches_.end()) {
      found->second.set_interest(interest);
    } else {
      watches_.try_emplace(fd, fd, interest, [this, fd](Ready ready) {
        ares_process_fd(channel_, ready & Ready::Read ? fd : ARES_SOCKET_BAD,
                        ready & Ready::Write ? fd : ARES_SOCKET_BAD);
        arm();
      });
    }
  }

  void arm() {
    timeval storage{};
    timeval* next = ares_timeout(channel_, nullptr, &storage);
    if (next == nullptr) return timer_.stop();
    timer_.start(std::chrono::seconds(next->tv_sec) + std::chrono::microseconds(next->tv_usec), [this] {
      ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      arm();
    });
  }

  ares_channel channel_ = nullptr;
  int status_ = ARES_ENODATA;
  std::vector<std::string> addresses_;
  Event done_;
  Timer timer_;
  std::map<ares_socket_t, Watch> watches_;
};

}  // namespace

Task<base::Result<std::vector<std::string>>> resolve(std::string host) {
  if (is_numeric(host)) co_return std::vector<std::string>{host};
  if (host.empty() || host == "localhost") {
    std::vector<std::string> ours;
    ours.emplace_back("127.0.0.1");
    ours.emplace_back("::1");
    co_return std::move(ours);
  }
  auto query = std::make_unique<Query>();
  co_return co_await query->ask(std::move(host));
}

}  // namespace io
