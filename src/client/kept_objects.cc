#include "client/kept_objects.h"

#include <utility>

namespace client {

void KeptObjects::keep(const Object& object, Place& place) {
  if (place.turn == turn_ || young_.size() >= kMax) return;
  place = {turn_, static_cast<uint32_t>(young_.size())};
  young_.push_back(object);
  if (!timer_.running()) timer_.start(kHalf, [this] { turn(); });
}

void KeptObjects::drop(Place& place) {
  auto& half = place.turn == turn_ ? young_ : old_;
  if (place.turn != 0 && place.turn + 1 >= turn_ && place.number < half.size()) half[place.number].reset();
  place = {};
}

void KeptObjects::turn() {
  old_ = std::exchange(young_, {});
  ++turn_;
  if (!old_.empty()) timer_.start(kHalf, [this] { turn(); });
}

}  // namespace client
