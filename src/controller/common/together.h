// Many calls at once.
#pragma once

#include <functional>
#include <vector>

#include "base/result.h"
#include "io/task.h"

namespace controller {

using Step = std::function<io::Task<base::Result<void>>(size_t number)>;

// Runs step(0) to step(count - 1) side by side; their results in order.
io::Task<std::vector<base::Result<void>>> together(size_t count, Step step);

// The same in batches of 1, 2, 4... as long as all goes well, so that what cannot succeed (a quota that is full) fails
// once and not `count` times. The results of the steps that were tried.
io::Task<std::vector<base::Result<void>>> slow_start(size_t count, Step step);

// The first failure among them.
base::Result<void> first_failure(const std::vector<base::Result<void>>& results);

}  // namespace controller
