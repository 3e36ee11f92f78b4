// Configuration files that are read again when they change, without a restart. Nothing ticks while nothing changes.
// One loop.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/task.h"

namespace apiserver {

// The texts of files, in their order.
using FileTexts = std::vector<std::string>;
base::Result<FileTexts> read_files(const std::vector<std::string>& paths);

// Tells `changed` of the new texts, or why one cannot be read, each time that they differ from what was told last;
// `known` is what they were at first. Replaced files and links count. Works until cancelled; small files only.
io::Task<void> follow_files(std::vector<std::string> paths, FileTexts known,
                            std::function<void(base::Result<FileTexts>)> changed);

}  // namespace apiserver
