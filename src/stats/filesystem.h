// How full a file system is, and how much a folder holds. Blocking: for the pool.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"

namespace stats {

struct FilesystemUsage {
  uint64_t capacity_bytes = 0;
  uint64_t available_bytes = 0;  // to those without privileges
  uint64_t used_bytes = 0;
  uint64_t inodes = 0, inodes_free = 0, inodes_used = 0;
};
// Of the file system that `path` is on.
base::Result<FilesystemUsage> read_filesystem(const std::string& path);

struct FolderUsage {
  uint64_t bytes = 0;   // of disk blocks; a file with several names counts once
  uint64_t inodes = 0;  // the folder itself included
};
// All below `path`, without leaving its file system. What vanishes meanwhile is not an error.
FolderUsage measure_folder(const std::string& path);

}  // namespace stats
