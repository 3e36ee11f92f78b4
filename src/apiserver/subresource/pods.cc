// Pods bound to nodes, and pods sent away.

#include <algorithm>

#include "api/core_v1.h"
#include "api/policy_v1.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/body.h"
#include "apiserver/registry/options.h"
#include "apiserver/subresource/handlers.h"
#include "base/strings.h"
#include "schema/selector.h"
#include "schema/status.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
namespace meta = api::meta_v1;
namespace policy = api::policy_v1;

// How long a disruption that was granted is held against the budget before the pod is seen to go.
constexpr size_t kDisruptedPodsMax = 2000;

io::Task<base::Result<schema::Object>> bound(std::shared_ptr<core::Binding> binding, base::Time now,
                                             const schema::Object* current) {
  auto refuse = [&](std::string_view why) {
    return base::fail(conflict("", "pods/binding", current->meta().name, why));
  };
  schema::Object next = *current;
  auto& pod = next.as<core::Pod>();
  const auto& target = *binding;
  if (!pod.metadata.deletion_timestamp.is_zero()) {
    co_return refuse(base::cat({"pod ", pod.metadata.name, " is being deleted, cannot be assigned to a host"}));
  }
  if (!pod.spec.node_name.empty()) {
    co_return refuse(
        base::cat({"pod ", pod.metadata.name, " is already assigned to node ", base::quote(pod.spec.node_name)}));
  }
  if (!pod.spec.scheduling_gates.empty()) {
    co_return refuse(base::cat({"pod ", pod.metadata.name, " has non-empty .spec.schedulingGates"}));
  }
  pod.spec.node_name = target.target.name;
  pod.status.nominated_node_name.clear();
  for (const auto& [key, value] : target.metadata.annotations) pod.metadata.annotations[key] = value;
  for (const auto& [key, value] : target.metadata.labels) pod.metadata.labels[key] = value;
  auto& conditions = pod.status.conditions;
  auto scheduled =
      std::find_if(conditions.begin(), conditions.end(), [](const auto& one) { return one.type == "PodScheduled"; });
  if (scheduled == conditions.end()) scheduled = conditions.insert(conditions.end(), core::PodCondition{});
  scheduled->type = "PodScheduled";
  if (scheduled->status != "True") scheduled->last_transition_time = now.truncated_to_seconds();
  scheduled->status = "True";
  scheduled->reason.clear();
  scheduled->message.clear();
  next.meta().resource_version.clear();
  co_return next;
}

base::Error denied(std::string_view message, std::string_view reason, std::string_view cause) {
  auto status = schema::status_of(too_many_requests(std::string(message), 0));
  auto& details = status.details.ensure();
  auto& one = details.causes.emplace_back();
  one.reason = reason;
  one.message = cause;
  return schema::error_of(std::move(status));
}

// Says on the pod why it goes.
io::Task<base::Result<schema::Object>> marked_as_evicted(base::Time now, const schema::Object* current) {
  schema::Object next = *current;
  auto& conditions = next.as<core::Pod>().status.conditions;
  auto target = std::find_if(conditions.begin(), conditions.end(),
                             [](const auto& one) { return one.type == "DisruptionTarget"; });
  if (target == conditions.end()) target = conditions.insert(conditions.end(), core::PodCondition{});
  if (target->status != "True") target->last_transition_time = now.truncated_to_seconds();
  target->type = "DisruptionTarget";
  target->status = "True";
  target->reason = "EvictionByEvictionAPI";
  target->message = "Eviction API: evicting";
  next.meta().resource_version.clear();
  co_return next;
}

constexpr std::string_view kWouldViolate = "Cannot evict pod as it would violate the pod's disruption budget.";

// Takes one disruption off the budget.
base::Result<void> charge(policy::PodDisruptionBudget& budget, const std::string& pod, base::Time now) {
  auto& status = budget.status;
  if (status.observed_generation < budget.metadata.generation) {
    auto error =
        denied(kWouldViolate, "DisruptionBudget",
               base::cat({"The disruption budget ", budget.metadata.name, " is still being processed by the server."}));
    auto told = schema::status_of(error);
    told.details->retry_after_seconds = 10;
    return base::fail(schema::error_of(std::move(told)));
  }
  if (status.disruptions_allowed < 0) {
    return base::fail(
        forbidden("policy", "poddisruptionbudget", budget.metadata.name, "pdb disruptions allowed is negative"));
  }
  if (status.disrupted_pods.size() > kDisruptedPodsMax) {
    return base::fail(forbidden("policy", "poddisruptionbudget", budget.metadata.name,
                                "DisruptedPods map too big - too many evictions not confirmed by PDB controller"));
  }
  if (status.disruptions_allowed == 0) {
    for (const auto& condition : status.conditions) {
      if (condition.type != "DisruptionAllowed" || condition.reason != "SyncFailed") continue;
      return base::fail(
          denied(kWouldViolate, "DisruptionBudget",
                 base::cat({"The disruption budget ", budget.metadata.name,
                            " does not allow evicting pods currently because it failed sync: ", condition.message})));
    }
    return base::fail(denied(
        kWouldViolate, "DisruptionBudget",
        base::cat({"The disruption budget ", budget.metadata.name, " needs ", std::to_string(status.desired_healthy),
                   " healthy pods and has ", std::to_string(status.current_healthy), " currently"})));
  }
  --status.disruptions_allowed;
  status.disrupted_pods[pod] = now.truncated_to_seconds();
  return {};
}

bool is_ready(const core::Pod& pod) {
  return std::any_of(pod.status.conditions.begin(), pod.status.conditions.end(),
                     [](const auto& one) { return one.type == "Ready" && one.status == "True"; });
}

// Whether budgets have a say about this pod at all.
bool ignores_budgets(const core::Pod& pod) {
  return pod.status.phase == "Succeeded" || pod.status.phase == "Failed" || pod.status.phase == "Pending" ||
         !pod.metadata.deletion_timestamp.is_zero();
}

io::Task<base::Result<void>> ask_budgets(Desk desk, const core::Pod& pod, bool dry_run) {
  CO_TRY(auto budgets, co_await desk.registry.reader().list<policy::PodDisruptionBudget>(pod.metadata.namespace_));
  std::vector<policy::PodDisruptionBudget> matching;
  for (auto& budget : budgets) {
    if (!budget.spec.selector) continue;
    auto selector = schema::LabelSelector::from(*budget.spec.selector);
    if (selector && selector->matches(pod.metadata.labels)) matching.push_back(std::move(budget));
  }
  if (matching.empty()) co_return {};
  if (matching.size() > 1) {
    auto status = schema::status_of(internal_error(
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."));
    status.message = "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.";
    co_return base::fail(schema::error_of(std::move(status)));
  }
  const auto& budget = matching[0];
  if (!is_ready(pod)) {
    bool always = budget.spec.unhealthy_pod_eviction_policy.value_or("") == "AlwaysAllow";
    bool healthy = budget.status.current_healthy >= budget.status.desired_healthy && budget.status.desired_healthy > 0;
    if (always || healthy) co_return {};
  }
  const Served& served = desk.registry.catalog().of<policy::PodDisruptionBudget>();
  base::Time now = desk.registry.now();
  auto charged = co_await desk.registry.store().update(
      served.key(budget.metadata.namespace_, budget.metadata.name),
      [&](const store::Entry* entry) -> base::Result<store::Change> {
        if (entry == nullptr) return store::Change::keep();
        TRY(auto object, served.decode(*entry));
        TRY(charge(object.as<policy::PodDisruptionBudget>(), pod.metadata.name, now));
        if (dry_run) return store::Change::keep();
        return store::Change::put(base::Bytes(served.encode(object)));
      });
  if (!charged) co_return base::fail(std::move(charged).error());
  co_return {};
}

}  // namespace

Answer created_answer() {
  meta::Status status;
  status.status = "Success";
  status.code = 201;
  return Answer::of(schema::Object(std::move(status)), 201);
}

HandlerTask handle_binding(Desk desk, Call& call, const Served& served) {
  if (call.info.verb != "create") co_return base::fail(no_such_method());
  CO_TRY(auto query, read_write_query(call.query, "CreateOptions"));
  CO_TRY(auto body, decode_part(call, core::Binding::kType, query.field_validation));
  const auto& asked = body.as<core::Binding>();
  if (!call.info.name.empty() && !asked.metadata.name.empty() && asked.metadata.name != call.info.name) {
    co_return base::fail(bad_request("name in URL does not match name in Binding object"));
  }
  CO_TRY(co_await desk.registry.admit(call, served, Operation::Create, &body, query.dry_run));
  auto binding = std::make_shared<core::Binding>(body.as<core::Binding>());
  std::string name = call.info.name.empty() ? binding->metadata.name : call.info.name;
  schema::FieldErrors errors;
  schema::FieldPath target("target");
  if (!binding->target.kind.empty() && binding->target.kind != "Node") {
    errors.push_back(
        schema::FieldError::not_supported(target.child("kind"), binding->target.kind, {"Node", "<empty>"}));
  }
  if (binding->target.name.empty()) errors.push_back(schema::FieldError::required(target.child("name")));
  if (!errors.empty()) co_return base::fail(plain_error(schema::to_string(errors)));
  const Served& pods = desk.registry.catalog().of<core::Pod>();
  WriteOptions options;
  options.part = Part::Whole;
  options.subresource = "binding";
  options.uid = binding->metadata.uid;
  options.admitted = true;
  options.counts_generation = false;  // the scheduler's choice is no change of what was asked for
  options.dry_run = query.dry_run;
  base::Time now = desk.registry.now();
  CO_TRY(co_await desk.registry.write(
      call, pods, call.info.namespace_, name,
      [binding, now](const schema::Object* current) { return bound(binding, now, current); }, options));
  co_return created_answer();
}

HandlerTask handle_eviction(Desk desk, Call& call, const Served& served) {
  CO_TRY(auto query, read_write_query(call.query, "CreateOptions"));
  // Older clients ask in the name of a version whose form is the same.
  if (auto at = call.body.find("\"policy/v1beta1\""); at != std::string::npos)
    call.body.replace(at, 16, "\"policy/v1\"");
  CO_TRY(auto body, decode_part(call, policy::Eviction::kType, query.field_validation));
  const auto& eviction = body.as<policy::Eviction>();
  const std::string name = call.info.name;
  if (eviction.metadata.name != name) {
    co_return base::fail(bad_request("name in URL does not match name in Eviction object"));
  }
  meta::DeleteOptions options;
  if (eviction.delete_options) options = *eviction.delete_options;
  bool dry_run = query.dry_run || !options.dry_run.empty();
  if (dry_run) options.dry_run = {"All"};
  CO_TRY(auto pod, co_await desk.registry.reader().get<core::Pod>(call.info.namespace_, name));
  CO_TRY(co_await desk.registry.admit(call, served, Operation::Create, &body, dry_run));
  if (options.preconditions && options.preconditions->uid && *options.preconditions->uid != pod.metadata.uid) {
    // The delete says so in its own words.
    CO_TRY(co_await desk.registry.remove_object(call, served, call.info.namespace_, name, options, true));
    co_return created_answer();
  }
  if (!ignores_budgets(pod)) {
    CO_TRY(co_await ask_budgets(desk, pod, dry_run));
    WriteOptions mark;
    mark.part = Part::Whole;
    mark.subresource = "eviction";
    mark.admitted = true;
    mark.dry_run = dry_run;
    base::Time now = desk.registry.now();
    CO_TRY(co_await desk.registry.write(
        call, served, call.info.namespace_, name,
        [now](const schema::Object* current) { return marked_as_evicted(now, current); }, mark));
  }
  CO_TRY(co_await desk.registry.remove_object(call, served, call.info.namespace_, name, options, true));
  co_return created_answer();
}

}  // namespace apiserver
