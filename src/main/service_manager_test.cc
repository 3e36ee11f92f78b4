#include "main/service_manager.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

#include "main/loop_thread.h"

namespace navarch {
namespace {

// What systemd is to a service of Type=notify.
struct ServiceManagerTest : testing::Test {
  ServiceManagerTest() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~ServiceManagerTest() override {
    close(fd);
    unlink(path.c_str());
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }
  std::string heard(int flags = 0) const {
    char text[100];
    auto size = recv(fd, text, sizeof text, flags);
    return size < 0 ? "" : std::string(text, static_cast<size_t>(size));
  }

  const std::string path = testing::TempDir() + "notify-" + std::to_string(getpid());
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

TEST_F(ServiceManagerTest, HearsThatItIsReadyAndThatItEnds) {
  auto manager = ServiceManager::from_environment();
  manager.ready();
  EXPECT_EQ(heard(), "READY=1");
  manager.stopping();
  EXPECT_EQ(heard(), "STOPPING=1");
}

TEST_F(ServiceManagerTest, ChildrenAreNotToldOfIt) {
  setenv("WATCHDOG_USEC", "1000000", 1);
  ServiceManager::from_environment();
  EXPECT_EQ(getenv("NOTIFY_SOCKET"), nullptr);
  EXPECT_EQ(getenv("WATCHDOG_USEC"), nullptr);
}

TEST_F(ServiceManagerTest, TheWatchdogIsFedAgainAndAgainWhileAllLoopsAnswer) {
  setenv("WATCHDOG_USEC", "2000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  auto manager = ServiceManager::from_environment();
  auto thread = *LoopThread::start("other");
  auto loop = *io::Loop::create();
  loop->run_task([](const ServiceManager* manager, io::Loop* other, const ServiceManagerTest* test) -> io::Task<void> {
    io::Scope scope;
    scope.spawn(manager->feed_watchdog({other}));
    for (int fed = 0; fed < 3;) {
      if (test->heard(MSG_DONTWAIT) == "WATCHDOG=1") ++fed;
      co_await io::sleep(std::chrono::milliseconds(1));
    }
  }(&manager, &thread->loop(), this));
}

TEST_F(ServiceManagerTest, ALoopThatIsStuckKeepsItHungry) {
  setenv("WATCHDOG_USEC", "2000", 1);
  auto manager = ServiceManager::from_environment();
  auto loop = *io::Loop::create();
  auto stuck = *io::Loop::create();  // nobody runs it
  loop->run_task([](const ServiceManager* manager, io::Loop* stuck) -> io::Task<void> {
    io::Scope scope;
    scope.spawn(manager->feed_watchdog({stuck}));
    co_await io::sleep(std::chrono::milliseconds(20));
  }(&manager, stuck.get()));
  EXPECT_EQ(heard(MSG_DONTWAIT), "");
}

TEST_F(ServiceManagerTest, AWatchdogOfAnotherProcessIsNotFed) {
  setenv("WATCHDOG_USEC", "2000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  auto manager = ServiceManager::from_environment();
  auto loop = *io::Loop::create();
  loop->run_task(manager.feed_watchdog({}));
  EXPECT_EQ(heard(MSG_DONTWAIT), "");
}

}  // namespace
}  // namespace navarch
