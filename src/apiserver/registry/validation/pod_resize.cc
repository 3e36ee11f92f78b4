// Changes of what a running pod may use.

#include "apiserver/registry/strategy/pod_rules.h"
#include "apiserver/registry/validation/pod.h"
#include "apiserver/registry/validation/pod_parts.h"
#include "apiserver/registry/validation/resources.h"
#include "base/strings.h"

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
                   const Place& at, std::string_view whose) {
  if (lost_some(next.requests, current.requests))
    report.forbidden(Place(at, "requests"), base::cat({whose, " requests cannot be removed"}));
  if (lost_some(next.limits, current.limits))
    report.forbidden(Place(at, "limits"), base::cat({whose, " limits cannot be removed"}));
}

// None added, removed, renamed or moved.
void check_order(Report& report, const std::vector<core::Container>& next, const std::vector<core::Container>& current,
                 std::string_view what, const Place& at) {
  if (next.size() != current.size()) {
    report.forbidden(at, base::cat({what, " may not be added or removed on resize"}));
    return;
  }
  for (size_t i = 0; i < next.size(); ++i) {
    if (next[i].name == current[i].name) continue;
    Place here(at, i);
    report.forbidden(Place(here, "name"), base::cat({what, " may not be renamed or reordered on resize"}));
  }
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
  next.claims.clear();
}

bool has_amounts(const core::PodSpec& spec) {
  return spec.resources && (!spec.resources->requests.empty() || !spec.resources->limits.empty());
}

// What the pod as a whole may have. Sets it back in `mended`.
void check_pod_amounts(Report& report, core::PodSpec& mended, const core::PodSpec& current, const Place& spec) {
  Place at(spec, "resources");
  if (current.resources && !mended.resources) {
    report.forbidden(at, "pod-level resources cannot be removed");
    return;
  }
  if (current.resources) check_removal(report, *mended.resources, *current.resources, at, "pod-level resource");
  if (!mended.resources) return;
  static const core::ResourceRequirements kNone;
  const auto& before = current.resources ? *current.resources : kNone;
  set_back(mended.resources->limits, before.limits);
  set_back(mended.resources->requests, before.requests);
  if (!current.resources && *mended.resources == kNone) mended.resources.reset();
  if (mended.resources != current.resources)
    report.forbidden(spec, "only cpu and memory resources are mutable at pod-level");
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

  core::PodSpec mended = next.spec;
  if (has_amounts(current.spec) || has_amounts(next.spec)) check_pod_amounts(report, mended, current.spec, spec);
  Place containers(spec, "containers");
  Place init(spec, "initContainers");
  // What follows compares one by one.
  size_t before = report.size();
  check_order(report, next.spec.containers, current.spec.containers, "containers", containers);
  check_order(report, next.spec.init_containers, current.spec.init_containers, "initContainers", init);
  if (report.size() != before) return report.take();

  auto check_all = [&](const std::vector<core::Container>& now, const std::vector<core::Container>& old,
                       const Place& at) {
    for (size_t i = 0; i < old.size(); ++i) {
      Place here(at, i);
      check_removal(report, now[i].resources, old[i].resources, Place(here, "resources"), "resource");
    }
  };
  check_all(next.spec.init_containers, current.spec.init_containers, init);
  check_all(next.spec.containers, current.spec.containers, containers);

  for (size_t i = 0; i < mended.containers.size(); ++i) {
    auto& container = mended.containers[i];
    set_back(container.resources, current.spec.containers[i].resources);
    if (!(container == current.spec.containers[i])) report.forbidden(spec, "only cpu and memory resources are mutable");
  }
  for (size_t i = 0; i < mended.init_containers.size(); ++i) {
    const auto& old = current.spec.init_containers[i];
    auto& container = mended.init_containers[i];
    bool changed = !(container == old);
    set_back(container.resources, old.resources);
    Place here(init, i);
    if (!(container == old))
      report.forbidden(here, "only cpu and memory resources for init or sidecar containers are mutable");
    if (!changed || container.restart_policy == "Always") continue;
    for (const auto& policy : container.resize_policy) {
      if (policy.restart_policy != "RestartContainer") continue;
      report.forbidden(here, "non-sidecar init containers with a resize policy of RestartContainer cannot be resized");
    }
  }
  if (report.empty() && !(mended == current.spec)) report.forbidden(spec, "only cpu and memory resources are mutable");
  return report.take();
}

}  // namespace apiserver
