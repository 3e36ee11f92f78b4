#include "controller/garbage_collector/graph.h"

#include <algorithm>

namespace controller::garbage {

Graph::News Graph::put(const Place& place, const api::meta_v1::ObjectMeta& meta) {
  News news;
  auto known = dependents_.find(meta.uid);
  if (known == dependents_.end()) {
    if (meta.owner_references.empty()) return news;
    known = dependents_.try_emplace(meta.uid).first;
    known->second.uid = meta.uid;
    known->second.place = place;
  }
  Dependent& dependent = known->second;
  dependent.deleting = !meta.deletion_timestamp.is_zero();
  std::vector<std::pair<Owner*, bool>> before = std::move(dependent.owners);
  dependent.owners.clear();
  for (const auto& reference : meta.owner_references) {
    auto [entry, fresh] = owners_.try_emplace(reference.uid);
    Owner& owner = entry->second;
    if (fresh) {
      owner.reference = reference;
      owner.namespace_ = meta.namespace_;
      news.unknown.push_back(&owner);
    }
    if (!fresh && std::any_of(dependent.owners.begin(), dependent.owners.end(),
                              [&](const auto& one) { return one.first == &owner; }))
      continue;
    owner.dependents.insert(&dependent);
    dependent.owners.emplace_back(&owner, reference.block_owner_deletion.value_or(false));
  }
  news.owners_changed = before != dependent.owners;
  for (auto& [owner, blocks] : before) {
    bool still = false;
    for (auto& [kept, kept_blocks] : dependent.owners) still |= kept == owner;
    if (!still) unlink(dependent, owner);
  }
  if (dependent.owners.empty()) dependents_.erase(known);
  return news;
}

std::vector<Graph::Owner*> Graph::remove(const std::string& uid) {
  std::vector<Owner*> affected;
  auto known = dependents_.find(uid);
  if (known == dependents_.end()) return affected;
  for (auto& [owner, blocks] : known->second.owners) {
    bool last = owner->dependents.size() == 1;
    if (!last) affected.push_back(owner);
    unlink(known->second, owner);
  }
  dependents_.erase(known);
  return affected;
}

void Graph::unlink(Dependent& dependent, Owner* owner) {
  owner->dependents.erase(&dependent);
  if (owner->dependents.empty()) owners_.erase(std::string(owner->reference.uid));
}

const Graph::Dependent* Graph::find(const std::string& uid) const {
  auto known = dependents_.find(uid);
  return known == dependents_.end() ? nullptr : &known->second;
}

Graph::Owner* Graph::owner(const std::string& uid) {
  auto known = owners_.find(uid);
  return known == owners_.end() ? nullptr : &known->second;
}

std::vector<std::string> Graph::uids_of_kind(uint32_t kind) const {
  std::vector<std::string> uids;
  for (const auto& [uid, dependent] : dependents_) {
    if (dependent.place.kind == kind) uids.push_back(uid);
  }
  return uids;
}

}  // namespace controller::garbage
