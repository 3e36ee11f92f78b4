// HTTP's messages, the same for versions 1.1 and 2, server and client.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/task.h"

namespace io {

// Header fields in their order. Names are kept in lower case.
class Headers {
 public:
  struct Field {
    std::string name;
    std::string value;
  };
  // The first value, or "" if there is none.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  void add(std::string_view name, std::string_view value);
  void set(std::string_view name, std::string_view value);
  void remove(std::string_view name);
  const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

// Who is at the other end of a connection.
struct Peer {
  std::string address;  // "10.0.0.7:51234", or a path for unix sockets
  std::string local_address;
  std::vector<std::string>
      certificates_der;  // the client's chain, leaf first; verified by the handshake to be the
                         // client's own (it holds the key), NOT against any CA: the caller does that
};

// A stream of bytes both ways: a TLS or plain connection, an HTTP/2 stream, an upgraded connection. One loop.
class Stream {
 public:
  virtual ~Stream() = default;
  // What is there, at least one byte, at most `max`; empty at the end of the input.
  virtual Task<base::Result<std::string>> read(size_t max = 64 * 1024) = 0;
  // Returns when the bytes were handed to the kernel.
  virtual Task<base::Result<void>> write(base::Bytes bytes) = 0;
  // Ends our half (no more writes).
  virtual void finish() = 0;
  // Ends both halves at once.
  virtual void close() = 0;
};

struct Request {
  std::string method;  // "GET"
  std::string target;  // path and query as sent, percent escapes kept: "/api/v1/pods?watch=1"
  std::string authority;
  Headers headers;
  int http_major = 1;              // 1 or 2
  std::string_view path() const;   // target up to '?'
  std::string_view query() const;  // after '?', or ""
};

// ---- server side ----

// The body of a request, read when wanted.
class RequestBody {
 public:
  virtual ~RequestBody() = default;
  // The next piece; empty at the end.
  virtual Task<base::Result<std::string>> read() = 0;
  // All of it, or TooLarge once `limit` bytes are passed (the rest is not read).
  Task<base::Result<std::string>> read_all(size_t limit);
};

// Where an answer goes. Call start() once, then write() as often as needed, then finish();
// or send() for all at once. If the handler returns without finish() the stream is reset.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;
  virtual void start(int status, Headers headers) = 0;
  // Waits while the peer does not read (bounded buffer). Closed once the peer is gone.
  virtual Task<base::Result<void>> write(base::Bytes chunk) = 0;
  virtual void finish() = 0;
  // finish() with fields after the body (gRPC's status). Where the version has no place for them they are left out.
  virtual void finish_with_trailers(Headers trailers) { finish(); }
  virtual void send(int status, Headers headers, base::Bytes body) = 0;  // content-length set
  // True once the peer has gone; closed() waits for it (for watches that have nothing to say).
  virtual bool is_closed() const = 0;
  virtual Task<void> closed() = 0;
  // HTTP/1.1 only: answers 101 with `headers` (upgrade, connection, sec-websocket-accept...) and hands over the
  // connection's bytes. MethodNotAllowed when the request did not come over HTTP/1.1.
  virtual base::Result<std::unique_ptr<Stream>> upgrade(Headers headers) = 0;
};

// Answers one request. `peer` and `request` live until the task ends.
using Handler =
    std::function<Task<void>(const Request& request, const Peer& peer, RequestBody& body, ResponseWriter& writer)>;

// ---- client side ----

struct Response {
  int status = 0;
  Headers headers;
};

// An answer that is being read.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;
  const Response& head() const { return head_; }
  // The next piece; empty at the end.
  virtual Task<base::Result<base::Bytes>> read() = 0;

 protected:
  Response head_;
};

}  // namespace io
