#include "kubelet/server/cadvisor_metrics.h"

#include "base/strings.h"
#include "kubelet/server/exposition.h"

namespace kubelet {
namespace {

double seconds(uint64_t ns) {
  return static_cast<double>(ns) / 1e9;
}

// Whose figures they are. A pod's own group and the node's have neither container nor image.
struct Owner {
  std::string container, image, name, namespace_, pod;
};

class Cadvisor {
 public:
  Cadvisor(const NodeSample& sample, const Machine& machine) : sample_(sample), machine_(machine), out_(sample.at_ns) {}

  std::string text() {
    machine();
    if (sample_.root) group(*sample_.root, {}, sample_.booted_ns);
    interfaces(sample_.interfaces, "/", {});
    if (sample_.pods_group) group(*sample_.pods_group, {}, sample_.booted_ns);
    for (const auto& pod : sample_.pods) {
      Owner owner{.container = "", .image = "", .name = "", .namespace_ = pod.namespace_, .pod = pod.name};
      if (pod.group) {
        group(*pod.group, owner, pod.started_ns);
        interfaces(pod.interfaces, pod.group->path, owner);
      }
      for (const auto& container : pod.containers) {
        owner.container = container.name;
        owner.image = container.image;
        owner.name = container.id;
        group(container.group, owner, container.started_ns);
        if (container.root) filesystem(container.group.path, owner, container.root->bytes);
      }
    }
    out_.constant("container_scrape_error", "1 if there was an error while getting container metrics, 0 otherwise", {},
                  sample_.root ? 0 : 1);
    out_.constant("machine_scrape_error", "1 if there was an error while getting machine metrics, 0 otherwise", {}, 0);
    return out_.text();
  }

 private:
  void machine() {
    Labels labels = {{"boot_id", machine_.info.boot_id},
                     {"machine_id", machine_.info.machine_id},
                     {"system_uuid", machine_.info.system_uuid}};
    out_.gauge("machine_cpu_cores", "Logical processor cores.", labels, static_cast<double>(machine_.cpus));
    out_.gauge("machine_memory_bytes", "Memory installed, in bytes.", labels,
               static_cast<double>(machine_.memory_bytes));
    out_.gauge("machine_swap_bytes", "Swap available, in bytes.", labels, static_cast<double>(machine_.swap_bytes));
    out_.constant("cadvisor_version_info", "Always 1; the labels name kernel, system and versions.",
                  {{"cadvisorRevision", ""},
                   {"cadvisorVersion", ""},
                   {"dockerVersion", ""},
                   {"kernelVersion", machine_.info.kernel_version},
                   {"osVersion", machine_.info.os_image}},
                  1);
  }

  Labels labels(std::string_view id, const Owner& owner) const {
    return {{"container", owner.container}, {"id", std::string(id)},         {"image", owner.image},
            {"name", owner.name},           {"namespace", owner.namespace_}, {"pod", owner.pod}};
  }
  // With one more label where the alphabet puts it.
  Labels labels(std::string_view id, const Owner& owner, std::string_view more, std::string value) const {
    Labels out = labels(id, owner);
    auto at = out.begin();
    while (at != out.end() && at->first < more) ++at;
    out.insert(at, {more, std::move(value)});
    return out;
  }

  void group(const GroupSample& group, const Owner& owner, int64_t started_ns) {
    const auto& usage = group.usage;
    Labels who = labels(group.path, owner);
    auto counter = [&](std::string_view name, std::string_view help, double value) {
      out_.counter(name, help, who, value);
    };
    auto gauge = [&](std::string_view name, std::string_view help, uint64_t value) {
      out_.gauge(name, help, who, static_cast<double>(value));
    };
    out_.counter("container_cpu_usage_seconds_total", "Cumulative processor time in seconds.",
                 labels(group.path, owner, "cpu", "total"), seconds(usage.cpu_ns));
    counter("container_cpu_user_seconds_total", "Cumulative processor time in user mode, in seconds.",
            seconds(usage.cpu_user_ns));
    counter("container_cpu_system_seconds_total", "Cumulative processor time in system mode, in seconds.",
            seconds(usage.cpu_system_ns));
    if (usage.cpu_periods > 0) {
      counter("container_cpu_cfs_periods_total", "Periods in which the quota was enforced.",
              static_cast<double>(usage.cpu_periods));
      counter("container_cpu_cfs_throttled_periods_total", "Periods in which the group was held back.",
              static_cast<double>(usage.cpu_throttled_periods));
      counter("container_cpu_cfs_throttled_seconds_total", "How long the group was held back, in seconds.",
              seconds(usage.cpu_throttled_ns));
    }
    gauge("container_memory_usage_bytes", "Memory in use, in bytes, whenever it was touched.", usage.memory_bytes);
    gauge("container_memory_working_set_bytes", "Working set in bytes.", usage.memory_working_set_bytes);
    gauge("container_memory_rss", "Anonymous memory in bytes.", usage.memory_rss_bytes);
    gauge("container_memory_cache", "Page cache in bytes.", usage.memory_cache_bytes);
    gauge("container_memory_mapped_file", "Mapped files in bytes.", usage.memory_mapped_file_bytes);
    gauge("container_memory_swap", "Swap in use in bytes.", usage.swap_bytes);
    gauge("container_memory_kernel_usage", "Kernel memory in bytes.", usage.memory_kernel_bytes);
    gauge("container_memory_max_usage_bytes", "The most memory that was in use, in bytes.",
          usage.memory_max_usage_bytes);
    gauge("container_memory_total_active_file_bytes", "Active page cache in bytes.", usage.memory_active_file_bytes);
    gauge("container_memory_total_inactive_file_bytes", "Inactive page cache in bytes.",
          usage.memory_inactive_file_bytes);
    counter("container_memory_failcnt", "Times that the memory limit was met.",
            static_cast<double>(usage.memory_failures));
    counter("container_oom_events_total", "Times that something was killed for want of memory.",
            static_cast<double>(usage.out_of_memory_kills));
    for (auto [type, value] :
         {std::pair("pgfault", usage.page_faults), std::pair("pgmajfault", usage.major_page_faults)}) {
      Labels more = labels(group.path, owner, "failure_type", type);
      more.emplace_back("scope", "hierarchy");
      out_.counter("container_memory_failures_total", "Page faults.", more, static_cast<double>(value));
    }
    gauge("container_processes", "Processes.", usage.processes);
    gauge("container_threads", "Threads.", usage.threads);
    gauge("container_spec_memory_limit_bytes", "Memory limit in bytes; 0: none.", usage.memory_limit_bytes.value_or(0));
    out_.gauge("container_start_time_seconds", "When it started, in seconds since 1970.", who,
               seconds(static_cast<uint64_t>(started_ns)));
    out_.gauge("container_last_seen", "When it was last looked at, in seconds since 1970.", who,
               static_cast<double>(sample_.at_ns / 1'000'000'000));
    if (usage.cpu_pressure) pressure("cpu", *usage.cpu_pressure, who);
    if (usage.memory_pressure) pressure("memory", *usage.memory_pressure, who);
    if (usage.io_pressure) pressure("io", *usage.io_pressure, who);
  }

  void pressure(std::string_view of, const stats::Pressure& pressure, const Labels& who) {
    auto add = [&](std::string_view kind, std::string_view help, uint64_t us) {
      out_.counter(base::cat({"container_pressure_", of, "_", kind, "_seconds_total"}), help, who,
                   static_cast<double>(us) / 1e6);
    };
    add("waiting", "How long some task waited, in seconds.", pressure.some.total_us);
    add("stalled", "How long no task could go on, in seconds.", pressure.full.total_us);
  }

  void interfaces(const std::vector<stats::InterfaceUsage>& interfaces, const std::string& id, const Owner& owner) {
    for (const auto& one : interfaces) {
      Labels who = labels(id, owner, "interface", one.name);
      auto add = [&](std::string_view name, std::string_view help, uint64_t value) {
        out_.counter(name, help, who, static_cast<double>(value));
      };
      add("container_network_receive_bytes_total", "Bytes received.", one.received_bytes);
      add("container_network_receive_packets_total", "Packets received.", one.received_packets);
      add("container_network_receive_errors_total", "Errors while receiving.", one.received_errors);
      add("container_network_receive_packets_dropped_total", "Packets dropped while receiving.", one.received_dropped);
      add("container_network_transmit_bytes_total", "Bytes sent.", one.sent_bytes);
      add("container_network_transmit_packets_total", "Packets sent.", one.sent_packets);
      add("container_network_transmit_errors_total", "Errors while sending.", one.sent_errors);
      add("container_network_transmit_packets_dropped_total", "Packets dropped while sending.", one.sent_dropped);
    }
  }

  void filesystem(const std::string& id, const Owner& owner, uint64_t bytes) {
    Labels who = labels(id, owner, "device", "");
    out_.gauge("container_fs_usage_bytes", "What the container has written, in bytes.", who,
               static_cast<double>(bytes));
    if (sample_.filesystem) {
      out_.gauge("container_fs_limit_bytes", "Size of the file system in bytes.", who,
                 static_cast<double>(sample_.filesystem->capacity_bytes));
    }
  }

  const NodeSample& sample_;
  const Machine& machine_;
  Exposition out_;
};

}  // namespace

std::string cadvisor_metrics(const NodeSample& sample, const Machine& machine) {
  return Cadvisor(sample, machine).text();
}

}  // namespace kubelet
