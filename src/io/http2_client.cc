#include "io/http2_client.h"

#include <charconv>

#include "base/strings.h"
#include "io/http2_session.h"

namespace io {

struct Http2Client::State final : Http2Session {
  class ClientStream;

  State(std::unique_ptr<Transport> transport, const Options& options)
      : Http2Session(std::move(transport), {.stream_window = options.stream_window,
                                            .connection_window = options.connection_window,
                                            .header_bytes_max = options.header_bytes_max}),
        header_bytes_max(options.header_bytes_max) {
    consumes_connection_at_once_ = true;  // each stream's window bounds what waits for its reader
  }

  int on_begin_headers(const nghttp2_frame&) override { return 0; }
  void on_header(Http2StreamState& stream, const nghttp2_frame& frame, std::string_view name,
                 std::string_view value) override;
  void on_headers_end(Http2StreamState& stream, const nghttp2_frame& frame) override;
  void on_frame(const nghttp2_frame& frame) override {
    if (frame.hd.type == NGHTTP2_GOAWAY) leaving = true;
    if (frame.hd.type == NGHTTP2_SETTINGS && (frame.hd.flags & NGHTTP2_FLAG_ACK) == 0) {
      has_settings = true;
      changed.notify();
    }
  }
  void on_sent(const nghttp2_frame& frame) override;
  void on_stream_closed(Http2StreamState& stream) override;
  void after_turn() override {}
  void on_dead(std::string_view why) override;

  base::Result<std::unique_ptr<Http2Stream>> open(const std::shared_ptr<State>& self, const Head& head, bool ended);
  void let_go(ClientStream& stream);

  using Http2Session::consumed;
  using Http2Session::data_added;
  using Http2Session::die;
  using Http2Session::flush_soon;

  size_t header_bytes_max;
  bool leaving = false;  // the server said GOAWAY
  bool has_settings = false;
  std::string reason;             // why it is dead
  Notice changed;                 // settings have come, or the connection died
  ClientStream* first = nullptr;  // those nghttp2 knows
  size_t count = 0;

  size_t streams_max() const {
    return is_dead() ? 0 : nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  }
  bool takes_requests() const { return !is_dead() && !leaving && nghttp2_session_check_request_allowed(session_) != 0; }
  void reset_stream(int32_t id, uint32_t code) {
    nghttp2_session_set_stream_user_data(session_, id, nullptr);
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, code);
    flush_soon();
  }
};

class Http2Client::State::ClientStream final : public Http2Stream, public Http2StreamState {
 public:
  using Session = Http2Client::State;
  explicit ClientStream(std::shared_ptr<Session> session) : session(std::move(session)) {}
  ~ClientStream() override { reset(); }

  Task<base::Result<void>> write(base::Bytes piece) override {
    while (queued >= kSendBufferMax && !over) co_await can_write.wait();
    if (over || body_ended) co_return base::fail(failure());
    push(std::move(piece));
    session->data_added(*this);
    co_return base::Result<void>();
  }

  void finish() override {
    if (std::exchange(body_ended, true) || over) return;
    session->data_added(*this);
  }

  Task<base::Result<const Response*>> head() override {
    while (!has_head && !over) co_await can_read.wait();
    if (!has_head) co_return base::fail(failure());
    co_return &response;
  }

  Task<base::Result<base::Bytes>> read() override {
    while (received.empty() && !input_ended && !over) co_await can_read.wait();
    if (received.empty()) {
      if (input_ended) co_return base::Bytes();
      co_return base::fail(failure());
    }
    std::string piece = take_received();
    if (!over) session->consumed(id, piece.size());
    co_return base::Bytes(std::move(piece));
  }

  const Headers& trailers() const override { return trailers_in; }

  void reset() override {
    if (over) return;
    session->let_go(*this);
    over = true;
    error_code = NGHTTP2_CANCEL;
    can_read.notify();
    can_write.notify();
  }

  base::Error failure() const {
    if (refused || error_code == NGHTTP2_REFUSED_STREAM)
      return base::Error(base::Code::Unavailable, "the server refused the request");
    if (header_bytes > session->header_bytes_max)
      return base::Error(base::Code::Closed, "the answer's headers are too large");
    if (!lost.empty()) return base::Error(base::Code::Closed, lost);
    return base::Error(base::Code::Closed, base::cat({"stream reset: ", nghttp2_http2_strerror(error_code)}));
  }

  std::shared_ptr<Session> session;
  Response response;
  Headers trailers_in;
  size_t header_bytes = 0;
  bool has_head = false;
  bool sent = false;     // the request's head has left
  bool refused = false;  // the server cannot have processed it
  std::string lost;      // why the connection died
  ClientStream* next = nullptr;
  ClientStream* previous = nullptr;
};

void Http2Client::State::on_header(Http2StreamState& state, const nghttp2_frame& frame, std::string_view name,
                                   std::string_view value) {
  auto& stream = static_cast<ClientStream&>(state);
  stream.header_bytes += name.size() + value.size() + 32;
  if (stream.header_bytes > header_bytes_max) return;
  if (stream.has_head) {
    stream.trailers_in.add(name, value);
  } else if (name == ":status") {
    std::from_chars(value.data(), value.data() + value.size(), stream.response.status);
  } else {
    stream.response.headers.add(name, value);
  }
}

void Http2Client::State::on_headers_end(Http2StreamState& state, const nghttp2_frame&) {
  auto& stream = static_cast<ClientStream&>(state);
  if (stream.header_bytes > header_bytes_max) {
    nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream.id, NGHTTP2_ENHANCE_YOUR_CALM);
  } else if (stream.response.status >= 100 && stream.response.status < 200 && !stream.has_head) {
    stream.response = {};
  } else {
    stream.has_head = true;
  }
}

void Http2Client::State::on_sent(const nghttp2_frame& frame) {
  if (frame.hd.type != NGHTTP2_HEADERS) return;
  if (auto* stream = find(frame.hd.stream_id)) static_cast<ClientStream*>(stream)->sent = true;
}

void Http2Client::State::on_stream_closed(Http2StreamState& state) {
  auto& stream = static_cast<ClientStream&>(state);
  (stream.previous != nullptr ? stream.previous->next : first) = stream.next;
  if (stream.next != nullptr) stream.next->previous = stream.previous;
  stream.next = stream.previous = nullptr;
  count--;
}

void Http2Client::State::on_dead(std::string_view why) {
  reason = why;
  changed.notify();
  while (first != nullptr) {
    ClientStream& stream = *first;
    stream.refused = !stream.sent;
    stream.lost = reason;
    stream.over = true;
    stream.can_read.notify();
    stream.can_write.notify();
    on_stream_closed(stream);
  }
}

void Http2Client::State::let_go(ClientStream& stream) {
  if (is_dead()) return;
  reset_stream(stream.id, NGHTTP2_CANCEL);
  on_stream_closed(stream);
}

base::Result<std::unique_ptr<Http2Stream>> Http2Client::State::open(const std::shared_ptr<State>& self,
                                                                    const Head& head, bool ended) {
  if (!takes_requests())
    return base::fail(base::Code::Unavailable, reason.empty() ? "the server is closing the connection" : reason);
  auto stream = std::make_unique<ClientStream>(self);
  std::vector<nghttp2_nv> fields;
  fields.reserve(4 + head.headers.fields().size());
  fields.push_back(field(":method", head.method));
  fields.push_back(field(":scheme", head.scheme));
  fields.push_back(field(":authority", head.authority));
  fields.push_back(field(":path", head.target));
  for (const auto& one : head.headers.fields()) {
    fields.push_back(field(one.name, one.value));
  }
  nghttp2_data_provider provider = data_provider();
  auto* state = static_cast<Http2StreamState*>(stream.get());
  int32_t id =
      nghttp2_submit_request(session_, nullptr, fields.data(), fields.size(), ended ? nullptr : &provider, state);
  if (id < 0) return base::fail(base::Code::Unavailable, nghttp2_strerror(id));
  stream->id = id;
  stream->body_ended = ended;
  stream->next = first;
  if (first != nullptr) first->previous = stream.get();
  first = stream.get();
  count++;
  flush_soon();
  return stream;
}

Http2Client::Http2Client(std::unique_ptr<Transport> transport) : Http2Client(std::move(transport), Options{}) {}
Http2Client::Http2Client(std::unique_ptr<Transport> transport, Options options)
    : state_(std::make_shared<State>(std::move(transport), options)) {}
Http2Client::~Http2Client() {
  close();
}

base::Result<std::unique_ptr<Http2Stream>> Http2Client::open(const Head& head, bool ended) {
  return state_->open(state_, head, ended);
}

Task<base::Result<void>> Http2Client::ready() {
  auto state = state_;
  while (!state->has_settings && !state->is_dead()) co_await state->changed.wait();
  if (!state->has_settings) co_return base::fail(base::Code::Closed, state->reason);
  co_return base::Result<void>();
}

bool Http2Client::is_open() const {
  return state_->takes_requests();
}
size_t Http2Client::streams() const {
  return state_->count;
}
size_t Http2Client::streams_max() const {
  return state_->streams_max();
}

void Http2Client::close() {
  if (!state_->is_dead()) state_->die("connection closed");
}

}  // namespace io
