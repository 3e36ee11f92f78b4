// The API server with all that it stands on: store, keys, who is who, sockets.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apiserver/audit/sink.h"
#include "apiserver/authn/configuration.h"
#include "apiserver/authz/configuration.h"
#include "apiserver/server.h"
#include "base/result.h"
#include "io/http_server.h"
#include "io/task.h"

namespace navarch {

struct ApiServerOptions {
  enum class Storage : uint8_t { Memory, Lmdb, Etcd };
  Storage storage = Storage::Lmdb;
  std::string storage_directory;  // of Lmdb
  std::vector<std::string> etcd_servers;
  std::string etcd_ca_file, etcd_certificate_file, etcd_key_file;
  std::string encryption_file;           // an EncryptionConfiguration; "": all is kept as it is
  bool encryption_file_reloads = false;  // when it changes

  apiserver::FlagValues flags;  // as they were given, for /flagz

  std::string bind_address = "0.0.0.0";
  int secure_port = 6443;  // 0: any
  std::string advertise_address = "127.0.0.1";
  enum class EndpointReconciler : uint8_t { Lease, None };
  EndpointReconciler endpoint_reconciler = EndpointReconciler::Lease;  // who keeps the endpoints of the API servers
  std::string service_cidr = "10.96.0.0/16";
  int node_port_first = 30000;
  int node_port_last = 32767;

  // PEM. The files of the serving certificate are read again when they change.
  std::string certificate_file, key_file;
  std::string client_ca;  // whose clients we believe
  std::string front_proxy_ca;
  std::string client_ca_file, front_proxy_ca_file;  // where these are read again when they change; "": nowhere
  std::vector<std::string> front_proxy_names = {"front-proxy-client"};  // of their certificates; none: any
  std::vector<std::string> front_proxy_user_headers = {"X-Remote-User"};
  std::vector<std::string> front_proxy_uid_headers = {"X-Remote-Uid"};
  std::vector<std::string> front_proxy_group_headers = {"X-Remote-Group"};
  std::vector<std::string> front_proxy_extra_prefixes = {"X-Remote-Extra-"};
  bool bootstrap_tokens = true;
  std::string token_webhook_kubeconfig;  // YAML; "": no server is asked about tokens
  int64_t token_webhook_remember_ns = 120'000'000'000;
  std::vector<std::string> admission_enabled, admission_disabled;
  bool anonymous = true;  // whether requests without credentials are answered
  bool anonymous_given = false;

  apiserver::OidcFlags oidc;
  std::string authentication_file;  // of kind AuthenticationConfiguration, instead of them; followed

  apiserver::AuthorizationFlags authorization;
  std::string authorization_file;  // of kind AuthorizationConfiguration, instead of them; followed
  std::string admission_file;      // an AdmissionConfiguration; "": every step as it is by itself

  std::string audit_policy;  // YAML; "": nothing is written down
  struct AuditLogOptions {
    std::string path;  // "-" is the standard output
    int64_t megabytes_max = 100;
    int64_t backups_max = 0;  // 0: all are kept
    int64_t days_max = 0;     // 0: for ever
    bool compresses = false;
    apiserver::AuditDelivery delivery = {
        .mode = apiserver::AuditMode::Blocking, .batch_max = 1, .batch_wait_ns = 0, .throttles = false};
  } audit_log;
  std::string audit_webhook_kubeconfig;  // YAML
  apiserver::AuditDelivery audit_webhook_delivery;
  int64_t audit_webhook_initial_backoff_ns = 10'000'000'000;
  std::string kubelet_client_certificate, kubelet_client_key;  // what we show to kubelets
  // What we show to the servers of APIServices, as files; none: nothing.
  std::string proxy_client_certificate_file, proxy_client_key_file;
  bool resource_metrics = false;         // metrics.k8s.io is served from what kubelets measure
  bool aggregator_routing = false;       // straight to the endpoints of their services
  std::string service_account_key;       // private; signs tokens
  std::string service_account_key_file;  // where it came from, followed with the next; "": nowhere
  std::vector<std::pair<std::string, std::string>> service_account_public_keys;  // file and text of others that signed
  // That tokens may name; the first is that of new ones.
  std::vector<std::string> service_account_issuers = {"https://kubernetes.default.svc.cluster.local"};
  std::string service_account_keys_url;           // where the discovery document says the keys are; "": here
  std::vector<std::string> api_audiences;         // none: the issuer
  std::vector<schema::Object> bootstrap_objects;  // that are there from the start, beside those of every cluster
  std::string static_tokens;                      // csv; see StaticTokenAuthenticator
  int64_t request_timeout_ns = 60'000'000'000;
  int64_t watch_seconds_min = 1800;  // of a watch that does not say how long
  int64_t reads_max = 400, writes_max = 200;
};

class ApiServer {
 public:
  // Opens the store, makes what every cluster has, listens. On the current loop, which follows the store and accepts;
  // connections are dealt to `loops` (empty: this one).
  static io::Task<base::Result<std::unique_ptr<ApiServer>>> start(ApiServerOptions options,
                                                                  std::vector<io::Loop*> loops);
  ~ApiServer();
  ApiServer(const ApiServer&) = delete;

  apiserver::Server& server();
  const io::Address& address() const;
  // An address of the service range; the first is that of the service `kubernetes`.
  static base::Result<std::string> service_address(const std::string& service_cidr, uint64_t number);

  // Lets requests end, then closes the store.
  io::Task<void> close();

 private:
  struct State;
  explicit ApiServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace navarch
