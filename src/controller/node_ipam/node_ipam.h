// Gives every node its range of pod addresses.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/ip.h"
#include "controller/controller.h"

namespace controller {

std::unique_ptr<Controller> make_node_ipam_controller(Context& context);

// Blocks of one size out of a network. Pure.
class BlockSet {
 public:
  BlockSet(base::IpNetwork network, int block_prefix) : network_(network), block_prefix_(block_prefix) {}
  void take(const base::IpNetwork& block);  // one that is used; others' are ignored
  void free(const base::IpNetwork& block);
  // The next free one, taken; nothing when all are used.
  std::optional<base::IpNetwork> next();

 private:
  uint64_t count() const;
  std::optional<uint64_t> number_of(const base::IpNetwork& block) const;
  base::IpNetwork block(uint64_t number) const;

  base::IpNetwork network_;
  int block_prefix_;
  std::set<uint64_t> used_;
  uint64_t at_ = 0;  // where to look next: a block that was freed is not used again at once
};

}  // namespace controller
