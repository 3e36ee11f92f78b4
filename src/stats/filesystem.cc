#include "stats/filesystem.h"

#include <fts.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <set>
#include <utility>

namespace stats {

base::Result<FilesystemUsage> read_filesystem(const std::string& path) {
  struct statvfs info{};
  if (statvfs(path.c_str(), &info) != 0) return base::fail(base::system_error("statvfs " + path, errno));
  FilesystemUsage out;
  uint64_t block = info.f_frsize;
  out.capacity_bytes = info.f_blocks * block;
  out.available_bytes = info.f_bavail * block;
  out.used_bytes = (info.f_blocks - info.f_bfree) * block;
  out.inodes = info.f_files;
  out.inodes_free = info.f_ffree;
  out.inodes_used = info.f_files - info.f_ffree;
  return out;
}

FolderUsage measure_folder(const std::string& path) {
  FolderUsage out;
  std::string root = path;
  char* roots[] = {root.data(), nullptr};
  FTS* walk = fts_open(roots, FTS_PHYSICAL | FTS_XDEV | FTS_NOCHDIR, nullptr);
  if (walk == nullptr) return out;
  std::set<std::pair<uint64_t, uint64_t>> shared;  // files with several names
  while (FTSENT* entry = fts_read(walk)) {
    if (entry->fts_info == FTS_DP || entry->fts_info == FTS_NS || entry->fts_info == FTS_ERR ||
        entry->fts_info == FTS_DNR)
      continue;
    const struct stat& info = *entry->fts_statp;
    if (info.st_nlink > 1 && !S_ISDIR(info.st_mode) && !shared.emplace(info.st_dev, info.st_ino).second) continue;
    out.bytes += static_cast<uint64_t>(info.st_blocks) * 512;
    ++out.inodes;
  }
  fts_close(walk);
  return out;
}

}  // namespace stats
