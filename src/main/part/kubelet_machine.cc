#include "main/part/kubelet_machine.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "kubelet/cgroup/cgroups.h"

namespace navarch {
namespace {

// The first line names the columns.
bool has_swap(const std::string& table) {
  auto lines = base::split(base::trim(table), '\n');
  return std::any_of(lines.begin() + 1, lines.end(), [](std::string_view line) { return !base::trim(line).empty(); });
}

// Kubernetes documentation, "KubeletConfiguration", protectKernelDefaults.
base::Result<void> check_kernel(const std::string& root) {
  const std::pair<std::string_view, int64_t> kNeeded[] = {{"vm/overcommit_memory", 1},
                                                          {"vm/panic_on_oom", 0},
                                                          {"kernel/panic", 10},
                                                          {"kernel/panic_on_oops", 1},
                                                          {"kernel/keys/root_maxkeys", 1'000'000},
                                                          {"kernel/keys/root_maxbytes", 25'000'000}};
  std::vector<std::string> wrong;
  for (const auto& [name, value] : kNeeded) {
    auto text = base::read_file(base::cat({root, "/proc/sys/", name}));
    auto now = text ? base::parse_int(base::trim(*text)) : std::nullopt;
    if (now && *now == value) continue;
    wrong.push_back(base::cat({"invalid kernel flag: ", name, ", expected value: ", std::to_string(value),
                               ", actual value: ", now ? std::to_string(*now) : "unknown"}));
  }
  if (wrong.empty()) return {};
  if (wrong.size() == 1) return base::fail(base::Code::Invalid, wrong.front());
  return base::fail(base::Code::Invalid, "[" + base::join(wrong, ", ") + "]");
}

void raise_open_files(int64_t most) {
  rlimit now{};
  auto wanted = static_cast<rlim_t>(most);
  if (getrlimit(RLIMIT_NOFILE, &now) == 0 && now.rlim_cur >= wanted) return;
  rlimit next{.rlim_cur = wanted, .rlim_max = std::max(now.rlim_max, wanted)};
  if (setrlimit(RLIMIT_NOFILE, &next) != 0)
    LOG_WARNING("Cannot raise how many files may be open", {"most", most},
                {"error", base::system_error("setrlimit", errno).message()});
}

}  // namespace

base::Result<void> prepare_machine(const KubeletFileOptions& options, const std::string& root) {
  if (auto table = base::read_file(root + "/proc/swaps"); options.fail_swap_on && table && has_swap(*table)) {
    return base::fail(base::Code::Invalid,
                      base::cat({"running with swap on is not supported, please disable swap or set --fail-swap-on "
                                 "flag to false. /proc/swaps contained: ",
                                 base::trim(*table)}));
  }
  if (options.protect_kernel_defaults) TRY(check_kernel(root));
  if (options.fail_cgroup_v1) {
    auto groups = kubelet::Cgroups::detect();
    if (groups && groups->version() == 1)
      return base::fail(base::Code::Invalid,
                        "kubelet is configured to not run on a host using cgroup v1. cgroup v1 support is in "
                        "maintenance mode");
  }
  raise_open_files(options.open_files_max);
  return {};
}

}  // namespace navarch
