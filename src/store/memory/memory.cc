// The store without a disk: for tests, and for clusters that may forget.
#include "store/sequencer.h"
#include "store/view.h"

namespace store {

std::unique_ptr<Store> open_memory(MemoryOptions options) {
  // As an empty etcd: revision 1, so that 0 can mean "any".
  constexpr Revision kStart = 1;
  auto view = std::make_shared<View>(View::Options::from(options.history), base::system_clock(), Index(), kStart, 0);
  return std::make_unique<Sequencer>(std::move(view), std::move(options.indexer), nullptr);
}

}  // namespace store
