#include "apiserver/registry/validation/runtime_class.h"

#include <array>
#include <set>

#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/pod_scope.h"
#include "apiserver/registry/validation/resources.h"
#include "apiserver/registry/validation/values.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
namespace node = api::node_k8s_io_v1;
namespace scheduling = api::scheduling_k8s_io_v1;

constexpr int32_t kHighestUserValue = 1'000'000'000;

// Why a name that begins as the system's own is none of them; empty when it is one.
std::string system_problem(const scheduling::PriorityClass& one) {
  struct Known {
    std::string_view name;
    int32_t value;
  };
  for (const Known& known :
       {Known{"system-node-critical", 2'000'001'000}, Known{"system-cluster-critical", 2'000'000'000}}) {
    if (one.metadata.name != known.name) continue;
    if (one.value != known.value)
      return base::cat({"value of ", known.name, " PriorityClass must be ", std::to_string(known.value)});
    if (one.global_default) return base::cat({"globalDefault of ", known.name, " PriorityClass must be false"});
    return "";
  }
  return base::cat({one.metadata.name, " is not a known system priority class"});
}

// How long something is tolerated makes no other toleration of it.
void check_distinct(Report& report, const std::vector<core::Toleration>& tolerations, const Place& at) {
  std::set<std::array<std::string_view, 4>> seen;
  for (size_t i = 0; i < tolerations.size(); ++i) {
    const auto& one = tolerations[i];
    if (!seen.insert({one.key, one.operator_, one.value, one.effect}).second)
      report.duplicate(Place(at, i), go_value(one));
  }
}

}  // namespace

schema::FieldErrors validate_runtime_class(const node::RuntimeClass& next, const node::RuntimeClass* current) {
  Report report;
  Place handler("handler");
  if (current != nullptr) {
    report.immutable_unless(next.handler == current->handler, handler, next.handler);
    return report.take();
  }
  if (next.handler.empty()) {
    report.required(handler);
  } else {
    report.problems(handler, next.handler, schema::check_dns1123_label(next.handler));
  }
  if (next.overhead) check_overhead(report, next.overhead->pod_fixed, Place("overhead"), HugePages::WholePages);
  if (next.scheduling) {
    Place at("scheduling");
    check_labels(report, next.scheduling->node_selector, Place(at, "nodeSelector"));
    check_tolerations(report, next.scheduling->tolerations, Place(at, "tolerations"));
    check_distinct(report, next.scheduling->tolerations, Place(at, "tolerations"));
  }
  return report.take();
}

schema::FieldErrors validate_priority_class(const scheduling::PriorityClass& next,
                                            const scheduling::PriorityClass* current) {
  Report report;
  Place value("value");
  Place policy("preemptionPolicy");
  if (current != nullptr) {
    if (next.value != current->value) report.forbidden(value, "may not be changed in an update.");
    report.immutable_unless(next.preemption_policy == current->preemption_policy, policy,
                            bad_value(next.preemption_policy));
    return report.take();
  }
  if (next.metadata.name.starts_with("system-")) {
    auto problem = system_problem(next);
    if (!problem.empty()) {
      Place metadata("metadata");
      report.forbidden(
          Place(metadata, "name"),
          base::cat({"priority class names with 'system-' prefix are reserved for system use only. error: ", problem}));
    }
  } else if (next.value > kHighestUserValue) {
    report.forbidden(value, "maximum allowed value of a user defined priority is 1000000000");
  }
  if (next.preemption_policy)
    report.required_one_of(policy, *next.preemption_policy, {"PreemptLowerPriority", "Never"});
  return report.take();
}

}  // namespace apiserver
