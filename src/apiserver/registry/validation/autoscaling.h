// The rules of autoscalers, in the version they are stored in. `current` null: at birth. Pure.
#pragma once

#include "api/autoscaling_v2.h"
#include "apiserver/registry/validation/report.h"

namespace apiserver {

schema::FieldErrors validate_autoscaler(const api::autoscaling_v2::HorizontalPodAutoscaler& next,
                                        const api::autoscaling_v2::HorizontalPodAutoscaler* current);
schema::FieldErrors validate_autoscaler_status(const api::autoscaling_v2::HorizontalPodAutoscaler& next);

// What an object is named by. Most have an API group, but not all that metrics describe.
struct ReferenceRules {
  bool group_may_be_empty = false;
  bool version_may_be_malformed = false;
};
void check_object_reference(Report& report, const api::autoscaling_v2::CrossVersionObjectReference& reference,
                            const ReferenceRules& rules, const Place& at);
void check_metrics(Report& report, const api::autoscaling_v2::HorizontalPodAutoscalerSpec& spec, const Place& at);
void check_behavior(Report& report, const api::autoscaling_v2::HorizontalPodAutoscalerBehavior& behavior,
                    const Place& at);

}  // namespace apiserver
