#include "kubelet/cgroup/cgroups.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"

namespace kubelet {
namespace {

// Stands for no controller: the tree of version 2 beside those of version 1.
constexpr std::string_view kUnified = "unified";

bool is_directory(const std::string& path) {
  struct stat info{};
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

// Children first.
void collect(const std::string& path, std::vector<std::string>& out) {
  auto names = base::list_directory(path);
  if (!names) return;
  for (auto& name : *names)
    if (is_directory(path + "/" + name)) collect(path + "/" + name, out);
  out.push_back(path);
}

}  // namespace

Cgroups::Cgroups(int version, std::map<std::string, std::string> controllers)
    : version_(version), controllers_(std::move(controllers)) {}

base::Result<Cgroups> Cgroups::detect(const std::string& mountinfo) {
  TRY(auto text, base::read_file(mountinfo));
  std::map<std::string, std::string> controllers;
  std::string unified;
  for (auto line : base::split(text, '\n')) {
    // "36 35 98:0 /root /mount options - type source superoptions"
    auto fields = base::split(line, ' ');
    auto dash = std::ranges::find(fields, std::string_view("-"));
    if (fields.size() < 10 || fields.end() - dash < 4) continue;
    auto type = dash[1];
    auto options = dash[3];
    std::string mount(fields[4]);
    if (type == "cgroup2") unified = mount;
    if (type != "cgroup") continue;
    for (auto option : base::split(options, ',')) {
      if (option == "rw" || option == "ro") continue;
      controllers.emplace(std::string(option), mount);
    }
  }
  // In a hybrid machine the controllers are in version 1's trees. Runtimes make groups in the other one all the same,
  // which go with those.
  if (!controllers.empty()) {
    if (!unified.empty()) controllers.emplace(kUnified, unified);
    return Cgroups(1, std::move(controllers));
  }
  if (!unified.empty()) return Cgroups(2, {{"", unified}});
  return base::fail(base::Code::NotFound, "no control groups are mounted");
}

std::string Cgroups::directory(const std::string& controller, const std::string& path) const {
  auto found = controllers_.find(version_ == 2 ? "" : controller);
  return found == controllers_.end() ? "" : found->second + path;
}

std::vector<std::string> Cgroups::roots() const {
  std::vector<std::string> out;
  for (auto& [name, mount] : controllers_)
    if (std::ranges::find(out, mount) == out.end()) out.push_back(mount);
  return out;
}

void Cgroups::write(const std::string& file, const std::string& value) const {
  int fd = open(file.c_str(), O_WRONLY | O_CLOEXEC);
  ssize_t written = fd < 0 ? -1 : ::write(fd, value.data(), value.size());
  int error = errno;
  if (fd >= 0) close(fd);
  if (written < 0)
    LOG_V(2, "A control group's setting was refused", {"file", file}, {"value", value},
          {"error", base::system_error("write", error).message()});
}

base::Result<void> Cgroups::ensure(const std::string& path, const CgroupLimits& limits) const {
  if (version_ == 2) {
    const std::string& root = controllers_.at("");
    // A controller works in a group once the one above passes it on.
    for (size_t slash = 0; slash != std::string::npos; slash = path.find('/', slash + 1)) {
      std::string above = root + path.substr(0, slash);
      TRY(base::make_directories(above, 0755));
      for (auto controller : {"+cpu", "+memory", "+pids", "+cpuset", "+io", "+hugetlb"})
        write(above + "/cgroup.subtree_control", controller);
    }
    TRY(base::make_directories(root + path, 0755));
    if (limits.cpu_shares) write(root + path + "/cpu.weight", std::to_string(shares_to_weight(*limits.cpu_shares)));
    if (limits.cpu_quota_us)
      write(root + path + "/cpu.max", (*limits.cpu_quota_us <= 0 ? "max" : std::to_string(*limits.cpu_quota_us)) + " " +
                                          std::to_string(limits.cpu_period_us));
    if (limits.memory_bytes)
      write(root + path + "/memory.max", *limits.memory_bytes <= 0 ? "max" : std::to_string(*limits.memory_bytes));
    if (limits.pids) write(root + path + "/pids.max", std::to_string(*limits.pids));
    for (auto& [size, bytes] : limits.hugepages)
      write(base::cat({root, path, "/hugetlb.", size, ".max"}), std::to_string(bytes));
    return {};
  }
  for (auto controller : {"cpu", "memory", "pids", "hugetlb"}) {
    std::string folder = directory(controller, path);
    if (!folder.empty()) TRY(base::make_directories(folder, 0755));
  }
  std::string cpu = directory("cpu", path), memory = directory("memory", path), pids = directory("pids", path);
  if (!cpu.empty()) {
    if (limits.cpu_shares) write(cpu + "/cpu.shares", std::to_string(*limits.cpu_shares));
    if (limits.cpu_quota_us) {
      write(cpu + "/cpu.cfs_period_us", std::to_string(limits.cpu_period_us));
      write(cpu + "/cpu.cfs_quota_us", std::to_string(*limits.cpu_quota_us <= 0 ? -1 : *limits.cpu_quota_us));
    }
  }
  if (!memory.empty() && limits.memory_bytes)
    write(memory + "/memory.limit_in_bytes", std::to_string(*limits.memory_bytes <= 0 ? -1 : *limits.memory_bytes));
  if (!pids.empty() && limits.pids) write(pids + "/pids.max", std::to_string(*limits.pids));
  if (auto folder = directory("hugetlb", path); !folder.empty())
    for (auto& [size, bytes] : limits.hugepages)
      write(base::cat({folder, "/hugetlb.", size, ".limit_in_bytes"}), std::to_string(bytes));
  return {};
}

base::Result<void> Cgroups::check_exists(const std::string& path) const {
  std::string missing;
  for (auto controller : {"cpu", "memory", "pids"}) {
    std::string folder = directory(controller, path);
    if (folder.empty() || is_directory(folder) || missing.contains(folder)) continue;
    missing += base::cat({missing.empty() ? "" : ", ", folder});
  }
  if (missing.empty()) return {};
  return base::fail(base::Code::NotFound,
                    base::cat({"cgroup ", base::quote(path), " has some missing paths: ", missing}));
}

base::Result<void> Cgroups::remove(const std::string& path) const {
  bool busy = false;
  for (auto& root : roots()) {
    std::vector<std::string> groups;
    if (is_directory(root + path)) collect(root + path, groups);
    for (auto& group : groups) {
      if (rmdir(group.c_str()) == 0 || errno == ENOENT) continue;
      auto left = base::read_file(group + "/cgroup.procs");
      if (left)
        for (auto line : base::split(*left, '\n'))
          if (auto pid = base::parse_int(line); pid && *pid > 1) kill(static_cast<pid_t>(*pid), SIGKILL);
      if (rmdir(group.c_str()) != 0 && errno != ENOENT) busy = true;
    }
  }
  if (busy) return base::fail(base::Code::Unavailable, "the control group " + path + " is still in use");
  return {};
}

std::vector<std::string> Cgroups::children(const std::string& path) const {
  std::vector<std::string> out;
  for (auto& root : roots()) {
    auto names = base::list_directory(root + path);
    if (!names) continue;
    for (auto& name : *names)
      if (is_directory(root + path + "/" + name) && std::ranges::find(out, name) == out.end()) out.push_back(name);
  }
  return out;
}

int64_t milli_cpu_to_shares(int64_t milli_cpu) {
  constexpr int64_t kMin = 2, kMax = 262144;
  return std::clamp(milli_cpu * 1024 / 1000, kMin, kMax);
}

int64_t milli_cpu_to_quota_us(int64_t milli_cpu, int64_t period_us) {
  if (milli_cpu == 0) return 0;
  return std::max<int64_t>(milli_cpu * period_us / 1000, 1000);
}

int64_t shares_to_weight(int64_t shares) {
  return 1 + (std::clamp<int64_t>(shares, 2, 262144) - 2) * 9999 / 262142;
}

}  // namespace kubelet
