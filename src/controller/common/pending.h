// What a controller did and its cache does not show yet. Acting on a cache that lags would do things twice: an owner
// waits until its own writes have come back. One loop.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/meta_v1.h"
#include "base/clock.h"
#include "base/strings.h"
#include "client/cache.h"
#include "client/key.h"

namespace controller {

class Pending {
 public:
  explicit Pending(base::Clock& clock) : clock_(clock) {}

  // The answer of a create or update made for `owner`: seen once the cache is at its resource version. Resource
  // versions are compared as numbers, which the API allows for versions of one resource.
  void written(const client::Key& owner, const api::meta_v1::ObjectMeta& stored);
  // `gone` was deleted for `owner`: seen once it is absent, replaced, or marked as being deleted.
  void deleted(const client::Key& owner, const api::meta_v1::ObjectMeta& gone);
  // The owner is no more.
  void forget(const client::Key& owner) { owners_.erase(owner); }

  // Whether `cache` shows all that was done for `owner`. After 5 minutes it is taken to: the truth is asked for again.
  template <class T>
  bool settled(const client::Key& owner, const client::Cache<T>& cache) {
    return settled(owner, base::parse_uint(cache.resource_version()).value_or(0),
                   [&cache](const client::Key& key, const std::string& uid) {
                     auto object = cache.get(key);
                     return !object || object->metadata.uid != uid || !object->metadata.deletion_timestamp.is_zero();
                   });
  }

 private:
  struct Owner {
    uint64_t written = 0;                                      // highest version
    std::vector<std::pair<client::Key, std::string>> deleted;  // key and uid
    int64_t since_ns = 0;
  };
  bool settled(const client::Key& owner, uint64_t cache_version,
               const std::function<bool(const client::Key&, const std::string& uid)>& is_gone);

  base::Clock& clock_;
  std::unordered_map<client::Key, Owner> owners_;
};

}  // namespace controller
