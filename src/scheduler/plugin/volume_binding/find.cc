#include "scheduler/plugin/volume_binding/find.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "placement/node_selector.h"
#include "schema/selector.h"
#include "volume/annotations.h"
#include "volume/claim.h"
#include "volume/names.h"

namespace scheduler::volume_binding {
namespace {

namespace core = api::core_v1;

Refusal refuse(std::string why) {
  return {{std::move(why)}, false};
}

// Why the claim behind a volume keeps the pod from going anywhere, in upstream's words.
std::optional<Refusal> refusal_of(const core::Pod& pod, const core::Volume& volume, const std::string& name,
                                  const Storage::Claim* claim) {
  std::string quoted = base::quote(name);
  if (claim == nullptr && volume.ephemeral)
    return refuse("waiting for ephemeral volume controller to create the persistentvolumeclaim " + quoted);
  if (claim == nullptr) return refuse("persistentvolumeclaim " + quoted + " not found");
  if (claim->status.phase == "Lost")
    return refuse(base::cat({"persistentvolumeclaim ", quoted, " bound to non-existent persistentvolume ",
                             base::quote(claim->spec.volume_name)}));
  if (!claim->metadata.deletion_timestamp.is_zero())
    return refuse("persistentvolumeclaim " + quoted + " is being deleted");
  if (volume.ephemeral && !volume::is_made_for(*claim, pod)) return refuse(volume::not_made_for(*claim, pod));
  return {};
}

std::string node_chosen_for(const Storage::Claim& claim, const Storage& storage) {
  auto found = claim.metadata.annotations.find(volume::kSelectedNode);
  return found == claim.metadata.annotations.end() ? storage.promised_node(key_of(claim)) : found->second;
}

bool is_allowed(const Storage::Class& storage_class, const core::Node& node) {
  auto& terms = storage_class.allowed_topologies;
  if (terms.empty()) return true;
  return std::ranges::any_of(terms, [&](auto& term) {
    return !term.match_label_expressions.empty() && std::ranges::all_of(term.match_label_expressions, [&](auto& one) {
      auto label = node.metadata.labels.find(one.key);
      return label != node.metadata.labels.end() && std::ranges::find(one.values, label->second) != one.values.end();
    });
  });
}

// A driver that says how much room it has where is believed; another is taken to have enough.
bool has_room(const Storage::Class& storage_class, const Storage::Claim& claim, const core::Node& node,
              const Storage& storage) {
  auto driver = storage.driver(storage_class.provisioner);
  if (driver == nullptr || !driver->spec.storage_capacity.value_or(false)) return true;
  auto wanted = volume::requested(claim);
  return std::ranges::any_of(storage.capacities_of(storage_class.metadata.name), [&](auto& capacity) {
    auto& limit = capacity->maximum_volume_size ? capacity->maximum_volume_size : capacity->capacity;
    if (!limit || *limit < wanted || !capacity->node_topology) return false;
    auto selector = schema::LabelSelector::from(*capacity->node_topology);
    return selector && selector->matches(node.metadata.labels);
  });
}

struct Provisioning {
  bool possible = true;
  bool has_room = true;
};
Provisioning can_provision(const Storage::Claim& claim, const core::Node& node, const Storage& storage) {
  auto storage_class = storage.storage_class(volume::class_of(claim));
  if (storage_class == nullptr || storage_class->provisioner.empty() ||
      storage_class->provisioner == volume::kNoProvisioner || !is_allowed(*storage_class, node))
    return {.possible = false};
  return {.possible = true, .has_room = has_room(*storage_class, claim, node, storage)};
}

}  // namespace

std::string key_of(const Storage::Claim& claim) {
  return base::cat({claim.metadata.namespace_, "/", claim.metadata.name});
}

bool is_reachable(const Storage::Volume& volume, const core::Node& node) {
  auto& affinity = volume.spec.node_affinity;
  return !affinity || !affinity->required || placement::matches_selector(*affinity->required, node);
}

Sorted sort_claims(const PodInfo& pod, const Storage& storage) {
  Sorted out;
  for (const auto& one : pod.pod->spec.volumes) {
    auto name = volume::claim_name(*pod.pod, one);
    if (name.empty()) continue;
    auto claim = storage.claim(pod.key.namespace_, name);
    if ((out.refusal = refusal_of(*pod.pod, one, name, claim.get()))) return out;
    if (volume::is_fully_bound(*claim)) {
      out.claims.bound.push_back(claim);
      continue;
    }
    auto storage_class = storage.storage_class(volume::class_of(*claim));
    if (!claim->spec.volume_name.empty() || !volume::waits_for_consumer(storage_class.get())) {
      out.refusal = refuse("pod has unbound immediate PersistentVolumeClaims");
      return out;
    }
    out.claims.waiting.push_back(claim);
  }
  std::ranges::sort(out.claims.waiting, [](auto& a, auto& b) {
    auto size = [](auto& claim) { return volume::requested(*claim); };
    return size(a) != size(b) ? size(a) < size(b) : a->metadata.name < b->metadata.name;
  });
  return out;
}

Choice choose(const Claims& claims, const NodeInfo& node, const Storage& storage) {
  Choice out;
  bool exist = true, reachable = true, satisfied = true, room = true;
  for (auto& claim : claims.bound) {
    auto volume = storage.volume(claim->spec.volume_name);
    exist = exist && volume != nullptr;
    reachable = reachable && (volume == nullptr || is_reachable(*volume, *node.node));
  }
  std::set<std::string> taken;
  for (auto& claim : claims.waiting) {
    std::string key = key_of(*claim), chosen = node_chosen_for(*claim, storage);
    VolumeRef match;
    if (chosen.empty()) {
      match = volume::find_match(*claim, storage.volumes_for(*claim),
                                 {.reachable = [&](auto& volume) { return is_reachable(volume, *node.node); },
                                  .only_named = false,
                                  .taken =
                                      [&](auto& volume) {
                                        auto promised = storage.promised_claim(volume.metadata.name);
                                        return taken.contains(volume.metadata.name) ||
                                               (!promised.empty() && promised != key);
                                      }});
    } else if (chosen != node.name) {
      satisfied = false;
      continue;
    }
    if (match != nullptr) {
      taken.insert(match->metadata.name);
      out.matches.push_back({claim, std::move(match)});
      continue;
    }
    auto provisioning = can_provision(*claim, *node.node, storage);
    satisfied = satisfied && provisioning.possible;
    room = room && provisioning.has_room;
    out.provision.push_back(claim);
  }
  if (!reachable) out.reasons.emplace_back("node(s) didn't match PersistentVolume's node affinity");
  if (!satisfied) out.reasons.emplace_back("node(s) didn't find available persistent volumes to bind");
  if (!room) out.reasons.emplace_back("node(s) did not have enough free storage");
  if (!exist) out.reasons.emplace_back("node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)");
  return out;
}

}  // namespace scheduler::volume_binding
