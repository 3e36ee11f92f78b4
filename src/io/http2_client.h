// One HTTP/2 connection, client's side: requests multiplexed over it, each with pieces of data both ways and trailers.
// The base of HttpClient and of gRPC. One loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "io/http.h"
#include "io/task.h"
#include "io/transport.h"

namespace io {

// One request and its answer. Destroying it before both have ended resets it (CANCEL). May outlive its connection.
// One task may write while another reads.
//
// Failures: Closed when the stream was reset or the connection lost; Unavailable when the server certainly did not
// process the request (refused, or after its GOAWAY): it may be tried again elsewhere.
class Http2Stream {
 public:
  virtual ~Http2Stream() = default;
  // A piece of the request's body. Waits while more than kSendBufferMax is on its way.
  virtual Task<base::Result<void>> write(base::Bytes piece) = 0;
  // Ends the request's body. Nothing if it has ended.
  virtual void finish() = 0;
  // The answer's status and headers, once they have come (1xx are skipped). Stays valid.
  virtual Task<base::Result<const Response*>> head() = 0;
  // The next piece of the answer's body; empty at the end. The peer may send only as fast as this is called.
  virtual Task<base::Result<base::Bytes>> read() = 0;
  // What followed the body; complete once read() has returned empty.
  virtual const Headers& trailers() const = 0;
  virtual void reset() = 0;

  static constexpr size_t kSendBufferMax = 64 * 1024;
};

class Http2Client {
 public:
  struct Options {
    size_t stream_window = 256 * 1024;           // bytes of one answer the server may send ahead of its reader
    size_t connection_window = 4 * 1024 * 1024;  // of all answers together
    size_t header_bytes_max = 256 * 1024;
  };
  struct Head {
    std::string method = "GET";
    std::string scheme = "https";
    std::string authority;
    std::string target = "/";
    Headers headers;  // names in lower case, none of the connection's own
  };

  // Speaks HTTP/2 at once over a transport whose handshake is done.
  Http2Client(std::unique_ptr<Transport> transport, Options options);
  explicit Http2Client(std::unique_ptr<Transport> transport);
  ~Http2Client();  // close()
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  // Begins a request; with `ended` it has no body. Beyond the server's limit of streams it waits its turn.
  // Unavailable once the connection no longer takes requests.
  base::Result<std::unique_ptr<Http2Stream>> open(const Head& head, bool ended);

  // Returns once the server's settings have come, and with them its limit of streams. Closed if the connection is lost.
  Task<base::Result<void>> ready();
  bool is_open() const;        // takes requests
  size_t streams() const;      // in progress
  size_t streams_max() const;  // the server's limit, as far as known
  // Ends the connection; its streams fail with Closed.
  void close();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace io
