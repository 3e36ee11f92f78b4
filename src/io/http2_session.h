// The machinery of an HTTP/2 connection that client and server share: nghttp2 between a transport and its streams, with
// flow control both ways. Not for users; see http2_client.h and http_server.h.
//
// No code of a user runs inside a callback of nghttp2: whoever waits is woken in the loop's next turn, and derived
// classes do their work in after_turn(). Nothing is buffered for a connection at rest.
#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/notice.h"
#include "io/transport.h"

namespace io {

// Both halves of one stream, as far as they are the same on both sides.
struct Http2StreamState {
  int32_t id = 0;

  // Going out.
  std::vector<base::Bytes> pieces;
  size_t piece_first = 0;   // of `pieces`: those before are sent
  size_t piece_offset = 0;  // sent of the first
  size_t queued = 0;        // bytes not yet framed
  bool body_ended = false;  // nothing will be added
  bool deferred = false;    // nghttp2 waits for more
  Headers trailers_out;
  Notice can_write;  // `queued` has fallen, or the stream has closed

  // Coming in.
  std::string received;
  bool input_ended = false;
  Notice can_read;  // data, headers or the end came

  bool over = false;        // nghttp2 has forgotten the stream, or the connection is gone
  uint32_t error_code = 0;  // with `over`: why

  // Adds to what goes out; call Http2Session::data_added() after.
  void push(base::Bytes piece) {
    queued += piece.size();
    if (!piece.empty()) pieces.push_back(std::move(piece));
  }
  // The next piece of what came in, for the reader.
  std::string take_received() { return std::exchange(received, {}); }
};

class Http2Session {
 public:
  Http2Session(const Http2Session&) = delete;
  Http2Session& operator=(const Http2Session&) = delete;
  virtual ~Http2Session();

  bool is_dead() const { return dead_; }

  // The stream's pieces as nghttp2 asks for them, and a field as it takes it (borrowed while submitting).
  static nghttp2_data_provider data_provider();
  static nghttp2_nv field(std::string_view name, std::string_view value);

 protected:
  struct Settings {
    bool server = false;
    uint32_t streams_max = 250;  // the peer may open; server
    size_t stream_window = 256 * 1024;
    size_t connection_window = 1024 * 1024;
    size_t header_bytes_max = 256 * 1024;
  };
  Http2Session(std::unique_ptr<Transport> transport, Settings settings);

  // The stream's state lives in the derived class's stream; null when it has let go of it.
  Http2StreamState* find(int32_t id) const {
    return static_cast<Http2StreamState*>(nghttp2_session_get_stream_user_data(session_, id));
  }

  // What derived classes make of frames. Called inside nghttp2: note, do not act.
  virtual int on_begin_headers(const nghttp2_frame& frame) = 0;
  virtual void on_header(Http2StreamState& stream, const nghttp2_frame& frame, std::string_view name,
                         std::string_view value) = 0;
  virtual void on_headers_end(Http2StreamState& stream, const nghttp2_frame& frame) = 0;
  virtual void on_frame(const nghttp2_frame& frame) {}
  virtual void on_sent(const nghttp2_frame& frame) {}
  virtual void on_stream_closed(Http2StreamState& stream) = 0;
  // Between input and output: what is submitted here goes out in the same turn.
  virtual void after_input() {}
  // After a run of input or output. May destroy this session only through the loop's next turn.
  virtual void after_turn() = 0;
  // The connection is lost or done; after_turn() follows. `reason` is for people.
  virtual void on_dead(std::string_view reason) = 0;

  // Sends what is queued in the loop's next turn: several small writes become one record.
  void flush_soon();
  void data_added(Http2StreamState& stream);
  // The reader took `size` bytes off a stream: the peer may send as many more.
  void consumed(int32_t id, size_t size);
  // Tells nghttp2 to end the session with `code`; dies once that is sent.
  void terminate(uint32_t code);
  void die(std::string_view reason);

  nghttp2_session* session_ = nullptr;
  std::unique_ptr<Transport> transport_;      // null once dead
  bool consumes_connection_at_once_ = false;  // a stream that is not read does not hold up the others

 private:
  struct Callbacks;
  friend struct Callbacks;
  void on_ready(Ready ready);
  void read_input();
  void write_output();
  void turn(bool input);

  std::unique_ptr<Watch> watch_;
  std::string output_;  // what the transport would not take; starts at output_offset_
  size_t output_offset_ = 0;
  std::string* building_ = nullptr;  // where frames are put while write_output() runs
  Wakeup flush_;
  bool dead_ = false;
  bool in_turn_ = false;
  bool more_input_ = false;
  bool write_wants_read_ = false;
  bool read_wants_write_ = false;
};

}  // namespace io
