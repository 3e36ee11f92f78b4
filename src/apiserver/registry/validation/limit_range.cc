#include <cstdio>
#include <set>

#include "apiserver/registry/validation/quota.h"
#include "apiserver/registry/validation/resources.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using base::Quantity;
using schema::FieldErrors;

constexpr int64_t kMilliValueMax = INT64_MAX / 1000;

void check_type(Report& report, const std::string& type, const Place& at) {
  auto problems = schema::check_qualified_name(type);
  report.problems(at, type, problems);
  if (problems.empty() && type.find('/') == std::string::npos &&
      !is_one_of(type, {"Pod", "Container", "PersistentVolumeClaim"})) {
    report.invalid(at, type, "must be a standard limit type or fully qualified");
  }
}

void check_names(Report& report, const std::string& type, const Amounts& amounts, const Place& at) {
  for (const auto& [name, amount] : amounts) {
    if (type == "Pod" || type == "Container") {
      check_container_resource_name(report, name, Place::key(at, name));
    } else {
      check_resource_name(report, name, Place::key(at, name));
    }
  }
}

const Quantity* find(const Amounts& amounts, const std::string& name) {
  auto found = amounts.find(name);
  return found == amounts.end() ? nullptr : &found->second;
}

// As large a part of `most` as fits into `least`.
double ratio_of(const Quantity& ratio, const Quantity& most, const Quantity& least, double& limit) {
  bool small = ratio.value() < kMilliValueMax && most.value() < kMilliValueMax && least.value() < kMilliValueMax;
  double top = static_cast<double>(small ? most.milli_value() : most.value());
  double bottom = static_cast<double>(small ? least.milli_value() : least.value());
  limit = top / bottom;
  return small ? static_cast<double>(ratio.milli_value()) / 1000 : static_cast<double>(ratio.value());
}

class Bounds {
 public:
  Bounds(Report& report, const core::LimitRangeItem& item, const Place& at) : report_(report), item_(item), at_(at) {}

  void check(const std::string& name) {
    const auto* min = find(item_.min, name);
    const auto* max = find(item_.max, name);
    bool pod = item_.type == "Pod";
    const auto* limit = pod ? nullptr : find(item_.default_, name);
    const auto* request = pod ? nullptr : find(item_.default_request, name);
    const auto* ratio = find(item_.max_limit_request_ratio, name);
    not_greater(name, min, "min value", max, "max value", "min", min);
    not_greater(name, min, "min value", request, "default request value", "defaultRequest", request);
    not_greater(name, request, "default request value", max, "max value", "defaultRequest", request);
    not_greater(name, request, "default request value", limit, "default limit value", "defaultRequest", request);
    not_greater(name, min, "min value", limit, "default value", "default", min);
    not_greater(name, limit, "default value", max, "max value", "default", max);
    if (ratio != nullptr) check_ratio(name, *ratio, min, max);
    if (!is_overcommit_allowed(name) && limit != nullptr && request != nullptr && *limit != *request) {
      invalid("defaultRequest", name, *request,
              base::cat({"default value ", limit->to_string(), " must equal to defaultRequest value ",
                         request->to_string(), " in ", name}));
    }
  }

 private:
  void invalid(const char* field, const std::string& name, const Quantity& shown, std::string_view detail) {
    Place map(at_, field);
    report_.invalid(Place::key(map, name), bad_value(shown), detail);
  }

  void not_greater(const std::string& name, const Quantity* low, std::string_view low_name, const Quantity* high,
                   std::string_view high_name, const char* field, const Quantity* shown) {
    if (low == nullptr || high == nullptr || *low <= *high) return;
    invalid(field, name, *shown,
            base::cat({low_name, " ", low->to_string(), " is greater than ", high_name, " ", high->to_string()}));
  }

  void check_ratio(const std::string& name, const Quantity& ratio, const Quantity* min, const Quantity* max) {
    constexpr const char* kField = "maxLimitRequestRatio";
    if (ratio < Quantity::of(1))
      invalid(kField, name, ratio, base::cat({"ratio ", ratio.to_string(), " is less than 1"}));
    if (min == nullptr || max == nullptr) return;
    double limit = 0;
    if (!(ratio_of(ratio, *max, *min, limit) > limit)) return;
    char text[64];
    std::snprintf(text, sizeof text, "%f", limit);
    invalid(kField, name, ratio, base::cat({"ratio ", ratio.to_string(), " is greater than max/min = ", text}));
  }

  Report& report_;
  const core::LimitRangeItem& item_;
  const Place& at_;
};

void check_item(Report& report, const core::LimitRangeItem& item, const Place& at) {
  check_names(report, item.type, item.max, Place(at, "max"));
  check_names(report, item.type, item.min, Place(at, "min"));
  std::set<std::string> names;
  auto take = [&](const Amounts& amounts) {
    for (const auto& [name, amount] : amounts) names.insert(name);
  };
  take(item.max);
  take(item.min);
  if (item.type == "Pod") {
    constexpr std::string_view kNotPod = "may not be specified when `type` is 'Pod'";
    if (!item.default_.empty()) report.forbidden(Place(at, "default"), kNotPod);
    if (!item.default_request.empty()) report.forbidden(Place(at, "defaultRequest"), kNotPod);
  } else {
    check_names(report, item.type, item.default_, Place(at, "default"));
    check_names(report, item.type, item.default_request, Place(at, "defaultRequest"));
    take(item.default_);
    take(item.default_request);
  }
  if (item.type == "PersistentVolumeClaim" && !item.min.contains("storage") && !item.max.contains("storage")) {
    report.required(Place(at, "limits"),
                    "either minimum or maximum storage value is required, but neither was provided");
  }
  check_names(report, item.type, item.max_limit_request_ratio, Place(at, "maxLimitRequestRatio"));
  take(item.max_limit_request_ratio);
  Bounds bounds(report, item, at);
  for (const auto& name : names) bounds.check(name);
}

}  // namespace

FieldErrors validate_limit_range(const core::LimitRange& next) {
  Report report;
  Place at("spec.limits");
  std::set<std::string_view> types;
  for (size_t i = 0; i < next.spec.limits.size(); ++i) {
    const auto& item = next.spec.limits[i];
    Place here(at, i);
    check_type(report, item.type, Place(here, "type"));
    if (!types.insert(item.type).second) report.duplicate(Place(here, "type"), item.type);
    check_item(report, item, here);
  }
  return report.take();
}

}  // namespace apiserver
