#include "main/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "base/log.h"
#include "base/result.h"
#include "base/strings.h"

namespace navarch {
namespace {

std::string take_variable(const char* name) {
  const char* value = getenv(name);
  std::string out = value == nullptr ? "" : value;
  unsetenv(name);
  return out;
}

// Of the loops that were asked, how many have yet to answer.
struct Round {
  size_t left;
  io::Event answered;
};

void ask(io::Loop& home, io::Loop& loop, const std::shared_ptr<Round>& round) {
  loop.post([&home, round] {
    home.post([round] {
      if (--round->left == 0) round->answered.set();
    });
  });
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
  ServiceManager out;
  out.socket_ = take_variable("NOTIFY_SOCKET");
  auto microseconds = base::parse_int(take_variable("WATCHDOG_USEC"));
  auto pid = take_variable("WATCHDOG_PID");
  bool ours = pid.empty() || pid == std::to_string(getpid());
  if (microseconds && *microseconds > 0 && ours) out.watchdog_ = std::chrono::microseconds(*microseconds);
  return out;
}

void ServiceManager::tell(const std::string& state) const {
  if (socket_.empty()) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof address.sun_path) return;
  memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') address.sun_path[0] = '\0';
  auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ssize_t sent = fd < 0 ? -1
                        : sendto(fd, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                                 reinterpret_cast<const sockaddr*>(&address), size);
  if (sent < 0)
    LOG_WARNING("Cannot tell the service manager", {"state", state},
                {"error", base::system_error("send", errno).message()});
  if (fd >= 0) close(fd);
}

io::Task<void> ServiceManager::feed_watchdog(std::vector<io::Loop*> loops) const {
  if (socket_.empty() || watchdog_ == io::Duration::zero()) co_return;
  auto& home = io::Loop::current();
  while (true) {
    auto round = std::make_shared<Round>(loops.size() + 1);
    for (auto* loop : loops) ask(home, *loop, round);
    ask(home, home, round);
    co_await round->answered.wait();
    tell("WATCHDOG=1");
    co_await io::sleep(watchdog_ / 2);
  }
}

}  // namespace navarch
