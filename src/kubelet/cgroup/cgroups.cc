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
#include "kubelet/cgroup/systemd.h"

namespace kubelet {
namespace {

// Stands for no controller: the tree of version 2 beside those of version 1.
constexpr std::string_view kUnified = "unified";

// How long systemd may take to make a slice that it has agreed to make.
constexpr int kSliceLooks = 3000;
constexpr useconds_t kSlicePauseUs = 10'000;

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

Cgroups::Cgroups(int version, std::map<std::string, std::string> controllers, CgroupDriver driver)
    : version_(version), driver_(driver), controllers_(std::move(controllers)) {}

std::string Cgroups::place(const std::string& path) const {
  return driver_ == CgroupDriver::Systemd ? slice_path(path) : path;
}

std::string Cgroups::container_name(std::string_view runtime, const std::string& id) const {
  if (driver_ == CgroupDriver::Cgroupfs) return id;
  std::string_view prefix = runtime == "docker" ? "docker" : runtime == "cri-o" ? "crio" : "cri-containerd";
  return base::cat({prefix, "-", id, ".scope"});
}

base::Result<Cgroups> Cgroups::detect(CgroupDriver driver, const std::string& mountinfo) {
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
    return Cgroups(1, std::move(controllers), driver);
  }
  if (!unified.empty()) return Cgroups(2, {{"", unified}}, driver);
  return base::fail(base::Code::NotFound, "no control groups are mounted");
}

std::string Cgroups::directory(const std::string& controller, const std::string& place) const {
  auto found = controllers_.find(version_ == 2 ? "" : controller);
  return found == controllers_.end() ? "" : found->second + place;
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

std::string Cgroups::shown_by(const std::string& place) const {
  auto own = controllers_.find(version_ == 2 ? "" : "name=systemd");
  return own == controllers_.end() ? directory("memory", place) : own->second + place;
}

// From the top down: what a slice lies in is there first.
base::Result<void> Cgroups::ensure_slices(const std::string& path, const CgroupLimits& limits) const {
  for (size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    auto above = path.substr(0, slash);
    if (!is_directory(shown_by(place(above)))) TRY(ensure_slice(above, {}));
  }
  return ensure_slice(path, limits);
}

base::Result<void> Cgroups::ensure_slice(const std::string& path, const CgroupLimits& limits) const {
  SystemdSlices slices;
  auto folder = shown_by(place(path));
  bool is_there = is_directory(folder);
  auto done = slices.ensure(path, limits, version_, is_there);
  // A folder that is nobody's unit.
  if (!done && is_there) done = slices.ensure(path, limits, version_, false);
  TRY(std::move(done));
  for (int looks = 0; !is_directory(folder); ++looks) {
    if (looks == kSliceLooks)
      return base::fail(base::Code::Timeout, base::cat({"systemd has not made ", slice_name(path), " in time"}));
    usleep(kSlicePauseUs);
  }
  return {};
}

base::Result<void> Cgroups::ensure(const std::string& path, const CgroupLimits& limits) const {
  // What systemd does not set, and what it set for another kernel's tree, is set as without it.
  if (driver_ == CgroupDriver::Systemd) TRY(ensure_slices(path, limits));
  return ensure_folders(place(path), limits);
}

bool Cgroups::bounds_swap() const {
  if (version_ == 1) return base::exists(directory("memory", "/memory.memsw.limit_in_bytes"));
  // The top itself has no limits.
  auto names = base::list_directory(directory("", ""));
  return names && std::ranges::any_of(*names, [&](const auto& name) {
           return base::exists(directory("", base::cat({"/", name, "/memory.swap.max"})));
         });
}

base::Result<void> Cgroups::enter(const std::string& place) const {
  TRY(ensure_folders(place, {}));
  auto self = std::to_string(getpid());
  for (auto controller : {"cpu", "cpuacct", "memory", "pids"}) {
    auto folder = directory(controller, place);
    if (folder.empty()) continue;
    TRY(base::make_directories(folder, 0755));
    write(folder + "/cgroup.procs", self);
    if (version_ == 2) break;  // one tree
  }
  return {};
}

base::Result<void> Cgroups::ensure_folders(const std::string& path, const CgroupLimits& limits) const {
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
    std::string folder = directory(controller, place(path));
    if (folder.empty() || is_directory(folder) || missing.contains(folder)) continue;
    missing += base::cat({missing.empty() ? "" : ", ", folder});
  }
  if (missing.empty()) return {};
  return base::fail(base::Code::NotFound,
                    base::cat({"cgroup ", base::quote(path), " has some missing paths: ", missing}));
}

base::Result<void> Cgroups::remove(const std::string& path) const {
  const std::string at = place(path);
  if (driver_ == CgroupDriver::Systemd && is_directory(shown_by(at))) TRY(SystemdSlices().stop(path));
  bool busy = false;
  for (auto& root : roots()) {
    std::vector<std::string> groups;
    if (is_directory(root + at)) collect(root + at, groups);
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

}  // namespace kubelet
