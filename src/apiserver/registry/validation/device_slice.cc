#include <algorithm>
#include <set>

#include "apiserver/registry/validation/common_names.h"
#include "apiserver/registry/validation/device.h"
#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/pod_scope.h"
#include "base/strings.h"
#include "schema/declared_rules.h"

namespace apiserver {
namespace {

namespace resource = api::resource_k8s_io_v1;

constexpr size_t kDevicesMax = 128;
constexpr size_t kAdvancedDevicesMax = 64;  // with taints or counters
constexpr size_t kAttributesMax = 32;       // and capacities, of a device
constexpr size_t kValueMax = 64;
constexpr size_t kTaintsMax = 16;
constexpr size_t kCountersMax = 32;
constexpr size_t kPolicyValuesMax = 10;

// "1.2.3", "1.2.3-rc.1+build": semantic versioning 2.0.0.
bool is_semantic_version(std::string_view text) {
  auto digits = [](std::string_view part) {
    return !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
  };
  auto number = [&](std::string_view part) { return digits(part) && (part == "0" || part[0] != '0'); };
  auto identifier = [](std::string_view part) {
    return !part.empty() && std::ranges::all_of(part, [](char c) {
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
    });
  };
  if (size_t plus = text.find('+'); plus != text.npos) {
    if (!std::ranges::all_of(base::split(text.substr(plus + 1), '.'), identifier)) return false;
    text = text.substr(0, plus);
  }
  if (size_t dash = text.find('-'); dash != text.npos) {
    auto release_part = [&](std::string_view part) { return identifier(part) && (!digits(part) || number(part)); };
    if (!std::ranges::all_of(base::split(text.substr(dash + 1), '.'), release_part)) return false;
    text = text.substr(0, dash);
  }
  auto parts = base::split(text, '.');
  return parts.size() == 3 && std::ranges::all_of(parts, number);
}

void check_attribute(Report& report, const resource::DeviceAttribute& attribute, const Place& at) {
  if (attribute.string && attribute.string->size() > kValueMax) report.too_long(Place(at, "string"), kValueMax);
  if (attribute.version) {
    Place version(at, "version");
    if (!is_semantic_version(*attribute.version)) {
      report.invalid(version, *attribute.version, "must be a string compatible with semver.org spec 2.0.0");
    }
    if (attribute.version->size() > kValueMax) report.too_long(version, kValueMax);
  }
  int values = attribute.bool_.has_value() + attribute.int_.has_value() + attribute.string.has_value() +
               attribute.version.has_value();
  if (values == 0) report.invalid(at, "", "exactly one value must be specified");
  if (values > 1) report.invalid(at, go_value(attribute), "exactly one value must be specified");
}

void check_policy_values(Report& report, const base::Quantity& most, const resource::CapacityRequestPolicy& policy,
                         const Place& at) {
  const auto& values = policy.valid_values;
  Place list(at, "validValues");
  if (!policy.default_) {
    report.required(Place(at, "default"), "required when validValues is defined");
    return;
  }
  for (size_t i = 1; i < values.size(); ++i) {
    if (values[i] < values[i - 1])
      report.invalid(Place(list, i), values[i].to_string(), "values must be sorted in ascending order");
  }
  if (values.size() > kPolicyValuesMax) {
    report.too_many(list, values.size(), kPolicyValuesMax);
    return;
  }
  std::set<base::Quantity> seen;
  for (size_t i = 0; i < values.size(); ++i) {
    Place here(list, i);
    if (values[i] > most) {
      report.invalid(here, values[i].to_string(),
                     base::cat({"option is larger than capacity value: ", most.to_string()}));
    }
    if (!seen.insert(values[i]).second) report.duplicate(here, values[i].to_string());
  }
  if (!seen.contains(*policy.default_)) {
    report.invalid(list, policy.default_->to_string(), "default value is not valid according to the requestPolicy");
  }
}

void check_policy_range(Report& report, const base::Quantity& most, const resource::CapacityRequestPolicy& policy,
                        const Place& at) {
  if (!policy.default_) {
    report.required(Place(at, "default"), "required when validRange is defined");
    return;
  }
  const auto& range = *policy.valid_range;
  Place where(at, "validRange");
  Place min(where, "min");
  Place max(where, "max");
  Place step(where, "step");
  if (!range.min) {
    report.required(min, "required when validRange is defined");
    return;
  }
  const base::Quantity& start = *policy.default_;
  if (*range.min > most) {
    report.invalid(min, range.min->to_string(), base::cat({"min is larger than capacity value: ", most.to_string()}));
  }
  if (start < *range.min) {
    report.invalid(Place(where, "default"), start.to_string(),
                   base::cat({"default is less than min: ", range.min->to_string()}));
  }
  if (range.max) {
    if (*range.min > *range.max) {
      report.invalid(max, range.min->to_string(), base::cat({"min is larger than max: ", range.max->to_string()}));
    }
    if (*range.max > most) {
      report.invalid(max, range.max->to_string(), base::cat({"max is larger than capacity value: ", most.to_string()}));
    }
    if (start > *range.max) {
      report.invalid(Place(where, "default"), start.to_string(),
                     base::cat({"default is more than max: ", range.max->to_string()}));
    }
  }
  if (!range.step) return;
  if (range.step->sign() <= 0) {
    report.invalid(step, range.step->to_string(), kPositive);
    return;
  }
  base::Quantity first = *range.min + *range.step;
  if (first > most) {
    report.invalid(step, range.step->to_string(),
                   base::cat({"one step ", first.to_string(), " is larger than capacity value: ", most.to_string()}));
  }
  int64_t size = range.step->value();
  auto check_multiple = [&](const base::Quantity& value) {
    if (size <= 0 || (value - *range.min).value() % size == 0) return;
    report.invalid(step, value.to_string(),
                   base::cat({"value is not a multiple of a given step (", range.step->to_string(), ") from (",
                              range.min->to_string(), ")"}));
  };
  check_multiple(start);
  if (range.max) check_multiple(*range.max);
}

void check_capacity(Report& report, const resource::DeviceCapacity& capacity, bool shared, const Place& at) {
  if (!capacity.request_policy) return;
  Place where(at, "requestPolicy");
  const auto& policy = *capacity.request_policy;
  if (!shared) {
    report.forbidden(where, "allowMultipleAllocations must be true");
  } else if (!policy.valid_values.empty() && policy.valid_range) {
    report.forbidden(
        where,
        "exactly one policy can be specified, cannot specify \"validValues\" and \"validRange\" at the same time");
  } else if (!policy.valid_values.empty()) {
    check_policy_values(report, capacity.value, policy, where);
  } else if (policy.valid_range) {
    check_policy_range(report, capacity.value, policy, where);
  }
}

void check_taint(Report& report, const resource::DeviceTaint& taint, const Place& at) {
  check_qualified(report, taint.key, Place(at, "key"));
  if (!taint.value.empty()) report.problems(Place(at, "value"), taint.value, schema::check_label_value(taint.value));
}

// Where something can be used: of the ways to say it, those that are used, as a message lists them.
class NodeChoice {
 public:
  explicit NodeChoice(Report& report) : report_(report) {}

  void name(const std::optional<std::string>& name, std::string_view empty, const Place& at) {
    if (!name) return;
    if (name->empty()) {
      report_.invalid(at, *name, empty);
      return;
    }
    add("`nodeName`");
    check_subdomain(report_, *name, at);
  }
  void flag(const std::optional<bool>& value, std::string_view shown, const Place& at) {
    if (!value) return;
    if (*value) {
      add(shown);
    } else {
      report_.invalid(at, false, "must be either unset or set to true");
    }
  }
  void add(std::string_view shown) { all_.emplace_back(shown); }
  size_t size() const { return all_.size(); }
  std::string text() const { return base::cat({"{", base::join(all_, ", "), "}"}); }

 private:
  Report& report_;
  std::vector<std::string> all_;
};

void check_device_nodes(Report& report, const resource::Device& device, bool per_device, const Place& at) {
  constexpr std::string_view kOne =
      "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to "
      "true in the "
      "ResourceSlice spec";
  if (!per_device) {
    if (device.node_name || device.node_selector || device.all_nodes) {
      report.invalid(
          at, nullptr,
          "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the "
          "ResourceSlice spec");
    }
    return;
  }
  NodeChoice choice(report);
  choice.name(device.node_name, "must not be empty", Place(at, "nodeName"));
  if (device.node_selector) {
    choice.add("`nodeSelector`");
    check_node_selector(report, *device.node_selector, SelectorValues::Checked, Place(at, "nodeSelector"));
  }
  choice.flag(device.all_nodes, "`allNodes`", Place(at, "allNodes"));
  if (choice.size() == 0) report.required(at, kOne);
  if (choice.size() > 1) report.invalid(at, choice.text(), kOne);
}

void check_device(Report& report, const resource::Device& device, const resource::Device* before, bool per_device,
                  const Place& at) {
  check_label(report, device.name, Place(at, "name"));
  size_t named = device.attributes.size() + device.capacity.size();
  if (named > kAttributesMax) {
    report.invalid(
        at, named,
        base::cat({"the total number of attributes and capacities must not exceed ", std::to_string(kAttributesMax)}));
  }
  Place attributes(at, "attributes");
  for (const auto& [name, attribute] : device.attributes) {
    Place here = Place::key(attributes, name);
    check_device_qualified_name(report, name, here);
    check_attribute(report, attribute, here);
  }
  Place capacities(at, "capacity");
  if (before == nullptr || before->capacity != device.capacity) {
    for (const auto& [name, capacity] : device.capacity) {
      Place here = Place::key(capacities, name);
      check_device_qualified_name(report, name, here);
      check_capacity(report, capacity, device.allow_multiple_allocations.value_or(false), here);
    }
  }
  Place taints(at, "taints");
  if (before == nullptr || before->taints != device.taints) {
    if (device.taints.size() > kTaintsMax) {
      report.too_many(taints, device.taints.size(), kTaintsMax);
    } else {
      for (size_t i = 0; i < device.taints.size(); ++i) check_taint(report, device.taints[i], Place(taints, i));
    }
  }
  Place counters(at, "consumesCounters");
  for (size_t i = 0; i < device.consumes_counters.size(); ++i) {
    Place here(counters, i);
    size_t count = device.consumes_counters[i].counters.size();
    if (count > kCountersMax) report.too_many(Place(here, "counters"), count, kCountersMax);
  }
  check_device_nodes(report, device, per_device, at);
  check_binding_conditions(report, device.binding_conditions, device.binding_failure_conditions, at);
}

void check_nodes(Report& report, const resource::ResourceSliceSpec& spec, const Place& at) {
  constexpr std::string_view kOne =
      "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required";
  NodeChoice choice(report);
  choice.name(spec.node_name, "must be either unset or set to a non-empty string", Place(at, "nodeName"));
  if (spec.node_selector) {
    choice.add("`nodeSelector`");
    Place selector(at, "nodeSelector");
    check_node_selector(report, *spec.node_selector, SelectorValues::Checked, selector);
    const auto& terms = spec.node_selector->node_selector_terms;
    if (terms.size() != 1) {
      report.invalid(Place(selector, "nodeSelectorTerms"), go_value(terms), "must have exactly one node selector term");
    }
  }
  choice.flag(spec.all_nodes, "`allNodes`", Place(at, "allNodes"));
  choice.flag(spec.per_device_node_selection, "`perDeviceNodeSelection`", Place(at, "perDeviceNodeSelection"));
  if (choice.size() == 0) report.required(at, kOne);
  if (choice.size() > 1) report.invalid(at, choice.text(), base::cat({kOne, ", but multiple fields are set"}));
}

const resource::Device* find_device(const resource::ResourceSlice* slice, const std::string& name) {
  if (slice == nullptr) return nullptr;
  for (const auto& device : slice->spec.devices) {
    if (device.name == name) return &device;
  }
  return nullptr;
}

void check_devices(Report& report, const resource::ResourceSliceSpec& spec, const resource::ResourceSlice* current,
                   const Place& at) {
  bool advanced = std::ranges::any_of(spec.devices, [](const resource::Device& device) {
    return !device.taints.empty() || !device.consumes_counters.empty();
  });
  size_t most = advanced ? kAdvancedDevicesMax : kDevicesMax;
  if (spec.devices.size() > most) {
    report.too_many(at, spec.devices.size(), most);
    return;
  }
  bool per_device = spec.per_device_node_selection.value_or(false);
  for (size_t i = 0; i < spec.devices.size(); ++i) {
    check_device(report, spec.devices[i], find_device(current, spec.devices[i].name), per_device, Place(at, i));
  }
  std::set<std::string_view> names;
  for (size_t i = 0; i < spec.devices.size(); ++i) {
    if (!names.insert(spec.devices[i].name).second) report.duplicate(Place(at, i), spec.devices[i].name);
  }
}

}  // namespace

schema::FieldErrors validate_resource_slice(const resource::ResourceSlice& next,
                                            const resource::ResourceSlice* current) {
  Report report;
  Place at("spec");
  const auto& spec = next.spec;
  Place driver(at, "driver");
  Place pool(at, "pool");
  Place pool_name(pool, "name");
  check_driver_name(report, spec.driver, driver);
  check_pool_name(report, spec.pool.name, pool_name);
  if (spec.pool.resource_slice_count <= 0) {
    report.invalid(Place(pool, "resourceSliceCount"), spec.pool.resource_slice_count, kPositive);
  }
  if (spec.pool.generation < 0) {
    report.invalid(Place(pool, "generation"), spec.pool.generation, "must be greater than or equal to zero");
  }
  if (current != nullptr) {
    report.immutable_unless(spec.pool.name == current->spec.pool.name, pool_name, spec.pool.name);
    report.immutable_unless(spec.driver == current->spec.driver, driver, spec.driver);
    report.immutable_unless(spec.node_name == current->spec.node_name, Place(at, "nodeName"),
                            bad_value(spec.node_name));
  }
  check_nodes(report, spec, at);
  if (!spec.shared_counters.empty() && !spec.devices.empty()) {
    report.invalid(at, "", "only one of `sharedCounters` or `devices` is allowed");
  }
  check_devices(report, spec, current, Place(at, "devices"));
  Place counters(at, "sharedCounters");
  for (size_t i = 0; i < spec.shared_counters.size(); ++i) {
    Place here(counters, i);
    size_t count = spec.shared_counters[i].counters.size();
    if (count > kCountersMax) report.too_many(Place(here, "counters"), count, kCountersMax);
  }
  const resource::ResourceSliceSpec* before = current == nullptr ? nullptr : &current->spec;
  report.add(schema::check_declared(spec, before, schema::FieldPath("spec")));
  return report.take();
}

}  // namespace apiserver
