#include "apiserver/registry/validation/values.h"

#include <limits>

#include "apiserver/registry/metadata.h"
#include "base/strings.h"
#include "schema/json.h"

namespace apiserver {
namespace {

namespace meta = api::meta_v1;
using schema::BadValue;

constexpr int64_t kIdMax = std::numeric_limits<int32_t>::max();

}  // namespace

void check_labels(Report& report, const Labels& labels, const Place& at) {
  if (labels.empty()) return;
  schema::FieldErrors errors;
  validate_labels(errors, labels, at.path());
  report.add(std::move(errors));
}

void check_annotations(Report& report, const Labels& annotations, const Place& at) {
  if (annotations.empty()) return;
  schema::FieldErrors errors;
  validate_annotations(errors, annotations, at.path());
  report.add(std::move(errors));
}

void check_label_selector(Report& report, const meta::LabelSelector& selector, const Place& at, SelectorValues values) {
  check_labels(report, selector.match_labels, Place(at, "matchLabels"));
  Place expressions(at, "matchExpressions");
  for (size_t i = 0; i < selector.match_expressions.size(); ++i) {
    const auto& expression = selector.match_expressions[i];
    Place here(expressions, i);
    if (expression.operator_ == "In" || expression.operator_ == "NotIn") {
      if (expression.values.empty()) {
        report.required(Place(here, "values"), "must be specified when `operator` is 'In' or 'NotIn'");
      }
    } else if (expression.operator_ == "Exists" || expression.operator_ == "DoesNotExist") {
      if (!expression.values.empty()) {
        report.forbidden(Place(here, "values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
    } else {
      report.invalid(Place(here, "operator"), expression.operator_, "not a valid selector operator");
    }
    report.problems(Place(here, "key"), expression.key, schema::check_qualified_name(expression.key));
    if (values == SelectorValues::Unchecked) continue;
    Place list(here, "values");
    for (size_t j = 0; j < expression.values.size(); ++j) {
      report.problems(Place(list, j), expression.values[j], schema::check_label_value(expression.values[j]));
    }
  }
}

BadValue bad_value(const schema::Box<meta::LabelSelector>& selector) {
  return selector ? BadValue::json(schema::to_json(*selector)) : BadValue();
}

void check_template_metadata(Report& report, const meta::ObjectMeta& metadata, const Place& at) {
  check_annotations(report, metadata.annotations, Place(at, "annotations"));
  check_labels(report, metadata.labels, Place(at, "labels"));
  auto refuse = [&](bool set, std::string_view name) {
    if (set) report.forbidden(Place(at, name), "cannot be set");
  };
  refuse(!metadata.name.empty(), "name");
  refuse(!metadata.generate_name.empty(), "generateName");
  refuse(!metadata.namespace_.empty(), "namespace");
  refuse(!metadata.self_link.empty(), "selfLink");
  refuse(!metadata.uid.empty(), "uID");
  refuse(!metadata.resource_version.empty(), "resourceVersion");
  refuse(metadata.generation != 0, "generation");
  refuse(!metadata.creation_timestamp.is_zero(), "creationTimestamp");
  refuse(!metadata.deletion_timestamp.is_zero(), "deletionTimestamp");
  refuse(metadata.deletion_grace_period_seconds.has_value(), "deletionGracePeriodSeconds");
  refuse(!metadata.owner_references.empty(), "ownerReferences");
  refuse(!metadata.finalizers.empty(), "finalizers");
  refuse(!metadata.managed_fields.empty(), "managedFields");
}

bool has_backsteps(std::string_view text) {
  while (true) {
    size_t slash = text.find('/');
    if (text.substr(0, slash) == "..") return true;
    if (slash == text.npos) return false;
    text.remove_prefix(slash + 1);
  }
}

void check_no_backsteps(Report& report, std::string_view text, const Place& at) {
  if (has_backsteps(text)) report.invalid(at, text, "must not contain '..'");
}

void check_descending_path(Report& report, std::string_view text, const Place& at) {
  if (text.starts_with('/')) report.invalid(at, text, "must be a relative path");
  check_no_backsteps(report, text, at);
}

void check_non_reserved_path(Report& report, std::string_view text, const Place& at) {
  check_descending_path(report, text, at);
  // The other rule has said so already of "../".
  if (text.starts_with("..") && !text.starts_with("../")) report.invalid(at, text, "must not start with '..'");
}

void check_port(Report& report, const schema::IntOrString& port, const Place& at) {
  if (port.is_int()) {
    report.problems(at, int64_t{port.number}, schema::check_port_number(port.number));
  } else {
    report.problems(at, port.text, schema::check_port_name(port.text));
  }
}

void check_int_or_percent(Report& report, const schema::IntOrString& value, const Place& at) {
  if (value.is_string()) {
    report.problems(at, value.text, schema::check_percent(value.text));
  } else {
    report.not_negative(at, int64_t{value.number});
  }
}

void check_at_most_all(Report& report, const schema::IntOrString& value, const Place& at) {
  if (value.is_string() && schema::check_percent(value.text).empty() && int_or_percent_value(value) > 100) {
    report.invalid(at, value.text, "must not be greater than 100%");
  }
}

int64_t int_or_percent_value(const schema::IntOrString& value) {
  if (value.is_int()) return value.number;
  if (!value.text.ends_with('%')) return 0;
  return base::parse_int(std::string_view(value.text).substr(0, value.text.size() - 1)).value_or(0);
}

void check_user_id(Report& report, int64_t id, const Place& at) {
  report.problems(at, id, schema::check_in_range(id, 0, kIdMax));
}
void check_group_id(Report& report, int64_t id, const Place& at) {
  check_user_id(report, id, at);
}

}  // namespace apiserver
