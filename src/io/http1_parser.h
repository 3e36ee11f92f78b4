// HTTP/1.1 messages out of bytes: a state machine without a socket. Strict where leniency lets two readers disagree
// about where a message ends (RFC 9112, 11.2 "Request Smuggling"): lines end in CRLF, one content-length of digits
// only, never beside transfer-encoding, which is "chunked" or nothing, no folded lines, no space before a colon.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/http.h"

namespace io {

class Http1Parser {
 public:
  enum class Kind { Request, Response };
  enum class Event {
    NeedMore,  // all input was used
    Head,      // request line or status line and headers are there
    Body,      // body() is a piece of the body, a slice of the input
    End,       // the message is over; next_message() before the next
    Failed,    // see error_status(); nothing more can be read from this connection
  };

  Http1Parser(Kind kind, size_t header_bytes_max, size_t headers_max)
      : kind_(kind), header_bytes_max_(header_bytes_max), headers_max_(headers_max) {}

  // The next event in `input`, which loses what was used.
  Event next(std::string_view& input);
  // What the end of the input means: End for a response's body that runs until then, else Failed.
  Event end_of_input();
  void next_message();
  // For a response to HEAD, or to CONNECT: whatever the headers say.
  void expect_no_body() { no_body_ = true; }

  // After Head.
  Request& request() { return request_; }
  Response& response() { return response_; }
  bool keep_alive() const { return keep_alive_; }  // the connection can carry another message after this one
  bool expects_continue() const { return expects_continue_; }
  bool has_body() const { return body_kind_ != BodyKind::None; }
  bool wants_upgrade() const { return wants_upgrade_; }
  int minor_version() const { return minor_; }
  // After Body.
  std::string_view body() const { return body_; }
  // After Failed: 400, 431, 501 or 505, and the words for it.
  int error_status() const { return error_status_; }
  std::string_view error() const { return error_; }
  // Nothing of a message has come yet.
  bool at_start() const { return state_ == State::Head && line_.empty(); }

 private:
  enum class State { Head, BodyLength, ChunkSize, ChunkData, ChunkEnd, Trailers, UntilEnd, End, Failed };
  enum class BodyKind { None, Length, Chunked, UntilEnd };

  Event fail(int status, std::string_view why);
  // Takes up to and including `mark` into line_; false when it has not come yet, or not within `max` bytes.
  bool collect(std::string_view& input, std::string_view mark, size_t max, bool* too_long);
  Event parse_head();
  bool parse_request_line(std::string_view line);
  bool parse_status_line(std::string_view line);
  bool parse_field(std::string_view line, Headers& headers);
  bool frame_body(const Headers& headers);
  bool parse_chunk_size(std::string_view line);

  Kind kind_;
  size_t header_bytes_max_;
  size_t headers_max_;
  State state_ = State::Head;
  BodyKind body_kind_ = BodyKind::None;
  std::string line_;   // what has come of the head, of a chunk's size or of the trailers
  uint64_t left_ = 0;  // of the body or of the chunk
  size_t trailer_bytes_ = 0;
  std::string_view body_;
  int minor_ = 1;
  bool keep_alive_ = false;
  bool expects_continue_ = false;
  bool wants_upgrade_ = false;
  bool no_body_ = false;
  Request request_;
  Response response_;
  int error_status_ = 0;
  std::string_view error_;
};

// "OK", "Not Found"; "" for those without a name.
std::string_view status_text(int status);

}  // namespace io
