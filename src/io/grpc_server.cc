#include "io/grpc_server.h"

#include "base/strings.h"

namespace io {

Task<base::Result<std::optional<std::string>>> GrpcServerCall::read() {
  for (;;) {
    CO_TRY(auto message, parser_.next());
    if (message) co_return message;
    CO_TRY(std::string piece, co_await body_.read());
    if (piece.empty()) break;
    parser_.feed(piece);
  }
  if (!parser_.is_between_messages())
    co_return base::fail(grpc_error(GrpcCode::Internal, "the last message is incomplete"));
  co_return std::optional<std::string>();
}

void GrpcServerCall::start() {
  if (started_) return;
  started_ = true;
  Headers headers;
  headers.add("content-type", "application/grpc");
  writer_.start(200, std::move(headers));
}

Task<base::Result<void>> GrpcServerCall::write(std::string message) {
  start();
  co_return co_await writer_.write(base::Bytes(grpc_frame(message)));
}

void GrpcServices::unary(std::string path, Unary handler) {
  streaming(std::move(path), [handler = std::move(handler)](GrpcServerCall& call) { return run_unary(handler, call); });
}

void GrpcServices::streaming(std::string path, Streaming handler) {
  handlers_[std::move(path)] = std::move(handler);
}

Task<base::Result<void>> GrpcServices::run_unary(const Unary& handler, GrpcServerCall& call) {
  CO_TRY(auto request, co_await call.read());
  if (!request) co_return base::fail(grpc_error(GrpcCode::Internal, "a call without a message"));
  CO_TRY(std::string answer, co_await handler(*std::move(request)));
  co_return co_await call.write(std::move(answer));
}

Handler GrpcServices::handler() const {
  return [this](const Request& request, const Peer&, RequestBody& body, ResponseWriter& writer) {
    return serve(*this, request, body, writer);
  };
}

Task<void> GrpcServices::serve(const GrpcServices& services, const Request& request, RequestBody& body,
                               ResponseWriter& writer) {
  if (request.method != "POST" || !request.headers.get("content-type").starts_with("application/grpc")) {
    writer.send(415, {}, {});
    co_return;
  }
  GrpcServerCall call(request, body, writer);
  base::Result<void> outcome;
  auto found = services.handlers_.find(request.path());
  if (found == services.handlers_.end()) {
    outcome = base::fail(grpc_error(GrpcCode::Unimplemented, base::cat({"unknown method ", request.path()})));
  } else if (auto span = parse_grpc_timeout(request.headers.get("grpc-timeout"))) {
    outcome = base::fail(grpc_error(GrpcCode::DeadlineExceeded, "context deadline exceeded"));
    if (auto in_time = co_await with_timeout(*span, found->second(call))) outcome = *std::move(in_time);
  } else {
    outcome = co_await found->second(call);
  }
  call.start();
  writer.finish_with_trailers(grpc_trailers(outcome));
}

base::Result<std::unique_ptr<HttpServer>> serve_grpc(const GrpcServices& services, Address address) {
  HttpServerOptions options;
  options.address = std::move(address);
  options.http2_only = true;
  return HttpServer::create(std::move(options), services.handler());
}

}  // namespace io
