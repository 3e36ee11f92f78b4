#include "main/part/kubelet_care.h"

#include <algorithm>

#include "base/contains.h"
#include "base/strings.h"
#include "base/time.h"
#include "kubelet/alignment/alignment.h"

namespace navarch {
namespace {

using Configuration = api::kubelet_config_k8s_io_v1beta1::KubeletConfiguration;

constexpr int64_t kSecond = 1'000'000'000;
constexpr int32_t kSystemCritical = 2'000'000'000;

base::Error invalid(std::initializer_list<std::string_view> words) {
  return {base::Code::BadRequest, "invalid configuration: " + base::cat(words)};
}

void take(const schema::Duration& from, int64_t& to_ns) {
  if (from.ns != 0) to_ns = from.ns;
}

void take_thresholds(const Configuration& from, kubelet::ThresholdWords& words) {
  if (!from.eviction_hard.empty()) {
    auto defaults = std::move(words.hard);
    words.hard = from.eviction_hard;
    if (from.merge_default_eviction_settings.value_or(false)) words.hard.merge(defaults);
  }
  words.soft = from.eviction_soft;
  words.soft_grace_period = from.eviction_soft_grace_period;
  words.minimum_reclaim = from.eviction_minimum_reclaim;
  if (!from.enforce_node_allocatable.empty())
    words.enforce_pods = base::contains(from.enforce_node_allocatable, "pods");
}

base::Result<void> take_shutdown(const Configuration& from, std::vector<kubelet::ShutdownGrace>& to) {
  int64_t whole = from.shutdown_grace_period.ns, critical = from.shutdown_grace_period_critical_pods.ns;
  if (critical > whole)
    return base::fail(invalid({"shutdownGracePeriodCriticalPods {", base::format_duration(critical),
                               "} must be <= shutdownGracePeriod {", base::format_duration(whole), "}"}));
  for (auto [name, span] : {std::pair("shutdownGracePeriod", whole), {"shutdownGracePeriodCriticalPods", critical}})
    if (span < 0 || (span > 0 && span < kSecond))
      return base::fail(
          invalid({name, " {", base::format_duration(span), "} must be either zero or otherwise >= 1 sec"}));
  const auto& by_priority = from.shutdown_grace_period_by_pod_priority;
  if (!by_priority.empty() && whole != 0)
    return base::fail(
        invalid({"Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time"}));
  to.clear();
  for (const auto& one : by_priority)
    to.push_back({.priority = one.priority, .seconds = one.shutdown_grace_period_seconds});
  std::ranges::sort(to, {}, &kubelet::ShutdownGrace::priority);
  if (whole != 0)
    to = {{.priority = 0, .seconds = (whole - critical) / kSecond},
          {.priority = kSystemCritical, .seconds = critical / kSecond}};
  return {};
}

void take_alignment(const Configuration& from, kubelet::AlignmentOptions& to) {
  if (!from.cpu_manager_policy.empty()) to.cpu_policy = from.cpu_manager_policy;
  for (const auto& [option, value] : from.cpu_manager_policy_options) to.cpu_policy_options[option] = value;
  if (!from.memory_manager_policy.empty()) to.memory_policy = from.memory_manager_policy;
  if (!from.topology_manager_policy.empty()) to.topology_policy = from.topology_manager_policy;
  for (const auto& [option, value] : from.topology_manager_policy_options) to.topology_policy_options[option] = value;
  if (!from.topology_manager_scope.empty()) to.topology_scope = from.topology_manager_scope;
  if (!from.reserved_system_cpus.empty()) to.reserved_cpus = from.reserved_system_cpus;
  for (const auto& one : from.reserved_memory)
    for (const auto& [resource, amount] : one.limits) to.reserved_memory[one.numa_node][resource] = amount.value();
}

}  // namespace

base::Result<void> take_care_options(const Configuration& from, kubelet::KubeletOptions& options,
                                     kubelet::ThresholdWords& thresholds) {
  take_thresholds(from, thresholds);
  auto& eviction = options.eviction;
  take(from.eviction_pressure_transition_period, eviction.transition_ns);
  eviction.pod_grace_seconds_max = from.eviction_max_pod_grace_period;
  if (from.local_storage_capacity_isolation) eviction.local_storage = *from.local_storage_capacity_isolation;
  auto& images = options.image_garbage;
  if (from.image_gc_high_threshold_percent) images.high_percent = *from.image_gc_high_threshold_percent;
  if (from.image_gc_low_threshold_percent) images.low_percent = *from.image_gc_low_threshold_percent;
  take(from.image_minimum_gc_age, images.minimum_age_ns);
  take(from.image_maximum_gc_age, images.maximum_age_ns);
  auto& pods = options.static_pods;
  if (!from.static_pod_path.empty()) pods.path = from.static_pod_path;
  if (!from.static_pod_url.empty()) pods.url = from.static_pod_url;
  if (!from.static_pod_url_header.empty()) pods.url_headers = from.static_pod_url_header;
  take(from.file_check_frequency, pods.file_check_ns);
  take(from.http_check_frequency, pods.url_check_ns);
  if (from.pod_pids_limit) options.pod_processes_max = *from.pod_pids_limit;
  take_alignment(from, options.alignment);
  return take_shutdown(from, options.shutdown);
}

base::Result<void> check_care_options(const kubelet::KubeletOptions& options) {
  const auto& images = options.image_garbage;
  auto high = std::to_string(images.high_percent), low = std::to_string(images.low_percent);
  if (images.high_percent < 0 || images.high_percent > 100)
    return base::fail(invalid(
        {"imageGCHighThresholdPercent (--image-gc-high-threshold) ", high, " must be between 0 and 100, inclusive"}));
  if (images.low_percent < 0 || images.low_percent > 100)
    return base::fail(invalid(
        {"imageGCLowThresholdPercent (--image-gc-low-threshold) ", low, " must be between 0 and 100, inclusive"}));
  if (images.low_percent >= images.high_percent)
    return base::fail(invalid({"imageGCLowThresholdPercent (--image-gc-low-threshold) ", low,
                               " must be less than imageGCHighThresholdPercent (--image-gc-high-threshold) ", high}));
  if (images.maximum_age_ns != 0 && images.minimum_age_ns > images.maximum_age_ns)
    return base::fail(
        invalid({"imageMaximumGCAge ", base::format_duration(images.maximum_age_ns),
                 " must be greater than imageMinimumGCAge ", base::format_duration(images.minimum_age_ns)}));
  if (options.eviction.pod_grace_seconds_max < 0)
    return base::fail(invalid({"evictionMaxPodGracePeriod ", std::to_string(options.eviction.pod_grace_seconds_max),
                               " must not be negative"}));
  auto alignment = options.alignment;
  if (auto cpu = options.reserved.find("cpu"); cpu != options.reserved.end())
    alignment.reserved_milli_cpu = cpu->second.milli_value();
  if (auto fine = kubelet::check_alignment(alignment); !fine) return base::fail(invalid({fine.error().message()}));
  return {};
}

}  // namespace navarch
