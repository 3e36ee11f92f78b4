// Pods' specs, as pods and all that make pods have them. Pure.
#pragma once

#include "api/core_v1.h"
#include "apiserver/registry/validation/pod_scope.h"
#include "apiserver/registry/validation/report.h"

namespace apiserver {

// `pod` is the metadata of a real pod; null in templates.
void check_pod_spec(Report& report, const api::core_v1::PodSpec& spec, const api::meta_v1::ObjectMeta* pod,
                    const PodRules& rules, const Place& at);
// Labels, annotations and spec. What `current`, when there is one, had before rules came stays valid.
void check_pod_template(Report& report, const api::core_v1::PodTemplateSpec& pod,
                        const api::core_v1::PodTemplateSpec* current, const Place& at);

}  // namespace apiserver
