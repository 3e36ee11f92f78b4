#include <string_view>

#include "apiserver/registry/validation/addresses.h"
#include "apiserver/registry/validation/common_names.h"
#include "apiserver/registry/validation/networking.h"
#include "base/ip.h"
#include "base/strings.h"

namespace apiserver {
namespace {

namespace networking = api::networking_k8s_io_v1;

constexpr std::string_view kClassAnnotation = "kubernetes.io/ingress.class";
constexpr std::string_view kNotAnAddress = "must be a DNS name, not an IP address";
constexpr size_t kControllerMax = 250;

// What an update may keep although it would be refused at birth.
struct Liberties {
  bool secret_names = false;    // any text
  bool wildcard_rules = false;  // rules of wildcard hosts are not looked at
};

template <class Reference>
void check_reference(Report& report, const Reference& reference, const Place& at, std::string_view no_kind = "",
                     std::string_view no_name = "") {
  if (reference.api_group) check_subdomain(report, *reference.api_group, Place(at, "apiGroup"));
  check_path_segment(report, reference.kind, Place(at, "kind"), no_kind);
  check_path_segment(report, reference.name, Place(at, "name"), no_name);
}

void check_service(Report& report, const networking::IngressServiceBackend& service, const Place& backend) {
  Place at(backend, "service");
  Place name(at, "name");
  if (service.name.empty()) {
    report.required(name);
  } else {
    check_label(report, service.name, name);
  }
  Place port(at, "port");
  if (!service.port.name.empty() && service.port.number != 0) {
    report.invalid(backend, "", "cannot set both port name & port number");
  } else if (!service.port.name.empty()) {
    report.problems(Place(port, "name"), service.port.name, schema::check_port_name(service.port.name));
  } else if (service.port.number != 0) {
    report.problems(Place(port, "number"), service.port.number, schema::check_port_number(service.port.number));
  } else {
    report.required(backend, "port name or number is required");
  }
}

void check_backend(Report& report, const networking::IngressBackend& backend, const Place& at) {
  if (backend.resource && backend.service) {
    report.invalid(at, "", "cannot set both resource and service backends");
  } else if (backend.resource) {
    check_reference(report, *backend.resource, Place(at, "resource"), "kind is required", "name is required");
  } else if (backend.service) {
    check_service(report, *backend.service, at);
  } else {
    report.invalid(at, "", "resource or service backend is required");
  }
}

void check_path(Report& report, const networking::HTTPIngressPath& path, const Place& at) {
  Place type(at, "pathType");
  if (!path.path_type) {
    report.required(type, "pathType must be specified");
    return;
  }
  Place where(at, "path");
  bool absolute = path.path.starts_with('/');
  if (*path.path_type == "Exact" || *path.path_type == "Prefix") {
    if (!absolute) report.invalid(where, path.path, "must be an absolute path");
    for (std::string_view part : {"//", "/./", "/../", "%2f", "%2F"}) {
      if (path.path.find(part) != std::string::npos)
        report.invalid(where, path.path, base::cat({"must not contain '", part, "'"}));
    }
    for (std::string_view end : {"/..", "/."}) {
      if (path.path.ends_with(end)) report.invalid(where, path.path, base::cat({"cannot end with '", end, "'"}));
    }
  } else if (*path.path_type == "ImplementationSpecific") {
    if (!path.path.empty() && !absolute) report.invalid(where, path.path, "must be an absolute path");
  } else {
    report.not_supported(type, *path.path_type, {"Exact", "ImplementationSpecific", "Prefix"});
  }
  check_backend(report, path.backend, Place(at, "backend"));
}

void check_host(Report& report, std::string_view host, const Place& at) {
  bool wildcard = host.find('*') != host.npos;
  report.problems(at, host,
                  wildcard ? schema::check_wildcard_dns1123_subdomain(host) : schema::check_dns1123_subdomain(host));
}

void check_rules(Report& report, const std::vector<networking::IngressRule>& rules, const Liberties& liberties,
                 const Place& at) {
  for (size_t i = 0; i < rules.size(); ++i) {
    const auto& rule = rules[i];
    Place here(at, i);
    bool wildcard = rule.host.find('*') != std::string::npos;
    if (!rule.host.empty()) {
      Place host(here, "host");
      if (base::IpAddress::parse(rule.host)) report.invalid(host, rule.host, kNotAnAddress);
      check_host(report, rule.host, host);
    }
    if (!rule.http || (wildcard && liberties.wildcard_rules)) continue;
    Place http(here, "http");
    Place paths(http, "paths");
    if (rule.http->paths.empty()) report.required(paths);
    for (size_t k = 0; k < rule.http->paths.size(); ++k) check_path(report, rule.http->paths[k], Place(paths, k));
  }
}

void check_tls(Report& report, const std::vector<networking::IngressTLS>& tls, const Liberties& liberties,
               const Place& at) {
  for (size_t i = 0; i < tls.size(); ++i) {
    Place here(at, i);
    Place hosts(here, "hosts");
    for (size_t k = 0; k < tls[i].hosts.size(); ++k) check_host(report, tls[i].hosts[k], Place(hosts, k));
    const auto& secret = tls[i].secret_name;
    if (!liberties.secret_names && !secret.empty()) check_subdomain(report, secret, Place(here, "secretName"));
  }
}

void check_spec(Report& report, const networking::IngressSpec& spec, const Liberties& liberties, const Place& at) {
  if (spec.rules.empty() && !spec.default_backend) {
    report.invalid(at, nullptr, "either `defaultBackend` or `rules` must be specified");
  }
  if (spec.default_backend) check_backend(report, *spec.default_backend, Place(at, "defaultBackend"));
  check_rules(report, spec.rules, liberties, Place(at, "rules"));
  check_tls(report, spec.tls, liberties, Place(at, "tls"));
  if (spec.ingress_class_name) check_subdomain(report, *spec.ingress_class_name, Place(at, "ingressClassName"));
}

bool has_invalid_secret(const networking::IngressSpec& spec) {
  for (const auto& tls : spec.tls) {
    if (!tls.secret_name.empty() && !schema::is_dns1123_subdomain(tls.secret_name)) return true;
  }
  return false;
}

bool has_invalid_wildcard_rule(const networking::IngressSpec& spec) {
  for (const auto& rule : spec.rules) {
    if (rule.host.find('*') == std::string::npos || !rule.http) continue;
    Report report;
    check_rules(report, {rule}, {}, Place("rules"));
    if (!report.empty()) return true;
  }
  return false;
}

void check_parameters(Report& report, const networking::IngressClassParametersReference& parameters, const Place& at) {
  check_reference(report, parameters, at);
  Place scope(at, "scope");
  if (!parameters.scope) {
    report.required(scope);
    return;
  }
  report.one_of(scope, *parameters.scope, {"Cluster", "Namespace"});
  Place namespace_at(at, "namespace");
  if (*parameters.scope == "Namespace") {
    if (!parameters.namespace_) {
      report.required(namespace_at, "`parameters.scope` is set to 'Namespace'");
    } else {
      check_label(report, *parameters.namespace_, namespace_at);
    }
  }
  if (*parameters.scope == "Cluster" && parameters.namespace_) {
    report.forbidden(namespace_at, "`parameters.scope` is set to 'Cluster'");
  }
}

}  // namespace

schema::FieldErrors validate_ingress(const networking::Ingress& next, const networking::Ingress* current) {
  Report report;
  Liberties liberties;
  if (current != nullptr) liberties = {has_invalid_secret(current->spec), has_invalid_wildcard_rule(current->spec)};
  check_spec(report, next.spec, liberties, Place("spec"));
  auto annotation = next.metadata.annotations.find(kClassAnnotation);
  if (current == nullptr && annotation != next.metadata.annotations.end() && next.spec.ingress_class_name &&
      annotation->second != *next.spec.ingress_class_name) {
    report.invalid(Place(Place("annotations"), kClassAnnotation), annotation->second,
                   "must match `ingressClassName` when both are specified");
  }
  return report.take();
}

schema::FieldErrors validate_ingress_status(const networking::Ingress& next, const networking::Ingress& current) {
  Report report;
  Place status("status");
  Place balancer(status, "loadBalancer");
  Place at(balancer, "ingress");
  std::vector<std::string> kept;
  for (const auto& one : current.status.load_balancer.ingress) kept.push_back(one.ip);
  const auto& points = next.status.load_balancer.ingress;
  for (size_t i = 0; i < points.size(); ++i) {
    Place here(at, i);
    if (!points[i].ip.empty()) check_ip(report, points[i].ip, Place(here, "ip"), kept);
    if (points[i].hostname.empty()) continue;
    Place hostname(here, "hostname");
    check_subdomain(report, points[i].hostname, hostname);
    if (base::IpAddress::parse(points[i].hostname)) report.invalid(hostname, points[i].hostname, kNotAnAddress);
  }
  return report.take();
}

schema::FieldErrors validate_ingress_class(const networking::IngressClass& next,
                                           const networking::IngressClass* current) {
  Report report;
  Place spec("spec");
  Place controller(spec, "controller");
  if (current != nullptr) {
    report.immutable_unless(next.spec.controller == current->spec.controller, controller, next.spec.controller);
  }
  if (next.spec.controller.size() > kControllerMax) report.too_long(controller, kControllerMax);
  check_domain_prefixed_path(report, next.spec.controller, controller);
  if (next.spec.parameters) check_parameters(report, *next.spec.parameters, Place(spec, "parameters"));
  return report.take();
}

}  // namespace apiserver
