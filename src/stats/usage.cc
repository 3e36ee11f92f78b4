#include "stats/usage.h"

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "base/strings.h"

namespace stats {
namespace {

// Version 1 writes "unlimited" as the greatest multiple of a page.
constexpr uint64_t kUnlimitedFrom = uint64_t{1} << 62;
constexpr uint64_t kTickNs = 10'000'000;  // of cpuacct.stat: the kernel's USER_HZ is 100 everywhere

std::optional<uint64_t> number(const std::string& path) {
  auto text = base::read_file(path);
  if (!text) return std::nullopt;
  auto value = base::parse_uint(base::trim(*text));
  return value ? std::optional<uint64_t>(*value) : std::nullopt;
}

// A file of "name 123" in lines.
class Table {
 public:
  explicit Table(const std::string& path) {
    if (auto text = base::read_file(path)) text_ = std::move(*text);
  }
  uint64_t operator[](std::string_view name) const {
    for (auto line : base::split(text_, '\n')) {
      size_t space = line.find(' ');
      if (space != std::string_view::npos && line.substr(0, space) == name) {
        return base::parse_uint(line.substr(space + 1)).value_or(0);
      }
    }
    return 0;
  }
  bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

uint64_t count_lines(const std::string& path) {
  auto text = base::read_file(path);
  return text ? static_cast<uint64_t>(std::count(text->begin(), text->end(), '\n')) : 0;
}

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" and the same for "full".
std::optional<Pressure> pressure(const std::string& path) {
  auto text = base::read_file(path);
  if (!text) return std::nullopt;
  Pressure out;
  for (auto line : base::split(*text, '\n')) {
    auto words = base::split(line, ' ');
    if (words.size() < 5) continue;
    Pressure::Line& target = words[0] == "some" ? out.some : out.full;
    for (auto word : words) {
      auto at = word.find('=');
      if (at == std::string_view::npos) continue;
      std::string value(word.substr(at + 1));
      if (word.starts_with("avg10=")) target.average_10s = strtod(value.c_str(), nullptr);
      if (word.starts_with("avg60=")) target.average_60s = strtod(value.c_str(), nullptr);
      if (word.starts_with("avg300=")) target.average_300s = strtod(value.c_str(), nullptr);
      if (word.starts_with("total=")) target.total_us = base::parse_uint(value).value_or(0);
    }
  }
  return out;
}

base::Error gone(const std::string& directory) {
  return base::Error(base::Code::NotFound, base::cat({"no control group at ", directory}));
}

base::Result<Usage> read_unified(const std::string& folder) {
  Table cpu(folder + "/cpu.stat"), memory(folder + "/memory.stat"), events(folder + "/memory.events");
  if (cpu.empty() && memory.empty()) return base::fail(gone(folder));
  Usage out;
  out.cpu_ns = cpu["usage_usec"] * 1000;
  out.cpu_user_ns = cpu["user_usec"] * 1000;
  out.cpu_system_ns = cpu["system_usec"] * 1000;
  out.cpu_periods = cpu["nr_periods"];
  out.cpu_throttled_periods = cpu["nr_throttled"];
  out.cpu_throttled_ns = cpu["throttled_usec"] * 1000;
  // The root group has no file for its sum.
  out.memory_bytes = number(folder + "/memory.current").value_or(memory["anon"] + memory["file"]);
  out.memory_rss_bytes = memory["anon"];
  out.memory_cache_bytes = memory["file"];
  out.memory_mapped_file_bytes = memory["file_mapped"];
  out.memory_active_file_bytes = memory["active_file"];
  out.memory_inactive_file_bytes = memory["inactive_file"];
  out.memory_kernel_bytes = memory["kernel"];
  out.memory_max_usage_bytes = number(folder + "/memory.peak").value_or(0);
  out.memory_failures = events["max"];
  out.out_of_memory_kills = events["oom_kill"];
  out.page_faults = memory["pgfault"];
  out.major_page_faults = memory["pgmajfault"];
  out.swap_bytes = number(folder + "/memory.swap.current").value_or(0);
  out.memory_limit_bytes = number(folder + "/memory.max");
  out.processes = count_lines(folder + "/cgroup.procs");
  out.threads = number(folder + "/pids.current").value_or(out.processes);
  out.cpu_pressure = pressure(folder + "/cpu.pressure");
  out.memory_pressure = pressure(folder + "/memory.pressure");
  out.io_pressure = pressure(folder + "/io.pressure");
  return out;
}

base::Result<Usage> read_split(const UsagePlace& place) {
  auto cpu_ns = number(place.cpu_directory + "/cpuacct.usage");
  Table memory(place.memory_directory + "/memory.stat");
  if (!cpu_ns && memory.empty()) return base::fail(gone(place.memory_directory));
  Table times(place.cpu_directory + "/cpuacct.stat"), quota(place.quota_directory + "/cpu.stat");
  Usage out;
  out.cpu_ns = cpu_ns.value_or(0);
  out.cpu_user_ns = times["user"] * kTickNs;
  out.cpu_system_ns = times["system"] * kTickNs;
  out.cpu_periods = quota["nr_periods"];
  out.cpu_throttled_periods = quota["nr_throttled"];
  out.cpu_throttled_ns = quota["throttled_time"];
  const std::string& folder = place.memory_directory;
  out.memory_bytes = number(folder + "/memory.usage_in_bytes").value_or(0);
  out.memory_rss_bytes = memory["total_rss"];
  out.memory_cache_bytes = memory["total_cache"];
  out.memory_mapped_file_bytes = memory["total_mapped_file"];
  out.memory_active_file_bytes = memory["total_active_file"];
  out.memory_inactive_file_bytes = memory["total_inactive_file"];
  out.memory_kernel_bytes = number(folder + "/memory.kmem.usage_in_bytes").value_or(0);
  out.memory_max_usage_bytes = number(folder + "/memory.max_usage_in_bytes").value_or(0);
  out.memory_failures = number(folder + "/memory.failcnt").value_or(0);
  out.out_of_memory_kills = Table(folder + "/memory.oom_control")["oom_kill"];
  out.page_faults = memory["total_pgfault"];
  out.major_page_faults = memory["total_pgmajfault"];
  out.swap_bytes = memory["total_swap"];
  if (auto limit = number(folder + "/memory.limit_in_bytes"); limit && *limit < kUnlimitedFrom)
    out.memory_limit_bytes = limit;
  out.processes = count_lines(folder + "/cgroup.procs");
  out.threads = number(place.pids_directory + "/pids.current").value_or(out.processes);
  return out;
}

}  // namespace

base::Result<Usage> read_usage(const UsagePlace& place) {
  auto out = place.version == 2 ? read_unified(place.memory_directory) : read_split(place);
  if (!out) return out;
  uint64_t inactive = out->memory_inactive_file_bytes;
  out->memory_working_set_bytes = out->memory_bytes > inactive ? out->memory_bytes - inactive : 0;
  return out;
}

}  // namespace stats
