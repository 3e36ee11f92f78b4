#include "kubelet/server/node_metrics.h"

#include <map>
#include <set>

#include "base/strings.h"
#include "kubelet/server/exposition.h"
#include "kubelet/volume/pod_volumes.h"
#include "stats/filesystem.h"
#include "volume/names.h"

namespace kubelet {
namespace {

struct LogPlace {
  std::string uid, namespace_, pod, container, folder;
};

struct ClaimPlace {
  std::string namespace_, claim, path;
  bool is_filesystem = false;  // of its own, which tells itself
};

void tell(Exposition& out, const ClaimPlace& place, const stats::FilesystemUsage& usage) {
  Labels labels = {{"namespace", place.namespace_}, {"persistentvolumeclaim", place.claim}};
  auto add = [&](std::string_view name, std::string_view help, uint64_t value) {
    out.constant(base::cat({"kubelet_volume_stats_", name}), base::cat({"[ALPHA] ", help}), labels,
                 static_cast<double>(value));
  };
  add("capacity_bytes", "Capacity in bytes of the volume", usage.capacity_bytes);
  add("available_bytes", "Number of available bytes in the volume", usage.available_bytes);
  add("used_bytes", "Number of used bytes in the volume", usage.used_bytes);
  add("inodes", "Maximum number of inodes in the volume", usage.inodes);
  add("inodes_free", "Number of free inodes in the volume", usage.inodes_free);
  add("inodes_used", "Number of used inodes in the volume", usage.inodes_used);
}

}  // namespace

void NodeMetrics::count_pods() const {
  auto& metrics = *context_.metrics;
  int64_t with_sandbox = 0, ephemeral = 0;
  std::map<ContainerPhase, int64_t> containers;
  std::map<bool, int64_t> active, desired;
  std::map<std::pair<std::string_view, bool>, int64_t> working;
  for (const auto* worker : pods_.workers()) {
    const auto& pod = worker->pod();
    const auto& record = worker->record();
    bool is_static = is_mirror_or_static(pod);
    if (!record.sandboxes.empty() && record.sandboxes.front().ready) ++with_sandbox;
    for (const auto& container : record.containers) ++containers[container.phase];
    ephemeral += static_cast<int64_t>(pod.spec.ephemeral_containers.size());
    if (worker->is_active()) ++active[is_static];
    ++desired[is_static];
    ++working[{worker->lifecycle(), is_static}];
  }
  auto is_static_text = [](bool is_static) { return is_static ? "true" : ""; };
  metrics.running_pods.set(static_cast<double>(with_sandbox));
  for (auto [phase, name] : {std::pair(ContainerPhase::Created, "created"),
                             {ContainerPhase::Exited, "exited"},
                             {ContainerPhase::Running, "running"},
                             {ContainerPhase::Unknown, "unknown"}})
    metrics.running_containers.with({name}).set(static_cast<double>(containers[phase]));
  for (bool is_static : {false, true}) {
    metrics.active_pods.with({is_static_text(is_static)}).set(static_cast<double>(active[is_static]));
    metrics.desired_pods.with({is_static_text(is_static)}).set(static_cast<double>(desired[is_static]));
    for (std::string_view lifecycle : {"sync", "terminating", "terminated"})
      metrics.working_pods.with({"desired", lifecycle, is_static_text(is_static)})
          .set(static_cast<double>(working[{lifecycle, is_static}]));
  }
  metrics.mirror_pods.set(static_cast<double>(desired[true]));
  metrics.ephemeral_containers.set(static_cast<double>(ephemeral));
  if (context_.cgroups) metrics.cgroup_version.set(context_.cgroups->version());
  metrics.node_name.with({context_.options.node_name}).set(1);
}

io::Task<std::string> NodeMetrics::text() const {
  count_pods();
  Exposition out(io::Loop::current().clock().wall_ns());
  std::vector<LogPlace> logs;
  std::vector<ClaimPlace> claims;
  std::map<std::string, int64_t> actual;
  for (const auto* worker : pods_.workers()) {
    const auto& pod = worker->pod();
    for (const auto& [name, path] : worker->volume_paths())
      if (auto plugin = volume_plugin(path); !plugin.empty()) ++actual[plugin];
    for (const auto& record : worker->record().containers) {
      auto slash = record.log_path.rfind('/');
      if (slash == std::string::npos || slash == 0 || worker->record().newest(record.name) != &record) continue;
      logs.push_back({.uid = pod.metadata.uid,
                      .namespace_ = pod.metadata.namespace_,
                      .pod = pod.metadata.name,
                      .container = record.name,
                      .folder = record.log_path.substr(0, slash)});
    }
    for (const auto& volume : pod.spec.volumes) {
      auto claim = volume::claim_name(pod, volume);
      auto path = worker->volume_paths().find(volume.name);
      if (claim.empty() || path == worker->volume_paths().end()) continue;
      auto plugin = volume_plugin(path->second);
      claims.push_back({.namespace_ = pod.metadata.namespace_,
                        .claim = claim,
                        .path = path->second,
                        .is_filesystem = plugin == "kubernetes.io/local-volume"});
    }
  }
  // A claim that several pods have is told once, by one that has it still.
  std::set<std::pair<std::string, std::string>> told;
  for (const auto& claim : claims) {
    std::pair key(claim.namespace_, claim.claim);
    if (told.contains(key)) continue;
    SlowUsage::Usage usage;
    if (claim.is_filesystem) {
      auto read = co_await context_.pool.run([path = claim.path] { return stats::read_filesystem(path); });
      if (read) usage = *read;
    } else if (context_.pod_volumes != nullptr) {
      usage = co_await context_.pod_volumes->usage(claim.path);
    }
    if (!usage) continue;
    tell(out, claim, *usage);
    told.insert(std::move(key));
  }
  auto measured = co_await context_.pool.run([logs] {
    std::vector<uint64_t> bytes;
    for (const auto& one : logs) bytes.push_back(stats::measure_folder(one.folder).bytes);
    return bytes;
  });
  for (size_t i = 0; i < logs.size(); ++i)
    out.constant("kubelet_container_log_filesystem_used_bytes",
                 "[ALPHA] Bytes used by the container's logs on the filesystem.",
                 {{"uid", logs[i].uid},
                  {"namespace", logs[i].namespace_},
                  {"pod", logs[i].pod},
                  {"container", logs[i].container}},
                 static_cast<double>(measured[i]));
  for (const auto& [plugin, count] : actual)
    for (std::string_view state : {"actual_state_of_world", "desired_state_of_world"})
      out.constant("volume_manager_total_volumes", "[ALPHA] Number of volumes in Volume Manager",
                   {{"plugin_name", plugin}, {"state", std::string(state)}}, static_cast<double>(count));
  co_return context_.metrics->all.to_text() + out.text();
}

}  // namespace kubelet
