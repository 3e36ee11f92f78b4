// Puts rulesets into the kernel with Debian's iptables tools: whole states at once, changes as differences. One loop.
#pragma once

#include <string>

#include "io/task.h"
#include "proxy/iptables/ruleset.h"

namespace proxy::iptables {

class Kernel {
 public:
  explicit Kernel(Family family);

  // Makes the kernel's rules those of `wanted`, in one transaction a table. The first time, what an earlier life left
  // is replaced, and the jumps into our chains are made. After a failure the next call starts from what the kernel
  // really has.
  io::Task<base::Result<void>> apply(Ruleset wanted);

  // Takes all of it away again.
  io::Task<base::Result<void>> remove();

 private:
  io::Task<base::Result<void>> read_state();
  io::Task<base::Result<void>> ensure_jumps();

  const std::string save_, restore_, tool_;
  Ruleset current_;
  bool known_ = false;  // current_ is what the kernel has
};

}  // namespace proxy::iptables
