#include "apiserver/registry/validation/workload_parts.h"

#include "apiserver/registry/validation/values.h"
#include "base/strings.h"
#include "schema/selector.h"

namespace apiserver {

namespace core = api::core_v1;
namespace meta = api::meta_v1;

void check_workload_selector(Report& report, const schema::Box<meta::LabelSelector>& selector, std::string_view kind,
                             const Place& at) {
  if (!selector) {
    report.required(at);
    return;
  }
  check_label_selector(report, *selector, at);
  if (selector->match_labels.empty() && selector->match_expressions.empty()) {
    report.invalid(at, bad_value(selector), base::cat({"empty selector is invalid for ", kind}));
  }
}

std::optional<bool> selects(const schema::Box<meta::LabelSelector>& selector, const Labels& labels) {
  if (!selector) return false;
  auto parsed = schema::LabelSelector::from(*selector);
  if (!parsed) return std::nullopt;
  return parsed->matches(labels);
}

void complain_about_labels(Report& report, const core::PodTemplateSpec& pod, const Place& template_) {
  report.invalid(Place(template_, "metadata.labels"), bad_value(pod.metadata, pod.metadata.labels),
                 "`selector` does not match template `labels`");
}

void check_always_runs(Report& report, const core::PodTemplateSpec& pod, std::string_view owner,
                       const Place& template_) {
  report.one_of(Place(template_, "spec.restartPolicy"), pod.spec.restart_policy, {"Always"});
  if (pod.spec.active_deadline_seconds) {
    report.forbidden(Place(template_, "spec.activeDeadlineSeconds"),
                     base::cat({"activeDeadlineSeconds in ", owner, " is not Supported"}));
  }
}

void check_collision_count(Report& report, const std::optional<int32_t>& next, const std::optional<int32_t>& current) {
  if (current && next.value_or(0) < *current) {
    report.invalid(Place("status.collisionCount"), next.value_or(0), "cannot be decremented");
  } else if (current && !next) {
    report.invalid(Place("status.collisionCount"), 0, "cannot be decremented");
  }
}

void check_counts(Report& report, std::initializer_list<Count> counts) {
  Place status("status");
  for (const auto& count : counts) report.not_negative(Place(status, count.name), count.value);
}

void check_not_more(Report& report, Count part, int64_t whole, std::string_view detail) {
  Place status("status");
  if (part.value > whole) report.invalid(Place(status, part.name), part.value, detail);
}

schema::BadValue bad_value(const schema::IntOrString& value) {
  return value.is_int() ? schema::BadValue(value.number) : schema::BadValue(value.text);
}

}  // namespace apiserver
