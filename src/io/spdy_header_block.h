// The compressed header blocks of SPDY/3: one zlib stream each way for the life of a connection, started with the
// dictionary of the draft. Blocks must be taken in the order they were sent, every one.
#pragma once

#include <zlib.h>

#include <string>
#include <string_view>

#include "base/result.h"
#include "io/http.h"

namespace io {

class SpdyHeaderWriter {
 public:
  SpdyHeaderWriter();
  ~SpdyHeaderWriter();
  SpdyHeaderWriter(const SpdyHeaderWriter&) = delete;
  SpdyHeaderWriter& operator=(const SpdyHeaderWriter&) = delete;
  // The block, flushed.
  std::string write(const Headers& headers);

 private:
  z_stream stream_{};
};

class SpdyHeaderReader {
 public:
  explicit SpdyHeaderReader(size_t inflated_bytes_max);
  ~SpdyHeaderReader();
  SpdyHeaderReader(const SpdyHeaderReader&) = delete;
  SpdyHeaderReader& operator=(const SpdyHeaderReader&) = delete;
  // BadRequest for what is not a header block; no later block can be read then. Several values of one name (joined by
  // NUL) become several fields.
  base::Result<Headers> read(std::string_view block);

 private:
  z_stream stream_{};
  size_t inflated_bytes_max_;
};

// The dictionary's 1423 bytes; for tests.
std::string_view spdy_dictionary();

}  // namespace io
