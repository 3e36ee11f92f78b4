#include "io/grpc_client.h"

#include "base/strings.h"
#include "io/tls.h"

namespace io {

// ---- a call ----

GrpcCall::GrpcCall(std::unique_ptr<Http2Stream> stream, size_t message_bytes_max)
    : stream_(std::move(stream)), parser_(message_bytes_max) {}

Task<base::Result<void>> GrpcCall::write(std::string message) {
  co_return co_await stream_->write(base::Bytes(grpc_frame(message)));
}

Task<base::Result<std::optional<std::string>>> GrpcCall::read() {
  for (;;) {
    CO_TRY(auto message, parser_.next());
    if (message) co_return message;
    if (!has_head_) {
      CO_TRY(const Response* head, co_await stream_->head());
      has_head_ = true;
      // An error without a body comes in the head; so does what is not gRPC at all.
      if (auto status = grpc_status(head->headers); status && !*status) co_return base::fail(status->error());
      if (head->status != 200) co_return base::fail(grpc_error_of_http_status(head->status));
    }
    CO_TRY(base::Bytes piece, co_await stream_->read());
    if (piece.empty()) break;
    parser_.feed(piece.view());
  }
  CO_TRY(co_await outcome());
  co_return std::optional<std::string>();
}

Task<base::Result<void>> GrpcCall::outcome() {
  auto status = grpc_status(stream_->trailers());
  if (!status) {
    CO_TRY(const Response* head, co_await stream_->head());
    status = grpc_status(head->headers);
  }
  if (!status)
    co_return base::fail(grpc_error(GrpcCode::Internal, "server closed the stream without sending trailers"));
  if (!*status) co_return base::fail(status->error());
  if (!parser_.is_between_messages())
    co_return base::fail(grpc_error(GrpcCode::Internal, "the last message is incomplete"));
  co_return base::Result<void>();
}

// ---- the client ----

struct GrpcClient::Attempt {
  base::Result<std::shared_ptr<Http2Client>> outcome = base::fail(base::Code::Closed, "the client is closed");
  Event settled;
};

GrpcClient::GrpcClient(Options options) : options_(std::move(options)) {}

GrpcClient::~GrpcClient() {
  disconnect();
}

void GrpcClient::disconnect() {
  connecting_.cancel();
  if (attempt_) attempt_->settled.set();
  attempt_.reset();
  if (connection_) connection_->close();
  connection_.reset();
}

Task<void> GrpcClient::connect_once() {
  std::shared_ptr<Attempt> attempt = attempt_;
  auto transport = co_await with_timeout(options_.connect_timeout, connect(options_.address, options_.tls));
  if (!transport) {
    attempt->outcome =
        base::fail(base::Code::Unavailable, base::cat({"connection to ", options_.address.text(), " timed out"}));
  } else if (!*transport) {
    attempt->outcome = base::fail(base::Code::Unavailable, (*transport).error().message());
  } else {
    connection_ = std::make_shared<Http2Client>(**std::move(transport));
    attempt->outcome = connection_;
  }
  attempt_.reset();
  attempt->settled.set();
}

Task<base::Result<std::shared_ptr<Http2Client>>> GrpcClient::connected() {
  if (connection_ && connection_->is_open()) co_return connection_;
  std::shared_ptr<Attempt> attempt = attempt_;
  if (!attempt) {
    attempt = attempt_ = std::make_shared<Attempt>();
    // Beside its callers: one of them being cancelled does not take the connection from the others.
    connecting_.spawn(connect_once());
  }
  if (!attempt->settled.is_set()) co_await attempt->settled.wait();
  co_return attempt->outcome;
}

Http2Client::Head GrpcClient::head(std::string path) const {
  Http2Client::Head head{.method = "POST",
                         .scheme = options_.tls ? "https" : "http",
                         .authority = options_.authority,
                         .target = std::move(path)};
  head.headers.add("te", "trailers");
  head.headers.add("content-type", "application/grpc");
  head.headers.add("user-agent", "navarch");
  for (const Headers::Field& field : options_.metadata.fields()) head.headers.add(field.name, field.value);
  return head;
}

Task<base::Result<std::string>> GrpcClient::call_once(std::string path, std::string request, Duration timeout) {
  CO_TRY(auto connection, co_await connected());
  Http2Client::Head fields = head(std::move(path));
  if (timeout != kNoTimeout) fields.headers.add("grpc-timeout", grpc_timeout(timeout));
  CO_TRY(auto stream, connection->open(fields, false));
  GrpcCall call(std::move(stream), options_.message_bytes_max);
  // A server may refuse before it has read all; its words are then in the answer.
  if (auto sent = co_await call.write(std::move(request)); sent) call.finish();
  CO_TRY(auto answer, co_await call.read());
  if (!answer) co_return base::fail(grpc_error(GrpcCode::Internal, "the server has answered nothing"));
  CO_TRY(auto more, co_await call.read());
  if (more) co_return base::fail(grpc_error(GrpcCode::Internal, "the server has answered twice"));
  co_return *std::move(answer);
}

Task<base::Result<std::string>> GrpcClient::call(std::string path, std::string request, Duration timeout) {
  for (int attempt = 0;; ++attempt) {
    base::Result<std::string> answer = base::fail(grpc_error(GrpcCode::DeadlineExceeded, "context deadline exceeded"));
    bool was_connected = connection_ && connection_->is_open();
    if (timeout == kNoTimeout) {
      answer = co_await call_once(path, request, timeout);
    } else if (auto in_time = co_await with_timeout(timeout, call_once(path, request, timeout))) {
      answer = *std::move(in_time);
    }
    // A server's own Unavailable is its answer; ours, over a connection that was there before, says that it was lost.
    bool may_retry = attempt == 0 && was_connected && !answer && answer.error().code() == base::Code::Unavailable &&
                     !answer.error().details();
    if (!may_retry) co_return answer;
  }
}

Task<base::Result<std::unique_ptr<GrpcCall>>> GrpcClient::open(std::string path, Headers metadata) {
  Http2Client::Head fields = head(std::move(path));
  for (const Headers::Field& field : metadata.fields()) fields.headers.add(field.name, field.value);
  CO_TRY(auto connection, co_await connected());
  CO_TRY(auto stream, connection->open(fields, false));
  co_return std::make_unique<GrpcCall>(std::move(stream), options_.message_bytes_max);
}

}  // namespace io
