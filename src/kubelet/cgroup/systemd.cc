#include "kubelet/cgroup/systemd.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "base/strings.h"

namespace kubelet {
namespace {

constexpr std::string_view kSuffix = ".slice";
constexpr int kAnswerSecondsMax = 30;

std::string_view without_suffix(std::string_view name) {
  return name.substr(0, name.size() - kSuffix.size());
}

// The parts of a name, each as a slice's name has it: a dash would begin another slice.
std::vector<std::string> parts_of(std::string_view path) {
  std::vector<std::string> out;
  for (auto part : base::split(path, '/')) {
    if (part.empty()) continue;
    if (part.ends_with(kSuffix)) {
      // The last slice names all of them.
      out.clear();
      for (auto one : base::split(without_suffix(part), '-'))
        if (!one.empty()) out.emplace_back(one);
      continue;
    }
    std::string one(part);
    std::ranges::replace(one, '-', '_');
    out.push_back(std::move(one));
  }
  return out;
}

std::string parent_of(const std::string& name) {
  auto dash = name.rfind('-');
  return dash == std::string::npos || dash == 0 ? "-.slice" : name.substr(0, dash) + std::string(kSuffix);
}

// What a command printed on both outputs, and that it ended well.
base::Result<void> run(std::vector<std::string> words) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return base::fail(base::system_error("pipe", errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = -1;
  int failed = posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  close(ends[1]);
  std::string said;
  if (failed == 0) {
    char piece[1024];
    for (ssize_t got = 0; (got = read(ends[0], piece, sizeof piece)) != 0;) {
      if (got < 0 && errno != EINTR) break;
      if (got > 0) said.append(piece, static_cast<size_t>(got));
    }
  }
  close(ends[0]);
  if (failed != 0) return base::fail(base::system_error("run busctl", failed));
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return base::fail(base::Code::Unavailable, base::cat({"systemd: ", base::trim(said)}));
}

base::Result<void> call(std::string_view method, std::string_view signature, std::vector<std::string> arguments) {
  std::vector<std::string> words = {"busctl",
                                    "--system",
                                    "--quiet",
                                    "--timeout=" + std::to_string(kAnswerSecondsMax),
                                    "--",  // "-.slice" is no option
                                    "call",
                                    "org.freedesktop.systemd1",
                                    "/org/freedesktop/systemd1",
                                    "org.freedesktop.systemd1.Manager",
                                    std::string(method),
                                    std::string(signature)};
  words.insert(words.end(), std::make_move_iterator(arguments.begin()), std::make_move_iterator(arguments.end()));
  return run(std::move(words));
}

std::string amount(int64_t value) {
  return std::to_string(value <= 0 ? UINT64_MAX : static_cast<uint64_t>(value));
}

void append(std::vector<std::string>& to, const SliceProperties& properties) {
  to.push_back(std::to_string(properties.count));
  to.insert(to.end(), properties.words.begin(), properties.words.end());
}

}  // namespace

std::string slice_name(std::string_view path) {
  auto parts = parts_of(path);
  return parts.empty() ? "-.slice" : base::join(parts, "-") + std::string(kSuffix);
}

std::string slice_path(std::string_view path) {
  std::string out, name;
  for (const auto& part : parts_of(path)) {
    name += name.empty() ? part : "-" + part;
    out += base::cat({"/", name, kSuffix});
  }
  return out;
}

void SliceProperties::add(std::initializer_list<std::string> property) {
  ++count;
  words.insert(words.end(), property);
}

SliceProperties slice_limits(const CgroupLimits& limits, int cgroup_version) {
  SliceProperties out;
  bool two = cgroup_version == 2;
  if (limits.cpu_shares) {
    if (two) {
      out.add({"CPUWeight", "t", std::to_string(shares_to_weight(*limits.cpu_shares))});
    } else {
      out.add({"CPUShares", "t", std::to_string(*limits.cpu_shares)});
    }
  }
  if (limits.cpu_quota_us) {
    // Microseconds in each second. systemd counts in hundredths of a processor: rounded up.
    constexpr int64_t kStep = 10'000;
    int64_t each_second = *limits.cpu_quota_us * 1'000'000 / std::max<int64_t>(limits.cpu_period_us, 1);
    out.add({"CPUQuotaPerSecUSec", "t", amount((each_second + kStep - 1) / kStep * kStep)});
  }
  if (limits.memory_bytes) out.add({two ? "MemoryMax" : "MemoryLimit", "t", amount(*limits.memory_bytes)});
  if (limits.pids) out.add({"TasksMax", "t", amount(*limits.pids)});
  return out;
}

base::Result<void> SystemdSlices::ensure(std::string_view path, const CgroupLimits& limits, int cgroup_version,
                                         bool is_there) const {
  auto name = slice_name(path);
  auto bounds = slice_limits(limits, cgroup_version);
  if (is_there) {
    if (bounds.count == 0) return {};
    std::vector<std::string> arguments = {name, "true"};  // until the next start of the machine
    append(arguments, bounds);
    return call("SetUnitProperties", "sba(sv)", std::move(arguments));
  }
  SliceProperties all;
  all.add({"Description", "s", "libcontainer container " + name});
  all.add({"Wants", "as", "1", parent_of(name)});
  all.add({"DefaultDependencies", "b", "false"});
  for (auto counted : {"MemoryAccounting", "CPUAccounting", cgroup_version == 2 ? "IOAccounting" : "BlockIOAccounting",
                       "TasksAccounting"})
    all.add({counted, "b", "true"});
  all.count += bounds.count;
  all.words.insert(all.words.end(), bounds.words.begin(), bounds.words.end());
  std::vector<std::string> arguments = {name, "replace"};
  append(arguments, all);
  arguments.emplace_back("0");  // no units beside it
  return call("StartTransientUnit", "ssa(sv)a(sa(sv))", std::move(arguments));
}

base::Result<void> SystemdSlices::stop(std::string_view path) const {
  return call("StopUnit", "ss", {slice_name(path), "replace"});
}

}  // namespace kubelet
