#include "apiserver/registry/conversion_metrics.h"

namespace apiserver {
namespace {

namespace v1 = api::autoscaling_v1;
namespace v2 = api::autoscaling_v2;

std::optional<base::Quantity> unless_zero(const base::Quantity& value) {
  return value.is_zero() ? std::nullopt : std::optional<base::Quantity>(value);
}

v2::MetricTarget utilization_target(const std::optional<int32_t>& utilization,
                                    const std::optional<base::Quantity>& average) {
  v2::MetricTarget target;
  target.type = average ? "AverageValue" : "Utilization";
  target.average_utilization = utilization;
  target.average_value = average;
  return target;
}

v2::MetricTarget value_target(const std::optional<base::Quantity>& value,
                              const std::optional<base::Quantity>& average) {
  v2::MetricTarget target;
  target.type = average ? "AverageValue" : "Value";
  target.value = value;
  target.average_value = average;
  return target;
}

}  // namespace

v1::MetricSpec to_older(const v2::MetricSpec& from) {
  v1::MetricSpec to;
  to.type = from.type;
  if (from.object) {
    auto& object = to.object.emplace();
    object.target = same_reference<v1::CrossVersionObjectReference>(from.object->described_object);
    object.metric_name = from.object->metric.name;
    object.selector = from.object->metric.selector;
    object.target_value = from.object->target.value.value_or(base::Quantity());
    object.average_value = from.object->target.average_value;
  }
  if (from.pods) {
    auto& pods = to.pods.emplace();
    pods.metric_name = from.pods->metric.name;
    pods.selector = from.pods->metric.selector;
    pods.target_average_value = from.pods->target.average_value.value_or(base::Quantity());
  }
  if (from.resource) {
    auto& resource = to.resource.emplace();
    resource.name = from.resource->name;
    resource.target_average_utilization = from.resource->target.average_utilization;
    resource.target_average_value = from.resource->target.average_value;
  }
  if (from.container_resource) {
    auto& resource = to.container_resource.emplace();
    resource.name = from.container_resource->name;
    resource.container = from.container_resource->container;
    resource.target_average_utilization = from.container_resource->target.average_utilization;
    resource.target_average_value = from.container_resource->target.average_value;
  }
  if (from.external) {
    auto& external = to.external.emplace();
    external.metric_name = from.external->metric.name;
    external.metric_selector = from.external->metric.selector;
    external.target_value = from.external->target.value;
    external.target_average_value = from.external->target.average_value;
  }
  return to;
}

v2::MetricSpec to_newer(const v1::MetricSpec& from) {
  v2::MetricSpec to;
  to.type = from.type;
  if (from.object) {
    auto& object = to.object.emplace();
    object.described_object = same_reference<v2::CrossVersionObjectReference>(from.object->target);
    object.metric.name = from.object->metric_name;
    object.metric.selector = from.object->selector;
    object.target = value_target(unless_zero(from.object->target_value), from.object->average_value);
  }
  if (from.pods) {
    auto& pods = to.pods.emplace();
    pods.metric.name = from.pods->metric_name;
    pods.metric.selector = from.pods->selector;
    pods.target.type = "AverageValue";
    pods.target.average_value = from.pods->target_average_value;
  }
  if (from.resource) {
    auto& resource = to.resource.emplace();
    resource.name = from.resource->name;
    resource.target =
        utilization_target(from.resource->target_average_utilization, from.resource->target_average_value);
  }
  if (from.container_resource) {
    auto& resource = to.container_resource.emplace();
    resource.name = from.container_resource->name;
    resource.container = from.container_resource->container;
    resource.target = utilization_target(from.container_resource->target_average_utilization,
                                         from.container_resource->target_average_value);
  }
  if (from.external) {
    auto& external = to.external.emplace();
    external.metric.name = from.external->metric_name;
    external.metric.selector = from.external->metric_selector;
    external.target = value_target(from.external->target_value, from.external->target_average_value);
  }
  return to;
}

v1::MetricStatus to_older(const v2::MetricStatus& from) {
  v1::MetricStatus to;
  to.type = from.type;
  if (from.object) {
    auto& object = to.object.emplace();
    object.target = same_reference<v1::CrossVersionObjectReference>(from.object->described_object);
    object.metric_name = from.object->metric.name;
    object.selector = from.object->metric.selector;
    object.current_value = from.object->current.value.value_or(base::Quantity());
    object.average_value = from.object->current.average_value;
  }
  if (from.pods) {
    auto& pods = to.pods.emplace();
    pods.metric_name = from.pods->metric.name;
    pods.selector = from.pods->metric.selector;
    pods.current_average_value = from.pods->current.average_value.value_or(base::Quantity());
  }
  if (from.resource) {
    auto& resource = to.resource.emplace();
    resource.name = from.resource->name;
    resource.current_average_utilization = from.resource->current.average_utilization;
    resource.current_average_value = from.resource->current.average_value.value_or(base::Quantity());
  }
  if (from.container_resource) {
    auto& resource = to.container_resource.emplace();
    resource.name = from.container_resource->name;
    resource.container = from.container_resource->container;
    resource.current_average_utilization = from.container_resource->current.average_utilization;
    resource.current_average_value = from.container_resource->current.average_value.value_or(base::Quantity());
  }
  if (from.external) {
    auto& external = to.external.emplace();
    external.metric_name = from.external->metric.name;
    external.metric_selector = from.external->metric.selector;
    external.current_value = from.external->current.value.value_or(base::Quantity());
    external.current_average_value = from.external->current.average_value;
  }
  return to;
}

v2::MetricStatus to_newer(const v1::MetricStatus& from) {
  v2::MetricStatus to;
  to.type = from.type;
  if (from.object) {
    auto& object = to.object.emplace();
    object.described_object = same_reference<v2::CrossVersionObjectReference>(from.object->target);
    object.metric.name = from.object->metric_name;
    object.metric.selector = from.object->selector;
    object.current.value = from.object->current_value;
    object.current.average_value = from.object->average_value;
  }
  if (from.pods) {
    auto& pods = to.pods.emplace();
    pods.metric.name = from.pods->metric_name;
    pods.metric.selector = from.pods->selector;
    pods.current.average_value = from.pods->current_average_value;
  }
  if (from.resource) {
    auto& resource = to.resource.emplace();
    resource.name = from.resource->name;
    resource.current.average_utilization = from.resource->current_average_utilization;
    resource.current.average_value = from.resource->current_average_value;
  }
  if (from.container_resource) {
    auto& resource = to.container_resource.emplace();
    resource.name = from.container_resource->name;
    resource.container = from.container_resource->container;
    resource.current.average_utilization = from.container_resource->current_average_utilization;
    resource.current.average_value = from.container_resource->current_average_value;
  }
  if (from.external) {
    auto& external = to.external.emplace();
    external.metric.name = from.external->metric_name;
    external.metric.selector = from.external->metric_selector;
    external.current.value = from.external->current_value;
    external.current.average_value = from.external->current_average_value;
  }
  return to;
}

}  // namespace apiserver
