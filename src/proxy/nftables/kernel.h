// Puts rulesets into the kernel with nft: the whole table once, then the elements that change. One loop.
#pragma once

#include "base/result.h"
#include "io/task.h"
#include "proxy/nftables/ruleset.h"

namespace proxy::nftables {

class Kernel {
 public:
  explicit Kernel(Options options) : options_(std::move(options)) {}

  // In one transaction. After a failure the next call writes the whole table anew.
  io::Task<base::Result<void>> apply(const Snapshot& snapshot);
  // Takes the table away. Nothing to do where there is no nft.
  static io::Task<base::Result<void>> remove(Family family);

 private:
  const Options options_;
  Ruleset current_;
  bool known_ = false;  // current_ is what the kernel has
};

}  // namespace proxy::nftables
