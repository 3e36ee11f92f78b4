// Answers made smaller, fast rather than small. A Gzip belongs to one answer.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "io/http.h"

struct z_stream_s;

namespace apiserver {

// Upstream compresses answers to reads from this size on.
inline constexpr size_t kCompressFrom = size_t{128} << 10;

// Whether a client takes gzip.
bool takes_gzip(const io::Headers& headers);

class Gzip {
 public:
  Gzip();
  ~Gzip();
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;

  // What there is to send so far, maybe nothing; with `last` all of it, and nothing may follow.
  std::string add(std::string_view bytes, bool last = false);

 private:
  std::unique_ptr<z_stream_s> stream_;
};

}  // namespace apiserver
