// Many streams over one: what SPDY connections and WebSocket channels have in common. A protocol derives from it,
// takes the bytes that arrive and turns what the streams say into bytes. One loop.
//
// Two tasks, reader() and writer(), drive it; the protocol's connection class owns them. Bounded both ways: the
// transport is not read while kUnreadBytesMax wait for the streams' readers, and a stream's write waits while
// kUnsentBytesMax wait for the transport.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/task.h"

namespace io {

inline constexpr size_t kUnreadBytesMax = 512 * 1024;
inline constexpr size_t kUnsentBytesMax = 256 * 1024;
// What the peer has to read what was sent and to close. Closing earlier resets the connection when the peer still
// sends, and a slow reader loses the end of its output.
inline constexpr Duration kGoodbyeMax = std::chrono::minutes(15);

class MultiplexedStream;

class Multiplexer : public std::enable_shared_from_this<Multiplexer> {
 public:
  // How what is queued is written. Apart: each queue() by itself, so that a TLS record holds one message only; clients
  // that wait for the socket (Python's) do not see what their TLS library has read beyond the first.
  enum class Writes : uint8_t { Joined, Apart };

  explicit Multiplexer(std::unique_ptr<Stream> transport, Writes writes = Writes::Joined)
      : transport_(std::move(transport)), writes_(writes) {}
  virtual ~Multiplexer() = default;
  Multiplexer(const Multiplexer&) = delete;
  Multiplexer& operator=(const Multiplexer&) = delete;

  Task<void> reader();
  Task<void> writer();
  // Ends everything now: streams fail with Closed, the transport is closed.
  void close();
  // Says goodbye, sends what is queued, and waits up to kGoodbyeMax for the peer to close. Then as close().
  Task<void> shut_down();
  // Returns once nothing more arrives: the peer has gone, or it was closed here.
  Task<void> ended() { return ended_.wait(); }
  bool has_ended() const { return ended_.is_set(); }

 protected:
  friend class MultiplexedStream;

  struct Inbound {
    std::string unread;
    bool ended = false;                // nothing more arrives
    std::optional<base::Error> error;  // why, if that was not the peer's wish
    Event readable;
  };

  // ---- the protocol's part ----
  virtual base::Result<void> take(std::string_view bytes) = 0;
  virtual void send_data(uint32_t stream, std::string_view bytes) = 0;
  virtual void send_end(uint32_t stream) = 0;
  virtual void send_reset(uint32_t stream) = 0;           // the stream's object is closed or gone
  virtual void send_goodbye(const base::Error* why) = 0;  // why: what the peer did wrong, or nullptr
  virtual void failed() {}                                // called once when streams have been failed

  // ---- for the protocol ----
  void queue(std::string_view bytes);  // to the transport
  Inbound& inbound(uint32_t stream);   // made if not there
  bool has_inbound(uint32_t stream) const { return inbound_.contains(stream); }
  void arrived(uint32_t stream, std::string_view bytes);
  void arrived_end(uint32_t stream);
  void fail(base::Error error);  // all streams; the first error stays
  const std::optional<base::Error>& error() const { return error_; }
  std::unique_ptr<MultiplexedStream> make_stream(uint32_t stream, Headers headers);

 private:
  Task<base::Result<void>> room();
  void forget(uint32_t stream);

  std::unique_ptr<Stream> transport_;
  std::map<uint32_t, std::shared_ptr<Inbound>> inbound_;
  size_t unread_ = 0;  // bytes in all of inbound_
  const Writes writes_;
  std::deque<std::string> unsent_;  // a write each
  size_t unsent_bytes_ = 0;         // with what is being sent
  bool leaving_ = false;            // goodbye was said: what arrives is dropped, the writer ends when it has sent all
  std::optional<base::Error> error_;
  Event wake_reader_, wake_writer_, room_, sent_all_, ended_;
};

// One of the streams. Destroying it resets the stream unless both ends had finished. Outlives its connection safely:
// everything fails with Closed then.
class MultiplexedStream final : public Stream {
 public:
  ~MultiplexedStream() override;
  const Headers& headers() const { return headers_; }  // what it was opened with

  Task<base::Result<std::string>> read(size_t max = 64 * 1024) override;
  Task<base::Result<void>> write(base::Bytes bytes) override;  // returns when queued, within bounds
  void finish() override;
  void close() override;

 private:
  friend class Multiplexer;
  MultiplexedStream(std::shared_ptr<Multiplexer> owner, uint32_t id, Headers headers);

  std::shared_ptr<Multiplexer> owner_;
  std::shared_ptr<Multiplexer::Inbound> inbound_;
  uint32_t id_;
  Headers headers_;
  bool finished_ = false;
  bool closed_ = false;
};

}  // namespace io
