#include "apiserver/registry/validation/addresses.h"
#include "apiserver/registry/validation/common_names.h"
#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/networking.h"
#include "base/ip.h"

namespace apiserver {
namespace {

namespace networking = api::networking_k8s_io_v1;

void check_parent(Report& report, const schema::Box<networking::ParentReference>& parent, const Place& at) {
  if (!parent) {
    report.required(at);
    return;
  }
  if (!parent->group.empty()) check_subdomain(report, parent->group, Place(at, "group"));
  check_path_segment(report, parent->resource, Place(at, "resource"));
  check_path_segment(report, parent->name, Place(at, "name"));
  if (!parent->namespace_.empty()) check_path_segment(report, parent->namespace_, Place(at, "namespace"));
}

void check_networks(Report& report, const networking::ServiceCIDRSpec& spec, const Place& at) {
  const auto& networks = spec.cidrs;
  if (networks.empty()) {
    report.required(at, "at least one CIDR required");
    return;
  }
  if (networks.size() > 2) {
    report.invalid(at, go_value(spec), "may only hold up to 2 values");
    return;
  }
  if (networks.size() == 2) {
    auto first = base::IpNetwork::parse(networks[0]);
    auto second = base::IpNetwork::parse(networks[1]);
    if (!first || !second || first->is_v4() == second->is_v4()) {
      report.invalid(at, go_value(spec),
                     "may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64");
      return;
    }
  }
  for (size_t i = 0; i < networks.size(); ++i) check_canonical_cidr(report, networks[i], Place(at, i));
}

}  // namespace

schema::FieldErrors validate_ip_address(const networking::IPAddress& next, const networking::IPAddress* current) {
  Report report;
  Place spec("spec");
  Place parent(spec, "parentRef");
  if (current != nullptr) {
    report.immutable_unless(next.spec.parent_ref == current->spec.parent_ref, parent, go_value(next.spec.parent_ref));
    return report.take();
  }
  check_canonical_ip(report, next.metadata.name, Place("metadata.name"));
  check_parent(report, next.spec.parent_ref, parent);
  return report.take();
}

schema::FieldErrors validate_service_cidr(const networking::ServiceCIDR& next, const networking::ServiceCIDR* current) {
  Report report;
  Place spec("spec");
  Place at(spec, "cidrs");
  const auto& networks = next.spec.cidrs;
  if (current == nullptr) {
    check_networks(report, next.spec, at);
    return report.take();
  }
  // A network of the other family may come; nothing else changes.
  const auto& before = current->spec.cidrs;
  bool grows = before.size() == 1 && networks.size() == 2;
  if (networks.size() != before.size() && !grows) {
    report.invalid(at, bad_value(networks), "update is not allowed");
    return report.take();
  }
  for (size_t i = 0; i < before.size(); ++i)
    report.immutable_unless(networks[i] == before[i], Place(at, i), networks[i]);
  if (grows) check_networks(report, next.spec, at);
  return report.take();
}

}  // namespace apiserver
