// The server's side of an HTTP/1.1 connection: one request at a time.
#include <algorithm>
#include <deque>

#include "base/strings.h"
#include "io/http1_parser.h"
#include "io/notice.h"
#include "io/server_connection.h"

namespace io {
namespace {

constexpr size_t kInputMax = 64 * 1024;         // received ahead of whoever reads it
constexpr size_t kSkippedBodyMax = 256 * 1024;  // of a body that the handler left, to keep the connection
constexpr size_t kSmallPiece = 4096;            // copied together rather than written alone
constexpr std::chrono::seconds kLinger{1};      // for the peer to read our last answer before the connection goes

thread_local char read_buffer[32 * 1024];

std::string_view safe_value(std::string_view value, std::string& storage) {
  if (value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos) return value;
  storage = value;
  std::replace_if(storage.begin(), storage.end(), [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
  return storage;
}

class Connection final : public ServerConnection, public RequestBody, public ResponseWriter {
 public:
  Connection(const ServerContext& context, ServerShard& shard, std::unique_ptr<Transport> transport)
      : context_(context),
        shard_(shard),
        transport_(std::move(transport)),
        peer_(transport_->peer()),
        parser_(Http1Parser::Kind::Request, context.options.header_bytes_max, context.options.headers_max) {
    watch_ = std::make_unique<Watch>(transport_->fd(), Ready::Read, [this](Ready ready) { on_ready(ready); });
    rest();
    // Its bytes may have come with the handshake, in the TLS layer's buffer.
    more_input_ = transport_->has_tls();
    if (more_input_) turn_soon();
  }
  ~Connection() override { scope_.cancel(); }

  void drain() override {
    draining_ = true;
    if (phase_ == Phase::Waiting && parser_.at_start() && input_.empty()) die();
  }

  // RequestBody
  Task<base::Result<std::string>> read() override;
  // ResponseWriter
  void start(int status, Headers headers) override { begin_answer(status, headers, std::nullopt); }
  Task<base::Result<void>> write(base::Bytes chunk) override;
  void finish() override { finish_with_trailers({}); }
  void finish_with_trailers(Headers trailers) override;
  void send(int status, Headers headers, base::Bytes body) override;
  bool is_closed() const override { return gone_; }
  Task<void> closed() override {
    while (!gone_) co_await can_write_.wait();
  }
  base::Result<std::unique_ptr<Stream>> upgrade(Headers headers) override;

 private:
  enum class Phase {
    Waiting,    // for a request
    Serving,    // the handler runs
    Closing,    // the last bytes go out
    Lingering,  // all is out; what still comes is dropped
    Upgraded,   // the connection is the handler's
    Dead,
  };

  void on_ready(Ready ready) { turn((ready & Ready::Read) || read_wants_write_); }
  void turn_soon() {
    if (!in_turn_) turn_.schedule([](void* self) { static_cast<Connection*>(self)->turn(false); }, this);
  }
  void turn(bool input);
  void read_input();
  void peer_gone();
  void parse_requests();
  void write_output();
  void update_interest();
  static Task<void> run(Connection* self);
  void handler_ended();
  void next_request();
  void begin_answer(int status, const Headers& headers, std::optional<size_t> body_size);
  void refuse(int status);
  void add_output(std::string_view bytes);
  void add_output(base::Bytes bytes);
  void close_after_output();
  void die();
  void rest();

  const ServerContext& context_;
  ServerShard& shard_;
  std::unique_ptr<Transport> transport_;  // null once upgraded or dead
  Peer peer_;
  std::unique_ptr<Watch> watch_;
  Http1Parser parser_;
  Phase phase_ = Phase::Waiting;
  bool draining_ = false;
  bool in_turn_ = false;
  Wakeup turn_;
  Timer timer_;

  // Coming in.
  std::string input_;  // not parsed yet
  bool more_input_ = false;
  bool read_wants_write_ = false;
  bool blocked_ = false;  // the last write found no room
  bool input_ended_ = false;
  bool gone_ = false;  // nobody reads our answer
  Notice can_read_;

  // The request being served.
  Request request_;
  bool body_ended_ = false;
  bool continue_wanted_ = false;
  bool handler_running_ = false;
  Scope scope_;

  // Its answer.
  bool started_ = false;
  bool finished_ = false;
  bool chunked_ = false;
  bool without_body_ = false;
  bool keep_alive_ = false;
  std::optional<uint64_t> length_left_;  // of an answer with content-length

  // Going out.
  std::deque<base::Bytes> pieces_;
  size_t piece_offset_ = 0;
  std::string small_;  // after the pieces
  size_t queued_ = 0;
  Notice can_write_;
};

void Connection::add_output(std::string_view bytes) {
  small_ += bytes;
  queued_ += bytes.size();
  turn_soon();
}

void Connection::add_output(base::Bytes bytes) {
  if (bytes.size() <= kSmallPiece) return add_output(bytes.view());
  queued_ += bytes.size();
  if (!small_.empty()) pieces_.emplace_back(std::exchange(small_, {}));
  pieces_.push_back(std::move(bytes));
  turn_soon();
}

// A turn ends with everything consistent; it may report this connection as finished, which destroys it later.
void Connection::turn(bool input) {
  if (phase_ == Phase::Dead || phase_ == Phase::Upgraded || in_turn_) return;
  in_turn_ = true;
  if (std::exchange(more_input_, false) || input) read_input();
  if (phase_ == Phase::Waiting) parse_requests();
  if (transport_ != nullptr) write_output();
  in_turn_ = false;
  if (phase_ == Phase::Serving && finished_ && !handler_running_) next_request();
  if (transport_ == nullptr) return;
  update_interest();
  if (more_input_ && input_.size() < kInputMax) turn_soon();
}

void Connection::read_input() {
  read_wants_write_ = false;
  while (transport_ != nullptr && !input_ended_ && (input_.size() < kInputMax || phase_ == Phase::Lingering)) {
    auto got = transport_->read(read_buffer, sizeof read_buffer);
    if (got.status == Transport::Status::WantRead) return;
    if (got.status == Transport::Status::WantWrite) {
      read_wants_write_ = true;
      return;
    }
    if (got.status != Transport::Status::Ok) return peer_gone();
    if (phase_ == Phase::Waiting && input_.empty() && parser_.at_start()) {
      // A request begins: from now on its head has so long to come.
      timer_.start(context_.options.header_timeout, [this] { die(); });
    }
    if (phase_ != Phase::Lingering && phase_ != Phase::Closing) input_.append(read_buffer, got.size);
    can_read_.notify();
    if (got.drained) return;
  }
  more_input_ = transport_ != nullptr && !input_ended_;  // the TLS layer may hold more
}

void Connection::peer_gone() {
  input_ended_ = true;
  if (phase_ == Phase::Serving && handler_running_) {
    if (!finished_) {
      gone_ = true;
      keep_alive_ = false;
      scope_.cancel();
      handler_running_ = false;
      finished_ = true;
    }
    can_write_.notify();
    return close_after_output();
  }
  if (phase_ == Phase::Serving || phase_ == Phase::Closing) return close_after_output();
  die();
}

void Connection::parse_requests() {
  while (phase_ == Phase::Waiting) {
    std::string_view rest = input_;
    auto event = parser_.next(rest);
    input_.erase(0, input_.size() - rest.size());
    if (event == Http1Parser::Event::NeedMore) return;
    if (event == Http1Parser::Event::Failed) return refuse(parser_.error_status());
    if (event != Http1Parser::Event::Head) continue;
    timer_.stop();
    phase_ = Phase::Serving;
    request_ = std::move(parser_.request());
    body_ended_ = !parser_.has_body();
    continue_wanted_ = parser_.expects_continue() && parser_.has_body();
    started_ = finished_ = chunked_ = without_body_ = false;
    length_left_.reset();
    keep_alive_ = parser_.keep_alive();
    handler_running_ = true;
    scope_.spawn(run(this));
    if (phase_ == Phase::Serving && finished_ && !handler_running_) next_request();
  }
}

Task<void> Connection::run(Connection* self) {
  co_await self->context_.handler(self->request_, self->peer_, *self, *self);
  self->handler_ended();
}

// Still inside the handler's task: what destroys anything waits for the next turn.
void Connection::handler_ended() {
  handler_running_ = false;
  if (phase_ == Phase::Upgraded) return die();
  if (!finished_) {
    gone_ = true;  // cut off in the middle: the peer must see that
    pieces_.clear();
    small_.clear();
    queued_ = 0;
    return die();
  }
  turn_soon();
}

// After an answer: what is left of the request is skipped, then the next one may come.
void Connection::next_request() {
  if (!keep_alive_ || draining_ || gone_ || input_ended_) return close_after_output();
  size_t skipped = 0;
  while (!body_ended_) {
    std::string_view rest = input_;
    auto event = parser_.next(rest);
    input_.erase(0, input_.size() - rest.size());
    if (event == Http1Parser::Event::End) body_ended_ = true;
    if (event == Http1Parser::Event::Body) skipped += parser_.body().size();
    // Not waited for: a client that is told so early may stop sending.
    if (event == Http1Parser::Event::NeedMore || event == Http1Parser::Event::Failed || skipped > kSkippedBodyMax) {
      return close_after_output();
    }
  }
  parser_.next_message();
  request_ = {};
  phase_ = Phase::Waiting;
  if (input_.empty()) {
    rest();
  } else {
    timer_.start(context_.options.header_timeout, [this] { die(); });
    turn_soon();
  }
}

void Connection::rest() {
  timer_.start(context_.options.idle_timeout, [this] { die(); });
}

void Connection::refuse(int status) {
  keep_alive_ = false;
  auto text = status_text(status);
  std::string body = base::cat({std::to_string(status), " ", text});
  add_output(base::cat({"HTTP/1.1 ", body,
                        "\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\ncontent-length: ",
                        std::to_string(body.size()), "\r\n\r\n", body}));
  close_after_output();
}

void Connection::close_after_output() {
  if (phase_ == Phase::Dead || phase_ == Phase::Lingering || phase_ == Phase::Upgraded) return;
  phase_ = Phase::Closing;
  timer_.start(context_.options.idle_timeout, [this] { die(); });
  turn_soon();
}

void Connection::die() {
  if (phase_ == Phase::Dead) return;
  phase_ = Phase::Dead;
  gone_ = true;
  timer_.stop();
  turn_.cancel();
  watch_ = nullptr;
  transport_ = nullptr;
  shard_.finished(*this);
}

void Connection::write_output() {
  blocked_ = false;
  while (queued_ > 0) {
    std::string_view next = pieces_.empty() ? std::string_view(small_) : pieces_.front().view();
    auto put = transport_->write(next.substr(piece_offset_));
    if (put.status == Transport::Status::Failed) {
      queued_ = 0;
      pieces_.clear();
      small_.clear();
      piece_offset_ = 0;
      return phase_ == Phase::Serving && handler_running_ ? peer_gone() : die();
    }
    if (put.status != Transport::Status::Ok) {
      blocked_ = true;
      break;
    }
    queued_ -= put.size;
    piece_offset_ += put.size;
    if (piece_offset_ == next.size()) {
      piece_offset_ = 0;
      if (pieces_.empty()) {
        small_ = {};
      } else {
        pieces_.pop_front();
      }
    }
  }
  if (queued_ < context_.options.send_buffer_max) can_write_.notify();
  if (queued_ > 0 || phase_ != Phase::Closing || handler_running_) return;
  if (input_ended_) return die();
  // Closing with unread input would make the kernel reset the connection, and our answer might be lost with it.
  transport_->finish();
  phase_ = Phase::Lingering;
  input_ = {};
  timer_.start(kLinger, [this] { die(); });
  more_input_ = true;
  turn_.schedule([](void* self) { static_cast<Connection*>(self)->turn(false); }, this);
}

void Connection::update_interest() {
  Ready interest = Ready::None;
  if (!input_ended_ && (input_.size() < kInputMax || phase_ == Phase::Lingering)) interest = Ready::Read;
  if (blocked_ || read_wants_write_) interest = interest | Ready::Write;
  watch_->set_interest(interest);
}

Task<base::Result<std::string>> Connection::read() {
  for (;;) {
    if (body_ended_) co_return std::string();
    std::string_view rest = input_;
    auto event = parser_.next(rest);
    std::string piece;
    if (event == Http1Parser::Event::Body) piece = parser_.body();
    input_.erase(0, input_.size() - rest.size());
    if (input_.empty() && input_.capacity() > kInputMax / 4) input_ = {};
    if (!piece.empty()) {
      more_input_ = true;
      turn_soon();
      co_return std::move(piece);
    }
    if (event == Http1Parser::Event::End) {
      body_ended_ = true;
    } else if (event == Http1Parser::Event::Failed) {
      keep_alive_ = false;
      co_return base::fail(base::Code::BadRequest, std::string(parser_.error()));
    } else if (gone_ || input_ended_) {
      co_return base::fail(base::Code::Closed, "the client has gone");
    } else {
      if (std::exchange(continue_wanted_, false) && !started_) add_output("HTTP/1.1 100 Continue\r\n\r\n");
      co_await can_read_.wait();
    }
  }
}

void Connection::begin_answer(int status, const Headers& headers, std::optional<size_t> body_size) {
  if (gone_ || std::exchange(started_, true)) return;
  if (status >= 100 && status < 200) status = 500;
  without_body_ = has_no_body(status, request_.method);
  // Whoever waits for "100 Continue" and gets an answer instead may send the body or not: nobody can tell.
  if (continue_wanted_ && !body_ended_) keep_alive_ = false;
  std::string head = base::cat({"HTTP/1.1 ", std::to_string(status), " ", status_text(status), "\r\n"});
  bool has_date = false;
  std::string storage;
  for (const auto& field : headers.fields()) {
    if (field.name == "transfer-encoding" || field.name == "keep-alive") continue;
    if (field.name == "connection") {
      if (base::equals_ignoring_case(field.value, "close")) keep_alive_ = false;
      continue;
    }
    if (field.name == "content-length") {
      if (body_size || status == 204) continue;
      length_left_ = base::parse_uint(field.value);
    }
    has_date |= field.name == "date";
    head += base::cat({field.name, ": ", safe_value(field.value, storage), "\r\n"});
  }
  if (body_size && status != 204 && status != 304) {
    length_left_ = *body_size;
    head += base::cat({"content-length: ", std::to_string(*body_size), "\r\n"});
  } else if (!length_left_ && !without_body_) {
    if (parser_.minor_version() == 1) {
      chunked_ = true;
      head += "transfer-encoding: chunked\r\n";
    } else {
      keep_alive_ = false;  // the end of the connection is the end of the body
    }
  }
  if (!has_date) head += base::cat({"date: ", http_date(), "\r\n"});
  if (!keep_alive_ || draining_) {
    keep_alive_ = false;
    head += "connection: close\r\n";
  } else if (parser_.minor_version() == 0) {
    head += "connection: keep-alive\r\n";
  }
  head += "\r\n";
  add_output(std::string_view(head));
}

Task<base::Result<void>> Connection::write(base::Bytes chunk) {
  while (queued_ >= context_.options.send_buffer_max && !gone_) co_await can_write_.wait();
  if (gone_ || !started_ || finished_) co_return base::fail(base::Code::Closed, "the client has gone");
  if (without_body_ || chunk.empty()) co_return base::Result<void>();
  if (length_left_) {
    if (chunk.size() > *length_left_)
      co_return base::fail(base::Code::Internal, "the answer is longer than its content-length");
    *length_left_ -= chunk.size();
  }
  if (chunked_) {
    constexpr char kHex[] = "0123456789abcdef";
    char digits[18];
    char* at = digits + sizeof digits;
    *--at = '\n';
    *--at = '\r';
    for (size_t size = chunk.size(); size > 0; size >>= 4) *--at = kHex[size & 15];
    add_output(std::string_view(at, static_cast<size_t>(digits + sizeof digits - at)));
  }
  add_output(std::move(chunk));
  if (chunked_) add_output(std::string_view("\r\n"));
  co_return base::Result<void>();
}

void Connection::finish_with_trailers(Headers trailers) {
  if (gone_ || !started_ || std::exchange(finished_, true)) return;
  if (chunked_) {
    std::string end = "0\r\n";
    std::string storage;
    for (const auto& field : trailers.fields())
      end += base::cat({field.name, ": ", safe_value(field.value, storage), "\r\n"});
    end += "\r\n";
    add_output(std::string_view(end));
  } else if (length_left_.value_or(0) > 0 && !without_body_) {
    keep_alive_ = false;  // less than was promised: the peer sees the connection end too early
  }
  turn_soon();
}

void Connection::send(int status, Headers headers, base::Bytes body) {
  if (gone_ || started_) return;
  begin_answer(status, headers, body.size());
  finished_ = true;
  if (!without_body_) add_output(std::move(body));
  turn_soon();
}

base::Result<std::unique_ptr<Stream>> Connection::upgrade(Headers headers) {
  if (parser_.minor_version() != 1)
    return base::fail(base::Code::MethodNotAllowed, "only HTTP/1.1 connections can be upgraded");
  if (gone_ || started_ || transport_ == nullptr) return base::fail(base::Code::Closed, "the client has gone");
  std::string head = "HTTP/1.1 101 Switching Protocols\r\n";
  std::string storage;
  for (const auto& field : headers.fields())
    head += base::cat({field.name, ": ", safe_value(field.value, storage), "\r\n"});
  head += "\r\n";
  // Between requests the socket's buffer is empty, so that this little fits at once.
  std::string_view rest = head;
  bool whole = queued_ == 0;
  while (whole && !rest.empty()) {
    auto put = transport_->write(rest);
    whole = put.status == Transport::Status::Ok;
    if (whole) rest.remove_prefix(put.size);
  }
  if (!whole) {
    keep_alive_ = false;
    return base::fail(base::Code::Closed, "the client does not read");
  }
  started_ = finished_ = true;
  phase_ = Phase::Upgraded;
  timer_.stop();
  turn_.cancel();
  watch_ = nullptr;
  body_ended_ = true;
  return make_stream(std::move(transport_), std::exchange(input_, {}));
}

}  // namespace

std::unique_ptr<ServerConnection> make_http1_connection(const ServerContext& context, ServerShard& shard,
                                                        std::unique_ptr<Transport> transport) {
  return std::make_unique<Connection>(context, shard, std::move(transport));
}

}  // namespace io
