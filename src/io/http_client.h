// A client of one HTTP server: keeps connections, makes new ones when they are lost, speaks HTTP/2 where the server
// does (all requests over one connection, a second one once the server's limit of streams is reached) and HTTP/1.1
// otherwise. One loop. Answers that are being read may outlive the client.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/socket.h"
#include "io/task.h"
#include "io/tls.h"

namespace io {

class HttpClient {
 public:
  struct Options {
    std::string url;                 // "https://host:6443", "http://host", "unix:/run/x.sock"; a path in it is ignored
    std::shared_ptr<TlsClient> tls;  // for https; none: the system's trust
    Duration connect_timeout = std::chrono::seconds(30);
    Duration idle_timeout = std::chrono::seconds(90);  // a connection without requests is closed after this
    size_t idle_connections_max = 8;                   // HTTP/1.1
  };
  static base::Result<std::unique_ptr<HttpClient>> create(Options options);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  // Sends a request; returns when the answer's head is there. Any status is an answer. Cancelling the task, or
  // destroying the answer before its end, cancels the request. A request that a dying connection certainly did not
  // process is sent again on a new one. Unavailable if the server cannot be reached, Closed if it went away. Bound it
  // with with_timeout().
  Task<base::Result<std::unique_ptr<ResponseStream>>> request(std::string method, std::string target,
                                                              Headers headers = {}, base::Bytes body = {});
  // The same with a body that is read piece by piece while it is sent. Never sent twice. `length`: its size, where it
  // is known beforehand; one that turns out to have another is cut off.
  Task<base::Result<std::unique_ptr<ResponseStream>>> request(std::string method, std::string target, Headers headers,
                                                              std::unique_ptr<RequestBody> body,
                                                              std::optional<size_t> length = std::nullopt);

  // Sends an HTTP/1.1 request with `headers` (connection, upgrade, sec-websocket-key...) over a connection of its own.
  struct Upgraded {
    Response head;
    std::unique_ptr<Stream> stream;        // after 101; the connection is then the caller's
    std::unique_ptr<ResponseStream> body;  // of any other answer
  };
  Task<base::Result<Upgraded>> upgrade(std::string method, std::string target, Headers headers);

  // New requests use new connections, for after credentials have changed. Those in progress keep theirs.
  void close_idle();

 private:
  struct State;
  explicit HttpClient(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

// The rest of an answer in one piece; TooLarge past `limit`.
Task<base::Result<std::string>> read_all(ResponseStream& answer, size_t limit);

}  // namespace io
