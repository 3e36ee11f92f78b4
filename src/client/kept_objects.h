// Decoded objects that are asked for in groups, again and again while something is going on with one of them: kept for
// a few seconds after they were asked for last, so that a reconciliation of a thousand pods does not decode them all
// for each pod that changes. Bounded; holds nothing once it is quiet. One loop.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "io/loop.h"
#include "schema/object.h"

namespace client {

class KeptObjects {
 public:
  using Object = std::shared_ptr<const schema::Object>;
  static constexpr size_t kMax = 4096;  // in each half
  static constexpr auto kHalf = std::chrono::seconds(4);

  // Where an object is kept; with whoever has the object.
  struct Place {
    uint32_t turn = 0;  // 0: nowhere
    uint32_t number = 0;
  };

  // Keeps it from now on for one to two halves. What exceeds the bound is not kept.
  void keep(const Object& object, Place& place);
  // It has changed, or is gone.
  void drop(Place& place);

 private:
  void turn();

  std::vector<Object> young_, old_;
  uint32_t turn_ = 1;  // of young_; old_ is of the one before
  io::Timer timer_;
};

}  // namespace client
