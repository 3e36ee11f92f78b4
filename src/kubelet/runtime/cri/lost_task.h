// What containerd's CRI has lost sight of: a process whose start was broken off, because whoever asked for it died. For
// the CRI its container has ended; it runs all the same, and keeps the container from being removed.
#pragma once

#include <string>

#include "io/task.h"

namespace kubelet {

// Kills and deletes the container's task by containerd's own services, at the socket of the CRI. Best effort: a runtime
// that has no such services, or no such task, is left alone.
io::Task<void> end_task(std::string endpoint, std::string container_id);

}  // namespace kubelet
