#include "controller/podautoscaler/evaluate.h"

#include "base/strings.h"
#include "schema/selector.h"

namespace controller::autoscaling {
namespace {

using api::autoscaling_v2::MetricIdentifier;
using api::autoscaling_v2::MetricSpec;
using api::autoscaling_v2::MetricStatus;
using api::autoscaling_v2::MetricTarget;
using api::autoscaling_v2::MetricValueStatus;
using api::meta_v1::LabelSelector;
using base::Quantity;
using base::Result;

base::Error with(std::string_view context, const base::Error& error) {
  return base::Error(base::Code::Internal, base::cat({context, error.message()}));
}

// As upstream prints a selector in names of metrics.
std::string shown(const schema::Box<LabelSelector>& selector) {
  if (!selector) return "nil";
  std::string text = "&LabelSelector{MatchLabels:map[string]string{";
  for (const auto& [key, value] : selector->match_labels) text += base::cat({key, ": ", value, ","});
  text += "},MatchExpressions:[]LabelSelectorRequirement{";
  for (const auto& one : selector->match_expressions) {
    text += base::cat({"LabelSelectorRequirement{Key:", one.key, ",Operator:", one.operator_, ",Values:["});
    for (size_t i = 0; i < one.values.size(); ++i) text += base::cat({i == 0 ? "" : " ", one.values[i]});
    text += "],},";
  }
  return text + "},}";
}

Result<std::string> selector_text(const MetricIdentifier& metric) {
  if (!metric.selector) return std::string();
  TRY(auto selector, schema::LabelSelector::from(*metric.selector));
  return selector.to_string();
}

// A metric that was had.
struct Found {
  Proposal proposal;
  std::string name;
  MetricStatus status;
};

MetricValueStatus average(const Proposal& proposal) {
  MetricValueStatus current;
  current.average_value = Quantity::of_milli(proposal.milli);
  current.average_utilization = proposal.utilization;
  return current;
}
MetricValueStatus total(const Proposal& proposal) {
  MetricValueStatus current;
  current.value = Quantity::of_milli(proposal.milli);
  return current;
}

// Everything that a metric is worked out from.
struct Scene {
  Metrics& metrics;
  Targets& targets;
  const std::string& namespace_;
  const Workload& workload;
  const std::string& selector;
  int32_t running;
};

// By what pods use of a resource, as a whole or in one container.
io::Task<Result<Proposal>> of_resource(const Scene& scene, const MetricTarget& target, const std::string& resource,
                                       const std::string& container) {
  std::string_view what = target.average_value ? " usage: " : " utilization: ";
  std::string context = base::cat({"failed to get ", resource, what});
  if (!target.average_value && !target.average_utilization) {
    co_return base::fail(base::Code::Internal,
                         "invalid resource metric source: neither an average utilization target nor an average value "
                         "(usage) target was set");
  }
  auto samples = co_await scene.metrics.of_resource(scene.namespace_, scene.selector, resource, container);
  if (!samples)
    co_return base::fail(
        with(base::cat({context, "unable to get metrics for resource ", resource, ": "}), samples.error()));
  auto proposal =
      target.average_value
          ? by_average(scene.workload, std::move(*samples), resource, target.average_value->milli_value())
          : by_utilization(scene.workload, std::move(*samples), resource, container, *target.average_utilization);
  if (!proposal) co_return base::fail(with(context, proposal.error()));
  co_return proposal;
}

io::Task<Result<Found>> pods(const Scene& scene, const MetricSpec& spec) {
  const auto& source = *spec.pods;
  if (!source.target.average_value) {
    co_return base::fail(base::Code::Internal, "invalid pods metric source: no average value target was set");
  }
  CO_TRY(std::string selector, selector_text(source.metric));
  auto samples = co_await scene.metrics.of_pods(scene.namespace_, scene.selector, source.metric.name, selector);
  if (!samples)
    co_return base::fail(with(base::cat({"unable to get metric ", source.metric.name, ": "}), samples.error()));
  CO_TRY(Proposal proposal,
         by_average(scene.workload, std::move(*samples), "", source.target.average_value->milli_value()));
  Found found{.proposal = proposal, .name = "pods metric " + source.metric.name};
  auto& status = found.status.pods.ensure();
  status.metric = source.metric;
  status.current = average(proposal);
  co_return found;
}

// A proposal for a value that belongs to all pods together.
Result<Proposal> shared_by_all(const Scene& scene, const MetricTarget& target, int64_t value) {
  if (target.average_value) return by_share(scene.workload, scene.running, value, target.average_value->milli_value());
  return by_value(scene.workload, value, target.value->milli_value());
}

io::Task<Result<Found>> object(const Scene& scene, const MetricSpec& spec) {
  const auto& source = *spec.object;
  if (!source.target.value && !source.target.average_value) {
    co_return base::fail(base::Code::Internal,
                         "invalid object metric source: neither a value target nor an average value target was set");
  }
  const auto& about = source.described_object;
  std::string context = base::cat(
      {"unable to get metric ", source.metric.name, ": ", about.kind, " on ", scene.namespace_, " ", about.name, "/"});
  std::string group = about.api_version.substr(0, about.api_version.find('/'));
  if (about.api_version.find('/') == std::string::npos) group.clear();
  auto kind = co_await scene.targets.find(group, about.kind);
  if (!kind) co_return base::fail(with(context, kind.error()));
  CO_TRY(std::string selector, selector_text(source.metric));
  auto value = co_await scene.metrics.of_object(scene.namespace_, kind->group_resource(), about.name,
                                                source.metric.name, selector);
  if (!value) co_return base::fail(with(context, value.error()));
  CO_TRY(Proposal proposal, shared_by_all(scene, source.target, *value));
  Found found{.proposal = proposal};
  auto& status = found.status.object.ensure();
  status.metric = source.metric;
  status.described_object = about;
  status.current = source.target.average_value ? average(proposal) : total(proposal);
  found.name = source.target.average_value
                   ? base::cat({"external metric ", source.metric.name, "(", shown(source.metric.selector), ")"})
                   : base::cat({about.kind, " metric ", source.metric.name});
  co_return found;
}

io::Task<Result<Found>> external(const Scene& scene, const MetricSpec& spec) {
  const auto& source = *spec.external;
  if (!source.target.value && !source.target.average_value) {
    co_return base::fail(base::Code::Internal,
                         "invalid external metric source: neither a value target nor an average value target was set");
  }
  std::string selector_shown = shown(source.metric.selector);
  std::string context = base::cat(
      {"unable to get external metric ", scene.namespace_, "/", source.metric.name, "/", selector_shown, ": "});
  CO_TRY(std::string selector, selector_text(source.metric));
  auto value = co_await scene.metrics.external(scene.namespace_, source.metric.name, selector);
  if (!value) co_return base::fail(with(context, value.error()));
  CO_TRY(Proposal proposal, shared_by_all(scene, source.target, *value));
  Found found{.proposal = proposal,
              .name = base::cat({"external metric ", source.metric.name, "(", selector_shown, ")"})};
  auto& status = found.status.external.ensure();
  status.metric = source.metric;
  status.current = source.target.average_value ? average(proposal) : total(proposal);
  co_return found;
}

io::Task<Result<Found>> resource(const Scene& scene, const MetricSpec& spec) {
  const auto& source = *spec.resource;
  CO_TRY(Proposal proposal, co_await of_resource(scene, source.target, source.name, ""));
  Found found{
      .proposal = proposal,
      .name = source.name + (proposal.utilization ? " resource utilization (percentage of request)" : " resource")};
  auto& status = found.status.resource.ensure();
  status.name = source.name;
  status.current = average(proposal);
  co_return found;
}

io::Task<Result<Found>> container(const Scene& scene, const MetricSpec& spec) {
  const auto& source = *spec.container_resource;
  CO_TRY(Proposal proposal, co_await of_resource(scene, source.target, source.name, source.container));
  Found found{.proposal = proposal,
              .name = source.name + (proposal.utilization ? " container resource utilization (percentage of request)"
                                                          : " container resource")};
  auto& status = found.status.container_resource.ensure();
  status.name = source.name;
  status.container = source.container;
  status.current = average(proposal);
  co_return found;
}

// A kind of metric: what works it out, and what is said when that fails.
struct Source {
  io::Task<Result<Found>> (*find)(const Scene& scene, const MetricSpec& spec);
  std::string_view reason;
  std::string what;  // "cpu resource"
};

std::optional<Source> source_of(const MetricSpec& spec) {
  if (spec.type == "Resource" && spec.resource)
    return Source{resource, "FailedGetResourceMetric", spec.resource->name + " resource"};
  if (spec.type == "ContainerResource" && spec.container_resource)
    return Source{container, "FailedGetContainerResourceMetric", spec.container_resource->name + " container"};
  if (spec.type == "Pods" && spec.pods) return Source{pods, "FailedGetPodsMetric", "pods"};
  if (spec.type == "Object" && spec.object) return Source{object, "FailedGetObjectMetric", "object"};
  if (spec.type == "External" && spec.external)
    return Source{external, "FailedGetExternalMetric", spec.external->metric.name + " external"};
  return std::nullopt;
}

}  // namespace

io::Task<Evaluation> evaluate(Metrics& metrics, Targets& targets, std::string namespace_, std::vector<MetricSpec> specs,
                              Workload workload, std::string selector, int32_t running) {
  Evaluation evaluation;
  const Scene scene{metrics, targets, namespace_, workload, selector, running};
  for (const MetricSpec& spec : specs) {
    MetricStatus& status = evaluation.statuses.emplace_back();
    auto source = source_of(spec);
    if (!source) {
      std::string text = "unknown metric source type " + base::quote(spec.type);
      evaluation.failures.push_back({"InvalidMetricSourceType", text, text});
      continue;
    }
    auto found = co_await source->find(scene, spec);
    if (!found) {
      const std::string& text = found.error().message();
      evaluation.failures.push_back(
          {source->reason, text, base::cat({"failed to get ", source->what, " metric value: ", text})});
      continue;
    }
    status = std::move(found->status);
    status.type = spec.type;
    if (evaluation.replicas == 0 || found->proposal.replicas > evaluation.replicas) {
      evaluation.replicas = found->proposal.replicas;
      evaluation.metric = std::move(found->name);
    }
  }
  co_return evaluation;
}

}  // namespace controller::autoscaling
