// A connection to a port inside a pod's network namespace, from outside of it.
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "io/http.h"
#include "io/pool.h"
#include "io/task.h"

namespace kubelet::docker {

// To `port` of the loopback interface that `process` sees, IPv4 first. Unavailable when nobody listens there.
io::Task<base::Result<std::unique_ptr<io::Stream>>> connect_to_pod(io::Pool& pool, int64_t process, uint16_t port);

}  // namespace kubelet::docker
