// Which images this node holds, who uses them, and which are to go. Pure but for its memory: an image's age is counted
// from when it was first seen here, or last used. One loop. Rules: the Kubernetes documentation, "Garbage collection of
// unused containers and images".
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "api/cri.h"
#include "kubelet/options.h"

namespace kubelet {

struct UnusedImage {
  std::string id;
  uint64_t bytes = 0;
  int64_t first_seen_ns = 0;
  int64_t last_used_ns = 0;  // 0: never here
};

class ImageRecords {
 public:
  // `used`: what containers name their images by: ids, tags, digests.
  void look(const std::vector<api::cri::Image>& images, const std::set<std::string>& used, int64_t now_ns);

  // Those nobody uses, the one longest unused first. Pinned ones are not among them.
  std::vector<UnusedImage> unused() const;
  // Of those, enough to free `bytes`; none that came less than the minimum age ago.
  std::vector<UnusedImage> to_free(uint64_t bytes, const ImageGarbageOptions& options, int64_t now_ns) const;
  // Of those, the ones unused for longer than the maximum age. None before we have been looking that long.
  std::vector<UnusedImage> outdated(const ImageGarbageOptions& options, int64_t now_ns) const;
  void forget(const std::string& id) { known_.erase(id); }

 private:
  struct Known {
    uint64_t bytes = 0;
    bool pinned = false;
    bool used = false;
    int64_t first_seen_ns = 0;
    int64_t last_used_ns = 0;
  };
  std::map<std::string, Known> known_;  // by id
  int64_t began_ns_ = 0;
};

// How many bytes are to be freed for the disk to be used no more than the low percentage again; 0 while it is used less
// than the high one.
uint64_t bytes_to_free(uint64_t capacity, uint64_t available, const ImageGarbageOptions& options);

}  // namespace kubelet
