#include "main/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace navarch {
namespace {

sigset_t to_set(std::initializer_list<int> numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (int number : numbers) sigaddset(&set, number);
  return set;
}

}  // namespace

void Signals::block(std::initializer_list<int> numbers) {
  auto set = to_set(numbers);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Signals::Signals(std::initializer_list<int> numbers) {
  block(numbers);
  auto set = to_set(numbers);
  fd_ = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  watch_ = std::make_unique<io::Watch>(fd_, io::Ready::Read, [this](io::Ready) {
    signalfd_siginfo info;
    while (read(fd_, &info, sizeof info) == sizeof info) {
      last_ = static_cast<int>(info.ssi_signo);
      arrived_.set();
    }
  });
}

Signals::~Signals() {
  watch_.reset();
  close(fd_);
}

io::Task<int> Signals::wait() {
  co_await arrived_.wait();
  arrived_.reset();
  co_return last_;
}

}  // namespace navarch
