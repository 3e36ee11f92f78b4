// Makes an APIService for every group version that custom resource definitions serve, and takes it away with the last
// of them: upstream's registration of custom resources. What people made under such a name is left alone. The store
// says what is true; one loop.
#pragma once

#include <map>
#include <set>
#include <string>

#include "apiserver/authz/follower.h"
#include "apiserver/registry/registry.h"
#include "io/loop.h"
#include "io/task.h"

namespace apiserver {

class AutomaticServices {
 public:
  explicit AutomaticServices(Registry& registry);  // borrowed; outlives this

  // Works until cancelled, or until the store closes.
  io::Task<void> run();

 private:
  using GroupVersion = std::pair<std::string, std::string>;
  void put_definition(const schema::Object& object);
  void remove_definition(const std::string& name);
  void put_service(const schema::Object& object);
  void look_at(const std::string& name);
  bool is_served(const GroupVersion& version) const;
  io::Task<base::Result<void>> reconcile(std::string name);

  Registry& registry_;
  const Served& services_;
  Follower definitions_;
  Follower made_;
  std::map<std::string, std::set<GroupVersion>> served_by_;  // by the definition's name
  std::map<std::string, GroupVersion> named_;                // every APIService that we have to do with, by its name
  std::set<std::string> due_;                                // names to look at
  io::Event stirred_;
  io::Scope scope_;
};

}  // namespace apiserver
