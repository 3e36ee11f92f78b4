// What an allowed request gets: an object, a page, a watch, a stream, or what another server answers.
#include <algorithm>
#include <iterator>

#include "apiserver/aggregation/pass_on.h"
#include "apiserver/discovery/paths.h"
#include "apiserver/metrics/request_metrics.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/pipeline/gzip.h"
#include "apiserver/pipeline/negotiate.h"
#include "apiserver/proxy/connect.h"
#include "apiserver/proxy/connect_options.h"
#include "apiserver/render/event_sink.h"
#include "apiserver/render/page_stream.h"
#include "apiserver/server_parts.h"
#include "base/log.h"
#include "base/strings.h"
#include "io/loop.h"
#include "schema/json.h"
#include "schema/protobuf.h"
#include "schema/selector.h"
#include "schema/yaml.h"

namespace apiserver {
namespace {

// Reviews, and what is posted to a pod or an account rather than kept, have no table; connections have no object at
// all.
Views views_of(const Call& call, const Served& served) {
  static constexpr std::string_view kVerbs[] = {"get",   "list",   "create",          "update",
                                                "patch", "delete", "deletecollection"};
  if (std::find(std::begin(kVerbs), std::end(kVerbs), call.info.verb) == std::end(kVerbs)) return Views::None;
  std::string_view sub = call.info.subresource;
  bool is_only_posted = sub == "binding" || sub == "eviction" || sub == "token" ||
                        (!served.is_stored() && served.row().plural.ends_with("reviews"));
  return is_only_posted ? Views::AllButTable : Views::All;
}

// Those who watch the pods of one node are told of few: no write to a pod is the dearer for them.
bool watches_one_node(const Call& call) {
  if (call.info.resource != "pods" || !call.info.group.empty()) return false;
  auto selector = schema::FieldSelector::parse(call.query.get("fieldSelector"));
  return selector && selector->exact("spec.nodeName").has_value();
}

io::Task<void> set_when_left(EventSink& sink, io::Event& done) {
  co_await sink.left();
  done.set();
}

// A request that is open for long, counted while it lives.
class LongRunning {
 public:
  LongRunning(RequestMetrics& metrics, const Call& call) : metrics_(metrics), call_(call) {
    metrics_.count_long_running(call_, 1);
  }
  ~LongRunning() { metrics_.count_long_running(call_, -1); }
  LongRunning(const LongRunning&) = delete;

 private:
  RequestMetrics& metrics_;
  const Call& call_;
};

// The body as an audit event shows it: JSON, whatever it came as.
void audit_request(AuditRecord& record, const Call& call) {
  if (call.body.empty()) return;
  if (call.content_type.find("protobuf") != std::string::npos) {
    if (auto object = schema::decode_envelope(call.body)) record.event.request_object = schema::to_json(*object);
  } else if (auto json = schema::yaml_to_json(call.body)) {
    record.event.request_object = std::move(*json);
  }
}

// Pages are not shown: they may be as large as all there is.
void audit_response(AuditRecord& record, const Answer& answer) {
  if (answer.object) {
    record.event.response_object = schema::to_json(answer.object);
  } else if (answer.entry != nullptr && answer.served != nullptr) {
    if (auto object = answer.served->decode(*answer.entry)) record.event.response_object = schema::to_json(*object);
  }
}

}  // namespace

io::Task<void> Server::serve_resource(Exchange& exchange) {
  Call& call = exchange.call;
  Response response = exchange.response();
  auto allowed = co_await authorize(call, exchange.audit.get());
  if (!allowed) {
    response.send_error(allowed.error());
    co_return;
  }
  if (exchange.remote && exchange.remote->own) {
    co_await serve_own(exchange.remote->own, exchange.request, call, response);
    co_return;
  }
  if (exchange.remote) {
    co_await pass_on(exchange.remote, exchange.request, exchange.peer, exchange.body, call, response, options_.random);
    co_return;
  }
  if (!call.info.is_resource) {
    co_await serve_path(
        PathContext{options_, parts_->registry, parts_->aggregator.remote(), parts_->metrics, parts_->flow},
        exchange.request, call, response);
    co_return;
  }
  if (is_nowhere(call)) {
    send_page_not_found(response);
    co_return;
  }
  auto found = find_resource(call);
  if (!found) {
    response.send_error(found.error());
    co_return;
  }
  call.served = std::move(*found);
  const Served& served = *call.served;
  exchange.served = &served;
  if (warn_of_deprecation(served, call)) parts_->metrics.requests().note_deprecated(call);
  if (call.info.verb == "watch") {
    co_await serve_watch(exchange);
    co_return;
  }
  if (is_connect(call)) {
    LongRunning counted(parts_->metrics.requests(), call);
    if (schema::Object asked = connect_options(call)) {
      if (auto admitted = co_await parts_->registry.admit(call, served, Operation::Connect, &asked, false); !admitted) {
        response.send_error(admitted.error());
        co_return;
      }
    }
    co_await connect({parts_->registry.reader(), options_.kubelets, options_.random}, exchange.request, exchange.peer,
                     exchange.body, call, response);
    co_return;
  }
  auto representation = negotiate(exchange.request.headers, call.query, false, views_of(call, served));
  if (!representation) {
    response.send_error(representation.error());
    co_return;
  }
  if (call.method != "GET" && call.method != "HEAD") {
    auto body = co_await exchange.body.read_all(options_.body_bytes_max);
    if (!body) {
      response.send_error(body.error().code() == base::Code::TooLarge
                              ? too_large(base::cat({"limit is ", std::to_string(options_.body_bytes_max)}))
                              : bad_request(body.error().message()));
      co_return;
    }
    call.body = std::move(*body);
    if (exchange.audit && exchange.audit->wants_request()) audit_request(*exchange.audit, call);
  }
  auto answer = co_await dispatch(call, served);
  if (!answer) {
    response.send_error(answer.error());
    co_return;
  }
  if (PageStream::suits(*answer, *representation)) {
    co_await send_page(exchange, std::move(*answer), *representation);
    co_return;
  }
  if (exchange.audit && exchange.audit->wants_response()) audit_response(*exchange.audit, *answer);
  auto rendered = parts_->renderer.render(*answer, *representation, call.query);
  if (!rendered) {
    response.send_error(rendered.error());
    co_return;
  }
  response.send(answer->status, content_type(representation->media), std::move(*rendered));
}

// What a client that has gone, or an object that cannot be read, cuts short ends without a proper end, so that nobody
// takes it for whole.
io::Task<void> Server::send_page(Exchange& exchange, Answer answer, Representation representation) {
  bool gzipped = exchange.call.method == "GET" && takes_gzip(exchange.request.headers);
  exchange.response().start(answer.status, content_type(representation.media), gzipped);
  const Served& served = *answer.served;
  PageStream page(parts_->renderer, served, std::move(*answer.page), representation.media);
  std::optional<Gzip> gzip;
  if (gzipped) gzip.emplace();
  for (;;) {
    auto piece = page.next();
    if (!piece) {
      LOG_ERROR("A list is cut short", {"resource", served.row().plural}, {"reason", piece.error().message()});
      co_return;
    }
    bool last = piece->empty();
    if (gzip) *piece = base::Bytes(gzip->add(piece->view(), last));
    if (!piece->empty() && !co_await exchange.writer.write(std::move(*piece))) co_return;
    if (last) break;
  }
  exchange.writer.finish();
}

io::Task<void> Server::serve_watch(Exchange& exchange) {
  Call& call = exchange.call;
  Response response = exchange.response();
  auto representation = negotiate(exchange.request.headers, call.query, true, Views::All);
  if (!representation) {
    response.send_error(representation.error());
    co_return;
  }
  MediaType media = representation->media;
  auto stream = co_await watch(call);
  if (!stream && stream.error().code() != base::Code::Expired) {
    response.send_error(stream.error());
    co_return;
  }
  LongRunning counted(parts_->metrics.requests(), call);
  std::optional<Watchers::Watching> watching;
  if (!watches_one_node(call)) {
    watching.emplace(parts_->watchers,
                     WatchedPlace{call.info.qualified_resource(), call.info.namespace_, call.info.name});
  }
  auto sink = EventSink::open(exchange.request, response, media, options_.random);
  if (!sink) co_return;
  if (!stream) {
    std::vector<base::Bytes> error;
    error.push_back(Renderer::render_error_event(stream.error(), media));
    if (co_await (*sink)->write(std::move(error))) co_await (*sink)->finish();
    co_return;
  }
  io::Event done;
  if (!(*sink)->tells_when_left()) {
    co_await send_events(exchange, **stream, *representation, **sink, done);
    co_return;
  }
  io::Scope sending;
  sending.spawn(send_events(exchange, **stream, *representation, **sink, done));
  sending.spawn(set_when_left(**sink, done));
  co_await done.wait();
}

// Until the watch ends, which only its time does without an error, or the client has gone. An event that cannot be
// shown ends it too: who watches must not believe that he has seen everything.
io::Task<void> Server::send_events(Exchange& exchange, WatchStream& stream, const Representation& representation,
                                   EventSink& sink, io::Event& done) {
  const Call& call = exchange.call;
  // A watch takes its seats until what there was at its beginning is ready to be sent; how fast a client reads is no
  // work of ours.
  if (!stream.begins_with_state()) exchange.admitted.seat.release();
  auto counted = parts_->metrics.requests().watch_events(call);
  bool first = true;
  bool ends = false;
  while (!ends) {
    auto items = co_await stream.next();
    std::vector<base::Bytes> events;
    std::optional<base::Error> error;
    if (!items) {
      ends = true;
      if (items.error().code() != base::Code::Closed) error = items.error();
    } else {
      for (const auto& item : *items) {
        auto event = parts_->renderer.render_event(stream.served(), item, representation, call.query, first);
        if (!event) {
          ends = true;
          error = event.error();
          break;
        }
        counted.count(event->size());
        first = false;
        events.push_back(std::move(*event));
      }
    }
    if (error) events.push_back(Renderer::render_error_event(*error, representation.media));
    exchange.admitted.seat.release();
    if (!events.empty() && !co_await sink.write(std::move(events))) {
      done.set();
      co_return;
    }
  }
  co_await sink.finish();
  done.set();
}

}  // namespace apiserver
