#include "main/machine.h"

#include <sched.h>
#include <unistd.h>

#include "base/strings.h"

namespace navarch {

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return base::to_lower(name);
}

int processor_count() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return CPU_COUNT(&set);
}

}  // namespace navarch
