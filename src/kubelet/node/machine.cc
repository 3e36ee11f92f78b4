#include "kubelet/node/machine.h"

#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <sched.h>

#include "base/file.h"
#include "base/strings.h"

namespace kubelet {
namespace {

std::string read_line(const std::string& path) {
  auto text = base::read_file(path);
  return text ? std::string(base::trim(*text)) : "";
}

// "MemTotal:   16384 kB" of /proc/meminfo, in bytes.
int64_t memory_figure(const std::string& text, std::string_view name) {
  for (auto line : base::split(text, '\n')) {
    if (!line.starts_with(name)) continue;
    auto number = base::trim(line.substr(name.size()));
    number = number.substr(0, number.find(' '));
    return base::parse_int(number).value_or(0) * 1024;
  }
  return 0;
}

std::string os_image() {
  auto text = base::read_file("/etc/os-release");
  if (!text) return "Linux";
  for (auto line : base::split(*text, '\n')) {
    constexpr std::string_view kName = "PRETTY_NAME=";
    if (!line.starts_with(kName)) continue;
    line.remove_prefix(kName.size());
    if (line.size() >= 2 && line.front() == '"' && line.back() == '"') line = line.substr(1, line.size() - 2);
    return std::string(line);
  }
  return "Linux";
}

std::string go_architecture(std::string_view machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  if (machine.starts_with("armv")) return "arm";
  return std::string(machine);
}

int64_t processor_count() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

}  // namespace

Machine read_machine(const std::string& root_directory) {
  Machine machine;
  machine.processors = processor_count();
  auto memory = base::read_file("/proc/meminfo").value_or("");
  machine.memory_bytes = memory_figure(memory, "MemTotal:");
  machine.swap_bytes = memory_figure(memory, "SwapTotal:");
  struct statvfs storage;
  if (statvfs(root_directory.c_str(), &storage) == 0) {
    machine.storage_bytes = static_cast<int64_t>(storage.f_blocks) * static_cast<int64_t>(storage.f_frsize);
  }
  machine.machine_id = read_line("/etc/machine-id");
  machine.system_uuid = base::to_lower(read_line("/sys/class/dmi/id/product_uuid"));
  if (machine.system_uuid.empty()) machine.system_uuid = machine.machine_id;
  machine.boot_id = read_line("/proc/sys/kernel/random/boot_id");
  utsname names;
  if (uname(&names) == 0) {
    machine.kernel_version = names.release;
    machine.architecture = go_architecture(names.machine);
    machine.host_name = base::to_lower(names.nodename);
  }
  machine.os_image = os_image();
  return machine;
}

Pressure read_pressure(const std::string& root_directory) {
  Pressure now;
  now.memory_available_bytes = memory_figure(base::read_file("/proc/meminfo").value_or(""), "MemAvailable:");
  struct statvfs storage;
  if (statvfs(root_directory.c_str(), &storage) == 0) {
    now.storage_available_bytes = static_cast<int64_t>(storage.f_bavail) * static_cast<int64_t>(storage.f_frsize);
    now.storage_inodes = static_cast<int64_t>(storage.f_files);
    now.storage_inodes_free = static_cast<int64_t>(storage.f_favail);
  }
  // "0.10 0.20 0.30 2/345 6789": the second of the pair is how many there are.
  auto load = base::read_file("/proc/loadavg").value_or("");
  auto slash = load.find('/');
  if (slash != std::string::npos) {
    auto rest = std::string_view(load).substr(slash + 1);
    now.processes = base::parse_int(rest.substr(0, rest.find(' '))).value_or(0);
  }
  now.processes_max = base::parse_int(read_line("/proc/sys/kernel/pid_max")).value_or(0);
  return now;
}

}  // namespace kubelet
