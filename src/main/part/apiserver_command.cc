// `navarch apiserver`: the API server alone, with the flags of kube-apiserver.
#include <signal.h>

#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "io/loop.h"
#include "io/own_address.h"
#include "main/api_server.h"
#include "main/commands.h"
#include "main/loop_thread.h"
#include "main/machine.h"
#include "main/part/audit_flags.h"
#include "main/part/part.h"
#include "main/service_manager.h"
#include "main/signals.h"
#include "pki/cluster.h"

namespace navarch {
namespace {

struct Given {
  std::string storage_backend = "lmdb";
  std::string storage_directory = "/var/lib/navarch/store";
  std::string certificate_directory = "/var/run/kubernetes";
  std::string kubelet_certificate_file, kubelet_key_file;
  std::string signing_key_file, token_file, token_webhook_file;
  AuditFlags audit;
  std::vector<std::string> public_key_files, issuers;
  std::string node_ports = "30000-32767";
  int64_t secure_port = 6443;
  std::string endpoint_reconciler = "lease";
};

void add_flags(cli::Flags& flags, Given& given, ApiServerOptions& options) {
  flags.add("advertise-address", &options.advertise_address, "the address that the cluster reaches this server at");
  flags.add("bind-address", &options.bind_address, "the address to listen on");
  flags.add("secure-port", &given.secure_port, "the port to listen on, with TLS; 0 takes any");
  flags.add("endpoint-reconciler-type", &given.endpoint_reconciler,
            "how the endpoints of the API servers are kept: lease, by all that share an etcd, or none");
  flags.add("storage-backend", &given.storage_backend, "lmdb (in --storage-dir), etcd3 (at --etcd-servers) or memory");
  flags.add("storage-dir", &given.storage_directory, "where the embedded store is kept");
  flags.add("etcd-servers", &options.etcd_servers, "etcd servers, scheme://ip:port; chooses etcd3");
  flags.add("etcd-cafile", &options.etcd_ca_file, "the authority of etcd's certificates");
  flags.add("etcd-certfile", &options.etcd_certificate_file, "our certificate for etcd");
  flags.add("etcd-keyfile", &options.etcd_key_file, "and its key");
  flags.add("encryption-provider-config", &options.encryption_file,
            "an EncryptionConfiguration: how resources are kept in the store");
  flags.add("encryption-provider-config-automatic-reload", &options.encryption_file_reloads,
            "read it again when it changes");
  flags.add("cert-dir", &given.certificate_directory, "where certificates are made when --tls-cert-file is not given");
  flags.add("tls-cert-file", &options.certificate_file, "the serving certificate");
  flags.add("tls-private-key-file", &options.key_file, "and its key");
  flags.add("client-ca-file", &options.client_ca_file, "whose client certificates are believed");
  flags.add("requestheader-client-ca-file", &options.front_proxy_ca_file, "the authority of front proxies");
  flags.add("requestheader-allowed-names", &options.front_proxy_names, "the names of their certificates; any if empty");
  flags.add("requestheader-username-headers", &options.front_proxy_user_headers, "headers that say who the user is");
  flags.add("requestheader-uid-headers", &options.front_proxy_uid_headers, "headers with the user's uid");
  flags.add("requestheader-group-headers", &options.front_proxy_group_headers, "headers with his groups");
  flags.add("requestheader-extra-headers-prefix", &options.front_proxy_extra_prefixes,
            "beginnings of headers with more about him");
  flags.add("proxy-client-cert-file", &options.proxy_client_certificate_file,
            "what is shown to the servers of APIServices");
  flags.add("proxy-client-key-file", &options.proxy_client_key_file, "and its key");
  flags.add("enable-aggregator-routing", &options.aggregator_routing,
            "reach them at their endpoints, not at their service's address");
  flags.add("resource-metrics", &options.resource_metrics,
            "serve metrics.k8s.io from what kubelets measure, unless an APIService says who serves it");
  flags.add("enable-bootstrap-token-auth", &options.bootstrap_tokens, "believe the tokens that new nodes join with");
  flags.add("authentication-token-webhook-config-file", &given.token_webhook_file,
            "a kubeconfig: who is asked about other tokens");
  flags.add_duration("authentication-token-webhook-cache-ttl", &options.token_webhook_remember_ns,
                     "how long his answers are remembered");
  flags.add("anonymous-auth", &options.anonymous, "answer requests without credentials, as system:anonymous");
  flags.add("authentication-config", &options.authentication_file,
            "a file of kind AuthenticationConfiguration: whose tokens are believed; read again when it changes");
  auto& oidc = options.oidc;
  flags.add("oidc-issuer-url", &oidc.issuer_url, "an issuer of tokens that is believed");
  flags.add("oidc-client-id", &oidc.client_id, "whom its tokens must be meant for");
  flags.add("oidc-ca-file", &oidc.ca_file, "the authority of its certificate; the system's if empty");
  flags.add("oidc-username-claim", &oidc.username_claim, "the claim that names the user");
  flags.add("oidc-username-prefix", &oidc.username_prefix, "what is put before it; - for nothing");
  flags.add("oidc-groups-claim", &oidc.groups_claim, "the claim with his groups");
  flags.add("oidc-groups-prefix", &oidc.groups_prefix, "what is put before each");
  flags.add("oidc-required-claim", &oidc.required_claims, "claims that must be there, with their values: key=value");
  flags.add("oidc-signing-algs", &oidc.signing_algorithms, "the algorithms that are taken; RS256 if empty");
  flags.add("authorization-mode", &options.authorization.modes,
            "who decides, in this order: AlwaysAllow, AlwaysDeny, Node, RBAC, Webhook; Node,RBAC if empty");
  flags.add("authorization-config", &options.authorization_file,
            "a file of kind AuthorizationConfiguration instead; read again when it changes");
  flags.add("authorization-webhook-config-file", &options.authorization.webhook_kubeconfig,
            "a kubeconfig: who is asked in mode Webhook");
  flags.add("authorization-webhook-version", &options.authorization.webhook_version,
            "the version of the SubjectAccessReviews that it is sent");
  flags.add_duration("authorization-webhook-cache-authorized-ttl", &options.authorization.webhook_allowed_remember_ns,
                     "how long its consent is remembered");
  flags.add_duration("authorization-webhook-cache-unauthorized-ttl", &options.authorization.webhook_refused_remember_ns,
                     "and its refusal");
  add_audit_flags(flags, given.audit, options);
  flags.add("enable-admission-plugins", &options.admission_enabled,
            "admission steps beside those that are on by default");
  flags.add("disable-admission-plugins", &options.admission_disabled, "admission steps to leave out");
  flags.add("admission-control-config-file", &options.admission_file,
            "an AdmissionConfiguration: what single steps are told");
  flags.add_duration("request-timeout", &options.request_timeout_ns, "how long a request may take");
  flags.add("min-request-timeout", &options.watch_seconds_min, "seconds that a watch lives at least");
  flags.add("max-requests-inflight", &options.reads_max, "reads at one time");
  flags.add("max-mutating-requests-inflight", &options.writes_max, "writes at one time");
  flags.add("kubelet-client-certificate", &given.kubelet_certificate_file, "what is shown to kubelets");
  flags.add("kubelet-client-key", &given.kubelet_key_file, "and its key");
  flags.add("service-account-signing-key-file", &given.signing_key_file, "the private key that signs tokens");
  flags.add("service-account-key-file", &given.public_key_files, "keys that tokens are verified with");
  flags.add("service-account-issuer", &given.issuers, "the issuers that tokens name; the first is that of new ones");
  flags.add("service-account-jwks-uri", &options.service_account_keys_url,
            "where the discovery document says their keys are");
  flags.add("api-audiences", &options.api_audiences, "whom tokens must be meant for; the issuer if empty");
  flags.add("service-cluster-ip-range", &options.service_cidr, "addresses of services");
  flags.add("service-node-port-range", &given.node_ports, "ports of services of type NodePort");
  flags.add("token-auth-file", &given.token_file, "fixed tokens: token,user,uid,\"groups\"");
}

base::Result<std::string> read_optional(const std::string& path) {
  if (path.empty()) return std::string();
  return base::read_file(path);
}

base::Result<void> complete(Given& given, ApiServerOptions& options) {
  options.secure_port = static_cast<int>(given.secure_port);
  options.storage_directory = given.storage_directory;
  if (!options.etcd_servers.empty()) given.storage_backend = "etcd3";
  if (given.storage_backend == "memory") {
    options.storage = ApiServerOptions::Storage::Memory;
  } else if (given.storage_backend == "etcd3") {
    options.storage = ApiServerOptions::Storage::Etcd;
    if (options.etcd_servers.empty()) return base::fail(base::Code::BadRequest, "--etcd-servers must be specified");
  } else if (given.storage_backend != "lmdb") {
    return base::fail(base::Code::BadRequest,
                      base::cat({"--storage-backend invalid, allowed values: etcd3, lmdb, memory: ",
                                 base::quote(given.storage_backend)}));
  }
  if (given.endpoint_reconciler == "none") {
    options.endpoint_reconciler = ApiServerOptions::EndpointReconciler::None;
  } else if (given.endpoint_reconciler != "lease") {
    return base::fail(base::Code::BadRequest, base::cat({"--endpoint-reconciler-type must be one of: [lease, none]: ",
                                                         base::quote(given.endpoint_reconciler)}));
  }
  auto ports = base::split(given.node_ports, '-');
  auto first = base::parse_int(ports[0]);
  auto last = ports.size() == 2 ? base::parse_int(ports[1]) : std::nullopt;
  if (!first || !last || *first < 1 || *last > 65535 || *first > *last) {
    return base::fail(base::Code::BadRequest,
                      base::cat({"--service-node-port-range: not a range of ports: ", base::quote(given.node_ports)}));
  }
  options.node_port_first = static_cast<int>(*first);
  options.node_port_last = static_cast<int>(*last);
  TRY(options.static_tokens, read_optional(given.token_file));
  TRY(complete_audit(given.audit, options));
  TRY(options.token_webhook_kubeconfig, read_optional(given.token_webhook_file));
  TRY(options.client_ca, read_optional(options.client_ca_file));
  TRY(options.front_proxy_ca, read_optional(options.front_proxy_ca_file));
  TRY(options.kubelet_client_certificate, read_optional(given.kubelet_certificate_file));
  TRY(options.kubelet_client_key, read_optional(given.kubelet_key_file));
  TRY(options.service_account_key, read_optional(given.signing_key_file));
  options.service_account_key_file = given.signing_key_file;
  if (!given.issuers.empty()) options.service_account_issuers = given.issuers;
  for (const auto& path : given.public_key_files) {
    TRY(auto pem, base::read_file(path));
    options.service_account_public_keys.emplace_back(path, std::move(pem));
  }
  if (options.certificate_file.empty() != options.key_file.empty()) {
    return base::fail(base::Code::BadRequest, "--tls-cert-file and --tls-private-key-file go together");
  }
  if (options.proxy_client_certificate_file.empty() != options.proxy_client_key_file.empty()) {
    return base::fail(base::Code::BadRequest, "--proxy-client-cert-file and --proxy-client-key-file go together");
  }
  if (!options.certificate_file.empty() && !options.service_account_key.empty() && !options.client_ca.empty())
    return {};
  // What was not given is made, as a cluster of our own would have it.
  TRY(auto kubernetes, ApiServer::service_address(options.service_cidr, 1));
  TRY(auto made, pki::ensure_cluster({.directory = given.certificate_directory,
                                      .node_name = host_name(),
                                      .server_names = {host_name()},
                                      .server_addresses = {options.advertise_address, kubernetes, "127.0.0.1"},
                                      .node_addresses = {options.advertise_address}},
                                     base::system_clock()));
  if (options.certificate_file.empty()) {
    options.certificate_file = given.certificate_directory + "/apiserver.crt";
    options.key_file = given.certificate_directory + "/apiserver.key";
  }
  if (options.service_account_key.empty()) options.service_account_key = made.service_account_key_pem;
  if (options.client_ca.empty()) options.client_ca = made.authority.certificate_pem;
  if (options.front_proxy_ca.empty()) {
    options.front_proxy_ca = made.front_proxy_authority.certificate_pem;
    if (options.proxy_client_certificate_file.empty()) {
      options.proxy_client_certificate_file = given.certificate_directory + "/front-proxy-client.crt";
      options.proxy_client_key_file = given.certificate_directory + "/front-proxy-client.key";
    }
  }
  if (options.kubelet_client_key.empty()) {
    options.kubelet_client_certificate = made.api_server_kubelet_client.certificate_pem;
    options.kubelet_client_key = made.api_server_kubelet_client.key_pem;
  }
  return {};
}

io::Task<base::Result<void>> serve(ApiServerOptions options, ServiceManager manager) {
  std::vector<std::unique_ptr<LoopThread>> threads;
  std::vector<io::Loop*> loops;
  for (int i = 0; i < processor_count(); ++i) {
    CO_TRY(auto thread, LoopThread::start("api-" + std::to_string(i)));
    loops.push_back(&thread->loop());
    threads.push_back(std::move(thread));
  }
  CO_TRY(auto server, co_await ApiServer::start(std::move(options), loops));
  Signals signals({SIGTERM, SIGINT});
  manager.ready();
  io::Scope scope;
  scope.spawn(manager.feed_watchdog(std::move(loops)));
  co_await signals.wait();
  manager.stopping();
  co_await server->close();
  co_return {};
}

// What cannot be said together.
base::Result<void> check_together(const cli::Flags& flags, ApiServerOptions& options) {
  options.anonymous_given = flags.given("anonymous-auth");
  for (std::string_view name :
       {"oidc-issuer-url", "oidc-client-id", "oidc-ca-file", "oidc-username-claim", "oidc-username-prefix",
        "oidc-groups-claim", "oidc-groups-prefix", "oidc-required-claim", "oidc-signing-algs"}) {
    options.oidc.given |= flags.given(name);
  }
  if (options.oidc.given && !options.authentication_file.empty())
    return base::fail(base::Code::BadRequest, "authentication-config file and oidc-* flags are mutually exclusive");
  if (!flags.given("authorization-config")) return {};
  for (std::string_view other :
       {"authorization-mode", "authorization-webhook-config-file", "authorization-webhook-version",
        "authorization-webhook-cache-authorized-ttl", "authorization-webhook-cache-unauthorized-ttl"}) {
    if (flags.given(other)) {
      return base::fail(base::Code::BadRequest,
                        "--authorization-config can not be specified when --authorization-mode or "
                        "--authorization-webhook-* flags are defined");
    }
  }
  return {};
}

}  // namespace

int run_apiserver(const Arguments& arguments) {
  Given given;
  ApiServerOptions options;
  options.advertise_address = io::own_address();
  PartFlags line("apiserver", cli::Component::ApiServer, "serves the Kubernetes API");
  add_flags(line.flags(), given, options);
  if (auto ended = line.parse(arguments)) return *ended;
  if (auto usable = check_together(line.flags(), options); !usable) return part_failure(usable.error());
  options.flags = line.flags().values();
  if (auto usable = complete(given, options); !usable) return part_failure(usable.error());
  auto manager = ServiceManager::from_environment();
  Signals::block({SIGTERM, SIGINT});
  auto loop = io::Loop::create();
  if (!loop) return part_failure(loop.error());
  auto ended = (*loop)->run_task(serve(std::move(options), std::move(manager)));
  return ended ? 0 : part_failure(ended.error());
}

}  // namespace navarch
