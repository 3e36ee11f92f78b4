#include "kubelet/eviction/observe.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/file.h"
#include "base/strings.h"
#include "kubelet/server/measure.h"
#include "stats/filesystem.h"

namespace kubelet {
namespace {

base::Quantity bytes(int64_t amount) {
  return base::Quantity::of(std::max<int64_t>(amount, 0), base::Quantity::Format::BinarySI);
}

void see_disk(Observations& seen, const std::string& path, Signal space, Signal inodes) {
  auto disk = stats::read_filesystem(path);
  if (!disk) return;
  seen[space] = {.available = bytes(static_cast<int64_t>(disk->available_bytes)),
                 .capacity = bytes(static_cast<int64_t>(disk->capacity_bytes))};
  // Some file systems make inodes as they are needed.
  if (disk->inodes > 0)
    seen[inodes] = {.available = base::Quantity::of(static_cast<int64_t>(disk->inodes_free)),
                    .capacity = base::Quantity::of(static_cast<int64_t>(disk->inodes))};
}

bool same_disk(const std::string& a, const std::string& b) {
  struct stat left{}, right{};
  return stat(a.c_str(), &left) == 0 && stat(b.c_str(), &right) == 0 && left.st_dev == right.st_dev;
}

// Of the whole machine, as its root group says; where that does not say (version 2), as the kernel does.
int64_t memory_left(const ObservedPlaces& places) {
  if (places.cgroups)
    if (auto root = read_group(*places.cgroups, ""); root && root->usage.memory_bytes > 0)
      return places.memory_bytes - static_cast<int64_t>(root->usage.memory_working_set_bytes);
  auto text = base::read_file("/proc/meminfo");
  if (!text) return places.memory_bytes;
  for (auto line : base::split(*text, '\n')) {
    if (!line.starts_with("MemAvailable:")) continue;
    auto words = base::trim(line.substr(line.find(':') + 1));
    return base::parse_int(words.substr(0, words.find(' '))).value_or(0) * 1024;
  }
  return places.memory_bytes;
}

int64_t number_in(const std::string& path) {
  auto text = base::read_file(path);
  return text ? base::parse_int(base::trim(*text)).value_or(0) : 0;
}

// Field 4 of /proc/loadavg: "running/all".
int64_t process_count() {
  auto text = base::read_file("/proc/loadavg");
  if (!text) return 0;
  auto words = base::split(*text, ' ');
  if (words.size() < 4) return 0;
  auto slash = words[3].find('/');
  return slash == std::string_view::npos ? 0 : base::parse_int(words[3].substr(slash + 1)).value_or(0);
}

}  // namespace

NodeObservation observe_node(const ObservedPlaces& places) {
  NodeObservation out;
  out.seen[Signal::MemoryAvailable] = {.available = bytes(memory_left(places)), .capacity = bytes(places.memory_bytes)};
  if (places.cgroups) {
    if (auto pods = read_group(*places.cgroups, places.pods_group))
      out.seen[Signal::AllocatableMemoryAvailable] = {
          .available = bytes(places.pods_memory_bytes - static_cast<int64_t>(pods->usage.memory_working_set_bytes)),
          .capacity = bytes(places.pods_memory_bytes)};
  }
  see_disk(out.seen, places.root_directory, Signal::NodeFsAvailable, Signal::NodeFsInodesFree);
  if (!places.images.empty()) {
    see_disk(out.seen, places.images, Signal::ImageFsAvailable, Signal::ImageFsInodesFree);
    out.disks.images_apart = !same_disk(places.images, places.root_directory);
  }
  if (!places.containers.empty()) {
    see_disk(out.seen, places.containers, Signal::ContainerFsAvailable, Signal::ContainerFsInodesFree);
    out.disks.containers_apart = !same_disk(places.images, places.containers);
  }
  int64_t most = number_in("/proc/sys/kernel/pid_max");
  if (int64_t threads = number_in("/proc/sys/kernel/threads-max"); threads > 0) most = std::min(most, threads);
  if (most > 0)
    out.seen[Signal::PidAvailable] = {.available = base::Quantity::of(std::max<int64_t>(most - process_count(), 0)),
                                      .capacity = base::Quantity::of(most)};
  return out;
}

}  // namespace kubelet
