#include "apiserver/registry/conversion_autoscaling.h"

#include "api/autoscaling_v1.h"
#include "api/autoscaling_v2.h"
#include "apiserver/pipeline/errors.h"
#include "schema/json.h"

namespace apiserver {
namespace {

namespace v1 = api::autoscaling_v1;
namespace v2 = api::autoscaling_v2;

template <class To, class From>
To same_reference(const From& from) {
  To to;
  to.kind = from.kind;
  to.name = from.name;
  to.api_version = from.api_version;
  return to;
}

bool is_cpu_utilization(const v2::MetricSpec& metric) {
  return metric.type == "Resource" && metric.resource && metric.resource->name == "cpu" &&
         metric.resource->target.average_utilization.has_value();
}

v2::HorizontalPodAutoscaler to_v2(const v1::HorizontalPodAutoscaler& from) {
  v2::HorizontalPodAutoscaler to;
  to.metadata = from.metadata;
  to.spec.scale_target_ref = same_reference<v2::CrossVersionObjectReference>(from.spec.scale_target_ref);
  to.spec.min_replicas = from.spec.min_replicas;
  to.spec.max_replicas = from.spec.max_replicas;
  if (from.spec.target_cpu_utilization_percentage) {
    auto& metric = to.spec.metrics.emplace_back();
    metric.type = "Resource";
    auto& resource = metric.resource.emplace();
    resource.name = "cpu";
    resource.target.type = "Utilization";
    resource.target.average_utilization = from.spec.target_cpu_utilization_percentage;
  }
  to.status.observed_generation = from.status.observed_generation;
  to.status.last_scale_time = from.status.last_scale_time;
  to.status.current_replicas = from.status.current_replicas;
  to.status.desired_replicas = from.status.desired_replicas;
  if (from.status.current_cpu_utilization_percentage) {
    auto& metric = to.status.current_metrics.emplace_back();
    metric.type = "Resource";
    auto& resource = metric.resource.emplace();
    resource.name = "cpu";
    resource.current.average_utilization = from.status.current_cpu_utilization_percentage;
  }
  return to;
}

v1::HorizontalPodAutoscaler to_v1(const v2::HorizontalPodAutoscaler& from) {
  v1::HorizontalPodAutoscaler to;
  to.metadata = from.metadata;
  to.spec.scale_target_ref = same_reference<v1::CrossVersionObjectReference>(from.spec.scale_target_ref);
  to.spec.min_replicas = from.spec.min_replicas;
  to.spec.max_replicas = from.spec.max_replicas;
  for (const auto& metric : from.spec.metrics) {
    if (is_cpu_utilization(metric)) {
      to.spec.target_cpu_utilization_percentage = metric.resource->target.average_utilization;
      break;
    }
  }
  to.status.observed_generation = from.status.observed_generation;
  to.status.last_scale_time = from.status.last_scale_time;
  to.status.current_replicas = from.status.current_replicas;
  to.status.desired_replicas = from.status.desired_replicas;
  for (const auto& metric : from.status.current_metrics) {
    if (metric.type == "Resource" && metric.resource && metric.resource->name == "cpu") {
      to.status.current_cpu_utilization_percentage = metric.resource->current.average_utilization;
    }
  }
  return to;
}

}  // namespace

base::Result<schema::Object> convert_autoscaling(const schema::Object& object, const schema::Type& type) {
  if (auto* from = object.get_if<v1::HorizontalPodAutoscaler>(); from && &type == &v2::HorizontalPodAutoscaler::kType) {
    return schema::Object(to_v2(*from));
  }
  if (auto* from = object.get_if<v2::HorizontalPodAutoscaler>(); from && &type == &v1::HorizontalPodAutoscaler::kType) {
    return schema::Object(to_v1(*from));
  }
  return base::fail(internal_error("not an autoscaler"));
}

}  // namespace apiserver
