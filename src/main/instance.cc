#include "main/instance.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/file.h"
#include "base/strings.h"

namespace navarch {
namespace {

constexpr const char* kProgressVariable = "NAVARCH_PROGRESS_FD";
constexpr std::string_view kReady = "\x01ready";
constexpr size_t kLogLinesShown = 20;

std::string last_lines(const std::string& path, size_t count) {
  auto text = base::read_file(path);
  if (!text) return "";
  size_t at = text->size();
  for (size_t lines = 0; at > 0 && lines <= count; --at) lines += (*text)[at - 1] == '\n';
  return text->substr(at == 0 ? 0 : at + 1);
}

// Whether the process was killed and is on its way out: it still holds its locks for a moment.
bool is_ending(pid_t pid) {
  auto place = base::cat({"/proc/", std::to_string(pid)});
  char target[1];
  if (readlink((place + "/exe").c_str(), target, sizeof target) < 0 && errno == ENOENT) return true;
  auto status = base::read_file(place + "/status");
  if (!status) return true;
  constexpr std::string_view kPending = "\nSigPnd:\t";
  size_t at = status->find(kPending);
  if (at == status->npos) return false;
  uint64_t pending = strtoull(status->c_str() + at + kPending.size(), nullptr, 16);
  return (pending >> (SIGKILL - 1)) & 1;
}

int progress_fd() {
  const char* text = getenv(kProgressVariable);
  auto number = text ? base::parse_int(text) : std::nullopt;
  return number ? static_cast<int>(*number) : -1;
}

}  // namespace

std::optional<pid_t> Instance::running() const {
  constexpr int kTries = 500;
  for (int i = 0; i < kTries; ++i) {
    auto pid = holder();
    if (!pid || !is_ending(*pid)) return pid;
    usleep(10'000);
  }
  return holder();
}

std::optional<pid_t> Instance::holder() const {
  int fd = open(pid_path().c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::optional<pid_t> pid;
  if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
    if (auto text = base::read_file(pid_path())) {
      if (auto number = base::parse_int(base::trim(*text))) pid = static_cast<pid_t>(*number);
    }
  }
  close(fd);
  return pid;
}

base::Result<void> Instance::claim() {
  TRY(base::make_directories(directory_, 0755));
  // Never closed: the lock is the process' own until it ends.
  int fd = open(pid_path().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return base::fail(base::system_error("open " + pid_path(), errno));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    auto pid = running();
    return base::fail(base::Code::AlreadyExists, base::cat({"a cluster is running already (process ",
                                                            pid ? std::to_string(*pid) : "unknown", ")"}));
  }
  auto text = std::to_string(getpid()) + "\n";
  if (ftruncate(fd, 0) != 0 || pwrite(fd, text.data(), text.size(), 0) < 0) {
    return base::fail(base::system_error("write " + pid_path(), errno));
  }
  return {};
}

base::Result<void> Instance::start_detached(std::vector<std::string> arguments, const std::string& log_path,
                                            const std::function<void(const std::string&)>& progress) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return base::fail(base::system_error("make a pipe", errno));
  int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (log < 0) return base::fail(base::system_error("open " + log_path, errno));
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  auto variable = base::cat({kProgressVariable, "=", std::to_string(ends[1])});
  pid_t child = fork();
  if (child < 0) return base::fail(base::system_error("fork", errno));
  if (child == 0) {
    setsid();
    int null = open("/dev/null", O_RDONLY);
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    fcntl(ends[1], F_SETFD, 0);
    putenv(variable.data());
    if (chdir("/") == 0) execv("/proc/self/exe", argv.data());
    _exit(127);
  }
  close(ends[1]);
  close(log);
  std::string pending;
  bool ready = false;
  char chunk[512];
  for (ssize_t size; !ready && ((size = read(ends[0], chunk, sizeof chunk)) > 0 || (size < 0 && errno == EINTR));) {
    if (size > 0) pending.append(chunk, static_cast<size_t>(size));
    for (size_t end; (end = pending.find('\n')) != std::string::npos; pending.erase(0, end + 1)) {
      auto line = pending.substr(0, end);
      if (line == kReady) {
        ready = true;
      } else {
        progress(line);
      }
    }
  }
  close(ends[0]);
  if (ready) return {};
  int status = 0;
  waitpid(child, &status, 0);
  return base::fail(base::Code::Unavailable, base::cat({"it ended before it was ready. The end of ", log_path, ":\n",
                                                        last_lines(log_path, kLogLinesShown)}));
}

base::Result<void> Instance::stop(int seconds) {
  auto pid = running();
  if (!pid) return {};
  if (kill(*pid, SIGTERM) != 0 && errno != ESRCH) return base::fail(base::system_error("stop process", errno));
  for (int i = 0; i < seconds * 20; ++i) {
    if (!running()) return {};
    usleep(50'000);
  }
  return base::fail(base::Code::Timeout,
                    base::cat({"process ", std::to_string(*pid), " did not end in ", std::to_string(seconds), " s"}));
}

void report(const std::string& line) {
  int fd = progress_fd();
  if (fd < 0) return;
  auto text = line + "\n";
  [[maybe_unused]] auto written = write(fd, text.data(), text.size());
}

void report_ready() {
  int fd = progress_fd();
  if (fd < 0) return;
  report(std::string(kReady));
  close(fd);
  unsetenv(kProgressVariable);
}

}  // namespace navarch
