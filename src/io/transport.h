// One connected socket, plain or with TLS on top, that never blocks. What streams and HTTP connections are made of.
// One loop. Owns the descriptor.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "io/http.h"
#include "io/task.h"

struct ssl_st;

namespace io {

class TlsOutput;

class Transport {
 public:
  enum class Status {
    Ok,
    WantRead,   // nothing more until the descriptor is readable
    WantWrite,  // nothing more until it is writable
    End,        // the peer has ended its half in an orderly way
    Failed,     // see error()
  };
  struct Outcome {
    Status status;
    size_t size = 0;       // bytes moved, with Ok
    bool drained = false;  // of read(): nothing more was there when it returned; wait before the next read
  };

  explicit Transport(int fd);      // plain
  Transport(int fd, ssl_st* ssl);  // takes over `ssl`, set up for client or server, handshake not done
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  int fd() const { return fd_; }
  bool has_tls() const { return ssl_ != nullptr; }
  // A step of the handshake; Ok once done (at once for plain sockets).
  Status handshake();
  Outcome read(char* into, size_t size);
  // Takes what it can of `bytes`. After WantRead or WantWrite the next call begins with the same bytes.
  Outcome write(std::string_view bytes);
  // Ends our half: what was written arrives, then the end. False where only closing does that (pipes).
  bool finish();
  const std::string& error() const { return error_; }
  base::Error failure() const;  // error() as Unavailable

  // After the handshake.
  std::string_view alpn() const;  // "h2", "http/1.1" or ""
  Peer peer() const;

 private:
  Status failed(int result);
  Outcome write_tls(std::string_view bytes);
  Outcome send_records(size_t taken);

  int fd_;
  ssl_st* ssl_ = nullptr;
  std::unique_ptr<TlsOutput> output_;  // of TLS
  size_t taken_ = 0;                   // bytes of which records were made that are not all sent
  std::string error_;
};

// The transport as a stream; `early` was read ahead of it and comes first.
std::unique_ptr<Stream> make_stream(std::unique_ptr<Transport> transport, std::string early = {});

// Carries the handshake through. Unavailable with the reason if it fails.
Task<base::Result<void>> handshake(Transport& transport);

}  // namespace io
