#include "kubelet/runtime/docker/frames.h"

#include <algorithm>

namespace kubelet::docker {

base::Result<std::vector<Piece>> FrameReader::feed(std::string_view bytes) {
  std::vector<Piece> pieces;
  while (!bytes.empty()) {
    if (left_ == 0) {
      head_[head_bytes_++] = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      if (head_bytes_ < sizeof head_) continue;
      head_bytes_ = 0;
      if (head_[0] > 3 || head_[1] != 0 || head_[2] != 0 || head_[3] != 0)
        return base::fail(base::Code::BadRequest, "the Docker Engine sent something that is no frame");
      left_ = uint32_t{head_[4]} << 24 | uint32_t{head_[5]} << 16 | uint32_t{head_[6]} << 8 | head_[7];
      continue;
    }
    auto size = std::min<size_t>(left_, bytes.size());
    pieces.push_back({.error = head_[0] >= 2, .text = bytes.substr(0, size)});
    bytes.remove_prefix(size);
    left_ -= static_cast<uint32_t>(size);
  }
  return pieces;
}

}  // namespace kubelet::docker
