#include "apiserver/server.h"

#include <algorithm>
#include <atomic>
#include <limits>

#include "apiserver/aggregation/pass_on.h"
#include "apiserver/crd/kind.h"
#include "apiserver/crd/webhook_conversion.h"
#include "apiserver/metrics/request_metrics.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/pipeline/impersonation.h"
#include "apiserver/proxy/forward.h"
#include "apiserver/server_parts.h"
#include "apiserver/subresource/handler.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/time.h"
#include "io/loop.h"
#include "schema/status.h"

namespace apiserver {
namespace {

bool is_read(std::string_view verb) {
  return verb == "get" || verb == "list" || verb == "watch";
}

// Requests that live as long as their client likes; neither counted nor timed.
bool is_long_running(const Call& call) {
  if (call.info.verb == "watch") return true;
  if (!call.info.is_resource) return false;
  const auto& sub = call.info.subresource;
  return sub == "attach" || sub == "exec" || sub == "proxy" || sub == "log" || sub == "portforward";
}

// One more of what is counted, while it lives; not granted when there are too many.
class Place {
 public:
  Place(std::atomic<int>& count, int max) : count_(count) { granted_ = count_.fetch_add(1) < max; }
  ~Place() { count_.fetch_sub(1); }
  Place(const Place&) = delete;
  bool granted() const { return granted_; }

 private:
  std::atomic<int>& count_;
  bool granted_;
};

void audit_authorization(AuditRecord& record, const Authorization& answer) {
  auto& annotations = record.event.annotations;
  bool failed = !answer.allowed() && !answer.error.empty();
  if (!failed) annotations.insert_or_assign("authorization.k8s.io/decision", answer.allowed() ? "allow" : "forbid");
  annotations.insert_or_assign("authorization.k8s.io/reason", failed ? "internal error" : answer.reason);
}

}  // namespace

Server::Server(ServerOptions options) : options_(std::move(options)), parts_(std::make_unique<Parts>(options_)) {}
Server::~Server() = default;

io::Task<void> Server::run() {
  io::Scope scope;
  scope.spawn(parts_->aggregator.run());
  scope.spawn(parts_->automatic_services.run());
  scope.spawn(parts_->flow.run());
  co_await parts_->definitions.run();
}

io::Task<void> Server::wait_synced() {
  co_await parts_->definitions.wait_synced();
  co_await parts_->aggregator.wait_synced();
}

Registry& Server::registry() {
  return parts_->registry;
}
Renderer& Server::renderer() {
  return parts_->renderer;
}
base::Metrics& Server::metrics() {
  return parts_->metrics.metrics();
}

io::Task<base::Result<void>> Server::authorize(const Call& call, AuditRecord* audit) const {
  if (!call.info.is_resource) {
    const auto& path = call.info.path;
    for (std::string_view open : {"/healthz", "/readyz", "/livez"}) {
      if (path == open) co_return {};
    }
  }
  int64_t began_ns = options_.clock.monotonic_ns();
  auto attributes = authorization_attributes(call.info, call.query, call.user);
  auto answer = options_.authorizer.decide(attributes);
  if (!answer) answer = co_await options_.authorizer.authorize(attributes);
  parts_->metrics.requests().count_authorization(*answer, options_.clock.monotonic_ns() - began_ns);
  if (audit != nullptr) audit_authorization(*audit, *answer);
  if (answer->allowed()) co_return {};
  if (!answer->error.empty()) co_return base::fail(internal_error(answer->error));
  co_return base::fail(forbidden_to(attributes, answer->reason));
}

// The row that the path names, when there is such a path at all.
base::Result<ServedRef> Server::find_resource(const Call& call) const {
  const RequestInfo& info = call.info;
  ServedRef served = parts_->catalog.find(info.group, info.version, info.resource);
  if (served == nullptr) return base::fail(no_such_path());
  const auto& row = served->row();
  bool in_namespace = !info.namespace_.empty() && info.resource != "namespaces";
  if (!row.namespaced && in_namespace) return base::fail(no_such_path());
  bool named = !info.name.empty() && info.verb != "list" && info.verb != "watch";
  if (row.namespaced && !in_namespace && named) return base::fail(no_such_path());
  if (info.subresource.empty()) {
    // Lists over all namespaces are the only thing to be had outside of one.
    bool outside = row.namespaced && !in_namespace;
    std::string verb = info.verb;
    if (outside && verb != "list" && verb != "watch") return base::fail(no_such_method());
    if (verb == "create" && named) return base::fail(no_such_method());
    if ((verb == "update" || verb == "patch") && !named) return base::fail(no_such_method());
    if (call.method == "HEAD" || verb.empty() || !row.has_verb(verb)) return base::fail(no_such_method());
    return served;
  }
  const schema::Subresource* sub = row.subresource(info.subresource);
  if (sub == nullptr) {
    if (served->custom() != nullptr) return base::fail(not_found(row.group, row.plural, info.name));
    return base::fail(no_such_path());
  }
  if (!info.tail.empty() && info.subresource != "proxy") return base::fail(no_such_path());
  bool has_verb = std::find(sub->verbs.begin(), sub->verbs.end(), std::string_view(info.verb)) != sub->verbs.end();
  // A proxy passes on what has no verb of its own.
  if (info.subresource == "proxy" && call.method == "OPTIONS") has_verb = true;
  if (!has_verb) return base::fail(no_such_method());
  return served;
}

bool Server::is_nowhere(const Call& call) const {
  const RequestInfo& info = call.info;
  if (!parts_->catalog.has_group(info.group)) return true;
  bool is_built_in =
      std::ranges::any_of(schema::group_versions(), [&](const auto& one) { return one.group == info.group; });
  if (is_built_in) return false;
  ServedRef served = parts_->catalog.find(info.group, info.version, info.resource);
  if (served == nullptr || served->row().namespaced) {
    return served == nullptr || (info.namespace_.empty() && info.verb != "list" && info.verb != "watch");
  }
  return !info.namespace_.empty();
}

io::Task<base::Result<Answer>> Server::dispatch(Call& call, const Served& served) {
  Registry& registry = parts_->registry;
  const std::string& verb = call.info.verb;
  const std::string& sub = call.info.subresource;
  if (Handler handler = find_handler(served, sub)) {
    co_return co_await handler(Desk{registry, options_}, call, served);
  }
  if (!served.is_stored()) co_return base::fail(no_such_method());
  if (!sub.empty() && served.row().subresource(sub)->kind != served.row().kind) co_return base::fail(no_such_path());
  Part part = sub.empty() ? Part::Main : sub == "status" ? Part::Status : Part::Whole;
  if (verb == "get") co_return co_await registry.get(call, served);
  if (verb == "list") co_return co_await registry.list(call, served);
  if (verb == "create") co_return co_await registry.create(call, served);
  if (verb == "update") co_return co_await registry.update(call, served, part);
  if (verb == "patch") co_return co_await registry.patch(call, served, part);
  if (verb == "delete") co_return co_await registry.remove(call, served);
  if (verb == "deletecollection") co_return co_await registry.remove_collection(call, served);
  co_return base::fail(no_such_method());
}

io::Task<base::Result<Answer>> Server::handle(Call& call) {
  CO_TRY(co_await authorize(call, nullptr));
  if (!call.info.is_resource) co_return base::fail(no_such_path());
  if (auto remote = remote_of_path(*parts_->aggregator.remote(), call.info.path); remote && remote->own) {
    CO_TRY(auto object, co_await remote->own->answer(call));
    co_return Answer::of(std::move(object));
  }
  CO_TRY(call.served, find_resource(call));
  const Served* served = call.served.get();
  int64_t began_ns = options_.clock.monotonic_ns();
  auto answer = co_await dispatch(call, *served);
  int status = answer ? answer->status : schema::status_of(answer.error()).code;
  count(call, served, status, 0, began_ns);
  co_return answer;
}

bool Server::is_remote(const Call& call) const {
  auto remote = remote_of_path(*parts_->aggregator.remote(), call.info.path);
  return remote != nullptr && remote->own == nullptr;
}

io::Task<base::Result<std::unique_ptr<io::ResponseStream>>> Server::ask_remote(Call& call, std::string target,
                                                                               std::string accept) {
  CO_TRY(co_await authorize(call, nullptr));
  auto remote = remote_of_path(*parts_->aggregator.remote(), call.info.path);
  if (remote == nullptr || remote->own != nullptr) co_return base::fail(no_such_path());
  co_return co_await apiserver::ask_remote(std::move(remote), call, std::move(target), std::move(accept),
                                           options_.random);
}

void Server::count(const Call& call, const Served* served, int status, uint64_t bytes, int64_t began_ns) {
  double seconds = static_cast<double>(options_.clock.monotonic_ns() - began_ns) / 1e9;
  parts_->metrics.requests().count(call, served != nullptr, {.status = status, .bytes = bytes, .seconds = seconds});
}

io::Task<base::Result<std::unique_ptr<WatchStream>>> Server::watch(Call& call) {
  CO_TRY(co_await authorize(call, nullptr));
  CO_TRY(ServedRef served, find_resource(call));
  CO_TRY(auto query, read_watch_query(call, *served));
  if (!query.timeout_seconds || *query.timeout_seconds <= 0) {
    query.timeout_seconds =
        options_.watch_seconds_min + static_cast<int64_t>(options_.random.below(options_.watch_seconds_min));
  }
  co_return co_await WatchStream::open(options_.store, *served, call.info.namespace_, std::move(query),
                                       parts_->registry.conversion_to(*served));
}

io::Task<void> Server::serve(const io::Request& request, const io::Peer& peer, io::RequestBody& body,
                             io::ResponseWriter& writer) {
  // A client that goes ends the task where it waits; what it did, and that it was here, is written down all the same.
  struct Ending {
    Server& server;
    Exchange& exchange;
    int64_t began_ns;
    bool is_abandoned = true;
    ~Ending() {
      const auto& call = exchange.call;
      int status = exchange.writer.status();
      if (is_abandoned && exchange.audit) server.options_.auditor->abandoned(*exchange.audit, call, status);
      // What was refused on the way is no request to a resource; upstream counts it elsewhere.
      if (status == 0 || (exchange.served == nullptr && call.info.is_resource)) return;
      server.count(call, exchange.served, status, exchange.writer.bytes(), began_ns);
    }
  };
  Exchange exchange{request, peer, body, MeteredWriter(writer), {}};
  Ending ending{*this, exchange, options_.clock.monotonic_ns()};
  co_await answer(exchange);
  exchange.admitted.seat.release();
  if (exchange.audit) co_await options_.auditor->complete(*exchange.audit, exchange.call, exchange.writer.status());
  ending.is_abandoned = false;
}

io::Task<void> Server::answer(Exchange& exchange) {
  const auto& request = exchange.request;
  const auto& peer = exchange.peer;
  Call& call = exchange.call;
  call.method = request.method;
  call.query = Query(request.query());
  call.user_agent = request.headers.get("user-agent");
  call.content_type = request.headers.get("content-type");
  call.audit_id = request.headers.get("audit-id");
  if (call.audit_id.empty()) call.audit_id = options_.random.uuid();
  auto path = base::url_decode(request.path());
  call.info = parse_request_info(request.method, path ? std::string_view(*path) : request.path(), call.query);

  auto time_max = std::chrono::nanoseconds(std::chrono::seconds(options_.request_seconds_max));
  if (auto asked = call.query.get("timeout"); !asked.empty() && !is_long_running(call)) {
    auto span = base::parse_duration(asked);
    if (!span) {
      auto why = bad_request(base::cat({"invalid timeout specified in the request URL - ", span.error().message()}));
      if (options_.auditor != nullptr) options_.auditor->refused(call, request, peer, 400, why.message());
      exchange.response().send_error(why);
      co_return;
    }
    if (*span > 0) time_max = std::min(time_max, std::chrono::nanoseconds(*span));
  }
  int64_t began_ns = options_.clock.monotonic_ns();
  auto known = co_await options_.authenticator.authenticate(request, peer);
  if (known && !*known && options_.anonymous.allows(call.info.path))
    *known = User{.name = std::string(kAnonymousUser), .groups = {std::string(kUnauthenticatedGroup)}};
  parts_->metrics.requests().count_authentication(!known   ? "error"
                                                  : *known ? "success"
                                                           : "failure",
                                                  options_.clock.monotonic_ns() - began_ns);
  if (!known || !*known) {
    LOG_V(2, "Refused credentials", {"reason", known ? "there are none" : known.error().message()},
          {"peer", peer.address});
    if (options_.auditor != nullptr)
      options_.auditor->refused(call, request, peer, 401, Auditor::attempted_credentials(request, call.query, peer));
    exchange.response().send_error(unauthorized());
    co_return;
  }
  call.user = std::move(**known);
  if (options_.auditor != nullptr) exchange.audit = options_.auditor->begin(call, request, peer);
  if (exchange.audit && !co_await options_.auditor->received(*exchange.audit)) {
    exchange.response().send_text(
        500, base::cat({"Internal Server Error: ", base::quote(request.target), ": failed to store audit event\n"}));
    co_return;
  }
  if (wants_impersonation(request.headers)) {
    auto asked = authorization_attributes(call.info, call.query, call.user);
    auto other = co_await impersonate(asked, request.headers, options_.authorizer);
    if (!other) {
      exchange.response().send_error(other.error());
      co_return;
    }
    if (*other) {
      call.user = std::move((*other)->user);
      if (exchange.audit) Auditor::impersonated(*exchange.audit, call.user, (*other)->constraint);
    }
  }

  exchange.remote = remote_of_path(*parts_->aggregator.remote(), call.info.path);
  bool watches = call.info.verb == "watch";
  bool long_running = is_long_running(call) || (exchange.remote && is_upgrade(request));
  if (long_running && !watches) {
    tell_of_start(exchange);
    co_await serve_resource(exchange);
    co_return;
  }
  auto attributes = authorization_attributes(call.info, call.query, call.user);
  Work work;
  if (call.info.is_resource && !exchange.remote) {
    if (watches || call.info.verb == "list" || call.info.verb == "deletecollection") {
      work = co_await work_of_reading(call);
    } else if (!is_read(call.info.verb)) {
      work = work_of_write(parts_->watchers.of({call.info.qualified_resource(), call.info.namespace_, call.info.name}));
    }
  }
  auto admitted = co_await parts_->flow.enter(std::move(attributes), work);
  if (!admitted) {
    exchange.response().send_error(admitted.error());
    co_return;
  }
  exchange.admitted = std::move(*admitted);
  tell_of_start(exchange);
  if (exchange.admitted.refused()) {
    send_away(exchange, exchange.admitted.retry_after_seconds);
    co_return;
  }
  if (watches) {
    co_await serve_resource(exchange);
    co_return;
  }
  // Whom no flow schema covers a plain bound holds.
  bool read = is_read(call.info.verb) || !call.info.is_resource;
  bool governed = !exchange.admitted.schema_uid.empty();
  int max = governed ? std::numeric_limits<int>::max() : read ? options_.reads_max : options_.writes_max;
  Place place(read ? parts_->reads : parts_->writes, max);
  if (!place.granted()) {
    send_away(exchange, 1);
    co_return;
  }
  bool in_time = co_await io::with_timeout(time_max, serve_resource(exchange));
  if (!in_time) {
    exchange.response().send_error(timeout("request did not complete within the allotted timeout", 0));
  }
}

// What a list costs, and a watch that begins with one: as much as there is to read.
io::Task<Work> Server::work_of_reading(const Call& call) const {
  const Query& query = call.query;
  if (call.info.verb == "watch") {
    auto revision = query.get("resourceVersion");
    bool with_state =
        query.has("sendInitialEvents") ? query.get("sendInitialEvents") == "true" : revision.empty() || revision == "0";
    if (!with_state) co_return Work{};
  }
  if (!call.info.name.empty()) co_return Work{};
  ServedRef served = parts_->catalog.find(call.info.group, call.info.version, call.info.resource);
  if (served == nullptr || !served->is_stored()) co_return Work{};
  store::ListOptions one;
  one.limit = 1;
  one.consistent = false;
  auto page = co_await options_.store.list(served->prefix(call.info.namespace_), std::move(one));
  if (!page) co_return Work{.seats = kSeatsMax};
  auto limit = read_int(query, "limit");
  bool selects = query.has("labelSelector") || query.has("fieldSelector");
  co_return work_of_list(page->entries.size() + page->remaining, limit && *limit ? **limit : 0, selects);
}

void Server::send_away(Exchange& exchange, int retry_after_seconds) {
  io::Headers more;
  more.add("retry-after", std::to_string(retry_after_seconds));
  exchange.response().send_text(429, "Too many requests, please try again later.\n", std::move(more));
}

// What is told when the answer begins: fairness in its headers, and the audit of requests that live long.
void Server::tell_of_start(Exchange& exchange) {
  exchange.writer.on_start([this, &exchange](int status, io::Headers& headers) {
    auto& admitted = exchange.admitted;
    if (!admitted.schema_uid.empty()) {
      headers.set("X-Kubernetes-PF-FlowSchema-UID", admitted.schema_uid);
      headers.set("X-Kubernetes-PF-PriorityLevel-UID", admitted.level_uid);
    }
    bool long_running = is_long_running(exchange.call) || (exchange.remote && is_upgrade(exchange.request));
    if (!long_running) return;
    if (exchange.audit) options_.auditor->started(*exchange.audit, exchange.call, status);
    // What another server watches has begun; how much that was it knows alone.
    if (exchange.remote) admitted.seat.release();
  });
}

}  // namespace apiserver
