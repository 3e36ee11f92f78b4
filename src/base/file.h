// Whole files and folders. Blocking: not for a loop's thread once it serves.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace base {

Result<std::string> read_file(const std::string& path, size_t bytes_max = size_t{64} << 20);

// Replaces the file at once (write beside it, sync, rename): readers see the old or the new text, also after a crash.
// `mode` holds from the first byte on.
Result<void> write_file(const std::string& path, std::string_view text, mode_t mode);

// Makes the folder and those above it; `mode` is for the ones made. Present already is fine.
Result<void> make_directories(const std::string& path, mode_t mode);

// The names in a folder, without "." and "..", sorted.
Result<std::vector<std::string>> list_directory(const std::string& path);

bool exists(const std::string& path);

// The folder and all below it, without following links or leaving its file system. Absent is fine.
Result<void> remove_tree(const std::string& path);

}  // namespace base
