// Stored states, decoded once for all who look at them: what admission asks for at every write (namespaces, accounts,
// classes, limits) seldom changes. A bounded number of them; those that nobody asked for lately go. Safe from any
// thread.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>

#include "apiserver/registry/served.h"
#include "base/mutex.h"
#include "base/result.h"
#include "schema/object.h"
#include "store/store.h"

namespace apiserver {

class DecodedStates {
 public:
  using Ref = std::shared_ptr<const schema::Object>;

  DecodedStates() = default;
  DecodedStates(const DecodedStates&) = delete;

  // The state in the version of `served`. Internal when its bytes are broken.
  base::Result<Ref> of(const Served& served, const store::EntryRef& entry);

 private:
  static constexpr size_t kGeneration = 128;
  // The entry is kept along, so that its address is nobody else's meanwhile.
  struct Known {
    store::EntryRef entry;
    uint64_t served;
    Ref object;
  };
  using Generation = std::unordered_map<const store::Entry*, Known>;

  Ref find(const Served& served, const store::Entry* entry) EXCLUDES(mutex_);
  void keep(Known known) REQUIRES(mutex_);

  base::Mutex mutex_;
  // When the newer one is full it becomes the older, and what was in that and not asked for again goes.
  Generation newer_ GUARDED_BY(mutex_);
  Generation older_ GUARDED_BY(mutex_);
};

}  // namespace apiserver
