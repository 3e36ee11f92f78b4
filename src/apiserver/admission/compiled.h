// Objects that configure admission, each made ready for use once: as long as its revision stays, what was made of it
// stays. Read anew for every write, so that a configuration holds from the moment its own write was acknowledged.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apiserver/registry/reader.h"
#include "base/mutex.h"

namespace apiserver {

// `Made` is constructed from a `T`. Safe from any thread; reading costs a listing of references when nothing has
// changed.
template <class T, class Made>
class Compiled {
 public:
  using Ref = std::shared_ptr<const Made>;

  // In order of their names.
  io::Task<base::Result<std::vector<Ref>>> all(const Reader& reader) const {
    const Served& served = reader.catalog().template of<T>();
    store::ListOptions options;
    options.consistent = false;
    CO_TRY(auto page, co_await reader.store().list(served.prefix(""), options));
    std::vector<Ref> result;
    base::Lock lock(mutex_);
    if (page.entries.empty()) {
      known_.clear();
      co_return result;
    }
    std::map<std::string, Known> still;
    for (const auto& entry : page.entries) {
      auto known = known_.find(entry->key);
      if (known != known_.end() && known->second.revision == entry->revision) {
        still.emplace(entry->key, known->second);
      } else {
        CO_TRY(auto object, served.decode(*entry));
        still.emplace(entry->key,
                      Known{entry->revision, std::make_shared<const Made>(std::move(object).template take<T>())});
      }
      result.push_back(still.at(entry->key).made);
    }
    known_ = std::move(still);
    co_return result;
  }

 private:
  struct Known {
    store::Revision revision = 0;
    Ref made;
  };
  mutable base::Mutex mutex_;
  mutable std::map<std::string, Known> known_ GUARDED_BY(mutex_);  // by key
};

}  // namespace apiserver
