// Two Streams that hear each other, in memory: for tests and for parts of one process. One loop.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "io/http.h"
#include "io/loop.h"

namespace io {

// Each write waits while `bytes_max` of what was written before are unread.
std::pair<std::unique_ptr<Stream>, std::unique_ptr<Stream>> memory_streams(size_t bytes_max = 64 * 1024);

}  // namespace io
