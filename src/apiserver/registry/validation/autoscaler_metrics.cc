#include <vector>

#include "apiserver/registry/validation/autoscaling.h"
#include "apiserver/registry/validation/common_names.h"
#include "apiserver/registry/validation/resources.h"

namespace apiserver {
namespace {

namespace autoscaling = api::autoscaling_v2;

constexpr Supported kTypes = {"ContainerResource", "External", "Object", "Pods", "Resource"};

void check_positive_value(Report& report, const std::optional<base::Quantity>& value, const Place& at) {
  if (value && value->sign() <= 0) report.invalid(at, value->to_string(), "must be positive");
}

void check_target(Report& report, const autoscaling::MetricTarget& target, const Place& at) {
  Place type(at, "type");
  if (target.type.empty()) report.required(type, "must specify a metric target type");
  if (!is_one_of(target.type, {"Utilization", "Value", "AverageValue"})) {
    report.invalid(type, target.type, "must be either Utilization, Value, or AverageValue");
  }
  check_positive_value(report, target.value, Place(at, "value"));
  check_positive_value(report, target.average_value, Place(at, "averageValue"));
  if (target.average_utilization && *target.average_utilization < 1) {
    report.invalid(Place(at, "averageUtilization"), *target.average_utilization, "must be greater than 0");
  }
}

void check_metric(Report& report, const autoscaling::MetricIdentifier& metric, const Place& at) {
  Place name(at, "name");
  if (metric.name.empty()) {
    report.required(name, "must specify a metric name");
  } else {
    report.problems(name, metric.name, schema::check_path_segment(metric.name));
  }
}

void check_raw_or_utilization(Report& report, const autoscaling::MetricTarget& target, const Place& source) {
  Place at(source, "target");
  check_target(report, target, at);
  if (!target.average_utilization && !target.average_value) {
    report.required(Place(at, "averageUtilization"), "must set either a target raw value or a target utilization");
  }
  if (target.average_utilization && target.average_value) {
    report.forbidden(Place(at, "averageValue"), "may not set both a target raw value and a target utilization");
  }
}

void check_source(Report& report, const autoscaling::ObjectMetricSource& source, const Place& at) {
  check_object_reference(report, source.described_object, {.group_may_be_empty = true}, Place(at, "describedObject"));
  check_metric(report, source.metric, Place(at, "metric"));
  Place target(at, "target");
  check_target(report, source.target, target);
  if (!source.target.value && !source.target.average_value) {
    report.required(Place(target, "averageValue"), "must set either a target value or averageValue");
  }
}

void check_source(Report& report, const autoscaling::ExternalMetricSource& source, const Place& at) {
  check_metric(report, source.metric, Place(at, "metric"));
  Place target(at, "target");
  check_target(report, source.target, target);
  if (!source.target.value && !source.target.average_value) {
    report.required(Place(target, "averageValue"), "must set either a target value for metric or a per-pod target");
  }
  if (source.target.value && source.target.average_value) {
    report.forbidden(Place(target, "value"), "may not set both a target value for metric and a per-pod target");
  }
}

void check_source(Report& report, const autoscaling::PodsMetricSource& source, const Place& at) {
  check_metric(report, source.metric, Place(at, "metric"));
  Place target(at, "target");
  check_target(report, source.target, target);
  if (!source.target.average_value || source.target.average_value->sign() <= 0) {
    report.required(Place(target, "averageValue"), "must specify a positive target averageValue");
  }
}

void check_source(Report& report, const autoscaling::ResourceMetricSource& source, const Place& at) {
  if (source.name.empty()) report.required(Place(at, "name"), "must specify a resource name");
  check_raw_or_utilization(report, source.target, at);
}

void check_source(Report& report, const autoscaling::ContainerResourceMetricSource& source, const Place& at) {
  Place name(at, "name");
  if (source.name.empty()) {
    report.required(name, "must specify a resource name");
  } else {
    check_container_resource_name(report, source.name, name);
  }
  Place container(at, "container");
  if (source.container.empty()) {
    report.required(container, "must specify a container");
  } else {
    check_label(report, source.container, container);
  }
  check_raw_or_utilization(report, source.target, at);
}

// Of the sources that are given only the first is looked at, and only the one that the type names may be.
void check_spec(Report& report, const autoscaling::MetricSpec& spec, const Place& at) {
  Place type(at, "type");
  if (spec.type.empty()) report.required(type, "must specify a metric source type");
  report.one_of(type, spec.type, kTypes);
  std::vector<const char*> present;
  const char* expected = nullptr;
  bool expected_present = false;
  auto look = [&](const auto& source, const char* name, std::string_view type_name) {
    if (source) {
      present.push_back(name);
      if (present.size() == 1) check_source(report, *source, Place(at, name));
    }
    if (spec.type == type_name) {
      expected = name;
      expected_present = source.has_value();
    }
  };
  look(spec.object, "object", "Object");
  look(spec.external, "external", "External");
  look(spec.pods, "pods", "Pods");
  look(spec.resource, "resource", "Resource");
  look(spec.container_resource, "containerResource", "ContainerResource");
  if (expected == nullptr) {
    report.not_supported(type, spec.type, kTypes);
  } else if (!expected_present) {
    report.required(Place(at, expected), "must populate information for the given metric source");
  }
  if (present.size() == 1) return;
  for (const char* name : present) {
    if (name != expected) report.forbidden(Place(at, name), "must populate the given metric source only");
  }
}

}  // namespace

void check_metrics(Report& report, const autoscaling::HorizontalPodAutoscalerSpec& spec, const Place& at) {
  bool from_elsewhere = false;
  for (size_t i = 0; i < spec.metrics.size(); ++i) {
    check_spec(report, spec.metrics[i], Place(at, i));
    from_elsewhere |= is_one_of(spec.metrics[i].type, {"Object", "External"});
  }
  if (spec.min_replicas && *spec.min_replicas == 0 && !from_elsewhere) {
    report.forbidden(at, "must specify at least one Object or External metric to support scaling to zero replicas");
  }
}

}  // namespace apiserver
