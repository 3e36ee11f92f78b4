// What the rules of the several ways to write a pod share.
#pragma once

#include "api/core_v1.h"
#include "apiserver/registry/validation/report.h"

namespace apiserver {

// Annotations and spec of a real pod. `current` is null at birth.
void check_pod(Report& report, const api::core_v1::Pod& pod, const api::core_v1::Pod* current);
// Annotations that cannot be added, changed or removed later.
void check_pod_annotation_updates(Report& report, const api::core_v1::Pod& next, const api::core_v1::Pod& current);

// What upstream shows for the object as a whole.
inline constexpr std::string_view kWholePath = "[]";
inline constexpr std::string_view kMirrorPod = "kubernetes.io/config.mirror";

}  // namespace apiserver
