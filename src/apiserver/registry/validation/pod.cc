#include "apiserver/registry/validation/pod.h"

#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/pod_parts.h"
#include "apiserver/registry/validation/pod_template.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;

constexpr std::string_view kAppArmor = "container.apparmor.security.beta.kubernetes.io/";

void check_all(Report& report, const core::Pod& pod, const PodRules& rules) {
  Place metadata("metadata");
  Place spec("spec");
  check_pod_annotations(report, pod.metadata.annotations, pod.spec, Place(metadata, "annotations"));
  check_pod_spec(report, pod.spec, &pod.metadata, rules, spec);
  if (pod.spec.service_account_name.empty()) {
    Place volumes(spec, "volumes");
    for (size_t i = 0; i < pod.spec.volumes.size(); ++i) {
      if (!pod.spec.volumes[i].projected) continue;
      Place volume(volumes, i);
      Place sources(volume, "projected.sources");
      const auto& all = pod.spec.volumes[i].projected->sources;
      for (size_t j = 0; j < all.size(); ++j) {
        if (!all[j].service_account_token) continue;
        Place source(sources, j);
        report.forbidden(Place(source, "serviceAccountToken"),
                         "must not be specified when serviceAccountName is not set");
      }
    }
  }
  check_image_spaces(report, pod.spec.containers, Place(spec, "containers"));
  check_image_spaces(report, pod.spec.init_containers, Place(spec, "initContainers"));
}

}  // namespace

void check_pod(Report& report, const core::Pod& pod, const core::Pod* current) {
  Report found;
  check_all(found, pod, PodRules{.is_pod = true});
  if (!found.empty() && current != nullptr) {
    found = Report();
    check_all(found, pod, PodRules::for_update(current->spec, true));
  }
  report.add(found.take());
}

void check_pod_annotation_updates(Report& report, const core::Pod& next, const core::Pod& current) {
  Place metadata("metadata");
  Place at(metadata, "annotations");
  const auto& now = next.metadata.annotations;
  const auto& before = current.metadata.annotations;
  for (const auto& [key, value] : before) {
    auto found = now.find(key);
    if (found != now.end() && found->second == value) continue;
    if (key.starts_with(kAppArmor))
      report.forbidden(Place::key(at, key), "may not remove or update AppArmor annotations");
    if (key == kMirrorPod) report.forbidden(Place::key(at, key), "may not remove or update mirror pod annotation");
  }
  for (const auto& [key, value] : now) {
    if (before.contains(key)) continue;
    if (key.starts_with(kAppArmor)) report.forbidden(Place::key(at, key), "may not add AppArmor annotations");
    if (key == kMirrorPod) report.forbidden(Place::key(at, key), "may not add mirror pod annotation");
  }
  check_pod_annotations(report, now, next.spec, at);
}

FieldErrors validate_pod(const core::Pod& pod) {
  Report report;
  check_pod(report, pod, nullptr);
  Place spec("spec");
  if (!pod.spec.ephemeral_containers.empty())
    report.forbidden(Place(spec, "ephemeralContainers"), "cannot be set on create");
  if (!pod.spec.node_name.empty() && !pod.spec.scheduling_gates.empty()) {
    report.forbidden(Place(spec, "nodeName"), "cannot be set until all schedulingGates have been cleared");
  }
  check_profile_annotations_match(report, pod.metadata.annotations, pod.spec, spec);
  return report.take();
}

FieldErrors validate_ephemeral_containers_update(const core::Pod& next, const core::Pod& current) {
  Report report;
  if (current.metadata.annotations.contains(kMirrorPod)) {
    report.forbidden(Place(kWholePath), "static pods do not support ephemeral containers");
    return report.take();
  }
  check_pod(report, next, &current);
  check_pod_annotation_updates(report, next, current);
  Place spec("spec");
  Place at(spec, "ephemeralContainers");
  for (const auto& old : current.spec.ephemeral_containers) {
    const core::EphemeralContainer* same = nullptr;
    for (const auto& container : next.spec.ephemeral_containers) {
      if (container.name == old.name) same = &container;
    }
    if (same == nullptr) {
      report.forbidden(at,
                       base::cat({"existing ephemeral containers ", base::quote(old.name), " may not be removed\n"}));
    } else if (!(*same == old)) {
      report.forbidden(at, base::cat({"existing ephemeral containers ", base::quote(old.name), " may not be changed\n",
                                      go_diff(old, *same)}));
    }
  }
  return report.take();
}

}  // namespace apiserver
