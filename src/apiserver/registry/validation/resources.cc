#include "apiserver/registry/validation/resources.h"

#include "base/json.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using base::Quantity;
using schema::BadValue;

constexpr std::string_view kHugePages = "hugepages-";
constexpr std::string_view kRequestedHugePages = "requests.hugepages-";

bool is_integer_resource(std::string_view name) {
  return is_one_of(name, {"pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
                          "persistentvolumeclaims", "services.nodeports", "services.loadbalancers"}) ||
         is_extended_resource(name);
}

bool is_standard_resource(std::string_view name) {
  return is_quota_resource(name) || name == "storage";
}

bool is_whole_pages(std::string_view name, const Quantity& amount) {
  auto size = Quantity::parse(name.substr(kHugePages.size()));
  if (!size || size->sign() <= 0 || !size->as_int64()) return false;
  return amount.value() % *size->as_int64() == 0;
}

void check_huge_pages(Report& report, std::string_view name, const Quantity& amount, const Place& at, HugePages rule) {
  if (rule == HugePages::AnyAmount || is_whole_pages(name, amount)) return;
  auto shown = amount.to_string();
  report.invalid(at, shown, base::cat({shown, " is not positive integer multiple of ", name}));
}

void check_pod_resource_name(Report& report, std::string_view name, const Place& at) {
  size_t before = report.size();
  check_resource_name(report, name, at);
  if (report.size() != before) return;
  if (name != "cpu" && name != "memory" && !is_huge_page_resource(name))
    report.not_supported(at, name, {"cpu", "hugepages-", "memory"});
}

void check_claims(Report& report, const std::vector<core::ResourceClaim>& claims, const Names& known, const Place& at) {
  std::set<std::string> seen;
  for (size_t i = 0; i < claims.size(); ++i) {
    const auto& claim = claims[i];
    Place here(at, i);
    if (claim.name.empty()) {
      report.required(here);
      continue;
    }
    if (seen.contains(claim.name)) {
      report.duplicate(here, claim.name);
    } else {
      std::string key = claim.name;
      if (!claim.request.empty()) {
        report.problems(Place(here, "request"), claim.request, schema::check_dns1123_label(claim.request));
        key += '/' + claim.request;
      }
      if (seen.contains(key)) {
        report.duplicate(here, key);
      } else if (claim.request.empty()) {
        // The whole of a claim overlaps with each of its requests.
        for (const auto& other : seen) {
          if (other.starts_with(claim.name + '/')) report.duplicate(here, claim.name);
        }
      }
      seen.insert(std::move(key));
    }
    if (known.contains(claim.name)) continue;
    std::string detail = "must be one of the names in pod.spec.resourceClaims";
    if (known.empty()) {
      detail += " which is empty";
    } else {
      detail += ": " + base::join(std::vector<std::string>(known.begin(), known.end()), ", ");
    }
    report.not_found(here, claim.name, detail);
  }
}

// What the containers together ask for, or may have: the most that runs at one time.
Amounts sum_of(const core::PodSpec& spec, Amounts core::ResourceRequirements::* amounts) {
  Amounts sums;
  for (const auto& container : spec.containers) {
    for (const auto& [name, amount] : container.resources.*amounts) sums[name] += amount;
  }
  Amounts sidecars;
  Amounts most;
  for (const auto& container : spec.init_containers) {
    Amounts now = container.resources.*amounts;
    if (container.restart_policy == "Always") {
      for (const auto& [name, amount] : now) {
        sums[name] += amount;
        sidecars[name] += amount;
      }
      now = sidecars;
    } else {
      for (const auto& [name, amount] : sidecars) now[name] += amount;
    }
    for (const auto& [name, amount] : now) {
      auto& peak = most[name];
      if (amount > peak) peak = amount;
    }
  }
  for (const auto& [name, amount] : most) {
    auto& sum = sums[name];
    if (amount > sum) sum = amount;
  }
  return sums;
}

}  // namespace

bool is_native_resource(std::string_view name) {
  return name.find('/') == name.npos || name.find("kubernetes.io/") != name.npos;
}
bool is_huge_page_resource(std::string_view name) {
  return name.starts_with(kHugePages);
}
bool is_extended_resource(std::string_view name) {
  if (is_native_resource(name) || name.starts_with("requests.")) return false;
  return schema::is_qualified_name(base::cat({"requests.", name}));
}
bool is_overcommit_allowed(std::string_view name) {
  return is_native_resource(name) && !is_huge_page_resource(name);
}
bool is_quota_resource(std::string_view name) {
  return is_one_of(name, {"cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.storage",
                          "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage",
                          "pods", "resourcequotas", "services", "replicationcontrollers", "secrets",
                          "persistentvolumeclaims", "configmaps", "services.nodeports", "services.loadbalancers"}) ||
         is_huge_page_resource(name) || name.starts_with(kRequestedHugePages);
}
bool is_standard_container_resource(std::string_view name) {
  return is_one_of(name, {"cpu", "memory", "ephemeral-storage"}) || is_huge_page_resource(name);
}

void check_resource_name(Report& report, std::string_view name, const Place& at) {
  auto problems = schema::check_qualified_name(name);
  report.problems(at, name, problems);
  if (problems.empty() && name.find('/') == name.npos && !is_standard_resource(name)) {
    report.invalid(at, name, "must be a standard resource type or fully qualified");
  }
}

void check_container_resource_name(Report& report, std::string_view name, const Place& at) {
  check_resource_name(report, name, at);
  if (name.find('/') == name.npos) {
    if (!is_standard_container_resource(name)) report.invalid(at, name, "must be a standard resource for containers");
  } else if (!is_native_resource(name) && !is_extended_resource(name)) {
    report.invalid(at, name, "doesn't follow extended resource name standard");
  }
}

void check_quota_resource_name(Report& report, std::string_view name, const Place& at) {
  check_resource_name(report, name, at);
  if (name.find('/') == name.npos && !is_quota_resource(name))
    report.invalid(at, name, "must be a standard resource for quota");
}

void check_amount(Report& report, std::string_view name, const Quantity& amount, const Place& at) {
  if (amount.sign() < 0) report.invalid(at, amount.to_string(), kNotNegative);
  if (is_integer_resource(name) && amount.milli_value() % 1000 != 0)
    report.invalid(at, bad_value(amount), "must be an integer");
}

void check_positive(Report& report, const Quantity& amount, const Place& at) {
  if (amount.sign() <= 0) report.invalid(at, amount.to_string(), kPositive);
}

void check_basic_amount(Report& report, const Quantity& amount, const Place& at) {
  if (amount.value() < 0) report.invalid(at, amount.value(), "must be a valid resource quantity");
}

void check_resource_requirements(Report& report, const core::ResourceRequirements& resources, const Names& claims,
                                 const Place& at, ResourceOwner owner, HugePages huge_pages) {
  Place limits(at, "limits");
  Place requests(at, "requests");
  bool cpu_or_memory = false;
  bool any_huge_pages = false;
  auto check_one = [&](std::string_view name, const Quantity& amount, const Place& here) {
    if (owner == ResourceOwner::Container) {
      check_container_resource_name(report, name, here);
    } else {
      check_pod_resource_name(report, name, here);
    }
    check_amount(report, name, amount, here);
    cpu_or_memory |= name == "cpu" || name == "memory";
  };
  auto check_pages = [&](std::string_view name, const Quantity& amount, const Place& here) {
    if (!is_huge_page_resource(name)) return;
    any_huge_pages = true;
    check_huge_pages(report, name, amount, here, huge_pages);
  };
  for (const auto& [name, amount] : resources.limits) {
    Place here = Place::key(limits, name);
    check_one(name, amount, here);
    check_pages(name, amount, here);
  }
  for (const auto& [name, amount] : resources.requests) {
    Place here = Place::key(requests, name);
    check_one(name, amount, here);
    auto limit = resources.limits.find(name);
    if (limit == resources.limits.end()) {
      if (!is_overcommit_allowed(name)) report.required(limits, "Limit must be set for non overcommitable resources");
    } else if (amount != limit->second && !is_overcommit_allowed(name)) {
      report.invalid(requests, amount.to_string(),
                     base::cat({"must be equal to ", name, " limit of ", limit->second.to_string()}));
    } else if (amount > limit->second) {
      report.invalid(requests, amount.to_string(),
                     base::cat({"must be less than or equal to ", name, " limit of ", limit->second.to_string()}));
    }
    check_pages(name, amount, here);
  }
  if (any_huge_pages && !cpu_or_memory) report.forbidden(at, "HugePages require cpu or memory");
  check_claims(report, resources.claims, claims, Place(at, "claims"));
}

void check_overhead(Report& report, const Amounts& overhead, const Place& at, HugePages huge_pages) {
  core::ResourceRequirements resources;
  resources.limits = overhead;
  check_resource_requirements(report, resources, {}, at, ResourceOwner::Container, huge_pages);
}

bool has_indivisible_huge_pages(const core::ResourceRequirements& resources) {
  for (const auto* amounts : {&resources.limits, &resources.requests}) {
    for (const auto& [name, amount] : *amounts) {
      if (is_huge_page_resource(name) && !is_whole_pages(name, amount)) return true;
    }
  }
  return false;
}

void check_pod_resources(Report& report, const core::PodSpec& spec, const Names& claims, const Place& at,
                         HugePages huge_pages) {
  if (!spec.resources) return;
  if (spec.os && spec.os->name == "windows") {
    report.forbidden(at, "may not be set for a windows pod");
    return;
  }
  const auto& resources = *spec.resources;
  if (schema::is_given(resources, resources.claims))
    report.forbidden(Place(at, "claims"), "claims may not be set for Resources at pod-level");
  check_resource_requirements(report, resources, claims, at, ResourceOwner::Pod, huge_pages);
  Place requests(at, "requests");
  for (const auto& [name, sum] : sum_of(spec, &core::ResourceRequirements::requests)) {
    auto own = resources.requests.find(name);
    if (own == resources.requests.end() || sum <= own->second) continue;
    report.invalid(Place::key(requests, name), own->second.to_string(),
                   base::cat({"must be greater than or equal to aggregate container requests of ", sum.to_string()}));
  }
  // Huge pages cannot be promised twice.
  Place limits(at, "limits");
  for (const auto& [name, sum] : sum_of(spec, &core::ResourceRequirements::limits)) {
    auto own = resources.limits.find(name);
    if (!is_huge_page_resource(name) || own == resources.limits.end() || sum <= own->second) continue;
    report.invalid(Place::key(limits, name), own->second.to_string(),
                   base::cat({"must be greater than or equal to aggregate container limits of ", sum.to_string()}));
  }
  Place containers(at, "containers");
  for (size_t i = 0; i < spec.containers.size(); ++i) {
    Place container(containers, i);
    for (const auto& [name, limit] : spec.containers[i].resources.limits) {
      auto most = resources.limits.find(name);
      if (most == resources.limits.end() || limit <= most->second) continue;
      Place key = Place::key(container, name);
      report.invalid(Place(key, "limits"), limit.to_string(),
                     base::cat({"must be less than or equal to pod limits of ", most->second.to_string()}));
    }
  }
}

BadValue bad_value(const Quantity& amount) {
  return BadValue(amount.to_string());
}

BadValue bad_value(const Amounts& amounts) {
  std::string shown = "{";
  for (const auto& [name, amount] : amounts) {
    if (shown.size() > 1) shown += ',';
    base::append_json_string(shown, name);
    shown += ':';
    base::append_json_string(shown, amount.to_string());
  }
  return BadValue::json(shown + "}");
}

}  // namespace apiserver
