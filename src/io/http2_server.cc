// The server's side of an HTTP/2 connection.
#include <algorithm>
#include <array>
#include <charconv>

#include "base/strings.h"
#include "io/http2_session.h"
#include "io/server_connection.h"

namespace io {
namespace {

// Frames that cost us work and the peer nothing are free at this rate; beyond it the connection ends
// (ENHANCE_YOUR_CALM). The burst lets a client drop all its watches at once, several times over.
constexpr double kFreeFramesBurst = 1000;
constexpr double kFreeFramesPerSecond = 100;
// Of the bodies of all requests on a connection, received ahead of their readers.
constexpr size_t kUploadWindows = 8;
// Between telling the peer to go elsewhere and refusing what it still sends.
constexpr std::chrono::milliseconds kDrainNotice{200};

class Allowance {
 public:
  bool take(int64_t now_ns) {
    tokens_ =
        std::min(kFreeFramesBurst, tokens_ + static_cast<double>(now_ns - last_ns_) * 1e-9 * kFreeFramesPerSecond);
    last_ns_ = now_ns;
    tokens_ -= 1;
    return tokens_ >= 0;
  }

 private:
  double tokens_ = kFreeFramesBurst;
  int64_t last_ns_ = 0;
};

bool belongs_to_connection(std::string_view name) {
  return name == "connection" || name == "transfer-encoding" || name == "upgrade" || name == "keep-alive" ||
         name == "proxy-connection";
}

class Connection;

// One request and its answer. Lives until the stream is over and the handler has ended.
class Exchange final : public Http2StreamState, public RequestBody, public ResponseWriter {
 public:
  explicit Exchange(Connection& connection) : connection_(connection) {}

  Task<base::Result<std::string>> read() override;

  void start(int status, Headers headers) override;
  Task<base::Result<void>> write(base::Bytes chunk) override;
  void finish() override;
  void finish_with_trailers(Headers trailers) override;
  void send(int status, Headers headers, base::Bytes body) override;
  bool is_closed() const override { return over; }
  Task<void> closed() override;
  base::Result<std::unique_ptr<Stream>> upgrade(Headers) override {
    return base::fail(base::Code::MethodNotAllowed, "only HTTP/1.1 connections can be upgraded");
  }

 private:
  friend class Connection;
  static Task<void> run(Exchange* self, const Handler* handler);
  void submit(int status, const Headers& headers, bool with_body, std::string_view content_length);

  Connection& connection_;
  Request request_;
  size_t header_bytes_ = 0;
  bool headers_complete_ = false;
  bool too_large_ = false;
  bool started_ = false;
  bool finished_ = false;
  bool without_body_ = false;  // the answer, whatever is written
  bool handler_running_ = false;
  bool listed_over_ = false;  // in the connection's list of those to look at
  Exchange* next_ = nullptr;  // in the connection's list
  Exchange* previous_ = nullptr;
  Scope scope_;
};

class Connection final : public ServerConnection, public Http2Session {
 public:
  Connection(const ServerContext& context, ServerShard& shard, std::unique_ptr<Transport> transport)
      : Http2Session(std::move(transport), {.server = true,
                                            .streams_max = context.options.streams_max,
                                            .stream_window = context.options.upload_window,
                                            .connection_window = context.options.upload_window * kUploadWindows,
                                            .header_bytes_max = context.options.header_bytes_max}),
        context_(context),
        shard_(shard),
        peer_(transport_->peer()) {
    rest();
  }
  ~Connection() override {
    while (first_ != nullptr) remove(*first_);
  }

  void drain() override {
    if (std::exchange(draining_, true) || is_dead()) return;
    nghttp2_submit_shutdown_notice(session_);
    flush_soon();
    timer_.start(kDrainNotice, [this] {
      nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE, nghttp2_session_get_last_proc_stream_id(session_),
                            NGHTTP2_NO_ERROR, nullptr, 0);
      drained_ = true;
      flush_soon();  // with no stream left the session then ends
    });
  }

 private:
  friend class Exchange;

  int on_begin_headers(const nghttp2_frame& frame) override {
    if (frame.hd.type != NGHTTP2_HEADERS || frame.headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    auto* exchange = new Exchange(*this);
    exchange->id = frame.hd.stream_id;
    exchange->next_ = first_;
    if (first_ != nullptr) first_->previous_ = exchange;
    first_ = exchange;
    nghttp2_session_set_stream_user_data(session_, frame.hd.stream_id, static_cast<Http2StreamState*>(exchange));
    return 0;
  }

  void on_header(Http2StreamState& state, const nghttp2_frame&, std::string_view name,
                 std::string_view value) override {
    auto& exchange = static_cast<Exchange&>(state);
    if (exchange.headers_complete_) return;  // trailers: nobody asks for them
    exchange.header_bytes_ += name.size() + value.size() + 32;
    auto& request = exchange.request_;
    if (exchange.header_bytes_ > context_.options.header_bytes_max ||
        request.headers.fields().size() >= context_.options.headers_max) {
      exchange.too_large_ = true;
    } else if (name.starts_with(':')) {
      if (name == ":method") request.method = value;
      if (name == ":path") request.target = value;
      if (name == ":authority") request.authority = value;
    } else {
      request.headers.add(name, value);
    }
  }

  void on_headers_end(Http2StreamState& state, const nghttp2_frame&) override {
    auto& exchange = static_cast<Exchange&>(state);
    if (std::exchange(exchange.headers_complete_, true)) return;
    active_++;
    ready_.push_back(&exchange);
  }

  void on_frame(const nghttp2_frame& frame) override {
    switch (frame.hd.type) {
      case NGHTTP2_DATA:
        if (frame.hd.length > 0 || (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) return;
        break;
      case NGHTTP2_PING:
      case NGHTTP2_SETTINGS:
        if ((frame.hd.flags & NGHTTP2_FLAG_ACK) != 0) return;
        break;
      case NGHTTP2_RST_STREAM:
      case NGHTTP2_PRIORITY:
        break;
      default:
        return;
    }
    if (!allowance_.take(Loop::current().clock().monotonic_ns()) && !std::exchange(calmed_, true)) {
      nghttp2_session_terminate_session(session_, NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }

  void on_sent(const nghttp2_frame& frame) override {
    if ((frame.hd.type != NGHTTP2_HEADERS && frame.hd.type != NGHTTP2_DATA) ||
        (frame.hd.flags & NGHTTP2_FLAG_END_STREAM) == 0)
      return;
    auto* stream = find(frame.hd.stream_id);
    // The answer is complete: the rest of the request's body is not wanted (RFC 9113, 8.1).
    if (stream != nullptr && !stream->input_ended) {
      nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, frame.hd.stream_id, NGHTTP2_NO_ERROR);
    }
  }

  void on_stream_closed(Http2StreamState& state) override { look_at(static_cast<Exchange&>(state)); }

  void on_dead(std::string_view reason) override {
    for (Exchange* exchange = first_; exchange != nullptr; exchange = exchange->next_) {
      if (std::exchange(exchange->over, true)) continue;
      exchange->error_code = NGHTTP2_CANCEL;
      exchange->can_read.notify();
      exchange->can_write.notify();
      look_at(*exchange);
    }
  }

  void after_input() override {
    auto ready = std::exchange(ready_, {});
    for (Exchange* exchange : ready) {
      if (!exchange->over) begin(*exchange);
    }
  }

  void after_turn() override {
    while (!over_.empty()) {
      auto over = std::exchange(over_, {});
      for (Exchange* exchange : over) {
        exchange->listed_over_ = false;
        // A handler whose answer went out whole may still have something to note; others have nobody to talk to.
        bool complete = exchange->finished_ && exchange->error_code == NGHTTP2_NO_ERROR && !is_dead();
        if (!exchange->handler_running_ || !complete) remove(*exchange);
      }
    }
    if (is_dead()) {
      while (first_ != nullptr) remove(*first_);
      if (!std::exchange(reported_, true)) shard_.finished(*this);
      return;
    }
    if (active_ == 0) rest();
  }

  void look_at(Exchange& exchange) {
    if (!std::exchange(exchange.listed_over_, true)) over_.push_back(&exchange);
  }

  void begin(Exchange& exchange) {
    auto& request = exchange.request_;
    request.http_major = 2;
    if (request.authority.empty()) request.authority = request.headers.get("host");
    if (exchange.too_large_) return exchange.send(431, {}, {});
    bool has_target = request.target.starts_with('/') || (request.target == "*" && request.method == "OPTIONS");
    if (!has_target) return exchange.send(400, {}, {});
    exchange.handler_running_ = true;
    exchange.scope_.spawn(Exchange::run(&exchange, &context_.handler));
  }

  void remove(Exchange& exchange) {
    if (!exchange.over) {
      nghttp2_session_set_stream_user_data(session_, exchange.id, nullptr);
      exchange.over = true;
    }
    if (!ready_.empty()) std::erase(ready_, &exchange);
    exchange.scope_.cancel();
    (exchange.previous_ != nullptr ? exchange.previous_->next_ : first_) = exchange.next_;
    if (exchange.next_ != nullptr) exchange.next_->previous_ = exchange.previous_;
    if (exchange.headers_complete_) active_--;
    delete &exchange;
  }

  // Nothing is in progress: the connection may stay for a while. The timer is not restarted by each request, it looks
  // when the last one ended.
  void rest() {
    idle_since_ns_ = Loop::current().clock().monotonic_ns();
    if (!timer_.running() && !draining_) wait_idle(context_.options.idle_timeout);
  }
  void wait_idle(Duration span) {
    timer_.start(span, [this] {
      if (active_ > 0) return;  // rest() starts it again
      Duration idle(Loop::current().clock().monotonic_ns() - idle_since_ns_);
      if (idle >= context_.options.idle_timeout) {
        terminate(NGHTTP2_NO_ERROR);
      } else {
        wait_idle(context_.options.idle_timeout - idle);
      }
    });
  }

  const ServerContext& context_;
  ServerShard& shard_;
  Peer peer_;
  Exchange* first_ = nullptr;
  std::vector<Exchange*> ready_;  // heads complete, handlers not started
  std::vector<Exchange*> over_;   // streams over, not looked at yet
  size_t active_ = 0;             // requests whose head is complete
  bool draining_ = false;
  bool drained_ = false;
  bool reported_ = false;
  bool calmed_ = false;
  Allowance allowance_;
  int64_t idle_since_ns_ = 0;
  Timer timer_;  // idleness, or the drain's notice
};

Task<void> Exchange::run(Exchange* self, const Handler* handler) {
  co_await (*handler)(self->request_, self->connection_.peer_, *self, *self);
  self->handler_running_ = false;
  if (self->over) {
    self->connection_.look_at(*self);
    self->connection_.flush_soon();
  } else if (!self->finished_) {
    nghttp2_submit_rst_stream(self->connection_.session_, NGHTTP2_FLAG_NONE, self->id, NGHTTP2_INTERNAL_ERROR);
    self->connection_.flush_soon();
  }
}

Task<base::Result<std::string>> Exchange::read() {
  while (received.empty() && !input_ended && !over) co_await can_read.wait();
  if (received.empty() && !input_ended) co_return base::fail(base::Code::Closed, "the client has gone");
  std::string piece = take_received();
  if (!over) connection_.consumed(id, piece.size());
  co_return std::move(piece);
}

void Exchange::submit(int status, const Headers& headers, bool with_body, std::string_view content_length) {
  constexpr size_t kFieldsMax = 64;
  std::array<nghttp2_nv, kFieldsMax> fields;
  char digits[12];
  auto end = std::to_chars(digits, digits + sizeof digits, status).ptr;
  size_t count = 0;
  fields[count++] = Http2Session::field(":status", {digits, static_cast<size_t>(end - digits)});
  bool has_date = false;
  for (const auto& one : headers.fields()) {
    if (count + 2 >= kFieldsMax) break;
    if (belongs_to_connection(one.name)) continue;
    has_date |= one.name == "date";
    fields[count++] = Http2Session::field(one.name, one.value);
  }
  if (!content_length.empty() && !headers.has("content-length"))
    fields[count++] = Http2Session::field("content-length", content_length);
  if (!has_date) fields[count++] = Http2Session::field("date", http_date());
  nghttp2_data_provider provider = Http2Session::data_provider();
  nghttp2_submit_response(connection_.session_, id, fields.data(), count, with_body ? &provider : nullptr);
  connection_.flush_soon();
}

void Exchange::start(int status, Headers headers) {
  if (over || std::exchange(started_, true)) return;
  if (status >= 100 && status < 200) status = 500;  // only upgrades have such, and they are not for this version
  without_body_ = has_no_body(status, request_.method);
  submit(status, headers, !without_body_, {});
}

Task<base::Result<void>> Exchange::write(base::Bytes chunk) {
  while (queued >= connection_.context_.options.send_buffer_max && !over) co_await can_write.wait();
  if (over || finished_ || !started_) co_return base::fail(base::Code::Closed, "the client has gone");
  if (!without_body_) {
    push(std::move(chunk));
    connection_.data_added(*this);
  }
  co_return base::Result<void>();
}

void Exchange::finish() {
  finish_with_trailers({});
}

void Exchange::finish_with_trailers(Headers trailers) {
  if (over || !started_ || std::exchange(finished_, true)) return;
  body_ended = true;
  trailers_out = std::move(trailers);
  connection_.data_added(*this);
}

void Exchange::send(int status, Headers headers, base::Bytes body) {
  if (over || std::exchange(started_, true)) return;
  finished_ = body_ended = true;
  without_body_ = has_no_body(status, request_.method);
  std::string length = status == 204 || status == 304 ? std::string() : std::to_string(body.size());
  bool with_body = !without_body_ && !body.empty();
  if (with_body) push(std::move(body));
  submit(status, headers, with_body, length);
}

Task<void> Exchange::closed() {
  while (!over) co_await can_write.wait();
}

}  // namespace

std::unique_ptr<ServerConnection> make_http2_connection(const ServerContext& context, ServerShard& shard,
                                                        std::unique_ptr<Transport> transport) {
  return std::make_unique<Connection>(context, shard, std::move(transport));
}

}  // namespace io
