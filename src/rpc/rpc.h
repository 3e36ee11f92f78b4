// gRPC with generated messages: the stubs of etcd, the container runtime and the plugins, client and server.
//
//   CO_TRY(auto version, co_await rpc::call<cri::VersionResponse>(client, cri::runtime_service::kVersion, request,
//   timeout));
//
// A message that cannot be decoded is an Internal error that names the method.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/grpc_client.h"
#include "io/grpc_server.h"
#include "io/task.h"
#include "schema/protobuf.h"

namespace rpc {

namespace detail {
base::Error cannot_decode(std::string_view what, const base::Error& error);

template <class Message>
base::Result<Message> decode(std::string_view bytes, std::string_view what) {
  auto message = schema::from_protobuf<Message>(bytes);
  if (!message) return base::fail(cannot_decode(what, message.error()));
  return message;
}
}  // namespace detail

// One message there, one back. `path` lives as long as the program.
template <class Response, class Request>
io::Task<base::Result<Response>> call(io::GrpcClient& client, std::string_view path, Request request,
                                      io::Duration timeout = io::kNoTimeout) {
  CO_TRY(std::string answer, co_await client.call(std::string(path), schema::to_protobuf(request), timeout));
  co_return detail::decode<Response>(answer, path);
}

// A call with streams, as io::GrpcCall.
template <class Response, class Request>
class Call {
 public:
  Call(std::unique_ptr<io::GrpcCall> call, std::string_view path) : call_(std::move(call)), path_(path) {}
  io::Task<base::Result<void>> write(Request request) { return call_->write(schema::to_protobuf(request)); }
  void finish() { call_->finish(); }
  // Nothing at the end of a call that went well.
  io::Task<base::Result<std::optional<Response>>> read() {
    CO_TRY(auto message, co_await call_->read());
    if (!message) co_return std::optional<Response>();
    CO_TRY(Response response, detail::decode<Response>(*message, path_));
    co_return std::optional<Response>(std::move(response));
  }

 private:
  std::unique_ptr<io::GrpcCall> call_;
  std::string_view path_;
};

template <class Response, class Request>
io::Task<base::Result<Call<Response, Request>>> open(io::GrpcClient& client, std::string_view path) {
  CO_TRY(auto call, co_await client.open(std::string(path)));
  co_return Call<Response, Request>(std::move(call), path);
}

// A server's stream of answers to one request.
template <class Response, class Request>
io::Task<base::Result<Call<Response, Request>>> server_stream(io::GrpcClient& client, std::string_view path,
                                                              Request request) {
  CO_TRY(auto call, co_await client.open(std::string(path)));
  CO_TRY(co_await call->write(schema::to_protobuf(request)));
  call->finish();
  co_return Call<Response, Request>(std::move(call), path);
}

// ---- server side ----

namespace detail {
template <class Response, class Request>
io::Task<base::Result<std::string>> answer(const std::function<io::Task<base::Result<Response>>(Request)>& handler,
                                           std::string request, std::string_view path) {
  CO_TRY(Request message, decode<Request>(request, path));
  CO_TRY(Response response, co_await handler(std::move(message)));
  co_return schema::to_protobuf(response);
}
}  // namespace detail

template <class Response, class Request>
void serve_unary(io::GrpcServices& services, std::string_view path,
                 std::function<io::Task<base::Result<Response>>(Request)> handler) {
  services.unary(std::string(path), [handler = std::move(handler), path](std::string request) {
    return detail::answer<Response, Request>(handler, std::move(request), path);
  });
}

// A stream as its server sees it.
template <class Response, class Request>
class ServerCall {
 public:
  ServerCall(io::GrpcServerCall& call, std::string_view path) : call_(call), path_(path) {}
  io::Task<base::Result<std::optional<Request>>> read() {
    CO_TRY(auto message, co_await call_.read());
    if (!message) co_return std::optional<Request>();
    CO_TRY(Request request, detail::decode<Request>(*message, path_));
    co_return std::optional<Request>(std::move(request));
  }
  io::Task<base::Result<void>> write(Response response) { return call_.write(schema::to_protobuf(response)); }

 private:
  io::GrpcServerCall& call_;
  std::string_view path_;
};

template <class Response, class Request>
void serve_stream(io::GrpcServices& services, std::string_view path,
                  std::function<io::Task<base::Result<void>>(ServerCall<Response, Request>)> handler) {
  services.streaming(std::string(path), [handler = std::move(handler), path](io::GrpcServerCall& call) {
    return handler(ServerCall<Response, Request>(call, path));
  });
}

}  // namespace rpc
