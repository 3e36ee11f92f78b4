#include "kubelet/server/measure.h"

#include <unistd.h>

#include "base/file.h"
#include "base/strings.h"
#include "kubelet/pods/resources.h"
#include "kubelet/runtime/runtime.h"
#include "kubelet/volume/pod_volumes.h"
#include "volume/names.h"

namespace kubelet {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

stats::UsagePlace place_of(const Cgroups& cgroups, const std::string& path) {
  return {.version = cgroups.version(),
          .cpu_directory = cgroups.directory("cpuacct", path),
          .memory_directory = cgroups.directory("memory", path),
          .pids_directory = cgroups.directory("pids", path),
          .quota_directory = cgroups.directory("cpu", path)};
}

// A process in the group, whose network is the pod's.
std::optional<int64_t> process_in(const std::string& directory) {
  auto text = base::read_file(directory + "/cgroup.procs");
  if (!text) return std::nullopt;
  auto number = base::parse_int(base::split(*text, '\n').front());
  return number ? std::optional<int64_t>(*number) : std::nullopt;
}

uint64_t number_in(const std::string& path) {
  auto text = base::read_file(path);
  return text ? base::parse_uint(base::trim(*text)).value_or(0) : 0;
}

int64_t boot_time_ns() {
  auto text = base::read_file("/proc/stat");
  if (!text) return 0;
  for (auto line : base::split(*text, '\n')) {
    if (line.starts_with("btime ")) return base::parse_int(base::trim(line.substr(6))).value_or(0) * kSecond;
  }
  return 0;
}

// Field 4 of /proc/loadavg: "running/all".
uint64_t process_count() {
  auto text = base::read_file("/proc/loadavg");
  if (!text) return 0;
  auto words = base::split(*text, ' ');
  if (words.size() < 4) return 0;
  auto slash = words[3].find('/');
  return slash == std::string_view::npos ? 0 : base::parse_uint(words[3].substr(slash + 1)).value_or(0);
}

// What a look needs of a pod, by value: the reading is done on another thread.
struct PodPlaces {
  PodSample sample;  // names only
  std::string group;
  std::string sandbox;  // its group's name; "" in the node's network
  std::string logs;     // the pod's folder of logs
  struct Volume {
    std::string name, claim, path;
    enum class Kind : uint8_t { Folder, Filesystem, Told } kind;
    std::optional<stats::FilesystemUsage> told = {};  // by its driver or server
  };
  std::vector<Volume> volumes;
};

// Those made here are measured file by file; one with a file system of its own tells itself, for others their drivers
// and servers. What is a part of the node's own file systems (hostPath) is nobody's to measure.
std::vector<PodPlaces::Volume> volumes_of(const PodWorker& worker) {
  using Kind = PodPlaces::Volume::Kind;
  std::vector<PodPlaces::Volume> out;
  const auto& pod = worker.pod();
  for (const auto& volume : pod.spec.volumes) {
    auto found = worker.volume_paths().find(volume.name);
    if (found == worker.volume_paths().end()) continue;
    const auto& path = found->second;
    auto has = [&](std::string_view plugin) { return path.find(plugin) != std::string::npos; };
    Kind kind = Kind::Folder;
    if (has("/kubernetes.io~csi/") || has("/kubernetes.io/csi/") || has("/kubernetes.io~nfs/")) {
      kind = Kind::Told;
    } else if (has("/kubernetes.io~local-volume/")) {
      kind = Kind::Filesystem;
    } else if (!has("/volumes/kubernetes.io~")) {
      continue;
    }
    out.push_back({.name = volume.name, .claim = volume::claim_name(pod, volume), .path = path, .kind = kind});
  }
  return out;
}

PodPlaces places_of(const PodWorker& worker, const PodContext& context) {
  const core::Pod& pod = worker.pod();
  PodPlaces out;
  out.sample.namespace_ = pod.metadata.namespace_;
  out.sample.name = pod.metadata.name;
  out.sample.uid = pod.metadata.uid;
  out.sample.started_ns = pod.status.start_time.to_ns();
  out.group = pod_cgroup(context.cgroup_base(), pod);
  if (context.cgroups) out.group = context.cgroups->place(out.group);
  auto inside = [&](const std::string& id) {
    return context.cgroups ? context.cgroups->container_name(context.runtime_name, id) : id;
  };
  if (!pod.spec.host_network && !worker.record().sandboxes.empty())
    out.sandbox = inside(worker.record().sandboxes.front().id);
  out.logs = context.options.pod_log_directory + "/" +
             log_directory_name(pod.metadata.namespace_, pod.metadata.name, pod.metadata.uid);
  out.volumes = volumes_of(worker);
  for (const auto& record : worker.record().containers) {
    if (!record.is_running()) continue;
    out.sample.containers.push_back(
        {.name = record.name,
         .id = record.id,
         .image = record.image,
         .started_ns = record.started_ns,
         .group = {.path = out.group + "/" + inside(record.id), .usage = {}, .nano_cores = {}},
         .logs = {},
         .root = {}});
  }
  return out;
}

std::vector<FolderSample> measure_volumes(const std::vector<PodPlaces::Volume>& volumes) {
  using Kind = PodPlaces::Volume::Kind;
  std::vector<FolderSample> out;
  for (const auto& volume : volumes) {
    FolderSample one{.name = volume.name, .claim = volume.claim, .used = {}, .filesystem = volume.told};
    if (volume.kind != Kind::Told)
      if (auto filesystem = stats::read_filesystem(volume.path)) one.filesystem = *filesystem;
    if (!one.filesystem) continue;
    one.used = volume.kind == Kind::Folder
                   ? stats::measure_folder(volume.path)
                   : stats::FolderUsage{.bytes = one.filesystem->used_bytes, .inodes = one.filesystem->inodes_used};
    out.push_back(std::move(one));
  }
  return out;
}

PodSample read_pod(PodPlaces places, const Cgroups& cgroups, bool disks) {
  PodSample out = std::move(places.sample);
  out.group = read_group(cgroups, places.group);
  if (!places.sandbox.empty()) {
    if (auto process = process_in(cgroups.directory("memory", places.group + "/" + places.sandbox))) {
      if (auto interfaces = stats::read_interfaces(*process)) out.interfaces = std::move(*interfaces);
    }
  }
  std::erase_if(out.containers, [&](ContainerSample& container) {
    auto group = read_group(cgroups, container.group.path);
    if (!group) return true;  // it has just ended
    container.group = std::move(*group);
    if (disks) container.logs.used = stats::measure_folder(places.logs + "/" + container.name);
    return false;
  });
  if (disks) out.volumes = measure_volumes(places.volumes);
  return out;
}

}  // namespace

std::optional<GroupSample> read_group(const Cgroups& cgroups, const std::string& path) {
  auto usage = stats::read_usage(place_of(cgroups, path));
  if (!usage) return std::nullopt;
  return GroupSample{.path = path.empty() ? "/" : path, .usage = *usage, .nano_cores = {}};
}

io::Task<NodeSample> Measurer::look(bool disks, std::function<bool(const core::Pod&)> wanted) {
  NodeSample out;
  out.at_ns = io::Loop::current().clock().wall_ns();
  std::vector<PodPlaces> places;
  for (auto* worker : pods_.workers()) {
    if (worker->pod().metadata.name.empty() || !worker->record().any_running()) continue;
    if (!wanted || wanted(worker->pod())) places.push_back(places_of(*worker, context_));
  }
  if (disks && context_.pod_volumes != nullptr)
    for (auto& pod : places)
      for (auto& volume : pod.volumes)
        if (volume.kind == PodPlaces::Volume::Kind::Told)
          volume.told = co_await context_.pod_volumes->usage(volume.path);
  out = co_await context_.pool.run([out = std::move(out), places = std::move(places), cgroups = context_.cgroups,
                                    base = context_.cgroup_base(), root = context_.options.root_directory,
                                    disks]() mutable {
    out.booted_ns = boot_time_ns();
    out.processes = process_count();
    out.processes_max = number_in("/proc/sys/kernel/pid_max");
    if (auto interfaces = stats::read_interfaces(getpid())) out.interfaces = std::move(*interfaces);
    if (auto filesystem = stats::read_filesystem(root)) out.filesystem = *filesystem;
    if (!cgroups) return std::move(out);
    out.root = read_group(*cgroups, "");
    out.pods_group = read_group(*cgroups, cgroups->place(base));
    for (auto& one : places) out.pods.push_back(read_pod(std::move(one), *cgroups, disks));
    return std::move(out);
  });
  if (disks) {
    if (auto layers = co_await context_.runtime.list_container_stats()) {
      for (auto& pod : out.pods) {
        for (auto& container : pod.containers) {
          for (const auto& one : *layers) {
            if (!one.attributes || one.attributes->id != container.id || !one.writable_layer) continue;
            auto& layer = container.root.emplace();
            if (one.writable_layer->used_bytes) layer.bytes = one.writable_layer->used_bytes->value;
            if (one.writable_layer->inodes_used) layer.inodes = one.writable_layer->inodes_used->value;
          }
        }
      }
    }
  }
  add_rates(out);
  co_return out;
}

void Measurer::add_rates(NodeSample& sample) {
  std::map<std::string, Before> now;
  auto rate = [&](GroupSample& group, int64_t began_ns) {
    auto found = before_.find(group.path);
    int64_t since_ns = found != before_.end() ? found->second.at_ns : began_ns;
    uint64_t used_ns = found != before_.end() ? found->second.cpu_ns : 0;
    // Two looks within a second tell of one moment: the rate of the longer time before is kept.
    if (found != before_.end() && sample.at_ns - since_ns < kSecond) {
      now[group.path] = found->second;
    } else {
      now[group.path] = {sample.at_ns, group.usage.cpu_ns};
    }
    if (since_ns <= 0 || sample.at_ns <= since_ns || group.usage.cpu_ns < used_ns) return;
    group.nano_cores = static_cast<uint64_t>(static_cast<double>(group.usage.cpu_ns - used_ns) * 1e9 /
                                             static_cast<double>(sample.at_ns - since_ns));
  };
  if (sample.root) rate(*sample.root, sample.booted_ns);
  if (sample.pods_group) rate(*sample.pods_group, sample.booted_ns);
  for (auto& pod : sample.pods) {
    if (pod.group) rate(*pod.group, pod.started_ns);
    for (auto& container : pod.containers) rate(container.group, container.started_ns);
  }
  before_ = std::move(now);
}

}  // namespace kubelet
