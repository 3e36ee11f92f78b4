// Keeps container logs from filling the disk: a log that has grown past its bound is set aside, and only the newest few
// are kept. Names as upstream's: "0.log.20261123-225104". Blocking.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"

namespace kubelet {

// True if the log was set aside: the runtime must then be told to open a new one.
base::Result<bool> set_log_aside(const std::string& path, int64_t bytes_max, int files_max, base::Time now);
// Removes those that were set aside, and the log itself.
void remove_logs(const std::string& path);

}  // namespace kubelet
