// Follows one resource in the store and tells of every object as it comes, changes and goes: how the API server's own
// indexes (roles, bindings, what nodes may read) stay current. One loop.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "apiserver/registry/served.h"
#include "io/loop.h"
#include "io/task.h"
#include "store/store.h"

namespace apiserver {

class Follower {
 public:
  using Put = std::function<void(const schema::Object&)>;
  using Remove = std::function<void(const std::string& namespace_, const std::string& name)>;
  // Whether an object matters; looked at before it is decoded. One that does no more is removed.
  using Matters = std::function<bool(const store::Entry&)>;

  // `put` is told the object in its served form, `remove` its namespace ("" if it has none) and name. Without `matters`
  // all do. Everything given outlives the follower.
  Follower(store::Store& store, const Served& served, Put put, Remove remove, Matters matters = nullptr);

  // Works until cancelled, or until the store closes. Starts anew by itself when it fell too far behind.
  io::Task<void> run();
  // Comes back once everything that was there at the start has been told.
  io::Task<void> wait_synced() { return synced_.wait(); }

 private:
  io::Task<base::Result<void>> follow();
  bool matters(const store::Entry& entry) const { return !matters_ || matters_(entry); }
  void tell_put(const store::Entry& entry);
  void tell_removed(const std::string& key);

  store::Store& store_;
  const Served& served_;
  const Put put_;
  const Remove remove_;
  const Matters matters_;
  std::set<std::string> known_;  // keys told of
  io::Event synced_;
};

}  // namespace apiserver
