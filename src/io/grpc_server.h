// A small gRPC server over HTTP/2: what device plugins and other node plugins call, and fakes in tests.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/grpc.h"
#include "io/http.h"
#include "io/http_server.h"
#include "io/task.h"

namespace io {

// One call as its handler sees it. Lives until the handler's task ends; that task is cancelled when the caller goes or
// its deadline passes.
class GrpcServerCall {
 public:
  GrpcServerCall(const Request& request, RequestBody& body, ResponseWriter& writer)
      : request_(request), body_(body), writer_(writer) {}
  const Headers& metadata() const { return request_.headers; }
  // The next message; nothing once the caller has sent all.
  Task<base::Result<std::optional<std::string>>> read();
  // Sends a message; waits while the caller does not take it.
  Task<base::Result<void>> write(std::string message);

 private:
  friend class GrpcServices;
  void start();

  const Request& request_;
  RequestBody& body_;
  ResponseWriter& writer_;
  GrpcParser parser_;
  bool started_ = false;
};

// Handlers by path: "/v1beta1.Registration/Register". Filled before it serves, and outlives the server. An unknown path
// is answered Unimplemented.
class GrpcServices {
 public:
  using Unary = std::function<Task<base::Result<std::string>>(std::string request)>;
  using Streaming = std::function<Task<base::Result<void>>(GrpcServerCall& call)>;
  void unary(std::string path, Unary handler);
  void streaming(std::string path, Streaming handler);

  // For HttpServer, with http2_only where there is no TLS. Refers to this.
  Handler handler() const;

 private:
  static Task<base::Result<void>> run_unary(const Unary& handler, GrpcServerCall& call);
  static Task<void> serve(const GrpcServices& services, const Request& request, RequestBody& body,
                          ResponseWriter& writer);

  std::map<std::string, Streaming, std::less<>> handlers_;
};

// Serves `services` in cleartext at `address` on the current loop.
base::Result<std::unique_ptr<HttpServer>> serve_grpc(const GrpcServices& services, Address address);

}  // namespace io
