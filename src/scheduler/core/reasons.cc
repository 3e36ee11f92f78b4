#include "scheduler/core/reasons.h"

#include <algorithm>
#include <vector>

#include "base/strings.h"

namespace scheduler {

std::string nodes_available(size_t nodes, const ReasonCounts& reasons) {
  std::vector<std::string> lines;
  for (const auto& [reason, count] : reasons) lines.push_back(base::cat({std::to_string(count), " ", reason}));
  std::sort(lines.begin(), lines.end());
  return base::cat({"0/", std::to_string(nodes), " nodes are available: ", base::join(lines, ", "), "."});
}

}  // namespace scheduler
