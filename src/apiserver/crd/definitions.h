// Keeps what is served in step with the custom resource definitions that are stored: settles their names and
// conditions, publishes their kinds, and cleans up after those that are deleted. The store says what is true; one loop.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "apiserver/crd/conditions.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/served.h"
#include "io/loop.h"
#include "io/task.h"

namespace apiserver::crd {

class Definitions {
 public:
  // Both outlive this.
  Definitions(Registry& registry, Catalog& catalog);

  // Works until cancelled, or until the store closes.
  io::Task<void> run();
  // Comes back once all that was stored at the start is served.
  io::Task<void> wait_synced() { return synced_.wait(); }

 private:
  struct Entry {
    Definition definition;
    std::vector<std::shared_ptr<const Served>>
        kinds;  // one for each version; made anew when what they are made of changes
  };

  io::Task<base::Result<void>> follow();
  void put(const store::Entry& entry);
  void remove(const std::string& name);
  io::Task<void> settle_changed();
  io::Task<base::Result<void>> settle(std::string name);
  void make_kinds(Entry& entry) const;
  void publish();

  io::Task<void> clean_up(std::string name);
  io::Task<base::Result<void>> clean_up_once(std::string name);
  io::Task<base::Result<void>> remove_instances(std::shared_ptr<const Served> kind);
  io::Task<base::Result<void>> write_status(std::string name, std::function<void(Definition&)> change);

  Registry& registry_;
  Catalog& catalog_;
  const Served& served_;
  std::map<std::string, Entry> entries_;  // by name
  std::set<std::string> changed_;         // groups whose names are to be settled
  std::set<std::string> cleaning_;        // definitions with a task
  io::Event synced_;
  io::Scope scope_;
};

}  // namespace apiserver::crd
