// A local copy of one resource (all of it, or what a selector picks), kept current by list and watch: an informer.
//
// The copy holds bytes, shared with the server when it is in the same process; an object is decoded when someone asks
// for it, and the last few decoded ones are kept. One loop: the cache, its readers and its listeners.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/client.h"
#include "client/key.h"

namespace client {

// What a listener is told: look again at `key`. Which way it changed is a hint for filters, not the truth.
// `now` is absent after a deletion, `before` after an addition. Both live for the duration of the call.
template <class T>
using Listener = std::function<void(const Key& key, const T* before, const T* now)>;

// The same for those who know themselves what was before; so it need not be decoded for them.
template <class T>
using Follower = std::function<void(const Key& key, const T* now)>;

// An index: the values under which an object is found, by_index("node", "n1").
template <class T>
using IndexFunction = std::function<std::vector<std::string>(const T& object)>;

// The type-erased part; see cache.cc.
class CacheCore;

template <class T>
class Cache {
 public:
  // Watches nothing until run(). `selectors` narrows what is kept, `namespace_` too ("" is all).
  explicit Cache(Client client, ListOptions selectors = {}, std::string namespace_ = "");
  ~Cache();
  Cache(const Cache&) = delete;

  // Before run(). Listeners and followers are called in order, on the loop, after the copy has changed.
  void add_listener(Listener<T> listener);
  void add_follower(Follower<T> follower);
  void add_index(std::string name, IndexFunction<T> values);

  // Lists and watches until cancelled; retries with back-off, relists on Expired. Spawn it once.
  io::Task<void> run();
  // Comes back once the first list is complete and its listeners were called.
  io::Task<void> wait_synced();
  bool synced() const;

  // Null if absent.
  std::shared_ptr<const T> get(const Key& key) const;
  std::shared_ptr<const T> get(std::string_view namespace_, std::string_view name) const;
  // All of one namespace, or all ("").
  std::vector<std::shared_ptr<const T>> list(std::string_view namespace_ = "") const;
  std::vector<std::shared_ptr<const T>> by_index(std::string_view index, std::string_view value) const;
  std::vector<Key> keys() const;
  size_t size() const;
  // The newest resource version seen.
  std::string resource_version() const;

 private:
  std::unique_ptr<CacheCore> core_;
};

}  // namespace client

#include "client/cache_impl.h"
