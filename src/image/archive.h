// Container images made on the spot: a few files and a configuration as a docker archive (a tar), ready for
// `ctr images import` or `docker load`. Deterministic: the same input gives the same bytes, and so the same digests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace image {

struct File {
  std::string path;  // "bin/hello", without a slash in front; folders above it are made
  std::string content;
  unsigned mode = 0755;
  std::string link;  // instead of content: the target of a symbolic link
};

struct Image {
  std::string reference;  // "registry.local/hello:v1"
  std::vector<File> files;
  std::vector<std::string> entrypoint;
  std::vector<std::string> environment;  // "NAME=value"
  std::vector<int> ports;                // exposed TCP ports
  std::string user;                      // "65534:65534"; "" is root
};

// The archive's bytes. BadRequest for a path over 100 bytes, which the tar form used cannot hold.
base::Result<std::string> make_archive(const Image& image);

}  // namespace image
