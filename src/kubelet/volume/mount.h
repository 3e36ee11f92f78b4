// The file system work of volumes: emptyDir, hostPath, tmpfs, sub paths, ownership, and taking all of it down again.
// Blocking.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace kubelet {

bool is_mount_point(const std::string& path);

// Makes the folder; `tmpfs_bytes` set: a file system in memory is mounted there (0: of the kernel's default size).
base::Result<void> make_volume_directory(const std::string& path, uint32_t mode, std::optional<int64_t> tmpfs_bytes);

// Checks, or makes, what a hostPath volume's type asks for.
base::Result<void> check_host_path(const std::string& path, const std::string& type);

// Binds `sub_path` of `volume` to `target`, never led outside the volume by a link. Made as a folder when it is not
// there.
base::Result<void> bind_sub_path(const std::string& volume, const std::string& sub_path, const std::string& target);

// The file at `path` below `root`, never led outside by a link. NotFound; Invalid if it is longer than `bytes_max`, or
// no plain file.
base::Result<std::string> read_file_beneath(const std::string& root, const std::string& path, size_t bytes_max);

// The folder `source` seen at `target` too, which is made. Nothing if it is a mount point already.
base::Result<void> bind_directory(const std::string& source, const std::string& target, bool read_only);

// Mounts at `target`, which is made, for reading only; `type`, `source` and `options` as runtimes write them. Nothing
// if it is a mount point already.
base::Result<void> mount_for_reading(const std::string& type, const std::string& source,
                                     const std::vector<std::string>& options, const std::string& target);

// Everything below belongs to `group`, which may read and write (only read if `read_only`); new files inherit it.
// `only_if_root_differs`: nothing is looked at below a folder that is so already.
base::Result<void> set_group(const std::string& path, int64_t group, bool read_only, bool only_if_root_differs = false);

// Unmounts all that is mounted at or below `path`, deepest first. What is busy is detached.
base::Result<void> unmount_below(const std::string& path);

}  // namespace kubelet
