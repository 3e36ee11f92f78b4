// The API server without its sockets: every request, over HTTP or from inside the process, takes the same road: who is
// it, may it, what does it ask for, admission, registry, store.
//
//   apiserver::Server server(options);
//   io::HttpServer::create(http_options, [&](auto& request, auto& peer, auto& body, auto& writer) {
//     return server.serve(request, peer, body, writer);
//   });
//
// Safe from any loop; what it is made of is borrowed and outlives it, and it outlives the requests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apiserver/admission/list.h"
#include "apiserver/aggregation/aggregator.h"
#include "apiserver/authn/anonymous.h"
#include "apiserver/discovery/debug_pages.h"
#include "apiserver/discovery/health.h"
#include "apiserver/pipeline/authorizer.h"
#include "apiserver/pipeline/identity.h"
#include "apiserver/pipeline/negotiate.h"
#include "apiserver/registry/call.h"
#include "apiserver/registry/watch.h"
#include "base/clock.h"
#include "base/ip.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/result.h"
#include "io/http.h"
#include "io/http_client.h"
#include "io/task.h"
#include "store/store.h"

namespace apiserver {

class AdmissionPlugin;
class Auditor;
struct AuditRecord;
struct Work;
class EventSink;
class Allocations;
class KubeletDialer;
class Registry;
class RbacAuthorizer;
class Renderer;
class TokenIssuer;
class TokenJudge;

struct ServerOptions {
  store::Store& store;  // made with make_indexer()
  Authenticator& authenticator;
  const Authorizer& authorizer;
  base::Clock& clock;
  base::Random& random;
  base::Metrics* metrics = nullptr;           // where it counts; none: its own
  const TokenIssuer* token_issuer = nullptr;  // none: no tokens are issued
  std::string token_keys_url = {};            // where they say the keys are; "": here
  TokenJudge* token_verifier = nullptr;       // none: token reviews know no token
  KubeletDialer* kubelets = nullptr;          // none: no logs, exec and proxies
  const RbacAuthorizer* rbac = nullptr;  // for what a user may do in all; none: SelfSubjectRulesReviews are incomplete
  const Auditor* auditor = nullptr;      // none: nothing is written down
  AnonymousAccess anonymous = {};
  AdmissionSettings admission_settings = {};
  AggregationOptions aggregation = {};
  HealthChecks health_checks = {};  // beside upstream's own; none: no more
  // metrics.k8s.io is served from what the kubelets measure, unless an APIService says who serves it.
  bool resource_metrics = false;
  std::vector<std::string> admission_enabled = {};   // beside the steps that are on by default
  std::vector<std::string> admission_disabled = {};  // of those
  std::string address = "127.0.0.1:6443";            // where clients find us, as /api tells them
  std::vector<base::IpNetwork> service_networks;
  int node_port_first = 30000;
  int node_port_last = 32767;
  // Upstream's --max-requests-inflight and --max-mutating-requests-inflight.
  int reads_max = 400;
  int writes_max = 200;
  size_t body_bytes_max = size_t{3} << 20;
  int64_t request_seconds_max = 60;
  int64_t watch_seconds_min = 1800;  // a watch that does not say lives this long, up to twice that
  size_t encoding_cache_bytes_max = size_t{64} << 20;
  FlagValues flags = {};  // as /flagz shows them
};

class Server {
 public:
  explicit Server(ServerOptions options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // One HTTP request.
  io::Task<void> serve(const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                       io::ResponseWriter& writer);

  // The road past authentication, for requests of whatever origin: `call.user` is believed.
  // Authorization included. Not for watches and for what streams.
  io::Task<base::Result<Answer>> handle(Call& call);
  io::Task<base::Result<std::unique_ptr<WatchStream>>> watch(Call& call);
  // Of requests that an extension API server answers neither; they go there, authorization included. `target` is path
  // and query as they are sent; the answer comes as it is, watches too.
  bool is_remote(const Call& call) const;
  io::Task<base::Result<std::unique_ptr<io::ResponseStream>>> ask_remote(Call& call, std::string target,
                                                                         std::string accept);

  // Keeps what is served in step with the custom resource definitions and APIServices that are stored, until the store
  // closes. On one loop.
  io::Task<void> run();
  // Comes back once run() knows all that was defined at the start.
  io::Task<void> wait_synced();

  Registry& registry();
  Renderer& renderer();
  base::Metrics& metrics();
  const ServerOptions& options() const { return options_; }

 private:
  struct Parts;
  struct Exchange;
  io::Task<void> answer(Exchange& exchange);
  io::Task<void> serve_resource(Exchange& exchange);
  io::Task<void> serve_watch(Exchange& exchange);
  io::Task<void> send_events(Exchange& exchange, WatchStream& stream, const Representation& representation,
                             EventSink& sink, io::Event& done);
  io::Task<Work> work_of_reading(const Call& call) const;
  static void send_away(Exchange& exchange, int retry_after_seconds);
  void tell_of_start(Exchange& exchange);
  io::Task<void> send_page(Exchange& exchange, Answer answer, Representation representation);
  io::Task<base::Result<Answer>> dispatch(Call& call, const Served& served);
  void count(const Call& call, const Served* served, int status, uint64_t bytes, int64_t began_ns);
  io::Task<base::Result<void>> authorize(const Call& call, AuditRecord* audit) const;
  base::Result<std::shared_ptr<const Served>> find_resource(const Call& call) const;
  // For paths below groups of custom kinds, where what is not there has no API to say so.
  bool is_nowhere(const Call& call) const;

  const ServerOptions options_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace apiserver
