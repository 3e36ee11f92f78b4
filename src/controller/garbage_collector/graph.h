// Who depends on whom, over all kinds: only objects that have owners are in it. Pure memory; no calls. One loop.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "api/meta_v1.h"

namespace controller::garbage {

// An object, by where it is. `kind` numbers the collector's list of kinds.
struct Place {
  uint32_t kind = 0;
  std::string namespace_;
  std::string name;
  auto operator<=>(const Place&) const = default;
};

class Graph {
 public:
  struct Owner;
  struct Dependent {
    std::string uid;
    Place place;
    bool deleting = false;
    std::vector<std::pair<Owner*, bool>> owners;  // and whether this one blocks the owner's foreground deletion
  };
  struct Owner {
    api::meta_v1::OwnerReference reference;
    std::string namespace_;  // of the dependents; "" when they have none
    bool absent = false;     // known not to exist
    bool ended = false;      // its end was seen
    std::set<Dependent*> dependents;
  };

  // What a change brings to light.
  struct News {
    bool owners_changed = false;  // the object should be looked at if one of them is absent
    std::vector<Owner*> unknown;  // owners never heard of: do they exist?
  };
  News put(const Place& place, const api::meta_v1::ObjectMeta& meta);
  // The object is gone. Its own dependents stay, without it; `affected` are the owners it had.
  std::vector<Owner*> remove(const std::string& uid);

  const Dependent* find(const std::string& uid) const;
  Owner* owner(const std::string& uid);
  size_t size() const { return dependents_.size(); }
  std::vector<std::string> uids_of_kind(uint32_t kind) const;

 private:
  void unlink(Dependent& dependent, Owner* owner);

  std::unordered_map<std::string, Dependent> dependents_;
  std::unordered_map<std::string, Owner> owners_;  // those with dependents
};

}  // namespace controller::garbage
