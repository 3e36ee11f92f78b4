// SPDY/3.1 frames and streams as a state machine: bytes in, events out; calls in, bytes out. No sockets.
//
// Kubernetes speaks it in exec, attach and port-forward between clients, kubelets and container runtimes, always with
// the Go library spdystream at the other end, whose habits this follows where the draft leaves a choice:
// - no flow control: windows are neither sent nor obeyed, the connection's own back pressure does the work;
// - header names go in lower case, header blocks are compressed with the dictionary of the draft.
//
// (draft-mbelshe-httpbis-spdy-00, and the 3.1 changes)
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

namespace io {

enum class SpdyRole : uint8_t { Client, Server };

// Of RST_STREAM.
inline constexpr uint32_t kSpdyProtocolError = 1;
inline constexpr uint32_t kSpdyInvalidStream = 2;
inline constexpr uint32_t kSpdyRefusedStream = 3;
inline constexpr uint32_t kSpdyCancel = 5;
inline constexpr uint32_t kSpdyStreamAlreadyClosed = 9;

inline constexpr size_t kSpdyStreamsMax = 1000;            // open at one time, from the peer; more are refused
inline constexpr size_t kSpdyControlBytesMax = 64 * 1024;  // of one control frame, compressed
inline constexpr size_t kSpdyHeaderBytesMax = 256 * 1024;  // of one header block, inflated
inline constexpr size_t kSpdyDataBytesMax = 32 * 1024;     // of one DATA frame we send

struct SpdyEvent {
  enum class Kind : uint8_t {
    Opened,  // by the peer, with headers: answer with reply() or reset()
    Reply,   // to a stream that we opened, with headers
    Data,    // a piece as it arrived; frames are not kept together
    End,     // the peer sends no more on this stream
    Reset,   // the stream is gone, with status
    Pong,    // to our ping; `stream` is its id
    GoAway,  // the peer takes no more streams
  };
  Kind kind;
  uint32_t stream = 0;
  Headers headers;
  std::string data;
  uint32_t status = 0;
};

class SpdyHeaderReader;
class SpdyHeaderWriter;

class SpdySession {
 public:
  explicit SpdySession(SpdyRole role);
  ~SpdySession();
  SpdySession(const SpdySession&) = delete;
  SpdySession& operator=(const SpdySession&) = delete;

  // Takes what arrived. BadRequest when the connection can only be closed. The rest of a broken connection is not read.
  base::Result<void> feed(std::string_view bytes);
  // The next event, in order of arrival.
  std::optional<SpdyEvent> next();
  // What is to be sent, and forgotten here.
  std::string take_output();
  bool has_output() const { return !output_.empty(); }

  // Opens a stream; its id. 0 once ids are used up or the peer has gone away.
  uint32_t open(const Headers& headers);
  // Each of these is ignored for a stream that is gone, or whose half has ended.
  void reply(uint32_t stream, const Headers& headers = {});
  void data(uint32_t stream, std::string_view bytes);
  void finish(uint32_t stream);
  void reset(uint32_t stream, uint32_t status);
  // A ping's id; its answer comes as Pong.
  uint32_t ping();
  void go_away();

  size_t streams() const { return streams_.size(); }

 private:
  struct StreamState {
    bool local_ended = false;
    bool remote_ended = false;
    bool replied = false;
  };
  base::Result<void> begin_frame();
  void data_arrived(std::string_view bytes);
  base::Result<void> control_frame();
  base::Result<void> syn_stream(std::string_view body);
  base::Result<void> headers_frame(std::string_view body, bool is_reply);
  void remote_end(uint32_t stream);
  void write_control(uint16_t type, uint8_t flags, std::string_view body);
  void write_reset(uint32_t stream, uint32_t status);

  SpdyRole role_;
  std::unique_ptr<SpdyHeaderWriter> header_writer_;
  std::unique_ptr<SpdyHeaderReader> header_reader_;

  std::string header_;  // the eight bytes of the frame being read, as far as they came
  bool in_frame_ = false;
  bool is_control_ = false;
  uint16_t type_ = 0;         // of a control frame
  uint32_t data_stream_ = 0;  // of a data frame
  uint8_t flags_ = 0;
  size_t left_ = 0;   // bytes of the frame still to come
  std::string body_;  // of a control frame

  std::map<uint32_t, StreamState> streams_;
  uint32_t next_stream_;
  uint32_t next_ping_;
  uint32_t last_peer_stream_ = 0;
  bool peer_gone_away_ = false;
  bool broken_ = false;
  std::deque<SpdyEvent> events_;
  std::string output_;
};

}  // namespace io
