#include "kubelet/alignment/layout.h"

#include <algorithm>

#include "base/file.h"
#include "base/strings.h"

namespace kubelet {
namespace {

std::string text_of(const std::string& path) {
  auto text = base::read_file(path);
  return text ? std::string(base::trim(*text)) : "";
}

int number_of(const std::string& path, int otherwise) {
  auto number = base::parse_int(text_of(path));
  return number ? static_cast<int>(*number) : otherwise;
}

// "Node 0 MemTotal:  16314436 kB"
int64_t memory_of(const std::string& meminfo) {
  auto at = meminfo.find("MemTotal:");
  if (at == std::string::npos) return 0;
  auto rest = base::trim(std::string_view(meminfo).substr(at + 9));
  return base::parse_int(rest.substr(0, rest.find(' '))).value_or(0) * 1024;
}

// "hugepages-2048kB" is the resource "hugepages-2Mi".
std::string huge_page_resource(int64_t kilobytes) {
  return "hugepages-" + base::Quantity::of(kilobytes * 1024, base::Quantity::Format::BinarySI).to_string();
}

void add_huge_pages(const std::string& folder, std::map<std::string, int64_t>& memory) {
  auto sizes = base::list_directory(folder);
  if (!sizes) return;
  for (std::string_view name : *sizes) {
    if (!name.starts_with("hugepages-") || !name.ends_with("kB")) continue;
    auto kilobytes = base::parse_int(name.substr(10, name.size() - 12)).value_or(0);
    auto pages = base::parse_int(text_of(base::cat({folder, "/", name, "/nr_hugepages"}))).value_or(0);
    if (pages > 0) memory[huge_page_resource(kilobytes)] = pages * kilobytes * 1024;
  }
}

}  // namespace

base::Result<CpuSet> parse_cpu_list(std::string_view text) {
  CpuSet out;
  text = base::trim(text);
  if (text.empty()) return out;
  for (std::string_view part : base::split(text, ',')) {
    size_t dash = part.find('-');
    auto first = base::parse_int(part.substr(0, dash));
    auto last = dash == std::string_view::npos ? first : base::parse_int(part.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last > 65535)
      return base::fail(base::Code::Invalid, base::cat({"not a list of processors: ", text}));
    for (auto cpu = *first; cpu <= *last; ++cpu) out.insert(static_cast<int>(cpu));
  }
  return out;
}

std::string to_cpu_list(const CpuSet& cpus) {
  std::vector<std::string> parts;
  for (auto it = cpus.begin(); it != cpus.end();) {
    int first = *it, last = first;
    while (++it != cpus.end() && *it == last + 1) ++last;
    parts.push_back(first == last ? std::to_string(first) : std::to_string(first) + "-" + std::to_string(last));
  }
  return base::join(parts, ",");
}

const Cpu* Layout::find(int cpu) const {
  auto found = std::ranges::lower_bound(cpus, cpu, {}, &Cpu::id);
  return found != cpus.end() && found->id == cpu ? &*found : nullptr;
}

NodeMask Layout::all_nodes() const {
  NodeMask out = 0;
  for (const auto& [node, amounts] : memory) out |= NodeMask{1} << node;
  return out;
}

CpuSet Layout::cpus_of(NodeMask nodes) const {
  CpuSet out;
  for (const auto& cpu : cpus)
    if ((nodes >> cpu.node & 1) != 0) out.insert(cpu.id);
  return out;
}

CpuSet Layout::all_cpus() const {
  CpuSet out;
  for (const auto& cpu : cpus) out.insert(cpu.id);
  return out;
}

base::Result<Layout> read_layout(const std::string& sys_root, int64_t memory_bytes) {
  Layout out;
  std::string devices = sys_root + "/devices/system";
  TRY(auto online, parse_cpu_list(text_of(devices + "/cpu/online")));
  if (online.empty()) return base::fail(base::Code::Unavailable, "no processors are listed in " + devices);
  std::map<std::pair<int, int>, int> cores;  // (socket, its number there) to the first processor of it
  for (int id : online) {
    std::string topology = base::cat({devices, "/cpu/cpu", std::to_string(id), "/topology"});
    Cpu cpu{.id = id, .core = 0, .socket = std::max(number_of(topology + "/physical_package_id", 0), 0)};
    int core = number_of(topology + "/core_id", id);
    cpu.core = cores.try_emplace({cpu.socket, core}, id).first->second;
    out.cpus.push_back(cpu);
  }
  if (auto names = base::list_directory(devices + "/node"))
    for (std::string_view name : *names) {
      auto node = name.starts_with("node") ? base::parse_int(name.substr(4)) : std::nullopt;
      if (!node || *node < 0 || *node >= 64) continue;
      std::string folder = base::cat({devices, "/node/", name});
      auto cpus = parse_cpu_list(text_of(folder + "/cpulist"));
      for (auto& cpu : out.cpus)
        if (cpus && cpus->contains(cpu.id)) cpu.node = static_cast<int>(*node);
      auto& memory = out.memory[static_cast<int>(*node)];
      memory["memory"] = memory_of(text_of(folder + "/meminfo"));
      add_huge_pages(folder + "/hugepages", memory);
    }
  if (out.memory.empty()) out.memory[0]["memory"] = memory_bytes;
  return out;
}

}  // namespace kubelet
