#include "apiserver/registry/decoded_states.h"

#include <utility>

namespace apiserver {

base::Result<DecodedStates::Ref> DecodedStates::of(const Served& served, const store::EntryRef& entry) {
  if (Ref known = find(served, entry.get())) return known;
  TRY(auto object, served.decode(*entry));
  auto made = std::make_shared<const schema::Object>(std::move(object));
  base::Lock lock(mutex_);
  keep({entry, served.id(), made});
  return made;
}

DecodedStates::Ref DecodedStates::find(const Served& served, const store::Entry* entry) {
  base::Lock lock(mutex_);
  auto found = newer_.find(entry);
  if (found != newer_.end()) return found->second.served == served.id() ? found->second.object : nullptr;
  found = older_.find(entry);
  if (found == older_.end() || found->second.served != served.id()) return nullptr;
  Known known = std::move(found->second);
  older_.erase(found);
  Ref object = known.object;
  keep(std::move(known));
  return object;
}

void DecodedStates::keep(Known known) {
  if (newer_.size() >= kGeneration) older_ = std::exchange(newer_, {});
  const store::Entry* entry = known.entry.get();
  newer_.insert_or_assign(entry, std::move(known));
}

}  // namespace apiserver
