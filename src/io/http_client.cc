#include "io/http_client.h"

#include <sys/socket.h>

#include <algorithm>
#include <list>

#include "base/strings.h"
#include "io/http1_parser.h"
#include "io/http2_client.h"
#include "io/notice.h"

namespace io {
namespace {

constexpr int kTriesMax = 3;
constexpr size_t kHeaderBytesMax = 256 * 1024;
constexpr size_t kHeadersMax = 1024;

// What was read ahead of an upgrade, then the connection.
class ContinuedStream final : public Stream {
 public:
  ContinuedStream(std::unique_ptr<Stream> stream, std::string early)
      : stream_(std::move(stream)), early_(std::move(early)) {}
  Task<base::Result<std::string>> read(size_t max) override {
    if (early_.empty()) return stream_->read(max);
    return read_early(max);
  }
  Task<base::Result<void>> write(base::Bytes bytes) override { return stream_->write(std::move(bytes)); }
  void finish() override { stream_->finish(); }
  void close() override { stream_->close(); }

 private:
  Task<base::Result<std::string>> read_early(size_t max) {
    std::string piece = early_.substr(0, max);
    early_.erase(0, piece.size());
    co_return std::move(piece);
  }
  std::unique_ptr<Stream> stream_;
  std::string early_;
};

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

struct Connection1 {
  Connection1(std::unique_ptr<Transport> transport) : fd(transport->fd()), stream(make_stream(std::move(transport))) {}
  // The server has not closed it, nor said anything unasked.
  bool is_fresh() const {
    char byte;
    return recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
  }
  int fd;
  std::unique_ptr<Stream> stream;
  bool used = false;
};

struct Connection2 {
  explicit Connection2(std::unique_ptr<Transport> transport) : client(std::move(transport)) {}
  Http2Client client;
  size_t requests = 0;  // in progress
  bool used = false;
  Timer idle;
};

}  // namespace

struct HttpClient::State : std::enable_shared_from_this<State> {
  class Answer1;
  class Answer2;

  Options options;
  Address address;
  bool secure = false;
  std::string authority;
  std::shared_ptr<TlsClient> tls;
  std::shared_ptr<TlsClient> tls1;  // offers HTTP/1.1 only, for upgrades; made when needed

  std::vector<std::shared_ptr<Connection2>> shared;
  struct Idle {
    std::unique_ptr<Connection1> connection;
    int64_t since_ns;
  };
  std::list<Idle> idle;
  Timer idle_timer;
  bool speaks_http1 = false;  // as far as seen
  bool connecting = false;    // someone is, for all
  Notice connected;

  struct Use {  // of an HTTP/2 connection, by one request
    std::shared_ptr<State> state;
    std::shared_ptr<Connection2> connection;
    Use(std::shared_ptr<State> state, std::shared_ptr<Connection2> connection)
        : state(std::move(state)), connection(std::move(connection)) {
      this->connection->requests++;
      this->connection->idle.stop();
    }
    Use(Use&& other) = default;
    ~Use() {
      if (connection != nullptr && --connection->requests == 0) state->rest(connection);
    }
  };
  struct Acquired {
    std::unique_ptr<Connection1> own;
    std::shared_ptr<Connection2> shared;
  };

  Task<base::Result<Acquired>> acquire();
  Task<base::Result<std::unique_ptr<Transport>>> connect_transport(std::shared_ptr<TlsClient> with);
  void rest(const std::shared_ptr<Connection2>& connection);
  void give_back(std::unique_ptr<Connection1> connection);
  void expire_idle();
  std::string head_text(std::string_view method, std::string_view target, const Headers& headers,
                        std::optional<size_t> length) const;
};

// An answer over HTTP/1.1.
class HttpClient::State::Answer1 final : public ResponseStream {
 public:
  Answer1(std::shared_ptr<State> state, std::unique_ptr<Connection1> connection)
      : state_(std::move(state)),
        connection_(std::move(connection)),
        parser_(Http1Parser::Kind::Response, kHeaderBytesMax, kHeadersMax) {}

  // Sends the request, whole. A server may answer and close before it has read all: what it says then counts.
  Task<base::Result<void>> send(std::string head, base::Bytes rest, bool no_body);
  Task<base::Result<void>> send_head(std::string head) {
    return connection_->stream->write(base::Bytes(std::move(head)));
  }
  // Reads up to the answer's head; the error if there was none.
  Task<base::Result<void>> begin(bool no_body);
  Task<base::Result<base::Bytes>> read() override;
  // After a 101.
  std::unique_ptr<Stream> take_stream() {
    return std::make_unique<ContinuedStream>(std::move(connection_->stream), std::string(input_).substr(offset_));
  }
  bool said_anything() const { return said_anything_; }

  // Sends `body` piece by piece beside the reading of the answer.
  void begin_sending(std::unique_ptr<RequestBody> body, std::optional<size_t> length) {
    left_to_send_ = length;
    body_ = std::move(body);
    sending_scope_.spawn(send_body(this));
  }

 private:
  static Task<void> send_body(Answer1* self);
  Task<base::Result<bool>> more();
  void over();

  std::shared_ptr<State> state_;
  std::unique_ptr<Connection1> connection_;
  Http1Parser parser_;
  std::string input_;
  size_t offset_ = 0;  // used of it
  bool over_ = false;
  bool said_anything_ = false;
  std::unique_ptr<RequestBody> body_;
  std::optional<size_t> left_to_send_;  // of the body, when its length was told; else it goes in chunks
  bool sending_ = false;
  Scope sending_scope_;
};

Task<base::Result<void>> HttpClient::State::Answer1::send(std::string head, base::Bytes rest, bool no_body) {
  constexpr size_t kSentTogetherMax = 16 * 1024;
  base::Result<void> written;
  if (rest.size() <= kSentTogetherMax) {
    head += rest.view();
    written = co_await send_head(std::move(head));
  } else {
    written = co_await send_head(std::move(head));
    if (written) written = co_await connection_->stream->write(std::move(rest));
  }
  auto begun = co_await begin(no_body);
  if (!begun && !written) co_return std::move(written);
  co_return std::move(begun);
}

// The next bytes; false at the end of the input.
Task<base::Result<bool>> HttpClient::State::Answer1::more() {
  CO_TRY(auto piece, co_await connection_->stream->read(64 * 1024));
  if (piece.empty()) co_return false;
  said_anything_ = true;
  input_ = std::move(piece);
  offset_ = 0;
  co_return true;
}

Task<base::Result<void>> HttpClient::State::Answer1::begin(bool no_body) {
  for (;;) {
    std::string_view rest = std::string_view(input_).substr(offset_);
    if (no_body) parser_.expect_no_body();
    auto event = parser_.next(rest);
    offset_ = input_.size() - rest.size();
    if (event == Http1Parser::Event::Failed) {
      co_return base::fail(base::Code::Closed, base::cat({"malformed HTTP response: ", parser_.error()}));
    }
    if (event == Http1Parser::Event::Head) {
      int status = parser_.response().status;
      if (status >= 200 || status == 101) break;
      parser_.next_message();
      continue;
    }
    if (event == Http1Parser::Event::NeedMore) {
      CO_TRY(bool some, co_await more());
      if (!some) co_return base::fail(base::Code::Closed, "the server closed the connection");
    }
  }
  head_ = std::move(parser_.response());
  if (!parser_.has_body() && head_.status != 101) over();
  co_return base::Result<void>();
}

Task<base::Result<base::Bytes>> HttpClient::State::Answer1::read() {
  for (;;) {
    if (over_) co_return base::Bytes();
    std::string_view rest = std::string_view(input_).substr(offset_);
    auto event = parser_.next(rest);
    offset_ = input_.size() - rest.size();
    if (event == Http1Parser::Event::Body) co_return base::Bytes(std::string(parser_.body()));
    if (event == Http1Parser::Event::Failed) co_return base::fail(base::Code::Closed, std::string(parser_.error()));
    if (event == Http1Parser::Event::End) {
      over();
      continue;
    }
    CO_TRY(bool some, co_await more());
    if (some) continue;
    if (parser_.end_of_input() != Http1Parser::Event::End) co_return base::fail(base::Code::Closed, "unexpected EOF");
    over_ = true;
  }
}

void HttpClient::State::Answer1::over() {
  over_ = true;
  if (!parser_.keep_alive() || sending_ || offset_ < input_.size()) return;
  connection_->used = true;
  state_->give_back(std::move(connection_));
}

Task<void> HttpClient::State::Answer1::send_body(Answer1* self) {
  self->sending_ = true;
  for (;;) {
    auto piece = co_await self->body_->read();
    if (!piece) {
      // Cut off: the server must not take it for complete.
      self->connection_->stream->close();
      co_return;
    }
    bool last = piece->empty();
    if (self->left_to_send_ && (last ? *self->left_to_send_ != 0 : piece->size() > *self->left_to_send_)) {
      self->connection_->stream->close();
      co_return;
    }
    if (self->left_to_send_) {
      if (last) break;
      *self->left_to_send_ -= piece->size();
    } else {
      char size[24];
      snprintf(size, sizeof size, "%zx\r\n", piece->size());
      *piece = base::cat({size, *piece, "\r\n"});
    }
    auto written = co_await self->connection_->stream->write(base::Bytes(std::move(*piece)));
    if (!written) co_return;  // the answer, or its absence, tells
    if (last) break;
  }
  self->sending_ = false;
}

// An answer over HTTP/2.
class HttpClient::State::Answer2 final : public ResponseStream {
 public:
  Answer2(Use use, std::unique_ptr<Http2Stream> stream) : use_(std::move(use)), stream_(std::move(stream)) {}

  // Sends the rest of the request and waits for the answer's head.
  Task<base::Result<void>> begin(base::Bytes body) {
    if (!body.empty()) {
      auto written = co_await stream_->write(std::move(body));
      if (written) stream_->finish();
    }
    co_return co_await begin();
  }
  Task<base::Result<void>> begin() {
    CO_TRY(auto head, co_await stream_->head());
    head_ = *head;
    co_return base::Result<void>();
  }
  void begin_sending(std::unique_ptr<RequestBody> body) {
    body_ = std::move(body);
    sending_.spawn(send_body(this));
  }
  Task<base::Result<base::Bytes>> read() override { return stream_->read(); }

 private:
  static Task<void> send_body(Answer2* self) {
    for (;;) {
      auto piece = co_await self->body_->read();
      if (!piece) {
        self->stream_->reset();
        co_return;
      }
      if (piece->empty()) break;
      auto written = co_await self->stream_->write(base::Bytes(*std::move(piece)));
      if (!written) co_return;  // the answer, or its absence, tells
    }
    self->stream_->finish();
  }

  // Destroyed from the last: the sender, the stream, then the use of the connection.
  Use use_;
  std::unique_ptr<Http2Stream> stream_;
  std::unique_ptr<RequestBody> body_;
  Scope sending_;
};

Task<base::Result<std::unique_ptr<Transport>>> HttpClient::State::connect_transport(std::shared_ptr<TlsClient> with) {
  auto transport = co_await with_timeout(options.connect_timeout, connect(address, std::move(with)));
  if (!transport) co_return base::fail(base::Code::Unavailable, base::cat({"dial ", address.text(), ": i/o timeout"}));
  co_return *std::move(transport);
}

Task<base::Result<HttpClient::State::Acquired>> HttpClient::State::acquire() {
  auto self = shared_from_this();
  for (;;) {
    std::erase_if(shared, [](const auto& one) { return !one->client.is_open(); });
    for (auto& one : shared) {
      if (one->client.streams() < one->client.streams_max()) co_return Acquired{.shared = one};
    }
    while (!idle.empty()) {
      auto connection = std::move(idle.back().connection);
      idle.pop_back();
      if (connection->is_fresh()) co_return Acquired{.own = std::move(connection)};
    }
    if (!connecting || speaks_http1) break;
    co_await connected.wait();  // then there is a connection for all, or this one tries itself
  }
  struct Connecting {
    State* state;
    explicit Connecting(State* state) : state(state) { state->connecting = true; }
    ~Connecting() {
      state->connecting = false;
      state->connected.notify();
    }
  } guard(this);
  CO_TRY(auto transport, co_await connect_transport(tls));
  if (transport->alpn() != "h2") {
    speaks_http1 = true;
    co_return Acquired{.own = std::make_unique<Connection1>(std::move(transport))};
  }
  speaks_http1 = false;
  auto connection = std::make_shared<Connection2>(std::move(transport));
  auto ready = co_await with_timeout(options.connect_timeout, connection->client.ready());
  if (!ready) co_return base::fail(base::Code::Unavailable, "the server sent no HTTP/2 settings");
  if (!*ready) co_return base::fail(base::Code::Unavailable, ready->error().message());
  shared.push_back(connection);
  co_return Acquired{.shared = std::move(connection)};
}

void HttpClient::State::rest(const std::shared_ptr<Connection2>& connection) {
  connection->used = true;
  if (Loop::current_or_null() == nullptr) return;
  connection->idle.start(options.idle_timeout, [weak = weak_from_this(), raw = connection.get()] {
    if (auto state = weak.lock()) std::erase_if(state->shared, [raw](const auto& one) { return one.get() == raw; });
  });
}

void HttpClient::State::give_back(std::unique_ptr<Connection1> connection) {
  if (idle.size() >= options.idle_connections_max || Loop::current_or_null() == nullptr) return;
  idle.push_back({std::move(connection), Loop::current().clock().monotonic_ns()});
  if (!idle_timer.running()) idle_timer.start(options.idle_timeout, [this] { expire_idle(); });
}

void HttpClient::State::expire_idle() {
  int64_t now = Loop::current().clock().monotonic_ns();
  while (!idle.empty() && now - idle.front().since_ns >= options.idle_timeout.count()) idle.pop_front();
  if (!idle.empty()) {
    idle_timer.start(options.idle_timeout - Duration(now - idle.front().since_ns), [this] { expire_idle(); });
  }
}

std::string HttpClient::State::head_text(std::string_view method, std::string_view target, const Headers& headers,
                                         std::optional<size_t> length) const {
  std::string text = base::cat({method, " ", target, " HTTP/1.1\r\n"});
  if (!headers.has("host")) text += base::cat({"host: ", authority, "\r\n"});
  for (const auto& field : headers.fields()) {
    if (field.name == "content-length" || field.name == "transfer-encoding") continue;
    text += base::cat({field.name, ": ", field.value, "\r\n"});
  }
  if (!length) {
    text += "transfer-encoding: chunked\r\n";
  } else if (*length > 0 || method == "POST" || method == "PUT" || method == "PATCH") {
    text += base::cat({"content-length: ", std::to_string(*length), "\r\n"});
  }
  text += "\r\n";
  return text;
}

HttpClient::HttpClient(std::shared_ptr<State> state) : state_(std::move(state)) {}
HttpClient::~HttpClient() {
  state_->shared.clear();
  state_->idle.clear();
  state_->idle_timer.stop();
}

base::Result<std::unique_ptr<HttpClient>> HttpClient::create(Options options) {
  auto state = std::make_shared<State>();
  std::string_view url = options.url;
  if (url.starts_with("unix:")) {
    TRY(state->address, Address::parse(url));
    state->authority = "localhost";
  } else {
    state->secure = url.starts_with("https://");
    if (!state->secure && !url.starts_with("http://"))
      return base::fail(base::Code::Invalid, base::cat({"unsupported URL: ", url}));
    std::string_view rest = url.substr(state->secure ? 8 : 7);
    std::string host(rest.substr(0, rest.find('/')));
    size_t colon = host.rfind(':');
    size_t bracket = host.rfind(']');
    bool has_port = colon != std::string::npos && (bracket == std::string::npos || colon > bracket);
    TRY(state->address, Address::parse(has_port ? host : host + (state->secure ? ":443" : ":80")));
    state->authority = host;
  }
  state->tls = options.tls;
  if (state->secure && state->tls == nullptr) {
    TRY(state->tls, TlsClient::create({}));
  }
  if (!state->secure) state->tls = nullptr;
  state->options = std::move(options);
  return std::unique_ptr<HttpClient>(new HttpClient(std::move(state)));
}

Task<base::Result<std::unique_ptr<ResponseStream>>> HttpClient::request(std::string method, std::string target,
                                                                        Headers headers, base::Bytes body) {
  auto state = state_;
  for (int attempt = 1;; attempt++) {
    CO_TRY(auto acquired, co_await state->acquire());
    base::Error error(base::Code::Closed, "");
    bool again = false;
    if (acquired.shared != nullptr) {
      auto& connection = *acquired.shared;
      bool reused = connection.used;
      Http2Client::Head head{.method = method,
                             .scheme = state->secure ? "https" : "http",
                             .authority = state->authority,
                             .target = target};
      for (const auto& field : headers.fields()) {
        if (field.name == "connection" || field.name == "transfer-encoding" || field.name == "host" ||
            field.name == "content-length")
          continue;
        head.headers.add(field.name, field.value);
      }
      if (!body.empty()) head.headers.add("content-length", std::to_string(body.size()));
      auto stream = connection.client.open(head, body.empty());
      if (stream) {
        auto answer = std::make_unique<State::Answer2>(State::Use(state, acquired.shared), *std::move(stream));
        auto begun = co_await answer->begin(body);
        if (begun) co_return std::unique_ptr<ResponseStream>(std::move(answer));
        error = begun.error();
        again = error.code() == base::Code::Unavailable ||
                (reused && is_idempotent(method) && !connection.client.is_open());
      } else {
        error = stream.error();
        again = true;
      }
    } else {
      bool reused = acquired.own->used;
      auto answer = std::make_unique<State::Answer1>(state, std::move(acquired.own));
      auto begun =
          co_await answer->send(state->head_text(method, target, headers, body.size()), body, method == "HEAD");
      if (begun) co_return std::unique_ptr<ResponseStream>(std::move(answer));
      error = begun.error();
      again = reused && is_idempotent(method) && !answer->said_anything();
    }
    if (!again || attempt >= kTriesMax) co_return base::fail(std::move(error));
  }
}

Task<base::Result<std::unique_ptr<ResponseStream>>> HttpClient::request(std::string method, std::string target,
                                                                        Headers headers,
                                                                        std::unique_ptr<RequestBody> body,
                                                                        std::optional<size_t> length) {
  auto state = state_;
  CO_TRY(auto acquired, co_await state->acquire());
  if (acquired.shared != nullptr) {
    Http2Client::Head head{
        .method = method, .scheme = state->secure ? "https" : "http", .authority = state->authority, .target = target};
    for (const auto& field : headers.fields()) {
      if (field.name == "connection" || field.name == "transfer-encoding" || field.name == "host") continue;
      head.headers.add(field.name, field.value);
    }
    if (length) head.headers.set("content-length", std::to_string(*length));
    CO_TRY(auto stream, acquired.shared->client.open(head, false));
    auto answer = std::make_unique<State::Answer2>(State::Use(state, acquired.shared), std::move(stream));
    answer->begin_sending(std::move(body));
    CO_TRY(co_await answer->begin());
    co_return std::unique_ptr<ResponseStream>(std::move(answer));
  }
  auto answer = std::make_unique<State::Answer1>(state, std::move(acquired.own));
  CO_TRY(co_await answer->send_head(state->head_text(method, target, headers, length)));
  answer->begin_sending(std::move(body), length);
  CO_TRY(co_await answer->begin(method == "HEAD"));
  co_return std::unique_ptr<ResponseStream>(std::move(answer));
}

Task<base::Result<HttpClient::Upgraded>> HttpClient::upgrade(std::string method, std::string target, Headers headers) {
  auto state = state_;
  if (state->tls != nullptr && state->tls1 == nullptr) {
    std::vector<std::string> only;
    only.emplace_back("http/1.1");
    CO_TRY(state->tls1, state->tls->with_alpn(std::move(only)));
  }
  CO_TRY(auto transport, co_await state->connect_transport(state->tls1));
  auto answer = std::make_unique<State::Answer1>(state, std::make_unique<Connection1>(std::move(transport)));
  CO_TRY(co_await answer->send(state->head_text(method, target, headers, 0), base::Bytes(), false));
  Upgraded upgraded{.head = answer->head()};
  if (upgraded.head.status == 101) {
    upgraded.stream = answer->take_stream();
  } else {
    upgraded.body = std::move(answer);
  }
  co_return std::move(upgraded);
}

void HttpClient::close_idle() {
  state_->idle.clear();
  state_->shared.clear();  // those in use end with their requests
}

Task<base::Result<std::string>> read_all(ResponseStream& answer, size_t limit) {
  std::string all;
  for (;;) {
    CO_TRY(auto piece, co_await answer.read());
    if (piece.empty()) co_return std::move(all);
    if (piece.size() > limit - all.size()) {
      co_return base::fail(base::Code::TooLarge,
                           base::cat({"the answer is larger than ", std::to_string(limit), " bytes"}));
    }
    all += piece.view();
  }
}

}  // namespace io
