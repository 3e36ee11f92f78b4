#include "main/cluster_dns.h"

#include "api/core_v1.h"
#include "api/discovery_k8s_io_v1.h"
#include "api/rbac_authorization_k8s_io_v1.h"
#include "base/file.h"
#include "base/log.h"
#include "client/status.h"
#include "io/loop.h"

namespace navarch {
namespace {

namespace core = api::core_v1;
namespace discovery = api::discovery_k8s_io_v1;
namespace rbac = api::rbac_authorization_k8s_io_v1;

constexpr const char* kNamespace = "kube-system";
constexpr const char* kService = "kube-dns";
constexpr const char* kSlice = "kube-dns-navarch";
constexpr int32_t kPort = 53;
constexpr auto kAgain = std::chrono::seconds(2);

core::Service service_of(const ClusterDnsOptions& options) {
  core::Service service;
  service.metadata.namespace_ = kNamespace;
  service.metadata.name = kService;
  service.metadata.labels = {
      {"k8s-app", kService}, {"kubernetes.io/cluster-service", "true"}, {"kubernetes.io/name", "CoreDNS"}};
  service.spec.cluster_ip = options.service_address;
  for (auto [name, protocol] : {std::pair("dns", "UDP"), std::pair("dns-tcp", "TCP")}) {
    auto& port = service.spec.ports.emplace_back();
    port.name = name;
    port.protocol = protocol;
    port.port = kPort;
  }
  return service;
}

discovery::EndpointSlice slice_of(const ClusterDnsOptions& options, const dns::Server& server) {
  discovery::EndpointSlice slice;
  slice.metadata.namespace_ = kNamespace;
  slice.metadata.name = kSlice;
  slice.metadata.labels = {{"kubernetes.io/service-name", kService},
                           {"endpointslice.kubernetes.io/managed-by", "navarch"}};
  slice.address_type = "IPv4";
  auto& endpoint = slice.endpoints.emplace_back();
  endpoint.addresses = {options.node_address};
  endpoint.conditions.ready = true;
  for (auto [name, protocol, number] :
       {std::tuple("dns", "UDP", server.udp_port()), std::tuple("dns-tcp", "TCP", server.tcp_port())}) {
    auto& port = slice.ports.emplace_back();
    port.name = name;
    port.protocol = protocol;
    port.port = number;
  }
  return slice;
}

// False when the service is somebody else's.
io::Task<base::Result<bool>> publish(const ClusterDnsOptions& options, client::Client writer,
                                     const dns::Server& server) {
  auto service = co_await writer.get<core::Service>(kNamespace, kService);
  if (client::is(service, base::Code::NotFound)) service = co_await writer.create(service_of(options));
  if (!service) co_return base::fail(service.error());
  if (!service->spec.selector.empty()) co_return false;
  auto wanted = slice_of(options, server);
  auto stored = co_await writer.get<discovery::EndpointSlice>(kNamespace, wanted.metadata.name);
  if (client::is(stored, base::Code::NotFound)) {
    CO_TRY(auto created, co_await writer.create(std::move(wanted)));
    static_cast<void>(created);
    co_return true;
  }
  if (!stored) co_return base::fail(stored.error());
  if (stored->endpoints == wanted.endpoints && stored->ports == wanted.ports) co_return true;
  stored->endpoints = wanted.endpoints;
  stored->ports = wanted.ports;
  CO_TRY(auto updated, co_await writer.update(std::move(*stored)));
  static_cast<void>(updated);
  co_return true;
}

rbac::PolicyRule rule(std::string group, std::string resource, std::vector<std::string> verbs, std::string name) {
  rbac::PolicyRule made;
  made.api_groups = {std::move(group)};
  made.resources = {std::move(resource)};
  made.verbs = std::move(verbs);
  if (!name.empty()) made.resource_names = {std::move(name)};
  return made;
}

}  // namespace

std::vector<schema::Object> cluster_dns_rights() {
  constexpr const char* kRole = "navarch:cluster-dns";
  rbac::Role role;
  role.metadata.namespace_ = kNamespace;
  role.metadata.name = kRole;
  // What is made has no name yet when it is decided whether it may be.
  role.rules = {rule("", "services", {"get"}, kService), rule("", "services", {"create"}, ""),
                rule("discovery.k8s.io", "endpointslices", {"get", "update"}, kSlice),
                rule("discovery.k8s.io", "endpointslices", {"create"}, "")};
  rbac::RoleBinding binding;
  binding.metadata.namespace_ = kNamespace;
  binding.metadata.name = kRole;
  binding.role_ref.api_group = "rbac.authorization.k8s.io";
  binding.role_ref.kind = "Role";
  binding.role_ref.name = kRole;
  auto& subject = binding.subjects.emplace_back();
  subject.api_group = "rbac.authorization.k8s.io";
  subject.kind = "User";
  subject.name = kClusterDnsUser;
  std::vector<schema::Object> rights;
  rights.emplace_back(std::move(role));
  rights.emplace_back(std::move(binding));
  return rights;
}

io::Task<void> run_cluster_dns(ClusterDnsOptions options, client::Client reader, client::Client writer) {
  dns::ServerOptions serving{.domain = options.domain, .address = options.node_address};
  if (auto text = base::read_file("/etc/resolv.conf"))
    serving.resolvers = dns::resolvers_of(*text, options.service_address);
  auto server = dns::Server::create(std::move(serving), std::move(reader), base::system_random());
  if (!server) {
    LOG_ERROR("No cluster DNS", {"err", server.error().message()});
    co_return;
  }
  for (;;) {
    auto ours = co_await publish(options, writer, **server);
    if (ours && *ours) break;
    if (ours) {
      LOG_INFO("Cluster DNS is served by pods", {"service", "kube-system/kube-dns"});
      co_return;
    }
    LOG_WARNING("Cluster DNS has no service yet", {"err", ours.error().message()});
    co_await io::sleep(kAgain);
  }
  co_await (*server)->run();
}

}  // namespace navarch
