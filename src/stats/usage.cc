#include "stats/usage.h"

#include "base/file.h"
#include "base/strings.h"

namespace stats {
namespace {

base::Result<uint64_t> number(const std::string& path) {
  TRY(auto text, base::read_file(path));
  auto value = base::parse_uint(base::trim(text));
  if (!value) return base::fail(base::Code::Internal, path + " holds no number");
  return *value;
}

// "name 123" in lines; 0 if it is not there.
uint64_t entry(std::string_view text, std::string_view name) {
  for (auto line : base::split(text, '\n')) {
    size_t space = line.find(' ');
    if (space != std::string_view::npos && line.substr(0, space) == name) return base::parse_uint(line.substr(space + 1)).value_or(0);
  }
  return 0;
}

}  // namespace

base::Result<Usage> read_usage(const UsagePlace& place) {
  bool unified = place.version == 2;
  Usage out;
  if (unified) {
    TRY(auto cpu, base::read_file(place.cpu_directory + "/cpu.stat"));
    out.cpu_ns = entry(cpu, "usage_usec") * 1000;
  } else {
    TRY(out.cpu_ns, number(place.cpu_directory + "/cpuacct.usage"));
  }
  TRY(auto details, base::read_file(place.memory_directory + "/memory.stat"));
  auto usage = number(place.memory_directory + (unified ? "/memory.current" : "/memory.usage_in_bytes"));
  // The root group of version 2 has no such file.
  out.memory_bytes = usage ? *usage : entry(details, "anon") + entry(details, "file");
  uint64_t inactive = entry(details, unified ? "inactive_file" : "total_inactive_file");
  out.memory_working_set_bytes = out.memory_bytes > inactive ? out.memory_bytes - inactive : 0;
  out.memory_rss_bytes = entry(details, unified ? "anon" : "total_rss");
  return out;
}

}  // namespace stats
