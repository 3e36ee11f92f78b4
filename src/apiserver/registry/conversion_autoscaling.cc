#include "apiserver/registry/conversion_autoscaling.h"

#include <algorithm>

#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/conversion_metrics.h"
#include "apiserver/registry/validation/go_form.h"
#include "schema/json.h"
#include "schema/value.h"

namespace apiserver {
namespace {

namespace v1 = api::autoscaling_v1;
namespace v2 = api::autoscaling_v2;

// Where the older form keeps what it has no fields for.
constexpr std::string_view kMetrics = "autoscaling.alpha.kubernetes.io/metrics";
constexpr std::string_view kCurrentMetrics = "autoscaling.alpha.kubernetes.io/current-metrics";
constexpr std::string_view kConditions = "autoscaling.alpha.kubernetes.io/conditions";
constexpr std::string_view kBehavior = "autoscaling.alpha.kubernetes.io/behavior";
constexpr int32_t kDefaultUtilization = 80;

using Annotations = std::map<std::string, std::string, std::less<>>;

bool is_cpu_utilization(const v2::MetricSpec& metric) {
  return metric.type == "Resource" && metric.resource && metric.resource->name == "cpu" &&
         metric.resource->target.average_utilization.has_value();
}

v2::MetricSpec cpu_utilization(int32_t percent) {
  v2::MetricSpec metric;
  metric.type = "Resource";
  auto& resource = metric.resource.emplace();
  resource.name = "cpu";
  resource.target.type = "Utilization";
  resource.target.average_utilization = percent;
  return metric;
}

template <class T>
std::string json_of(const std::vector<T>& list) {
  std::string out;
  for (const auto& one : list) out += (out.empty() ? "[" : ",") + schema::to_json(one);
  return out + "]";
}

// The list an annotation holds; nothing when it is absent or malformed.
template <class T>
std::vector<T> list_in(const Annotations& annotations, std::string_view key) {
  std::vector<T> out;
  auto found = annotations.find(key);
  if (found == annotations.end()) return out;
  auto parsed = schema::Value::parse(found->second);
  if (!parsed || !parsed->is_array()) return out;
  for (const auto& element : parsed->as_array()) {
    auto one = schema::from_json<T>(element.to_json());
    if (!one) return {};
    out.push_back(std::move(*one));
  }
  return out;
}

// Keys as the API writes them: "ScaleUp" becomes "scaleUp".
schema::Value with_small_keys(const schema::Value& value) {
  if (value.is_array()) {
    schema::Value::Array out;
    for (const auto& element : value.as_array()) out.push_back(with_small_keys(element));
    return out;
  }
  if (!value.is_object()) return value;
  schema::Value::Object out;
  for (const auto& [key, member] : value.as_object()) {
    std::string small = key;
    if (!small.empty() && small[0] >= 'A' && small[0] <= 'Z') small[0] = static_cast<char>(small[0] - 'A' + 'a');
    out.set(small, with_small_keys(member));
  }
  return out;
}

schema::Box<v2::HorizontalPodAutoscalerBehavior> behavior_in(const Annotations& annotations) {
  auto found = annotations.find(kBehavior);
  if (found == annotations.end()) return {};
  auto parsed = schema::Value::parse(found->second);
  if (!parsed) return {};
  auto behavior = schema::from_json<v2::HorizontalPodAutoscalerBehavior>(with_small_keys(*parsed).to_json());
  if (!behavior || (!behavior->scale_up && !behavior->scale_down)) return {};
  return std::move(*behavior);
}

template <class To, class From>
To same_condition(const From& from) {
  To to;
  to.type = from.type;
  to.status = from.status;
  to.last_transition_time = from.last_transition_time;
  to.reason = from.reason;
  to.message = from.message;
  return to;
}

v2::HorizontalPodAutoscaler to_v2(const v1::HorizontalPodAutoscaler& from) {
  v2::HorizontalPodAutoscaler to;
  const auto& annotations = from.metadata.annotations;
  to.metadata = from.metadata;
  to.spec.scale_target_ref = same_reference<v2::CrossVersionObjectReference>(from.spec.scale_target_ref);
  to.spec.min_replicas = from.spec.min_replicas;
  to.spec.max_replicas = from.spec.max_replicas;
  for (const auto& metric : list_in<v1::MetricSpec>(annotations, kMetrics)) to.spec.metrics.push_back(to_newer(metric));
  if (from.spec.target_cpu_utilization_percentage) {
    to.spec.metrics.push_back(cpu_utilization(*from.spec.target_cpu_utilization_percentage));
  }
  if (to.spec.metrics.empty()) to.spec.metrics.push_back(cpu_utilization(kDefaultUtilization));
  to.spec.behavior = behavior_in(annotations);
  to.status.observed_generation = from.status.observed_generation;
  to.status.last_scale_time = from.status.last_scale_time;
  to.status.current_replicas = from.status.current_replicas;
  to.status.desired_replicas = from.status.desired_replicas;
  for (const auto& metric : list_in<v1::MetricStatus>(annotations, kCurrentMetrics)) {
    to.status.current_metrics.push_back(to_newer(metric));
  }
  if (from.status.current_cpu_utilization_percentage && to.status.current_metrics.empty()) {
    auto& metric = to.status.current_metrics.emplace_back();
    metric.type = "Resource";
    auto& resource = metric.resource.emplace();
    resource.name = "cpu";
    resource.current.average_utilization = from.status.current_cpu_utilization_percentage;
  }
  for (const auto& condition : list_in<v1::HorizontalPodAutoscalerCondition>(annotations, kConditions)) {
    to.status.conditions.push_back(same_condition<v2::HorizontalPodAutoscalerCondition>(condition));
  }
  for (std::string_view key : {kMetrics, kCurrentMetrics, kConditions, kBehavior}) {
    if (auto found = to.metadata.annotations.find(key); found != to.metadata.annotations.end())
      to.metadata.annotations.erase(found);
  }
  return to;
}

v1::HorizontalPodAutoscaler to_v1(const v2::HorizontalPodAutoscaler& from) {
  v1::HorizontalPodAutoscaler to;
  to.metadata = from.metadata;
  auto& annotations = to.metadata.annotations;
  to.spec.scale_target_ref = same_reference<v1::CrossVersionObjectReference>(from.spec.scale_target_ref);
  to.spec.min_replicas = from.spec.min_replicas;
  to.spec.max_replicas = from.spec.max_replicas;
  std::vector<v1::MetricSpec> others;
  for (const auto& metric : from.spec.metrics) {
    if (!is_cpu_utilization(metric)) {
      others.push_back(to_older(metric));
    } else if (!to.spec.target_cpu_utilization_percentage) {
      to.spec.target_cpu_utilization_percentage = metric.resource->target.average_utilization;
    }
  }
  if (!others.empty()) annotations[std::string(kMetrics)] = json_of(others);
  if (from.spec.behavior) {
    annotations[std::string(kBehavior)] = go_json(v2::HorizontalPodAutoscalerBehavior::kType, from.spec.behavior.get());
  }
  to.status.observed_generation = from.status.observed_generation;
  to.status.last_scale_time = from.status.last_scale_time;
  to.status.current_replicas = from.status.current_replicas;
  to.status.desired_replicas = from.status.desired_replicas;
  std::vector<v1::MetricStatus> current;
  for (const auto& metric : from.status.current_metrics) {
    current.push_back(to_older(metric));
    if (metric.type == "Resource" && metric.resource && metric.resource->name == "cpu") {
      to.status.current_cpu_utilization_percentage = metric.resource->current.average_utilization;
    }
  }
  if (!current.empty()) annotations[std::string(kCurrentMetrics)] = json_of(current);
  std::vector<v1::HorizontalPodAutoscalerCondition> conditions;
  for (const auto& condition : from.status.conditions) {
    conditions.push_back(same_condition<v1::HorizontalPodAutoscalerCondition>(condition));
  }
  if (!conditions.empty()) annotations[std::string(kConditions)] = json_of(conditions);
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
