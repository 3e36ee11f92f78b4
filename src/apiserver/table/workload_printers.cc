#include "api/apps_v1.h"
#include "api/autoscaling_v1.h"
#include "api/autoscaling_v2.h"
#include "api/batch_v1.h"
#include "api/policy_v1.h"
#include "apiserver/registry/conversion.h"
#include "apiserver/table/cells.h"
#include "base/strings.h"

namespace apiserver::table {
namespace {

namespace apps = api::apps_v1;
namespace batch = api::batch_v1;
namespace core = api::core_v1;
namespace meta = api::meta_v1;
namespace v2 = api::autoscaling_v2;

std::string of(int64_t part, int64_t all) {
  return base::cat({std::to_string(part), "/", std::to_string(all)});
}

void end_of_workload(Cells& cells, const core::PodTemplateSpec& pods, std::string selector) {
  cells.text(container_names(pods.spec.containers)).text(container_images(pods.spec.containers)).text(selector);
}

void deployment(const apps::Deployment& one, Cells& cells) {
  cells.text(one.metadata.name)
      .text(of(one.status.ready_replicas, one.spec.replicas.value_or(0)))
      .number(one.status.updated_replicas)
      .number(one.status.available_replicas)
      .age(one.metadata.creation_timestamp);
  end_of_workload(cells, one.spec.template_, one.spec.selector ? selector_text(*one.spec.selector) : "<none>");
}

void replica_set(const apps::ReplicaSet& one, Cells& cells) {
  cells.text(one.metadata.name)
      .number(one.spec.replicas.value_or(0))
      .number(one.status.replicas)
      .number(one.status.ready_replicas)
      .age(one.metadata.creation_timestamp);
  end_of_workload(cells, one.spec.template_, one.spec.selector ? selector_text(*one.spec.selector) : "<none>");
}

void replication_controller(const core::ReplicationController& one, Cells& cells) {
  static const core::PodTemplateSpec kNone;
  cells.text(one.metadata.name)
      .number(one.spec.replicas.value_or(0))
      .number(one.status.replicas)
      .number(one.status.ready_replicas)
      .age(one.metadata.creation_timestamp);
  end_of_workload(cells, one.spec.template_ ? *one.spec.template_ : kNone, labels_text(one.spec.selector));
}

void stateful_set(const apps::StatefulSet& one, Cells& cells) {
  cells.text(one.metadata.name)
      .text(of(one.status.ready_replicas, one.spec.replicas.value_or(0)))
      .age(one.metadata.creation_timestamp)
      .text(container_names(one.spec.template_.spec.containers))
      .text(container_images(one.spec.template_.spec.containers));
}

void daemon_set(const apps::DaemonSet& one, Cells& cells) {
  cells.text(one.metadata.name)
      .number(one.status.desired_number_scheduled)
      .number(one.status.current_number_scheduled)
      .number(one.status.number_ready)
      .number(one.status.updated_number_scheduled)
      .number(one.status.number_available)
      .text(labels_text(one.spec.template_.spec.node_selector))
      .age(one.metadata.creation_timestamp);
  end_of_workload(cells, one.spec.template_, one.spec.selector ? selector_text(*one.spec.selector) : "<none>");
}

void controller_revision(const apps::ControllerRevision& one, Cells& cells) {
  std::string owner = "<none>";
  for (const auto& reference : one.metadata.owner_references) {
    if (!reference.controller.value_or(false)) continue;
    auto slash = reference.api_version.find('/');
    std::string group = slash == std::string::npos ? "" : reference.api_version.substr(0, slash);
    owner = base::cat({base::to_lower(reference.kind), group.empty() ? "" : ".", group, "/", reference.name});
  }
  cells.text(one.metadata.name).text(owner).number(one.revision).age(one.metadata.creation_timestamp);
}

std::string job_state(const batch::Job& job) {
  auto holds = [&](std::string_view type) {
    for (const auto& condition : job.status.conditions) {
      if (condition.type == type && condition.status == "True") return true;
    }
    return false;
  };
  if (holds("Complete")) return "Complete";
  if (holds("Failed")) return "Failed";
  if (!job.metadata.deletion_timestamp.is_zero()) return "Terminating";
  if (holds("Suspended")) return "Suspended";
  if (holds("FailureTarget")) return "FailureTarget";
  if (holds("SuccessCriteriaMet")) return "SuccessCriteriaMet";
  return "Running";
}

void job(const batch::Job& job, Cells& cells) {
  std::string completions;
  if (job.spec.completions) {
    completions = of(job.status.succeeded, *job.spec.completions);
  } else if (int32_t parallel = job.spec.parallelism.value_or(0); parallel > 1) {
    completions = base::cat({of(job.status.succeeded, 1), " of ", std::to_string(parallel)});
  } else {
    completions = of(job.status.succeeded, 1);
  }
  std::string duration;
  if (!job.status.start_time.is_zero()) {
    base::Time end = job.status.completion_time.is_zero() ? cells.now() : job.status.completion_time;
    duration = base::human_duration(end.to_ns() - job.status.start_time.to_ns());
  }
  cells.text(job.metadata.name)
      .text(job_state(job))
      .text(completions)
      .text(duration)
      .age(job.metadata.creation_timestamp);
  end_of_workload(cells, job.spec.template_, job.spec.selector ? selector_text(*job.spec.selector) : "<none>");
}

void scale(const api::autoscaling_v1::Scale& one, Cells& cells) {
  cells.text(one.metadata.name)
      .number(one.spec.replicas)
      .number(one.status.replicas)
      .age(one.metadata.creation_timestamp);
}

void cron_job(const batch::CronJob& one, Cells& cells) {
  const auto& pattern = one.spec.job_template.spec;
  cells.text(one.metadata.name)
      .text(one.spec.schedule)
      .text_or(one.spec.time_zone.value_or(""), "<none>")
      .text(one.spec.suspend.value_or(false) ? "True" : "False")
      .number(static_cast<int64_t>(one.status.active.size()))
      .text(one.status.last_schedule_time.is_zero() ? "<none>" : cells.age_text(one.status.last_schedule_time))
      .age(one.metadata.creation_timestamp);
  end_of_workload(cells, pattern.template_, pattern.selector ? selector_text(*pattern.selector) : "<none>");
}

// "12%/50%" or "<unknown>/50%", or amounts in place of percents.
std::string against(const v2::MetricTarget& target, const v2::MetricValueStatus* now) {
  std::string have = "<unknown>", want;
  if (target.average_utilization) {
    want = std::to_string(*target.average_utilization) + "%";
    if (now && now->average_utilization) have = std::to_string(*now->average_utilization) + "%";
  } else if (target.average_value) {
    want = target.average_value->to_string();
    if (now && now->average_value) have = now->average_value->to_string();
  } else if (target.value) {
    want = target.value->to_string();
    if (now && now->value) have = now->value->to_string();
  } else {
    want = "<auto>";
  }
  return base::cat({have, "/", want});
}

std::string metric_text(const v2::MetricSpec& spec, const v2::MetricStatus* status) {
  if (spec.type == "Resource" && spec.resource) {
    const auto* now = status && status->resource ? &status->resource->current : nullptr;
    return base::cat({spec.resource->name, ": ", against(spec.resource->target, now)});
  }
  if (spec.type == "ContainerResource" && spec.container_resource) {
    const auto* now = status && status->container_resource ? &status->container_resource->current : nullptr;
    return base::cat({spec.container_resource->name, ": ", against(spec.container_resource->target, now)});
  }
  if (spec.type == "Pods" && spec.pods)
    return against(spec.pods->target, status && status->pods ? &status->pods->current : nullptr);
  if (spec.type == "Object" && spec.object) {
    auto text = against(spec.object->target, status && status->object ? &status->object->current : nullptr);
    return spec.object->target.average_value ? text + " (avg)" : text;
  }
  if (spec.type == "External" && spec.external) {
    auto text = against(spec.external->target, status && status->external ? &status->external->current : nullptr);
    return spec.external->target.average_value ? text + " (avg)" : text;
  }
  return "<unknown type>";
}

void autoscaler(const v2::HorizontalPodAutoscaler& one, Cells& cells) {
  constexpr size_t kShown = 2;
  std::string metrics;
  for (size_t i = 0; i < one.spec.metrics.size() && i < kShown; ++i) {
    const auto* status = i < one.status.current_metrics.size() ? &one.status.current_metrics[i] : nullptr;
    metrics += base::cat({metrics.empty() ? "" : ", ", metric_text(one.spec.metrics[i], status)});
  }
  if (one.spec.metrics.size() > kShown)
    metrics += base::cat({" + ", std::to_string(one.spec.metrics.size() - kShown), " more..."});
  const auto& target = one.spec.scale_target_ref;
  cells.text(one.metadata.name)
      .text(base::cat({target.kind, "/", target.name}))
      .text_or(metrics, "<none>")
      .text(one.spec.min_replicas ? std::to_string(*one.spec.min_replicas) : "<unset>")
      .number(one.spec.max_replicas)
      .number(one.status.current_replicas)
      .age(one.metadata.creation_timestamp);
}

// Whatever the version asked for, all metrics are shown.
void old_autoscaler(const api::autoscaling_v1::HorizontalPodAutoscaler& one, Cells& cells) {
  auto whole = convert(schema::Object(one), v2::HorizontalPodAutoscaler::kType);
  if (whole) autoscaler(whole->as<v2::HorizontalPodAutoscaler>(), cells);
}

void disruption_budget(const api::policy_v1::PodDisruptionBudget& one, Cells& cells) {
  auto text = [](const auto& bound) { return bound ? bound->to_string() : std::string("N/A"); };
  cells.text(one.metadata.name)
      .text(text(one.spec.min_available))
      .text(text(one.spec.max_unavailable))
      .number(one.status.disruptions_allowed)
      .age(one.metadata.creation_timestamp);
}

}  // namespace

const std::vector<PrinterEntry>& workload_printers() {
  static const std::vector<PrinterEntry> list = {
      printer<apps::Deployment, deployment>(),
      printer<apps::ReplicaSet, replica_set>(),
      printer<core::ReplicationController, replication_controller>(),
      printer<apps::StatefulSet, stateful_set>(),
      printer<apps::DaemonSet, daemon_set>(),
      printer<apps::ControllerRevision, controller_revision>(),
      printer<batch::Job, job>(),
      printer<batch::CronJob, cron_job>(),
      printer<api::autoscaling_v1::Scale, scale>(),
      printer<v2::HorizontalPodAutoscaler, autoscaler>(),
      printer<api::autoscaling_v1::HorizontalPodAutoscaler, old_autoscaler>(),
      printer<api::policy_v1::PodDisruptionBudget, disruption_budget>(),
  };
  return list;
}

}  // namespace apiserver::table
