#include "apiserver/registry/validation/service_warnings.h"

#include "apiserver/registry/validation/addresses.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

void warn_about_headless(Warnings& warnings, const core::ServiceSpec& spec) {
  if (!spec.load_balancer_ip.empty()) warnings.emplace_back("spec.loadBalancerIP is ignored for headless services");
  if (!spec.external_ips.empty()) warnings.emplace_back("spec.externalIPs is ignored for headless services");
  if (spec.session_affinity != "None") warnings.emplace_back("spec.SessionAffinity is ignored for headless services");
}

}  // namespace

void warn_about_endpoints(Warnings& warnings, const core::Endpoints& endpoints) {
  // The controller's are well formed, and many.
  auto manager = endpoints.metadata.labels.find("endpoints.kubernetes.io/managed-by");
  if (manager != endpoints.metadata.labels.end() && manager->second == "endpoint-controller") return;
  auto look = [&](const std::vector<core::EndpointAddress>& addresses, const Place& at) {
    for (size_t i = 0; i < addresses.size(); ++i) {
      Place here(at, i);
      warn_about_ip(warnings, addresses[i].ip, Place(here, "ip"));
    }
  };
  Place subsets("subsets");
  for (size_t i = 0; i < endpoints.subsets.size(); ++i) {
    Place at(subsets, i);
    look(endpoints.subsets[i].addresses, Place(at, "addresses"));
    look(endpoints.subsets[i].not_ready_addresses, Place(at, "notReadyAddresses"));
  }
}

void warn_about_service(Warnings& warnings, const core::Service& service) {
  if (service.metadata.annotations.contains("service.kubernetes.io/topology-aware-hints")) {
    warnings.emplace_back(
        "annotation service.kubernetes.io/topology-aware-hints is deprecated, please use "
        "service.kubernetes.io/topology-mode instead");
  }
  const auto& own = service.spec;
  Place spec("spec");
  bool has_cluster_ip = !own.cluster_ip.empty() && own.cluster_ip != "None";
  if (has_cluster_ip) {
    Place ips(spec, "clusterIPs");
    for (size_t i = 0; i < own.cluster_ips.size(); ++i) warn_about_ip(warnings, own.cluster_ips[i], Place(ips, i));
  }
  bool is_headless = own.type == "ClusterIP" && own.cluster_ip == "None";
  if (is_headless) warn_about_headless(warnings, own);

  Place external(spec, "externalIPs");
  for (size_t i = 0; i < own.external_ips.size(); ++i) warn_about_ip(warnings, own.external_ips[i], Place(external, i));
  bool names_another = own.type == "ExternalName";
  if (!own.external_ips.empty() && !is_headless && !names_another) {
    warnings.emplace_back("spec.externalIPs is deprecated and may no longer be implemented in some clusters");
  }
  if (!own.load_balancer_ip.empty()) warn_about_ip(warnings, own.load_balancer_ip, Place(spec, "loadBalancerIP"));
  Place ranges(spec, "loadBalancerSourceRanges");
  for (size_t i = 0; i < own.load_balancer_source_ranges.size(); ++i) {
    warn_about_cidr(warnings, own.load_balancer_source_ranges[i], Place(ranges, i));
  }
  if (names_another && !own.external_ips.empty()) {
    warnings.emplace_back("spec.externalIPs is ignored when spec.type is \"ExternalName\"");
  }
  if (!names_another && !own.external_name.empty()) {
    warnings.emplace_back("spec.externalName is ignored when spec.type is not \"ExternalName\"");
  }
  if (own.traffic_distribution == "PreferClose") {
    warn(warnings, Place(spec, "trafficDistribution"), "\"PreferClose\" is deprecated; use \"PreferSameZone\"");
  }
}

}  // namespace apiserver
