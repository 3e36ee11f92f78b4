// Why nodes would not do, counted, in upstream's words.
#pragma once

#include <map>
#include <string>

namespace scheduler {

using ReasonCounts = std::map<std::string, size_t>;

// "0/3 nodes are available: 1 Too many pods, 2 Insufficient cpu.", in alphabetical order of "COUNT REASON".
std::string nodes_available(size_t nodes, const ReasonCounts& reasons);

}  // namespace scheduler
