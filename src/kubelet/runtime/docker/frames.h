// How the Engine carries standard output and standard error of a process without a terminal over one connection:
// frames of one byte for the stream, three of nothing, four for the size (big endian), and that many bytes. Bytes in,
// pieces out. Source: Docker Engine API, "Attach to a container".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace kubelet::docker {

struct Piece {
  bool error = false;     // standard error
  std::string_view text;  // never empty; into what was fed
};

class FrameReader {
 public:
  // The pieces in `bytes`; a frame may come in several. BadRequest when it is no frame that begins.
  base::Result<std::vector<Piece>> feed(std::string_view bytes);

 private:
  unsigned char head_[8] = {};
  size_t head_bytes_ = 0;
  uint32_t left_ = 0;  // of the frame
};

}  // namespace kubelet::docker
