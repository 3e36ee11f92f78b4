#include "main/api_server.h"

#include <algorithm>

#include "apiserver/audit/auditor.h"
#include "apiserver/audit/log_file.h"
#include "apiserver/audit/webhook.h"
#include "apiserver/authz/configured_authorizer.h"
#include "apiserver/authz/security_index.h"
#include "apiserver/bootstrap/bootstrap.h"
#include "apiserver/bootstrap/client_trust.h"
#include "apiserver/bootstrap/service_repair.h"
#include "apiserver/encryption/encryption.h"
#include "apiserver/flowcontrol/upkeep.h"
#include "apiserver/outbound/kubeconfig.h"
#include "apiserver/proxy/kubelet_dialer.h"
#include "apiserver/registry/served.h"
#include "base/log.h"
#include "base/strings.h"
#include "io/socket.h"
#include "io/tls.h"
#include "main/authentication.h"
#include "main/local_transport.h"
#include "main/machine.h"
#include "main/server_endpoints.h"
#include "main/server_identity.h"

namespace navarch {
namespace {

constexpr auto kDrainTime = std::chrono::seconds(5);

base::Result<std::vector<base::IpNetwork>> parse_networks(const std::string& text) {
  std::vector<base::IpNetwork> networks;
  for (auto piece : base::split(text, ',')) {
    auto network = base::IpNetwork::parse(piece);
    if (!network) return base::fail(base::Code::BadRequest, base::cat({"not a network: ", base::quote(piece)}));
    networks.push_back(*network);
  }
  return networks;
}

io::Task<base::Result<std::unique_ptr<store::Store>>> open_store(const ApiServerOptions& options,
                                                                 std::shared_ptr<const store::Sealer> sealer) {
  switch (options.storage) {
    case ApiServerOptions::Storage::Memory:
      co_return store::open_memory({.indexer = apiserver::make_indexer()});
    case ApiServerOptions::Storage::Lmdb:
      co_return store::open_lmdb(
          {.directory = options.storage_directory, .indexer = apiserver::make_indexer(), .sealer = std::move(sealer)});
    case ApiServerOptions::Storage::Etcd:
      break;
  }
  store::EtcdOptions etcd;
  etcd.endpoints = options.etcd_servers;
  etcd.ca_file = options.etcd_ca_file;
  etcd.certificate_file = options.etcd_certificate_file;
  etcd.key_file = options.etcd_key_file;
  etcd.indexer = apiserver::make_indexer();
  etcd.sealer = std::move(sealer);
  co_return co_await store::open_etcd(std::move(etcd));
}

// Null where no other server shares the store, or nobody is to be told of us.
base::Result<std::unique_ptr<store::EtcdPresence>> open_presence(const ApiServerOptions& options) {
  if (options.storage != ApiServerOptions::Storage::Etcd) return nullptr;
  TRY(auto client, store::EtcdClient::create({.endpoints = options.etcd_servers,
                                              .ca_file = options.etcd_ca_file,
                                              .certificate_file = options.etcd_certificate_file,
                                              .key_file = options.etcd_key_file}));
  return std::make_unique<store::EtcdPresence>(std::move(client), ServerEndpoints::presence(options.advertise_address));
}

// What tells this server from others of the cluster; upstream's form.
std::string server_id() {
  return base::cat({"apiserver-", host_name()});
}

io::Task<base::Result<std::shared_ptr<apiserver::encryption::Encryption>>> open_encryption(
    const ApiServerOptions& options, base::Metrics& metrics) {
  if (options.encryption_file.empty()) co_return nullptr;
  auto reload = options.encryption_file_reloads ? apiserver::encryption::Reload::WhenChanged
                                                : apiserver::encryption::Reload::Never;
  co_return co_await apiserver::encryption::Encryption::open_file(options.encryption_file, reload, base::system_clock(),
                                                                  metrics);
}

}  // namespace

struct ApiServer::State {
  explicit State(ApiServerOptions given) : options(std::move(given)) {}

  base::Result<void> make_audit();
  base::Result<void> make_authorizer();
  apiserver::AnonymousAccess anonymous() const {
    return nobody_anonymous ? apiserver::AnonymousAccess{.enabled = false} : authentication->anonymous();
  }

  ApiServerOptions options;
  base::Metrics metrics;
  apiserver::Catalog catalog;
  std::shared_ptr<apiserver::encryption::Encryption> encryption;  // null: none is asked for
  std::unique_ptr<store::Store> store;
  std::unique_ptr<Authentication> authentication;
  std::unique_ptr<apiserver::SecurityIndex> security;
  apiserver::AuthorizationMetrics authorization_metrics{metrics};
  std::unique_ptr<apiserver::ConfiguredAuthorizer> authorizer;
  bool nobody_anonymous = false;  // who may do anything must say who he is
  std::unique_ptr<apiserver::KubeletDialer> kubelets;
  std::unique_ptr<apiserver::Auditor> auditor;
  std::unique_ptr<apiserver::Server> server;
  std::unique_ptr<apiserver::ServiceRepair> service_repair;
  std::unique_ptr<apiserver::FlowUpkeep> flow_upkeep;
  std::unique_ptr<apiserver::ClientTrust> client_trust;
  std::unique_ptr<ServerEndpoints> endpoints;
  std::unique_ptr<io::HttpServer> http;
  io::Scope scope;  // last: its tasks refer to all above
};

base::Result<void> ApiServer::State::make_audit() {
  if (options.audit_policy.empty()) return {};
  TRY(auto policy, apiserver::AuditPolicy::from_yaml(options.audit_policy));
  std::vector<std::unique_ptr<apiserver::AuditSink>> sinks;
  const auto& log = options.audit_log;
  if (!log.path.empty()) {
    // As upstream, a bound of nothing is the usual one.
    int64_t megabytes = log.megabytes_max == 0 ? 100 : log.megabytes_max;
    TRY(auto file, apiserver::AuditLog::open({.path = log.path,
                                              .bytes_max = static_cast<size_t>(megabytes) << 20,
                                              .backups_max = static_cast<size_t>(log.backups_max),
                                              .days_max = log.days_max,
                                              .compresses = log.compresses},
                                             base::system_clock()));
    sinks.push_back(std::make_unique<apiserver::AuditSink>(std::move(file), log.delivery, base::system_clock()));
  }
  if (!options.audit_webhook_kubeconfig.empty()) {
    TRY(auto server, apiserver::destination_of_kubeconfig(options.audit_webhook_kubeconfig));
    auto webhook =
        std::make_unique<apiserver::AuditWebhook>(std::move(server), options.audit_webhook_initial_backoff_ns);
    sinks.push_back(std::make_unique<apiserver::AuditSink>(std::move(webhook), options.audit_webhook_delivery,
                                                           base::system_clock()));
  }
  auditor = std::make_unique<apiserver::Auditor>(std::move(policy), std::move(sinks), base::system_clock(), metrics);
  return {};
}

base::Result<void> ApiServer::State::make_authorizer() {
  security = std::make_unique<apiserver::SecurityIndex>(*store, catalog, apiserver::node_rules());
  apiserver::KnownAuthorizers known{security->node(), security->rbac(), base::system_clock(), authorization_metrics};
  if (!options.authorization_file.empty()) {
    TRY(authorizer,
        apiserver::ConfiguredAuthorizer::create_from_file(options.authorization_file, std::move(known), server_id()));
    return {};
  }
  TRY(auto configuration, apiserver::configuration_of(options.authorization));
  bool open = std::ranges::find(options.authorization.modes, "AlwaysAllow") != options.authorization.modes.end();
  if (open && authentication->anonymous().enabled) {
    LOG_WARNING("AnonymousAuth is not allowed with the AlwaysAllow authorizer. Resetting AnonymousAuth to false.");
    nobody_anonymous = true;
  }
  TRY(authorizer, apiserver::ConfiguredAuthorizer::create(configuration, std::move(known)));
  return {};
}

ApiServer::ApiServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
ApiServer::~ApiServer() = default;

apiserver::Server& ApiServer::server() {
  return *state_->server;
}
const io::Address& ApiServer::address() const {
  return state_->http->address();
}

base::Result<std::string> ApiServer::service_address(const std::string& service_cidr, uint64_t number) {
  TRY(auto networks, parse_networks(service_cidr));
  return networks.front().address().plus(number).to_string();
}

io::Task<base::Result<std::unique_ptr<ApiServer>>> ApiServer::start(ApiServerOptions options,
                                                                    std::vector<io::Loop*> loops) {
  auto state = std::make_unique<State>(std::move(options));
  auto& given = state->options;
  CO_TRY(auto networks, parse_networks(given.service_cidr));
  if (given.secure_port == 0) {
    // The service `kubernetes` has to name the port before we listen on it.
    CO_TRY(auto probe, io::Listener::listen({.host = given.bind_address}));
    given.secure_port = probe->address().port;
  }
  CO_TRY(auto kubernetes, service_address(given.service_cidr, 1));
  CO_TRY(apiserver::check_admission_names(given.admission_enabled, given.admission_disabled));
  apiserver::AdmissionSettings admission;
  if (!given.admission_file.empty()) {
    CO_TRY(admission, apiserver::read_admission_settings(given.admission_file));
  }
  CO_TRY(state->encryption, co_await open_encryption(given, state->metrics));
  auto sealer = state->encryption ? std::shared_ptr<const store::Sealer>(state->encryption) : store::no_sealer();
  CO_TRY(state->store, co_await open_store(given, std::move(sealer)));
  CO_TRY(state->authentication,
         Authentication::create(given, *state->store, state->catalog, state->metrics, server_id()));
  CO_TRY(state->make_audit());
  CO_TRY(state->make_authorizer());
  // Kubelets' certificates are often signed by themselves; as upstream, whoever answers at a node's address is believed
  // to be its kubelet.
  CO_TRY(state->kubelets, apiserver::KubeletDialer::create({.certificate = {.text = given.kubelet_client_certificate},
                                                            .key = {.text = given.kubelet_client_key}}));

  apiserver::ServerOptions server{
      .store = *state->store,
      .authenticator = state->authentication->authenticator(),
      .authorizer = *state->authorizer,
      .clock = base::system_clock(),
      .random = base::system_random(),
      .metrics = &state->metrics,
      .token_issuer = &state->authentication->issuer(),
      .token_keys_url = given.service_account_keys_url,
      .token_verifier = &state->authentication->tokens(),
      .kubelets = state->kubelets.get(),
      .rbac = state->security->rbac().get(),
      .auditor = state->auditor.get(),
      .anonymous = state->anonymous(),
      .admission_settings = std::move(admission),
      .aggregation = {.certificate = {.file = given.proxy_client_certificate_file},
                      .key = {.file = given.proxy_client_key_file},
                      .routing = given.aggregator_routing ? apiserver::Routing::Endpoints
                                                          : apiserver::Routing::ClusterAddress},
      .resource_metrics = given.resource_metrics,
      .admission_enabled = given.admission_enabled,
      .admission_disabled = given.admission_disabled,
      .address = io::Address{.host = given.advertise_address, .port = static_cast<uint16_t>(given.secure_port)}.text(),
      .service_networks = std::move(networks),
      .node_port_first = given.node_port_first,
      .node_port_last = given.node_port_last,
      .reads_max = static_cast<int>(given.reads_max),
      .writes_max = static_cast<int>(given.writes_max),
      .request_seconds_max = given.request_timeout_ns / 1'000'000'000,
      .watch_seconds_min = given.watch_seconds_min,
      .flags = given.flags};
  if (state->encryption) {
    server.health_checks = [encryption = state->encryption] { return encryption->health(); };
  }
  state->server = std::make_unique<apiserver::Server>(std::move(server));
  if (state->encryption) state->scope.spawn(state->encryption->run());
  apiserver::BootstrapOptions defaults{.service_cidr = given.service_cidr,
                                       .kubernetes_ip = kubernetes,
                                       .advertise_address = given.advertise_address,
                                       .secure_port = given.secure_port,
                                       .more = std::move(given.bootstrap_objects),
                                       .resource_metrics = given.resource_metrics};
  CO_TRY(co_await apiserver::bootstrap(state->server->registry(), std::move(defaults)));
  state->client_trust = std::make_unique<apiserver::ClientTrust>(
      state->server->registry(), apiserver::ClientTrust::Headers{.names = given.front_proxy_names,
                                                                 .user = given.front_proxy_user_headers,
                                                                 .uid = given.front_proxy_uid_headers,
                                                                 .group = given.front_proxy_group_headers,
                                                                 .extra_prefixes = given.front_proxy_extra_prefixes});
  auto tell_trust = [trust = state->client_trust.get(), known = state->authentication.get()] {
    trust->set(known->client_ca(), known->front_proxy_ca());
  };
  tell_trust();
  state->authentication->on_authorities_changed(tell_trust);
  CO_TRY(co_await state->client_trust->write());
  state->scope.spawn(state->client_trust->run());
  state->scope.spawn(state->security->run());
  state->scope.spawn(state->authorizer->run());
  state->scope.spawn(state->authentication->run());
  if (state->auditor) state->scope.spawn(state->auditor->run());
  co_await state->security->wait_synced();
  state->scope.spawn(state->server->run());
  state->service_repair = std::make_unique<apiserver::ServiceRepair>(state->server->registry(), base::system_clock());
  state->scope.spawn(state->service_repair->run());
  apiserver::User self;
  self.name = "system:apiserver";
  self.groups = {std::string(apiserver::kMastersGroup), std::string(apiserver::kAuthenticatedGroup)};
  client::Client own(make_local_transport(*state->server, std::move(self)), "kube-apiserver");
  if (given.endpoint_reconciler != ApiServerOptions::EndpointReconciler::None) {
    CO_TRY(auto presence, open_presence(given));
    state->endpoints =
        std::make_unique<ServerEndpoints>(own, given.advertise_address, given.secure_port, std::move(presence));
  }
  state->scope.spawn(keep_server_identity(std::move(own), base::system_clock(), base::system_random()));
  state->flow_upkeep =
      std::make_unique<apiserver::FlowUpkeep>(state->server->registry(), apiserver::default_flow_objects());
  state->scope.spawn(state->flow_upkeep->run());
  co_await state->server->wait_synced();

  CO_TRY(auto tls, io::TlsServer::create(
                       {.certificate = {.chain = {.file = given.certificate_file}, .key = {.file = given.key_file}},
                        .client_authorities = {{.text = given.client_ca, .file = given.client_ca_file},
                                               {.text = given.front_proxy_ca, .file = given.front_proxy_ca_file}}}));
  io::HttpServerOptions http;
  http.address.host = given.bind_address;
  http.address.port = static_cast<uint16_t>(given.secure_port);
  http.tls = std::move(tls);
  http.loops = std::move(loops);
  auto handler = [api = state->server.get()](const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                                             io::ResponseWriter& writer) {
    return api->serve(request, peer, body, writer);
  };
  CO_TRY(state->http, io::HttpServer::create(std::move(http), std::move(handler)));
  if (state->endpoints) {
    if (auto done = co_await state->endpoints->reconcile(); !done)
      LOG_WARNING("The service kubernetes does not lead here yet", {"err", done.error().message()});
    state->endpoints->start();
  }
  LOG_INFO("Serving securely", {"address", state->http->address().text()});
  co_return std::unique_ptr<ApiServer>(new ApiServer(std::move(state)));
}

io::Task<void> ApiServer::close() {
  // First, so that nobody is led to us any longer.
  if (state_->endpoints) co_await io::with_timeout(kDrainTime, state_->endpoints->withdraw());
  co_await state_->http->close(kDrainTime);
  state_->scope.cancel();
  // What nobody takes in time is lost.
  if (state_->auditor) co_await io::with_timeout(kDrainTime, state_->auditor->drain());
  state_->store->close();
}

}  // namespace navarch
