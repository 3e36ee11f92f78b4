#include "controller/podautoscaler/replicas.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <set>

#include "base/strings.h"

namespace controller::autoscaling {
namespace {

using api::core_v1::Container;
using api::core_v1::Pod;
using base::Result;

base::Error plain(std::string message) {
  return base::Error(base::Code::Internal, std::move(message));
}

// The pods by what they may say.
struct Groups {
  int32_t ready = 0;
  std::set<std::string> unready;
  std::set<std::string> missing;  // without a sample
  std::set<std::string> ignored;  // on their way out
};

bool warms_up(const Pod& pod, const Sample& sample, const Workload& workload) {
  const auto* ready = find_condition(pod.status, "Ready");
  if (ready == nullptr || pod.status.start_time.is_zero()) return true;
  bool is_unready = ready->status == "False";
  int64_t started = pod.status.start_time.seconds, changed = ready->last_transition_time.seconds;
  if (started + workload.warmup.cpu_initialization_seconds > workload.now.seconds)
    return is_unready || sample.at.seconds < changed + sample.window_seconds;
  return is_unready && started + workload.warmup.readiness_delay_seconds > changed;
}

Groups group(const Workload& workload, const Samples& samples, std::string_view resource) {
  Groups groups;
  for (const PodPointer& pod : workload.pods) {
    const std::string& name = pod->metadata.name;
    auto sample = samples.find(name);
    if (!pod->metadata.deletion_timestamp.is_zero() || pod->status.phase == "Failed") {
      groups.ignored.insert(name);
    } else if (pod->status.phase == "Pending") {
      groups.unready.insert(name);
    } else if (sample == samples.end()) {
      groups.missing.insert(name);
    } else if (resource == "cpu" && warms_up(*pod, sample->second, workload)) {
      groups.unready.insert(name);
    } else {
      groups.ready++;
    }
  }
  return groups;
}

// What samples mean beside the target: 1 is just right.
struct Measure {
  double ratio = 0;
  int64_t milli = 0;
  std::optional<int32_t> utilization;
};

struct Rule {
  std::function<Result<Measure>(const Samples&)> measure;
  std::function<int64_t(const std::string& pod)> full;  // what a pod without a sample is taken to use, to be careful
  bool missing_count_when_just_right = false;
};

Result<Proposal> propose(const Workload& workload, Samples samples, std::string_view resource, const Rule& rule) {
  Groups groups = group(workload, samples, resource);
  for (const auto& names : {groups.ignored, groups.unready}) {
    for (const auto& name : names) samples.erase(name);
  }
  if (samples.empty()) return base::fail(plain("did not receive metrics for targeted pods (pods might be unready)"));
  TRY(Measure seen, rule.measure(samples));
  auto proposal = [&](int32_t replicas) {
    return Proposal{.replicas = replicas, .milli = seen.milli, .utilization = seen.utilization};
  };
  bool grows_with_unready = !groups.unready.empty() && seen.ratio > 1.0;
  if (!grows_with_unready && groups.missing.empty()) {
    if (workload.tolerance.holds(seen.ratio)) return proposal(workload.replicas);
    return proposal(static_cast<int32_t>(std::ceil(seen.ratio * groups.ready)));
  }
  // Those that say nothing are taken to use all when the size would shrink, and nothing when it would grow.
  if (seen.ratio < 1.0) {
    for (const auto& name : groups.missing) samples[name].milli = rule.full(name);
  } else if (seen.ratio > 1.0 || rule.missing_count_when_just_right) {
    for (const auto& name : groups.missing) samples[name].milli = 0;
  }
  if (grows_with_unready) {
    for (const auto& name : groups.unready) samples[name].milli = 0;
  }
  TRY(Measure careful, rule.measure(samples));
  bool turned = (seen.ratio < 1.0 && careful.ratio > 1.0) || (seen.ratio > 1.0 && careful.ratio < 1.0);
  if (turned || workload.tolerance.holds(careful.ratio)) return proposal(workload.replicas);
  auto replicas = static_cast<int32_t>(std::ceil(careful.ratio * static_cast<double>(samples.size())));
  bool against =
      (careful.ratio < 1.0 && replicas > workload.replicas) || (careful.ratio > 1.0 && replicas < workload.replicas);
  return proposal(against ? workload.replicas : replicas);
}

// In thousandths; an error when the container, or one of the pod's containers, requests none.
Result<int64_t> request_of(const Pod& pod, std::string_view resource, std::string_view container) {
  std::string key(resource);
  auto missing = [&](const Container& one) {
    return base::fail(plain(
        base::cat({"missing request for ", resource, " in container ", one.name, " of Pod ", pod.metadata.name})));
  };
  if (container.empty() && pod.spec.resources) {
    auto whole = pod.spec.resources->requests.find(key);
    if (whole != pod.spec.resources->requests.end()) return whole->second.milli_value();
  }
  int64_t total = 0;
  bool found = false;
  auto add = [&](const Container& one) -> Result<void> {
    if (!container.empty() && one.name != container) return {};
    found = true;
    auto request = one.resources.requests.find(key);
    if (request == one.resources.requests.end()) return missing(one);
    total += request->second.milli_value();
    return {};
  };
  for (const Container& one : pod.spec.containers) TRY(add(one));
  for (const Container& one : pod.spec.init_containers) {
    if (one.restart_policy == "Always") TRY(add(one));
  }
  if (!found && !container.empty())
    return base::fail(plain(base::cat({"container ", container, " not found in Pod ", pod.metadata.name})));
  return total;
}

Result<void> need_pods(const Workload& workload) {
  if (!workload.pods.empty()) return {};
  return base::fail(plain("no pods returned by selector while calculating replica count"));
}

}  // namespace

Result<Proposal> by_utilization(const Workload& workload, Samples samples, std::string_view resource,
                                std::string_view container, int32_t target) {
  TRY(need_pods(workload));
  std::map<std::string, int64_t> requests;
  for (const PodPointer& pod : workload.pods) {
    TRY(requests[pod->metadata.name], request_of(*pod, resource, container));
  }
  Rule rule;
  rule.measure = [&](const Samples& now) -> Result<Measure> {
    int64_t used = 0, requested = 0, pods = 0;
    for (const auto& [name, sample] : now) {
      auto request = requests.find(name);
      if (request == requests.end()) continue;  // a pod that is no longer, or not yet, known
      used += sample.milli;
      requested += request->second;
      pods++;
    }
    if (requested == 0) return base::fail(plain("no metrics returned matched known pods"));
    auto percent = static_cast<int32_t>(used * 100 / requested);
    return Measure{.ratio = static_cast<double>(percent) / target, .milli = used / pods, .utilization = percent};
  };
  rule.full = [&](const std::string& pod) { return requests[pod] * std::max(100, target) / 100; };
  return propose(workload, std::move(samples), resource, rule);
}

Result<Proposal> by_average(const Workload& workload, Samples samples, std::string_view resource, int64_t target) {
  TRY(need_pods(workload));
  Rule rule;
  rule.measure = [&](const Samples& now) -> Result<Measure> {
    int64_t used = 0;
    for (const auto& [name, sample] : now) used += sample.milli;
    int64_t average = used / static_cast<int64_t>(now.size());
    return Measure{.ratio = static_cast<double>(average) / static_cast<double>(target), .milli = average};
  };
  rule.full = [&](const std::string&) { return target; };
  rule.missing_count_when_just_right = true;
  return propose(workload, std::move(samples), resource, rule);
}

Result<Proposal> by_value(const Workload& workload, int64_t value, int64_t target) {
  double ratio = static_cast<double>(value) / static_cast<double>(target);
  Proposal proposal{.replicas = workload.replicas, .milli = value};
  if (workload.replicas == 0) {
    proposal.replicas = static_cast<int32_t>(std::ceil(ratio));
  } else if (!workload.tolerance.holds(ratio)) {
    if (auto some = need_pods(workload); !some)
      return base::fail(plain("unable to calculate ready pods: " + some.error().message()));
    auto ready = std::count_if(workload.pods.begin(), workload.pods.end(),
                               [](const PodPointer& pod) { return pod->status.phase == "Running" && is_ready(*pod); });
    proposal.replicas = static_cast<int32_t>(std::ceil(ratio * static_cast<double>(ready)));
  }
  return proposal;
}

Proposal by_share(const Workload& workload, int32_t running, int64_t value, int64_t target) {
  double wanted = static_cast<double>(value) / static_cast<double>(target);
  Proposal proposal{.replicas = running};
  if (running == 0 || !workload.tolerance.holds(wanted / running))
    proposal.replicas = static_cast<int32_t>(std::ceil(wanted));
  if (running > 0) proposal.milli = static_cast<int64_t>(std::ceil(static_cast<double>(value) / running));
  return proposal;
}

}  // namespace controller::autoscaling
