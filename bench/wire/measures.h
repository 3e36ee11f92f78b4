// The measures that wire_bench takes; each prints its rows.
#pragma once

#include "client.h"

namespace bench {

io::Task<void> measure_requests(const Server& server);
io::Task<void> measure_list(const Server& server);
io::Task<void> measure_watches(const Server& server);
// Pods on nodes that nobody runs, bound by the scheduler that follows the server.
io::Task<void> measure_scheduling(const Server& server, int nodes, int pods);
io::Task<void> measure_objects(const Server& server, int count);

}  // namespace bench
