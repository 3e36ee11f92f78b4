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
  // `put` is told the object in its served form, `remove` its namespace ("" if it has none) and name. Everything given
  // outlives the follower.
  Follower(store::Store& store, const Served& served, std::function<void(const schema::Object&)> put,
           std::function<void(const std::string& namespace_, const std::string& name)> remove);

  // Works until cancelled, or until the store closes. Starts anew by itself when it fell too far behind.
  io::Task<void> run();
  // Comes back once everything that was there at the start has been told.
  io::Task<void> wait_synced() { return synced_.wait(); }

 private:
  io::Task<base::Result<void>> follow();
  void tell_put(const store::Entry& entry);
  void tell_removed(const std::string& key);

  store::Store& store_;
  const Served& served_;
  const std::function<void(const schema::Object&)> put_;
  const std::function<void(const std::string&, const std::string&)> remove_;
  std::set<std::string> known_;  // keys told of
  io::Event synced_;
};

}  // namespace apiserver
