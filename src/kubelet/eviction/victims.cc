#include "kubelet/eviction/victims.h"

#include <algorithm>
#include <tuple>

#include "base/strings.h"

namespace kubelet {
namespace {

constexpr std::string_view kStorage = "ephemeral-storage";

base::Quantity bytes(uint64_t amount) {
  return base::Quantity::of(static_cast<int64_t>(amount), base::Quantity::Format::BinarySI);
}

bool is_local(const core::Volume& volume) {
  return volume.git_repo || volume.config_map || (volume.empty_dir && volume.empty_dir->medium.empty());
}

// The parts of a pod that lie on the file system that runs low.
struct Parts {
  bool layers = true, logs = true, volumes = true;
};
Parts parts_on(Signal signal, Disks disks) {
  if (!disks.images_apart) return {};
  switch (signal) {
    case Signal::ImageFsAvailable:
    case Signal::ImageFsInodesFree:
      return {.layers = !disks.containers_apart, .logs = false, .volumes = false};
    case Signal::ContainerFsAvailable:
    case Signal::ContainerFsInodesFree:
      return {.layers = true, .logs = disks.containers_apart, .volumes = disks.containers_apart};
    default:
      return {.layers = disks.containers_apart, .logs = true, .volumes = true};
  }
}

stats::FolderUsage used_on_disk(const Candidate& candidate, Parts parts) {
  stats::FolderUsage out;
  auto add = [&](const stats::FolderUsage& more) {
    out.bytes += more.bytes;
    out.inodes += more.inodes;
  };
  for (const auto& container : candidate.sample->containers) {
    if (parts.layers && container.root) add(*container.root);
    if (parts.logs) add(container.logs.used);
  }
  if (!parts.volumes) return out;
  for (const auto& volume : candidate.pod.spec.volumes) {
    if (!is_local(volume)) continue;
    for (const auto& folder : candidate.sample->volumes)
      if (folder.name == volume.name) add(folder.used);
  }
  return out;
}

int64_t requested(const core::Pod& pod, std::string_view resource) {
  auto requests = pod_requests(pod);
  auto found = requests.find(resource);
  return found == requests.end() ? 0 : found->second.value();
}

// How much of what is scarce the pod uses, and what it may by its own word.
struct Use {
  int64_t used = 0, allowed = 0;
};
Use use_of(Signal signal, Disks disks, const Candidate& candidate) {
  const auto& sample = *candidate.sample;
  switch (signal) {
    case Signal::MemoryAvailable:
    case Signal::AllocatableMemoryAvailable:
      return {.used = sample.group ? static_cast<int64_t>(sample.group->usage.memory_working_set_bytes) : 0,
              .allowed = requested(candidate.pod, "memory")};
    case Signal::PidAvailable:
      return {.used = sample.group ? static_cast<int64_t>(sample.group->usage.processes) : 0};
    default:
      break;
  }
  auto used = used_on_disk(candidate, parts_on(signal, disks));
  if (starved_resource(signal) == "inodes") return {.used = static_cast<int64_t>(used.inodes)};
  return {.used = static_cast<int64_t>(used.bytes), .allowed = requested(candidate.pod, kStorage)};
}

const core::Container* container_named(const core::Pod& pod, std::string_view name) {
  for (const auto& container : pod.spec.containers)
    if (container.name == name) return &container;
  for (const auto& container : pod.spec.init_containers)
    if (container.name == name && is_sidecar(container)) return &container;
  return nullptr;
}

std::optional<std::string> volume_limit_passed(const Candidate& candidate) {
  for (const auto& volume : candidate.pod.spec.volumes) {
    if (!volume.empty_dir || !volume.empty_dir->size_limit || volume.empty_dir->size_limit->sign() <= 0) continue;
    for (const auto& folder : candidate.sample->volumes)
      if (folder.name == volume.name && bytes(folder.used.bytes) > *volume.empty_dir->size_limit)
        return base::cat({"Usage of EmptyDir volume ", base::quote(volume.name), " exceeds the limit ",
                          base::quote(volume.empty_dir->size_limit->to_string()), ". "});
  }
  return {};
}

}  // namespace

std::vector<Candidate> order_of_victims(Signal signal, Disks disks, std::vector<Candidate> candidates) {
  // Those that could not be measured first; then those beyond what they asked for, the least important, the greediest.
  auto rank = [&](const Candidate& one) {
    if (!one.sample) return std::tuple(0, 0, int64_t{0}, int64_t{0}, std::string_view(one.pod.metadata.uid));
    auto use = use_of(signal, disks, one);
    int within = signal == Signal::PidAvailable ? 0 : use.used > use.allowed ? 0 : 1;
    return std::tuple(1, within, int64_t{one.pod.spec.priority.value_or(0)}, use.allowed - use.used,
                      std::string_view(one.pod.metadata.uid));
  };
  std::ranges::sort(candidates, {}, rank);
  return candidates;
}

EvictionWords eviction_words(const Threshold& threshold, const Observations& seen, const Candidate& victim) {
  auto resource = starved_resource(threshold.signal);
  EvictionWords words{.message = base::cat({"The node was low on resource: ", resource, ". "})};
  auto& out = words.message;
  std::vector<std::string> offenders, uses;
  if (auto found = seen.find(threshold.signal); found != seen.end())
    out += base::cat({"Threshold quantity: ", threshold.limit.of(found->second.capacity).to_string(),
                      ", available: ", found->second.available.to_string(), ". "});
  static const std::vector<ContainerSample> kNone;
  for (const auto& measured : victim.sample ? victim.sample->containers : kNone) {
    const auto* container = container_named(victim.pod, measured.name);
    if (container == nullptr) continue;
    base::Quantity used;
    if (resource == "memory") {
      used = bytes(measured.group.usage.memory_working_set_bytes);
    } else if (resource == kStorage && measured.root) {
      used = bytes(measured.root->bytes + measured.logs.used.bytes);
    } else {
      continue;
    }
    base::Quantity asked;
    if (auto found = container->resources.requests.find(resource); found != container->resources.requests.end())
      asked = found->second;
    if (used <= asked) continue;
    offenders.push_back(container->name);
    uses.push_back(used.to_string());
    out += base::cat({"Container ", container->name, " was using ", used.to_string(), ", request is ",
                      asked.to_string(), ", has larger consumption of ", resource, ". "});
  }
  words.annotations = {{"starved_resource", std::string(resource)},
                       {"offending_containers", base::join(offenders, ",")},
                       {"offending_containers_usage", base::join(uses, ",")}};
  return words;
}

uint64_t local_storage_bytes(const Candidate& candidate) {
  return candidate.sample ? used_on_disk(candidate, {}).bytes : 0;
}

bool has_storage_limits(const core::Pod& pod) {
  return pod_limits(pod).contains(kStorage) || std::ranges::any_of(pod.spec.volumes, [](const auto& volume) {
           return volume.empty_dir && volume.empty_dir->size_limit && volume.empty_dir->size_limit->sign() > 0;
         });
}

std::optional<std::string> storage_limit_passed(const Candidate& candidate, Disks disks) {
  if (!candidate.sample) return {};
  if (auto passed = volume_limit_passed(candidate)) return passed;
  auto limits = pod_limits(candidate.pod);
  auto whole = limits.find(kStorage);
  if (whole == limits.end()) return {};
  if (bytes(local_storage_bytes(candidate)) > whole->second)
    return base::cat(
        {"Pod ephemeral local storage usage exceeds the total limit of containers ", whole->second.to_string(), ". "});
  for (const auto& measured : candidate.sample->containers) {
    const auto* container = container_named(candidate.pod, measured.name);
    if (container == nullptr) continue;
    auto limit = container->resources.limits.find(kStorage);
    if (limit == container->resources.limits.end() || limit->second.is_zero()) continue;
    uint64_t used = measured.logs.used.bytes;
    if (measured.root && !disks.images_apart) used += measured.root->bytes;
    if (bytes(used) > limit->second)
      return base::cat({"Container ", container->name, " exceeded its local ephemeral storage limit ",
                        base::quote(limit->second.to_string()), ". "});
  }
  return {};
}

}  // namespace kubelet
