#include "kubelet/node/machine.h"

#include <sched.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strings.h"

namespace kubelet {
namespace {

std::string line_of(const std::string& path) {
  auto text = base::read_file(path);
  return text ? std::string(base::trim(*text)) : std::string();
}

int64_t kilobytes(const std::string& meminfo, std::string_view name) {
  for (auto line : base::split(meminfo, '\n'))
    if (line.starts_with(name)) {
      auto rest = base::trim(line.substr(name.size()));
      return base::parse_int(rest.substr(0, rest.find(' '))).value_or(0) * 1024;
    }
  return 0;
}

std::string os_image() {
  auto text = base::read_file("/etc/os-release");
  if (!text) return "Linux";
  for (auto line : base::split(*text, '\n')) {
    if (!line.starts_with("PRETTY_NAME=")) continue;
    auto name = line.substr(12);
    if (name.size() >= 2 && name.front() == '"') name = name.substr(1, name.size() - 2);
    return std::string(name);
  }
  return "Linux";
}

std::string architecture(std::string_view machine) {
  if (machine == "x86_64") return "amd64";
  if (machine == "aarch64") return "arm64";
  if (machine.starts_with("armv")) return "arm";
  return std::string(machine);
}

int64_t disk_of(std::string path) {
  struct statvfs info{};
  while (statvfs(path.c_str(), &info) != 0) {
    size_t slash = path.rfind('/');
    if (slash == std::string::npos || path == "/") return 0;
    path = slash == 0 ? "/" : path.substr(0, slash);
  }
  return static_cast<int64_t>(info.f_blocks) * static_cast<int64_t>(info.f_frsize);
}

}  // namespace

Machine read_machine(const std::string& root_directory) {
  Machine out;
  cpu_set_t set;
  out.cpus = sysconf(_SC_NPROCESSORS_ONLN);
  if (sched_getaffinity(0, sizeof set, &set) == 0) out.cpus = std::min<int64_t>(out.cpus, CPU_COUNT(&set));
  auto meminfo = base::read_file("/proc/meminfo");
  if (meminfo) {
    out.memory_bytes = kilobytes(*meminfo, "MemTotal:");
    out.swap_bytes = kilobytes(*meminfo, "SwapTotal:");
  }
  out.disk_bytes = disk_of(root_directory);
  for (auto [folder, name, size] : {std::tuple{"hugepages-2048kB", "hugepages-2Mi", int64_t{2} << 20},
                                    std::tuple{"hugepages-1048576kB", "hugepages-1Gi", int64_t{1} << 30}}) {
    std::string path = std::string("/sys/kernel/mm/hugepages/") + folder;
    if (!base::exists(path)) continue;
    out.hugepages[name] = base::parse_int(line_of(path + "/nr_hugepages")).value_or(0) * size;
  }
  utsname system{};
  uname(&system);
  out.info.machine_id = line_of("/etc/machine-id");
  out.info.system_uuid = base::to_lower(line_of("/sys/class/dmi/id/product_uuid"));
  if (out.info.system_uuid.empty()) out.info.system_uuid = out.info.machine_id;
  out.info.boot_id = line_of("/proc/sys/kernel/random/boot_id");
  out.info.kernel_version = system.release;
  out.info.os_image = os_image();
  out.info.operating_system = "linux";
  out.info.architecture = architecture(system.machine);
  if (out.swap_bytes > 0) out.info.swap.emplace().capacity = out.swap_bytes;
  return out;
}

ResourceList node_capacity(const Machine& machine, int32_t pods_max) {
  using Format = base::Quantity::Format;
  auto kibi = [](int64_t bytes) { return base::Quantity::of(bytes / 1024 * 1024, Format::BinarySI); };
  ResourceList out;
  out["cpu"] = base::Quantity::of(machine.cpus);
  out["memory"] = kibi(machine.memory_bytes);
  out["ephemeral-storage"] = kibi(machine.disk_bytes);
  out["pods"] = base::Quantity::of(pods_max);
  for (auto& [name, bytes] : machine.hugepages) out[name] = base::Quantity::of(bytes, Format::BinarySI);
  return out;
}

ResourceList node_allocatable(const ResourceList& capacity, const ResourceList& reserved,
                              const std::vector<Threshold>& thresholds) {
  ResourceList out = capacity;
  auto take = [&](std::string_view name, const base::Quantity& amount) {
    auto found = out.find(name);
    if (found == out.end()) return;
    found->second -= amount;
    if (found->second.sign() < 0) found->second = base::Quantity::of(0, found->second.format());
  };
  for (auto& [name, amount] : reserved) take(name, amount);
  for (const auto& threshold : thresholds) {
    if (!threshold.is_hard()) continue;
    if (threshold.signal != Signal::MemoryAvailable && threshold.signal != Signal::NodeFsAvailable) continue;
    auto name = starved_resource(threshold.signal);
    auto whole = capacity.find(name);
    if (whole != capacity.end()) take(name, threshold.limit.of(whole->second));
  }
  // A share of the disk is no round number of anything.
  if (auto disk = out.find("ephemeral-storage"); disk != out.end())
    disk->second = base::Quantity::of(disk->second.value());
  // Huge pages are memory that nothing else can have.
  for (auto& [name, amount] : capacity)
    if (name.starts_with("hugepages-")) take("memory", amount);
  return out;
}

}  // namespace kubelet
