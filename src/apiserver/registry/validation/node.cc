#include "apiserver/registry/validation/node.h"

#include <algorithm>
#include <set>

#include "apiserver/registry/validation/addresses.h"
#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/pod_scope.h"
#include "base/ip.h"
#include "base/strings.h"
#include "schema/json.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::FieldErrors;

// Upstream looks for them in the metadata, where they stood once.
constexpr std::string_view kTaintsPlace = "metadata.taints";
constexpr std::string_view kTaints = "scheduler.alpha.kubernetes.io/taints";
constexpr std::string_view kAvoidPods = "scheduler.alpha.kubernetes.io/preferAvoidPods";

void check_taints(Report& report, const std::vector<core::Taint>& taints, const Place& at) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  for (size_t i = 0; i < taints.size(); ++i) {
    const auto& taint = taints[i];
    Place here(at, i);
    report.problems(Place(here, "key"), taint.key, schema::check_qualified_name(taint.key));
    auto problems = schema::check_label_value(taint.value);
    if (!problems.empty()) report.invalid(Place(here, "value"), taint.value, base::join(problems, ";"));
    if (taint.effect.empty()) {
      report.required(Place(here, "effect"));
    } else {
      check_taint_effect(report, taint.effect, Place(here, "effect"));
    }
    if (!seen.emplace(taint.key, taint.effect).second) {
      report.duplicate(here, go_value(taint), "taints must be unique by key and effect pair");
    }
  }
}

// Pods whose controllers the node would rather not have, as JSON.
void check_avoided(Report& report, std::string_view text, const Place& at) {
  auto avoided = schema::from_json<core::AvoidPods>(text);
  if (!avoided) {
    report.invalid(Place(at, "AvoidPods"), kAvoidPods, avoided.error().message());
    return;
  }
  Place entries(at, kAvoidPods);
  for (size_t i = 0; i < avoided->prefer_avoid_pods.size(); ++i) {
    const auto& controller = avoided->prefer_avoid_pods[i].pod_signature.pod_controller;
    Place here(entries, i);
    Place signature(here, "PodSignature");
    if (!controller) {
      report.required(signature);
    } else if (!controller->controller.value_or(false)) {
      report.invalid(Place(signature, "PodController.Controller"), false, "must point to a controller");
    }
  }
}

// What stood in annotations before it had fields.
void check_annotations(Report& report, const Labels& annotations) {
  Place at("metadata.annotations");
  if (auto found = annotations.find(kTaints); found != annotations.end() && !found->second.empty()) {
    auto spec = schema::from_json<core::NodeSpec>(base::cat({"{\"taints\":", found->second, "}"}));
    if (spec) {
      check_taints(report, spec->taints, Place(at, kTaints));
    } else {
      report.invalid(at, kTaints, spec.error().message());
    }
  }
  if (auto found = annotations.find(kAvoidPods); found != annotations.end() && !found->second.empty())
    check_avoided(report, found->second, at);
}

void check_amounts(Report& report, const Amounts& amounts, const Place& at) {
  for (const auto& [name, amount] : amounts) check_amount(report, name, amount, Place(at, name));
}

void check_resources(Report& report, const core::Node& node) {
  Place status("status");
  check_amounts(report, node.status.capacity, Place(status, "capacity"));
  check_amounts(report, node.status.allocatable, Place(status, "allocatable"));
}

void check_pod_cidrs(Report& report, const core::Node& node) {
  const auto& cidrs = node.spec.pod_cidrs;
  Place at("spec.podCIDRs");
  for (size_t i = 0; i < cidrs.size(); ++i) check_cidr(report, cidrs[i], Place(at, i));
  if (cidrs.size() < 2) return;
  bool v4 = false;
  bool v6 = false;
  for (const auto& cidr : cidrs) {
    auto network = base::IpNetwork::parse(cidr);
    if (!network) {
      report.internal(
          at, base::cat({"invalid PodCIDRs. failed to check with dual stack with error:invalid CIDR address: ", cidr}));
      v4 = v6 = false;
      break;
    }
    (network->is_v4() ? v4 : v6) = true;
  }
  if (!v4 || !v6 || cidrs.size() > 2)
    report.invalid(at, bad_value(cidrs), "may specify no more than one CIDR for each IP family");
}

bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// MyFeature, MyFeature/itsPart
bool is_feature_name(std::string_view name) {
  if (name.empty() || name[0] < 'A' || name[0] > 'Z') return false;
  for (auto segment : base::split(name, '/')) {
    if (segment.empty() || !std::ranges::all_of(segment, is_alnum)) return false;
  }
  return true;
}

// Sorted, and each once.
void check_features(Report& report, const std::vector<std::string>& features) {
  Place at("status.declaredFeatures");
  for (size_t i = 0; i < features.size(); ++i) {
    const auto& name = features[i];
    auto complain = [&](std::string_view why) {
      report.invalid(Place(at, i), name, base::cat({"invalid feature name ", base::quote(name), ": ", why}));
    };
    if (name.size() > schema::kMaxSubdomainLength) {
      complain(base::cat({"must be no more than ", std::to_string(schema::kMaxSubdomainLength), " characters"}));
    } else if (!is_feature_name(name)) {
      complain(
          "must start with an UpperCamelCase segment, with subsequent segments separated by '/' (e.g., MyFeature or "
          "MyFeature/mySubFeature), and contain only alphanumeric characters and slashes");
    }
    if (i + 1 == features.size()) continue;
    const auto& following = features[i + 1];
    if (name == following) report.duplicate(Place(at, i + 1), following);
    if (name > following) report.invalid(Place(at, i + 1), following, "list must be sorted alphabetically");
  }
}

void check_swap(Report& report, const core::NodeSystemInfo& info) {
  if (!info.swap || !info.swap->capacity || *info.swap->capacity > 0) return;
  // Upstream looks for it in the metadata.
  report.invalid(Place("metadata.nodeSwapStatus.capacity"), *info.swap->capacity, kPositive);
}

enum class ConfigUse : uint8_t { Spec, Status };

void check_config_source(Report& report, const core::NodeConfigSource& source, ConfigUse use, const Place& at) {
  if (!source.config_map) {
    report.invalid(at, go_value(source), "exactly one reference subfield must be non-nil");
    return;
  }
  const auto& map = *source.config_map;
  Place here(at, "configMap");
  Place uid(here, "uid");
  Place version(here, "resourceVersion");
  if (use == ConfigUse::Spec) {
    if (!map.uid.empty()) report.forbidden(uid, "uid must not be set in spec");
    if (!map.resource_version.empty()) report.forbidden(version, "resourceVersion must not be set in spec");
  } else {
    if (map.uid.empty()) report.required(uid, "uid must be set in status");
    if (map.resource_version.empty()) report.required(version, "resourceVersion must be set in status");
  }
  auto check = [&](const std::string& text, const char* name, const schema::Problems& problems) {
    if (text.empty()) {
      report.required(Place(here, name), base::cat({name, " must be set"}));
    } else {
      report.problems(Place(here, name), text, problems);
    }
  };
  check(map.namespace_, "namespace", schema::check_dns1123_label(map.namespace_));
  check(map.name, "name", schema::check_dns1123_subdomain(map.name));
  check(map.kubelet_config_key, "kubeletConfigKey", schema::check_config_key(map.kubelet_config_key));
}

void check_config_status(Report& report, const core::NodeConfigStatus& status) {
  Place at("status.config");
  if (status.assigned) check_config_source(report, *status.assigned, ConfigUse::Status, Place(at, "assigned"));
  if (status.active) check_config_source(report, *status.active, ConfigUse::Status, Place(at, "active"));
  if (status.last_known_good)
    check_config_source(report, *status.last_known_good, ConfigUse::Status, Place(at, "lastKnownGood"));
}

}  // namespace

FieldErrors validate_node(const core::Node& node) {
  Report report;
  check_annotations(report, node.metadata.annotations);
  check_taints(report, node.spec.taints, Place(kTaintsPlace));
  check_resources(report, node);
  check_swap(report, node.status.node_info);
  check_features(report, node.status.declared_features);
  check_pod_cidrs(report, node);
  return report.take();
}

FieldErrors validate_node_update(const core::Node& next, const core::Node& current) {
  Report report;
  check_annotations(report, next.metadata.annotations);
  check_resources(report, next);
  check_features(report, next.status.declared_features);
  Place addresses("status.addresses");
  for (size_t i = 0; i < next.status.addresses.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (!(next.status.addresses[i] == next.status.addresses[j])) continue;
      report.duplicate(Place(addresses, i), go_value(next.status.addresses[i]));
      break;
    }
  }
  const auto& before = current.spec;
  if (!before.pod_cidrs.empty()) {
    constexpr std::string_view kOnce = "node updates may not change podCIDR except from \"\" to valid";
    Place at("spec.podCIDRs");
    if (before.pod_cidrs.size() != next.spec.pod_cidrs.size()) {
      report.forbidden(at, kOnce);
    } else {
      for (size_t i = 0; i < before.pod_cidrs.size(); ++i) {
        if (before.pod_cidrs[i] != next.spec.pod_cidrs[i]) report.forbidden(at, kOnce);
      }
    }
  }
  if (!before.provider_id.empty() && before.provider_id != next.spec.provider_id) {
    report.forbidden(Place("spec.providerID"), "node updates may not change providerID except from \"\" to valid");
  }
  if (next.spec.config_source)
    check_config_source(report, *next.spec.config_source, ConfigUse::Spec, Place("spec.configSource"));
  if (next.status.config) check_config_status(report, *next.status.config);
  check_taints(report, next.spec.taints, Place(kTaintsPlace));
  if (next.spec.external_id != before.external_id) report.forbidden(Place("spec.externalID"), "may not be updated");
  return report.take();
}

}  // namespace apiserver
