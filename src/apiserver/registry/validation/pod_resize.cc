// Changes of what a running pod may use.

#include "apiserver/registry/strategy/pod_rules.h"
#include "apiserver/registry/validation/pod.h"
#include "apiserver/registry/validation/pod_parts.h"
#include "apiserver/registry/validation/resources.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;

bool lost_some(const Amounts& next, const Amounts& current) {
  for (const auto& [name, amount] : current) {
    if (!next.contains(name)) return true;
  }
  return false;
}

void check_removal(Report& report, const core::ResourceRequirements& next, const core::ResourceRequirements& current,
                   const Place& at) {
  if (lost_some(next.requests, current.requests))
    report.forbidden(Place(at, "requests"), "resource requests cannot be removed");
  if (lost_some(next.limits, current.limits))
    report.forbidden(Place(at, "limits"), "resource limits cannot be removed");
}

bool is_sidecar(const core::Container& container) {
  return container.restart_policy == "Always";
}

// Processor time and memory as they were; the policy of resizing is not looked at here.
void set_back(Amounts& next, const Amounts& current) {
  for (const char* name : {"cpu", "memory"}) {
    next.erase(name);
    if (auto old = current.find(name); old != current.end()) next[name] = old->second;
  }
}

void set_back(core::ResourceRequirements& next, const core::ResourceRequirements& current) {
  set_back(next.limits, current.limits);
  set_back(next.requests, current.requests);
}

// Whether the node it runs on can do it: such nodes report what containers have.
bool is_supported(const core::Pod& pod) {
  for (const auto& status : pod.status.container_statuses) {
    if (status.state.running) return status.resources.has_value();
  }
  return true;
}

FieldErrors only(std::string_view why) {
  Report report;
  report.forbidden(Place(kWholePath), why);
  return report.take();
}

}  // namespace

FieldErrors validate_pod_resize(const core::Pod& next, const core::Pod& current) {
  if (current.metadata.annotations.contains(kMirrorPod)) return only("static pods cannot be resized");
  if (current.spec.os && current.spec.os->name == "windows") return only("windows pods cannot be resized");
  Report report;
  Place spec("spec");
  check_pod(report, next, &current);
  std::string quality = current.status.qos_class.empty() ? qos_class(current.spec) : current.status.qos_class;
  if (quality != qos_class(next.spec)) {
    report.invalid(spec, next.status.qos_class, "Pod QOS Class may not change as a result of resizing");
  }
  if (!is_supported(current)) report.forbidden(spec, "Pod running on node without support for resize");

  Place init(spec, "initContainers");
  for (size_t i = 0; i < current.spec.init_containers.size() && i < next.spec.init_containers.size(); ++i) {
    if (!is_sidecar(current.spec.init_containers[i])) continue;
    Place here(init, i);
    check_removal(report, next.spec.init_containers[i].resources, current.spec.init_containers[i].resources,
                  Place(here, "resources"));
  }
  Place containers(spec, "containers");
  for (size_t i = 0; i < current.spec.containers.size() && i < next.spec.containers.size(); ++i) {
    Place here(containers, i);
    check_removal(report, next.spec.containers[i].resources, current.spec.containers[i].resources,
                  Place(here, "resources"));
  }
  if (current.spec.resources && next.spec.resources) {
    check_removal(report, *next.spec.resources, *current.spec.resources, Place(spec, "resources"));
  }

  core::PodSpec mended = next.spec;
  for (size_t i = 0; i < mended.containers.size() && i < current.spec.containers.size(); ++i) {
    auto& container = mended.containers[i];
    set_back(container.resources, current.spec.containers[i].resources);
    if (!(container == current.spec.containers[i])) report.forbidden(spec, "only cpu and memory resources are mutable");
  }
  for (size_t i = 0; i < mended.init_containers.size() && i < current.spec.init_containers.size(); ++i) {
    auto& container = mended.init_containers[i];
    if (is_sidecar(container)) {
      set_back(container.resources, current.spec.init_containers[i].resources);
      if (!(container == current.spec.init_containers[i])) {
        report.forbidden(spec, "only cpu and memory resources for sidecar containers are mutable");
      }
    } else if (!(container == current.spec.init_containers[i])) {
      report.forbidden(spec, "resources for non-sidecar init containers are immutable");
    }
  }
  if (mended.resources && current.spec.resources) set_back(*mended.resources, *current.spec.resources);
  if (report.empty() && !(mended == current.spec)) report.forbidden(spec, "only cpu and memory resources are mutable");
  return report.take();
}

}  // namespace apiserver
