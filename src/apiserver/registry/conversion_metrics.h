// What autoscalers are driven by, between the two forms: the older one nests target and selector differently.
#pragma once

#include "api/autoscaling_v1.h"
#include "api/autoscaling_v2.h"

namespace apiserver {

api::autoscaling_v1::MetricSpec to_older(const api::autoscaling_v2::MetricSpec& from);
api::autoscaling_v2::MetricSpec to_newer(const api::autoscaling_v1::MetricSpec& from);
api::autoscaling_v1::MetricStatus to_older(const api::autoscaling_v2::MetricStatus& from);
api::autoscaling_v2::MetricStatus to_newer(const api::autoscaling_v1::MetricStatus& from);

template <class To, class From>
To same_reference(const From& from) {
  To to;
  to.kind = from.kind;
  to.name = from.name;
  to.api_version = from.api_version;
  return to;
}

}  // namespace apiserver
