#include "io/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <list>

#include "base/descriptor.h"
#include "base/strings.h"
#include "io/transport.h"

namespace io {
namespace {

constexpr int kOrderlyDeathMs = 20;

// The two ends of one of the child's standard descriptors.
struct Ends {
  base::Descriptor child;  // numbered 3 or more, so that putting them in place overwrites none
  base::Descriptor ours;   // of pipes
};

base::Result<Ends> open_end(const ChildEnd& end, bool is_input) {
  Ends ends;
  switch (end.kind) {
    case ChildEnd::Kind::Null:
      ends.child = base::Descriptor(open("/dev/null", (is_input ? O_RDONLY : O_WRONLY) | O_CLOEXEC));
      break;
    case ChildEnd::Kind::Inherit:
      return ends;
    case ChildEnd::Kind::File:
      ends.child = base::Descriptor(is_input ? open(end.path.c_str(), O_RDONLY | O_CLOEXEC)
                                             : open(end.path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
      break;
    case ChildEnd::Kind::Descriptor:
      ends.child = base::Descriptor(fcntl(end.descriptor, F_DUPFD_CLOEXEC, 3));
      break;
    case ChildEnd::Kind::Pipe: {
      int pipe[2];
      if (pipe2(pipe, O_CLOEXEC) != 0) return base::fail(base::system_error("create a pipe", errno));
      ends.child = base::Descriptor(pipe[is_input ? 0 : 1]);
      ends.ours = base::Descriptor(pipe[is_input ? 1 : 0]);
      fcntl(ends.ours.get(), F_SETFL, O_NONBLOCK);
      break;
    }
  }
  if (ends.child.get() >= 0 && ends.child.get() < 3)
    ends.child = base::Descriptor(fcntl(ends.child.get(), F_DUPFD_CLOEXEC, 3));
  if (ends.child.get() < 0) return base::fail(base::system_error(base::cat({"open ", end.path}), errno));
  return ends;
}

base::Result<std::string> find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  const char* path = getenv("PATH");
  for (auto folder : base::split(path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", ':')) {
    std::string candidate = base::cat({folder.empty() ? "." : folder, "/", name});
    if (access(candidate.c_str(), X_OK) == 0) return candidate;
  }
  return base::fail(base::Code::NotFound, base::cat({"exec: \"", name, "\": executable file not found in $PATH"}));
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> all;
  for (const auto& text : texts) all.push_back(const_cast<char*>(text.c_str()));
  all.push_back(nullptr);
  return all;
}

// What the child needs, made before it exists: between vfork and exec it may only make system calls.
struct Plan {
  const char* program;
  char* const* argv;
  char* const* environment;
  const char* directory;  // null: ours
  int ends[3];            // -1: inherited
  bool own_group;
  bool dies_with_parent;
  pid_t parent;
};

// Runs in the child on the parent's memory; returns only with an errno.
int become(const Plan& plan) {
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &standard, nullptr);
  if (plan.own_group && setpgid(0, 0) != 0) return errno;
  if (plan.dies_with_parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != plan.parent) return ESRCH;
  }
  for (int i = 0; i < 3; i++) {
    if (plan.ends[i] >= 0 && dup2(plan.ends[i], i) < 0) return errno;
  }
  if (plan.directory != nullptr && chdir(plan.directory) != 0) return errno;
  syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);  // older kernels: ours all are anyway
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  execve(plan.program, plan.argv, plan.environment);
  return errno;
}

// The child shares our memory until it execs, and our stack frame with it: kept apart so that nothing else lives here.
__attribute__((noinline)) pid_t start(const Plan& plan, volatile int* error) {
  pid_t pid = vfork();
  if (pid == 0) {
    *error = become(plan);
    _exit(127);
  }
  return pid;
}

ExitStatus to_status(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return {.code = info.si_status};
  return {.code = -1, .signal = info.si_status};
}

std::optional<ExitStatus> reap(int pid_fd) {
  siginfo_t info{};
  if (waitid(static_cast<idtype_t>(3) /* P_PIDFD */, static_cast<id_t>(pid_fd), &info, WEXITED | WNOHANG) != 0)
    return ExitStatus{};
  if (info.si_pid == 0) return std::nullopt;
  return to_status(info);
}

// A killed child that does not die at once (it hangs in the kernel) is reaped when it does, by nobody's leave.
class Orphan {
 public:
  explicit Orphan(int pid_fd) : pid_fd_(pid_fd) {}
  ~Orphan() {
    watch_ = nullptr;
    close(pid_fd_);
  }
  Orphan(const Orphan&) = delete;

  static void adopt(int pid_fd) {
    thread_local std::list<Orphan> orphans;
    auto place = orphans.emplace(orphans.end(), pid_fd);
    auto* all = &orphans;
    place->watch_ = std::make_unique<Watch>(pid_fd, Ready::Read, [all, place](Ready) {
      // What is captured goes with the watch.
      auto* from = all;
      auto ended = place;
      if (reap(ended->pid_fd_)) from->erase(ended);
    });
  }

 private:
  int pid_fd_;
  std::unique_ptr<Watch> watch_;
};

}  // namespace

std::string ExitStatus::text() const {
  if (signal != 0) return base::cat({"signal: ", base::to_lower(strsignal(signal))});
  return base::cat({"exit status ", std::to_string(code)});
}

struct Process::State {
  int pid_fd = -1;
  bool own_group = false;
  std::optional<ExitStatus> status;
  std::unique_ptr<Watch> watch;
  Event ended;
  std::unique_ptr<Stream> ends[3];

  void look() {
    if (status) return;
    status = reap(pid_fd);
    if (!status) return;
    watch = nullptr;
    ended.set();
  }
};

Process::Process(std::unique_ptr<State> state) : state_(std::move(state)) {}

base::Result<std::unique_ptr<Process>> Process::spawn(ProcessOptions options) {
  if (options.argv.empty()) return base::fail(base::Code::Invalid, "no command");
  TRY(auto program, find_program(options.argv[0]));
  Ends ends[3];
  TRY(ends[0], open_end(options.input, true));
  TRY(ends[1], open_end(options.output, false));
  TRY(ends[2], open_end(options.error, false));
  auto argv = pointers(options.argv);
  std::vector<char*> environment;
  if (options.environment) environment = pointers(*options.environment);
  Plan plan{
      .program = program.c_str(),
      .argv = argv.data(),
      .environment = options.environment ? environment.data() : environ,
      .directory = options.directory.empty() ? nullptr : options.directory.c_str(),
      .ends = {ends[0].child.get(), ends[1].child.get(), ends[2].child.get()},
      .own_group = options.own_group,
      .dies_with_parent = options.dies_with_parent,
      .parent = getpid(),
  };
  // A handler of ours must not run in the child on our memory.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  volatile int error = 0;
  pid_t pid = start(plan, &error);
  int number = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return base::fail(base::system_error("fork", number));
  if (error != 0) {
    waitpid(pid, nullptr, 0);
    return base::fail(base::system_error(base::cat({"fork/exec ", program}), error));
  }
  auto state = std::make_unique<State>();
  state->own_group = options.own_group;
  state->pid_fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (state->pid_fd < 0) {
    number = errno;
    ::kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return base::fail(base::system_error("pidfd_open", number));
  }
  auto* raw = state.get();
  state->watch = std::make_unique<Watch>(state->pid_fd, Ready::Read, [raw](Ready) { raw->look(); });
  for (int i = 0; i < 3; i++) {
    if (ends[i].ours.get() >= 0) state->ends[i] = make_stream(std::make_unique<Transport>(ends[i].ours.release()));
  }
  std::unique_ptr<Process> process(new Process(std::move(state)));
  process->pid_ = pid;
  return process;
}

Process::~Process() {
  if (!state_->status) {
    state_->watch = nullptr;
    kill(SIGKILL);
    pollfd waiting{.fd = state_->pid_fd, .events = POLLIN, .revents = 0};
    poll(&waiting, 1, kOrderlyDeathMs);
    state_->look();
    if (!state_->status && Loop::current_or_null() != nullptr) Orphan::adopt(std::exchange(state_->pid_fd, -1));
  }
  if (state_->pid_fd >= 0) close(state_->pid_fd);
}

Task<ExitStatus> Process::wait() {
  State* state = state_.get();
  co_await state->ended.wait();
  co_return *state->status;
}

bool Process::has_ended() const {
  return state_->status.has_value();
}

void Process::kill(int signal) {
  // Not reaped yet, so the number is still its own.
  if (!state_->status) ::kill(state_->own_group ? -pid_ : pid_, signal);
}

std::unique_ptr<Stream> Process::take_input() {
  return std::move(state_->ends[0]);
}
std::unique_ptr<Stream> Process::take_output() {
  return std::move(state_->ends[1]);
}
std::unique_ptr<Stream> Process::take_error() {
  return std::move(state_->ends[2]);
}

namespace {

Task<void> collect(Stream* from, std::string* into, size_t max, Event* done) {
  for (;;) {
    auto piece = co_await from->read(64 * 1024);
    if (!piece || piece->empty()) break;
    into->append(*piece, 0, max - into->size());
  }
  done->set();
}

Task<void> feed(Stream* to, base::Bytes input) {
  auto written = co_await to->write(std::move(input));
  (void)written;  // a child need not read what it is given
  to->close();
}

}  // namespace

Task<base::Result<CommandResult>> run_command(CommandOptions options) {
  ProcessOptions process_options{
      .argv = std::move(options.argv),
      .environment = std::move(options.environment),
      .directory = std::move(options.directory),
      .input = options.input.empty() ? ChildEnd::null() : ChildEnd::pipe(),
      .output = ChildEnd::pipe(),
      .error = ChildEnd::pipe(),
  };
  CO_TRY(auto process, Process::spawn(std::move(process_options)));
  CommandResult result;
  auto input = process->take_input();
  auto output = process->take_output();
  auto error = process->take_error();
  Event output_done, error_done;
  Scope scope;
  if (input != nullptr) scope.spawn(feed(input.get(), options.input));
  scope.spawn(collect(output.get(), &result.output, options.output_max, &output_done));
  scope.spawn(collect(error.get(), &result.error, options.output_max, &error_done));
  result.status = co_await process->wait();
  // A grandchild may hold the pipes open for ever; what the command itself wrote is there already.
  co_await output_done.wait_for(std::chrono::milliseconds(500));
  co_await error_done.wait_for(std::chrono::milliseconds(500));
  scope.cancel();
  co_return std::move(result);
}

}  // namespace io
