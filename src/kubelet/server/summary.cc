#include "kubelet/server/summary.h"

#include <algorithm>

#include "base/time.h"
#include "schema/value.h"

namespace kubelet {
namespace {

using schema::Value;

Value time_of(int64_t ns) {
  return base::format_rfc3339(base::Time::from_ns(ns).truncated_to_seconds());
}
Value number(uint64_t value) {
  return static_cast<int64_t>(value);
}

class Summary {
 public:
  Summary(const NodeSample& sample, const SummaryOptions& options)
      : sample_(sample), options_(options), at_(time_of(sample.at_ns)) {}

  std::string text() const {
    Value pods = Value::array();
    for (const auto& one : sample_.pods) pods.as_array().push_back(pod(one));
    return Value::object({{"node", node()}, {"pods", std::move(pods)}}).to_json();
  }

 private:
  Value node() const {
    Value out = Value::object({{"nodeName", options_.node_name}});
    Value system = Value::array();
    if (sample_.pods_group) {
      Value group = Value::object({{"name", "pods"}, {"startTime", time_of(sample_.booted_ns)}});
      add_group(group, *sample_.pods_group, memory_limit(*sample_.pods_group, options_.memory_capacity_bytes));
      system.as_array().push_back(std::move(group));
    }
    auto& object = out.as_object();
    object.set("systemContainers", std::move(system));
    object.set("startTime", time_of(sample_.booted_ns));
    if (sample_.root) add_group(out, *sample_.root, options_.memory_capacity_bytes);
    if (options_.only_cpu_and_memory) return out;
    object.set("network", network(sample_.interfaces));
    if (sample_.filesystem) {
      Value disk = filesystem(*sample_.filesystem, sample_.filesystem->used_bytes, sample_.filesystem->inodes_used);
      object.set("fs", disk);
      object.set("runtime", Value::object({{"imageFs", disk}, {"containerFs", disk}}));
    }
    object.set("rlimit",
               Value::object(
                   {{"time", at_}, {"maxpid", number(sample_.processes_max)}, {"curproc", number(sample_.processes)}}));
    return out;
  }

  Value pod(const PodSample& pod) const {
    Value out =
        Value::object({{"podRef", Value::object({{"name", pod.name}, {"namespace", pod.namespace_}, {"uid", pod.uid}})},
                       {"startTime", time_of(pod.started_ns)}});
    Value containers = Value::array();
    uint64_t ephemeral_bytes = 0, ephemeral_inodes = 0;
    for (const auto& one : pod.containers) {
      containers.as_array().push_back(container(one));
      ephemeral_bytes += one.logs.used.bytes + (one.root ? one.root->bytes : 0);
      ephemeral_inodes += one.logs.used.inodes + (one.root ? one.root->inodes : 0);
    }
    auto& object = out.as_object();
    object.set("containers", std::move(containers));
    if (pod.group) {
      add_group(out, *pod.group, memory_limit(*pod.group, 0));
      object.set("process_stats", Value::object({{"process_count", number(pod.group->usage.threads)}}));
    }
    if (options_.only_cpu_and_memory) return out;
    if (!pod.interfaces.empty()) object.set("network", network(pod.interfaces));
    Value volumes = Value::array();
    for (const auto& one : pod.volumes) {
      Value volume = one.filesystem ? filesystem(*one.filesystem, one.used.bytes, one.used.inodes) : Value::object();
      volume.as_object().set("name", one.name);
      if (!one.claim.empty())
        volume.as_object().set("pvcRef", Value::object({{"name", one.claim}, {"namespace", pod.namespace_}}));
      volumes.as_array().push_back(std::move(volume));
      // What is in memory fills no disk, and what is behind a claim is not the pod's own.
      bool on_disk = one.claim.empty() && one.filesystem && sample_.filesystem &&
                     one.filesystem->capacity_bytes == sample_.filesystem->capacity_bytes;
      if (!on_disk) continue;
      ephemeral_bytes += one.used.bytes;
      ephemeral_inodes += one.used.inodes;
    }
    if (!volumes.as_array().empty()) object.set("volume", std::move(volumes));
    if (sample_.filesystem)
      object.set("ephemeral-storage", filesystem(*sample_.filesystem, ephemeral_bytes, ephemeral_inodes));
    return out;
  }

  Value container(const ContainerSample& container) const {
    Value out = Value::object({{"name", container.name}, {"startTime", time_of(container.started_ns)}});
    add_group(out, container.group, memory_limit(container.group, 0));
    if (options_.only_cpu_and_memory) return out;
    auto& object = out.as_object();
    if (sample_.filesystem) {
      if (container.root)
        object.set("rootfs", filesystem(*sample_.filesystem, container.root->bytes, container.root->inodes));
      object.set("logs", filesystem(*sample_.filesystem, container.logs.used.bytes, container.logs.used.inodes));
    }
    return out;
  }

  static uint64_t memory_limit(const GroupSample& group, uint64_t otherwise) {
    return group.usage.memory_limit_bytes.value_or(otherwise);
  }

  // `limit` 0: there is none, and nothing is said of what is available.
  void add_group(Value& out, const GroupSample& group, uint64_t limit) const {
    const auto& usage = group.usage;
    Value cpu = Value::object({{"time", at_}});
    if (group.nano_cores) cpu.as_object().set("usageNanoCores", number(*group.nano_cores));
    cpu.as_object().set("usageCoreNanoSeconds", number(usage.cpu_ns));
    if (usage.cpu_pressure) cpu.as_object().set("psi", pressure(*usage.cpu_pressure));
    Value memory = Value::object({{"time", at_}});
    if (limit > 0) {
      uint64_t available = limit > usage.memory_working_set_bytes ? limit - usage.memory_working_set_bytes : 0;
      memory.as_object().set("availableBytes", number(available));
    }
    memory.as_object().set("usageBytes", number(usage.memory_bytes));
    memory.as_object().set("workingSetBytes", number(usage.memory_working_set_bytes));
    memory.as_object().set("rssBytes", number(usage.memory_rss_bytes));
    memory.as_object().set("pageFaults", number(usage.page_faults));
    memory.as_object().set("majorPageFaults", number(usage.major_page_faults));
    if (usage.memory_pressure) memory.as_object().set("psi", pressure(*usage.memory_pressure));
    auto& object = out.as_object();
    object.set("cpu", std::move(cpu));
    object.set("memory", std::move(memory));
    if (usage.io_pressure) object.set("io", Value::object({{"time", at_}, {"psi", pressure(*usage.io_pressure)}}));
    object.set("swap", Value::object({{"time", at_}, {"swapUsageBytes", number(usage.swap_bytes)}}));
  }

  static Value pressure(const stats::Pressure& pressure) {
    auto line = [](const stats::Pressure::Line& line) {
      return Value::object({{"total", number(line.total_us * 1000)},
                            {"avg10", line.average_10s},
                            {"avg60", line.average_60s},
                            {"avg300", line.average_300s}});
    };
    return Value::object({{"full", line(pressure.full)}, {"some", line(pressure.some)}});
  }

  Value network(const std::vector<stats::InterfaceUsage>& interfaces) const {
    Value out = Value::object({{"time", at_}});
    Value all = Value::array();
    for (const auto& one : interfaces) {
      Value shown = Value::object({{"name", one.name},
                                   {"rxBytes", number(one.received_bytes)},
                                   {"rxErrors", number(one.received_errors)},
                                   {"txBytes", number(one.sent_bytes)},
                                   {"txErrors", number(one.sent_errors)}});
      if (one.name == "eth0") {
        for (const auto& member : shown.as_object()) out.as_object().set(member.key, member.value);
      }
      all.as_array().push_back(std::move(shown));
    }
    out.as_object().set("interfaces", std::move(all));
    return out;
  }

  Value filesystem(const stats::FilesystemUsage& whole, uint64_t used_bytes, uint64_t inodes_used) const {
    return Value::object({{"time", at_},
                          {"availableBytes", number(whole.available_bytes)},
                          {"capacityBytes", number(whole.capacity_bytes)},
                          {"usedBytes", number(used_bytes)},
                          {"inodesFree", number(whole.inodes_free)},
                          {"inodes", number(whole.inodes)},
                          {"inodesUsed", number(inodes_used)}});
  }

  const NodeSample& sample_;
  const SummaryOptions& options_;
  const Value at_;
};

}  // namespace

std::string summary_json(const NodeSample& sample, const SummaryOptions& options) {
  return Summary(sample, options).text();
}

}  // namespace kubelet
