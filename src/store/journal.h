// What makes changes survive: the one seam between the write path and a disk.
#pragma once

#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace store {

// A change, and the form in which its new value is to be kept.
struct Record {
  EventRef event;
  base::Bytes kept;  // of Added and Modified
};

class Journal {
 public:
  virtual ~Journal() = default;
  // Applies the records in order, all or none, together with the revision they lead to and, unless it is 0, the
  // revision before which the past is gone. Returns when all would survive a power failure. Blocks; always on the same
  // thread.
  virtual base::Result<void> append(const std::vector<Record>& records, Revision compact) = 0;
  // False once a failure leaves open what is on the disk: nothing may be written any more.
  virtual bool usable() const = 0;
};

}  // namespace store
