// A gRPC client of one server: one HTTP/2 connection, made when it is needed and again when it was lost. One loop.
//
//   GrpcClient runtime({.address = Address::unix_socket("/run/containerd/containerd.sock")});
//   CO_TRY(std::string answer, co_await runtime.call("/runtime.v1.RuntimeService/Version", request, timeout));
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "io/grpc.h"
#include "io/http2_client.h"
#include "io/loop.h"
#include "io/socket.h"
#include "io/task.h"

namespace io {

class TlsClient;

inline constexpr Duration kNoTimeout = Duration::max();

// A call with streams. Destroying it before its end cancels it at the server. May outlive the client.
class GrpcCall {
 public:
  GrpcCall(std::unique_ptr<Http2Stream> stream, size_t message_bytes_max);
  // Sends a message; waits while the server does not take it.
  Task<base::Result<void>> write(std::string message);
  // No more messages from us.
  void finish() { stream_->finish(); }
  // The next message; nothing at the end of a call that went well; the server's error otherwise.
  Task<base::Result<std::optional<std::string>>> read();

 private:
  Task<base::Result<void>> outcome();

  std::unique_ptr<Http2Stream> stream_;
  GrpcParser parser_;
  bool has_head_ = false;
};

class GrpcClient {
 public:
  struct Options {
    Address address;
    std::shared_ptr<TlsClient> tls;       // null: cleartext
    std::string authority = "localhost";  // what servers on unix sockets expect
    Duration connect_timeout = std::chrono::seconds(5);
    size_t message_bytes_max = kGrpcMessageBytesMax;
    Headers metadata;  // sent with every call
  };
  explicit GrpcClient(Options options);
  ~GrpcClient();  // close()
  GrpcClient(const GrpcClient&) = delete;
  GrpcClient& operator=(const GrpcClient&) = delete;

  // One message there, one back. Timeout once `timeout` has passed, which the server is told too. Unavailable when the
  // server cannot be reached; a call that a dying connection certainly did not process is tried once more.
  Task<base::Result<std::string>> call(std::string path, std::string request, Duration timeout = kNoTimeout);
  // A call with streams both ways, without a deadline; a server's stream begins with write() of the request and
  // finish().
  Task<base::Result<std::unique_ptr<GrpcCall>>> open(std::string path, Headers metadata = {});

  // Ends the connection; calls in progress fail with Closed. The next call connects again.
  void disconnect();

 private:
  Task<base::Result<std::shared_ptr<Http2Client>>> connected();
  Task<void> connect_once();
  Task<base::Result<std::string>> call_once(std::string path, std::string request, Duration timeout);
  Http2Client::Head head(std::string path) const;

  Options options_;
  std::shared_ptr<Http2Client> connection_;
  // While connecting; all who wait share the outcome.
  struct Attempt;
  std::shared_ptr<Attempt> attempt_;
  Scope connecting_;
};

}  // namespace io
