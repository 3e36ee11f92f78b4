#include "apiserver/registry/validation/service_addresses.h"

#include <set>

#include "apiserver/registry/validation/addresses.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

constexpr std::string_view kSetOnce = "may not change once set";

void check_ips_change(Report& report, const core::ServiceSpec& next, const core::ServiceSpec& current) {
  if (is_headless(next) && is_headless(current)) return;
  Place at("spec.clusterIPs");
  Place first(at, size_t{0});
  const auto& now = next.cluster_ips;
  const auto& before = current.cluster_ips;
  if (now.size() == before.size()) {
    for (size_t i = 0; i < now.size(); ++i) {
      if (now[i] != before[i]) report.invalid(Place(at, i), bad_value(now), kSetOnce);
    }
    return;
  }
  if (before.size() > now.size() && now.empty())
    report.invalid(first, bad_value(now), "primary clusterIP can not be unset");
  if (!before.empty() && !now.empty() && now[0] != before[0]) report.invalid(first, bad_value(now), kSetOnce);
  if (before.size() > now.size() && now.size() == 1 && next.ip_family_policy != "SingleStack") {
    report.invalid(Place("spec.ipFamilyPolicy"), bad_value(next.ip_family_policy),
                   "must be set to 'SingleStack' when releasing the secondary clusterIP");
  }
}

void check_families_change(Report& report, const core::ServiceSpec& next, const core::ServiceSpec& current) {
  if (is_headless(next) || is_headless(current)) return;
  Place at("spec.ipFamilies");
  Place first(at, size_t{0});
  const auto& now = next.ip_families;
  const auto& before = current.ip_families;
  if (now.size() == before.size()) {
    for (size_t i = 0; i < now.size(); ++i) {
      if (now[i] != before[i]) report.invalid(first, bad_value(now), kSetOnce);
    }
    return;
  }
  if (before.size() > now.size() && next.cluster_ips.empty())
    report.invalid(first, bad_value(now), "primary ipFamily can not be unset");
  // The value shown is that of the addresses, as upstream has it.
  if (!before.empty() && !now.empty() && now[0] != before[0])
    report.invalid(first, bad_value(next.cluster_ips), kSetOnce);
  if (before.size() > now.size() && now.size() == 1 && next.ip_family_policy != "SingleStack") {
    report.invalid(Place("spec.ipFamilyPolicy"), bad_value(next.ip_family_policy),
                   "must be set to 'SingleStack' when releasing the secondary ipFamily");
  }
}

}  // namespace

bool is_headless(const core::ServiceSpec& spec) {
  return spec.cluster_ips.size() == 1 && spec.cluster_ips[0] == "None";
}

void check_cluster_addresses(Report& report, const core::Service& next, const core::Service* current) {
  const auto& spec = next.spec;
  if (spec.type == "ExternalName") return;
  Place at("spec");
  Place ips(at, "clusterIPs");
  Place families(at, "ipFamilies");
  if (spec.cluster_ip.empty()) {
    if (!spec.cluster_ips.empty())
      report.invalid(ips, bad_value(spec.cluster_ips), "must be empty when `clusterIP` is not specified");
  } else if (spec.cluster_ips.empty()) {
    report.required(ips);
  } else if (spec.cluster_ips[0] != spec.cluster_ip) {
    report.invalid(ips, bad_value(spec.cluster_ips), "first value must match `clusterIP`");
  }
  std::set<std::string_view> seen;
  for (size_t i = 0; i < spec.ip_families.size(); ++i) {
    Place here(families, i);
    report.one_of(here, spec.ip_families[i], {"IPv4", "IPv6"});
    if (!seen.insert(spec.ip_families[i]).second) report.duplicate(here, spec.ip_families[i]);
  }
  if (spec.ip_family_policy) {
    report.one_of(Place(at, "ipFamilyPolicy"), *spec.ip_family_policy,
                  {"PreferDualStack", "RequireDualStack", "SingleStack"});
  }
  std::span<const std::string> kept;
  if (current != nullptr) kept = current->spec.cluster_ips;
  bool valid = true;
  for (size_t i = 0; i < spec.cluster_ips.size(); ++i) {
    if (i == 0 && spec.cluster_ips[0] == "None") {
      if (spec.cluster_ips.size() > 1) {
        valid = false;
        report.invalid(ips, bad_value(spec.cluster_ips), "'None' must be the first and only value");
      }
      continue;
    }
    size_t before = report.size();
    check_ip(report, spec.cluster_ips[i], Place(ips, i), kept);
    valid &= report.size() == before;
  }
  if (spec.cluster_ips.size() > 2) report.invalid(ips, bad_value(spec.cluster_ips), "may only hold up to 2 values");
  if (!valid) return;
  if (spec.cluster_ips.size() > 1 && !is_dual_stack(spec.cluster_ips)) {
    report.invalid(ips, bad_value(spec.cluster_ips), "may specify no more than one IP for each IP family");
  }
  if (is_headless(spec)) return;
  for (size_t i = 0; i < spec.cluster_ips.size() && i < spec.ip_families.size(); ++i) {
    bool v6 = is_ipv6(spec.cluster_ips[i]);
    if ((spec.ip_families[i] == "IPv4" && v6) || (spec.ip_families[i] == "IPv6" && !v6)) {
      report.invalid(Place(ips, i), spec.cluster_ips[i],
                     base::cat({"expected an ", spec.ip_families[i], " value as indicated by `ipFamilies[",
                                std::to_string(i), "]`"}));
    }
  }
}

void check_cluster_addresses_change(Report& report, const core::ServiceSpec& next, const core::ServiceSpec& current) {
  if (next.type == "ExternalName" || current.type == "ExternalName") return;
  check_ips_change(report, next, current);
  check_families_change(report, next, current);
}

}  // namespace apiserver
