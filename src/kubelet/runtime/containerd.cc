#include "kubelet/runtime/containerd.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strings.h"
#include "io/process.h"

namespace kubelet {
namespace {

constexpr int64_t kLogBytesMax = 16 << 20;
constexpr auto kStartTimeout = std::chrono::seconds(30);

std::string text(std::string_view value) {
  std::string out;
  base::append_json_string(out, value);  // TOML's basic strings are written the same way
  return out;
}

bool answers(const std::string& path) {
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof address.sun_path) return false;
  path.copy(address.sun_path, path.size());
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  bool connected = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(fd);
  return connected;
}

// Waits for a process that need not be our child.
io::Task<void> ended(int pid) {
  int fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (fd < 0) co_return;
  struct Closed {
    int fd;
    ~Closed() { close(fd); }
  } closed{fd};
  io::Event over;
  io::Watch watch(fd, io::Ready::Read, [&](io::Ready) {
    watch.set_interest(io::Ready::None);
    over.set();
  });
  co_await over.wait();
}

std::string tail_of(const std::string& path) {
  auto log = base::read_file(path);
  if (!log) return "";
  return log->substr(log->size() > 2000 ? log->size() - 2000 : 0);
}

}  // namespace

bool has_capability_sys_resource() {
  constexpr int kSysResource = 24;
  auto status = base::read_file("/proc/self/status");
  if (!status) return false;
  size_t at = status->find("CapEff:\t");
  if (at == std::string::npos) return false;
  return (strtoull(status->c_str() + at + 8, nullptr, 16) >> kSysResource & 1) != 0;
}

std::string containerd_configuration(const ContainerdOptions& options, bool may_lower_oom_scores) {
  std::string out = "version = 2\n";
  out += "root = " + text(options.directory) + "\nstate = " + text(options.state_directory) + "\n";
  out += may_lower_oom_scores ? "oom_score = -999\n" : "oom_score = 0\n";
  // Plugins that can only fail here, or that nobody asks for.
  out +=
      "disabled_plugins = [\"io.containerd.snapshotter.v1.aufs\", \"io.containerd.snapshotter.v1.btrfs\", "
      "\"io.containerd.snapshotter.v1.devmapper\", \"io.containerd.snapshotter.v1.zfs\", "
      "\"io.containerd.internal.v1.opt\", \"io.containerd.tracing.processor.v1.otlp\"]\n";
  out += "\n[grpc]\n  address = " + text(options.state_directory + "/containerd.sock") + "\n";
  out += "\n[plugins.\"io.containerd.grpc.v1.cri\"]\n";
  out += "  sandbox_image = " + text(options.sandbox_image) + "\n";
  out += std::string("  restrict_oom_score_adj = ") + (may_lower_oom_scores ? "false" : "true") + "\n";
  out += "  disable_tcp_service = true\n  stream_server_address = \"127.0.0.1\"\n  stream_server_port = \"0\"\n";
  // A ping socket and ports below 1024 without privileges, as other distributions give to pods.
  out += "  enable_unprivileged_ports = true\n  enable_unprivileged_icmp = true\n";
  // Where people say how registries are reached: authorities, mirrors. Ours first, then the usual place.
  out += "  [plugins.\"io.containerd.grpc.v1.cri\".registry]\n    config_path = " +
         text(options.directory + "/certs.d:/etc/containerd/certs.d") + "\n";
  out += "  [plugins.\"io.containerd.grpc.v1.cri\".cni]\n    bin_dir = " + text(options.cni_binary_directory) +
         "\n    conf_dir = " + text(options.cni_configuration_directory) + "\n";
  out += "  [plugins.\"io.containerd.grpc.v1.cri\".containerd]\n    snapshotter = " + text(options.snapshotter) +
         "\n    default_runtime_name = \"runc\"\n";
  out +=
      "    [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n"
      "      runtime_type = \"io.containerd.runc.v2\"\n"
      "      [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\n"
      "        SystemdCgroup = false\n";
  return out;
}

Containerd::Containerd(ContainerdOptions options) : options_(std::move(options)) {}
Containerd::~Containerd() = default;

std::string Containerd::socket() const {
  return options_.state_directory + "/containerd.sock";
}
std::string Containerd::endpoint() const {
  return "unix://" + socket();
}

int Containerd::find_running() const {
  auto text = base::read_file(options_.state_directory + "/navarch.pid");
  if (!text) return -1;
  auto pid = base::parse_int(base::trim(*text));
  if (!pid || *pid <= 1) return -1;
  // The number may have passed to another process: it must have been started with our configuration.
  auto command = base::read_file("/proc/" + std::to_string(*pid) + "/cmdline");
  if (!command || !command->contains(options_.state_directory + "/config.toml")) return -1;
  return static_cast<int>(*pid);
}

base::Result<void> Containerd::launch() {
  std::string config = options_.state_directory + "/config.toml";
  std::string log = options_.log_file;
  TRY(base::make_directories(options_.directory, 0711));
  TRY(base::make_directories(options_.state_directory, 0711));
  TRY(base::make_directories(options_.cni_configuration_directory, 0755));
  TRY(base::make_directories(log.substr(0, log.rfind('/')), 0755));
  TRY(base::write_file(config, containerd_configuration(options_, has_capability_sys_resource()), 0644));

  struct stat info{};
  if (stat(log.c_str(), &info) == 0 && info.st_size > kLogBytesMax) rename(log.c_str(), (log + ".1").c_str());
  int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (output < 0) return base::fail(base::system_error("open " + log, errno));
  int report[2];
  if (pipe2(report, O_CLOEXEC) != 0) {
    close(output);
    return base::fail(base::system_error("pipe", errno));
  }
  // Everything the child needs is prepared here: between fork and exec only system calls are safe.
  const char* binary = options_.binary.c_str();
  const char* arguments[] = {binary, "--config", config.c_str(), nullptr};
  int child = fork();
  if (child == 0) {
    setsid();
    int grandchild = fork();
    if (grandchild != 0) _exit(0);
    int32_t message[2] = {getpid(), 0};
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int number = 1; number < 32; ++number) signal(number, SIG_DFL);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    dup2(output, 1);
    dup2(output, 2);
    int pipe_end = dup2(report[1], 3);
    fcntl(pipe_end, F_SETFD, FD_CLOEXEC);
    syscall(SYS_close_range, 4U, ~0U, 0U);
    if (chdir("/") != 0) _exit(127);
    (void)!write(3, message, sizeof message);
    execvp(binary, const_cast<char**>(arguments));
    message[1] = errno;
    (void)!write(3, message, sizeof message);
    _exit(127);
  }
  close(output);
  close(report[1]);
  if (child < 0) {
    close(report[0]);
    return base::fail(base::system_error("fork", errno));
  }
  while (waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  int32_t message[2] = {-1, 0};
  int error = 0;
  ssize_t size;
  while ((size = read(report[0], message, sizeof message)) != 0) {
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) break;
    error = message[1];
  }
  close(report[0]);
  if (error != 0) return base::fail(base::system_error("start " + options_.binary, error));
  pid_ = message[0];
  return base::write_file(options_.state_directory + "/navarch.pid", std::to_string(pid_) + "\n", 0644);
}

io::Task<base::Result<void>> Containerd::start() {
  pid_ = find_running();
  if (pid_ > 0) {
    LOG_V(1, "Taking over the containerd that runs already", {"pid", pid_});
  } else {
    CO_TRY(launch());
    LOG_INFO("Started containerd", {"pid", pid_}, {"config", options_.state_directory + "/config.toml"});
  }
  int64_t deadline = io::Loop::current().clock().monotonic_ns() + std::chrono::nanoseconds(kStartTimeout).count();
  auto pause = std::chrono::milliseconds(2);
  while (!answers(socket())) {
    if (kill(pid_, 0) != 0 || io::Loop::current().clock().monotonic_ns() > deadline)
      co_return base::fail(base::Code::Unavailable, "containerd does not answer at " + socket() +
                                                        "; the end of its log:\n" + tail_of(options_.log_file));
    co_await io::sleep(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(50));
  }
  co_return {};
}

io::Task<void> Containerd::supervise() {
  auto pause = std::chrono::seconds(0);
  for (;;) {
    int64_t since = io::Loop::current().clock().monotonic_ns();
    if (pid_ > 0) {
      co_await ended(pid_);
      LOG_WARNING("containerd has ended; its containers run on", {"pid", pid_});
      pid_ = -1;
    }
    // What ran for a minute is not in a loop of crashes.
    if (io::Loop::current().clock().monotonic_ns() - since > 60'000'000'000) pause = std::chrono::seconds(0);
    co_await io::sleep(pause);
    pause = std::clamp(pause * 2, std::chrono::seconds(1), std::chrono::seconds(30));
    if (auto started = co_await start(); !started)
      LOG_ERROR("Cannot start containerd", {"error", started.error().message()});
  }
}

io::Task<void> Containerd::stop() {
  if (pid_ <= 0) pid_ = find_running();
  if (pid_ <= 0) co_return;
  kill(pid_, SIGTERM);
  if (!co_await io::with_timeout(std::chrono::seconds(10), ended(pid_))) {
    kill(pid_, SIGKILL);
    co_await ended(pid_);
  }
  pid_ = -1;
  unlink((options_.state_directory + "/navarch.pid").c_str());
}

io::Task<base::Result<void>> Containerd::import_image(std::string path) {
  CO_TRY(auto result, co_await io::run_command({.argv = {options_.client_binary, "--address", socket(), "--namespace",
                                                         "k8s.io", "images", "import", path}}));
  if (!result.status.ok())
    co_return base::fail(base::Code::Internal,
                         "import " + path + ": " + result.status.text() + ": " + std::string(base::trim(result.error)));
  co_return {};
}

}  // namespace kubelet
