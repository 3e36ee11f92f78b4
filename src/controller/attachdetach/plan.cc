#include "controller/attachdetach/plan.h"

#include <algorithm>
#include <set>

#include "base/strings.h"
#include "controller/common/ownership.h"
#include "volume/annotations.h"
#include "volume/claim.h"
#include "volume/names.h"

namespace controller::attachdetach {
namespace {

// A driver that says nothing of itself wants its volumes attached.
bool wants_attachment(const CSIDriver* driver) {
  return driver == nullptr || driver->spec.attach_required.value_or(true);
}

bool for_many_nodes(const PersistentVolume& volume) {
  auto& modes = volume.spec.access_modes;
  return modes.empty() ||
         std::ranges::any_of(modes, [](auto& mode) { return mode == "ReadWriteMany" || mode == "ReadOnlyMany"; });
}

bool is_out_of_service(const Node& node) {
  return std::ranges::any_of(node.spec.taints,
                             [](auto& taint) { return taint.key == "node.kubernetes.io/out-of-service"; });
}

bool is_healthy(const Node& node) {
  return std::ranges::any_of(node.status.conditions,
                             [](auto& one) { return one.type == "Ready" && one.status == "True"; });
}

bool is_in_use(const Snapshot& snapshot, const VolumeAttachment& attachment, const std::string& name) {
  if (snapshot.node == nullptr || is_out_of_service(*snapshot.node)) return false;
  if (std::ranges::find(snapshot.node->status.volumes_in_use, name) == snapshot.node->status.volumes_in_use.end())
    return false;
  return is_healthy(*snapshot.node) || !snapshot.waited_long_enough(attachment.metadata.name);
}

VolumeAttachment attachment_for(const std::string& name, const PersistentVolume& volume, const std::string& node) {
  VolumeAttachment out;
  out.metadata.name = name;
  out.spec.attacher = volume.spec.csi->driver;
  out.spec.node_name = node;
  out.spec.source.persistent_volume_name = volume.metadata.name;
  return out;
}

// Who has it now, when that keeps others from having it.
std::optional<std::string> conflict(const Snapshot& snapshot, const PersistentVolume& volume) {
  if (for_many_nodes(volume)) return {};
  for (auto& other : snapshot.attachments_of(volume.metadata.name))
    if (other->spec.node_name != snapshot.node_name)
      return base::cat({"Multi-Attach error for volume ", base::quote(volume.metadata.name),
                        " Volume is already exclusively attached to one node and can't be attached to another"});
  return {};
}

}  // namespace

std::string unique_name(const PersistentVolume& volume) {
  return volume::unique_name(volume.spec.csi->driver, volume.spec.csi->volume_handle);
}

WantedByName wanted_on(const std::string& node, const std::vector<PodPointer>& pods, const Lookups& lookups) {
  WantedByName out;
  for (auto& pod : pods) {
    if (is_terminal(*pod)) continue;
    for (auto& one : pod->spec.volumes) {
      auto name = volume::claim_name(*pod, one);
      if (name.empty()) continue;
      auto claim = lookups.claim(pod->metadata.namespace_, name);
      if (claim == nullptr || !volume::is_fully_bound(*claim)) continue;
      if (one.ephemeral && !volume::is_made_for(*claim, *pod)) continue;
      auto volume = lookups.volume(claim->spec.volume_name);
      if (volume == nullptr || !volume->spec.csi || !volume::is_bound_to(*volume, *claim)) continue;
      auto& csi = *volume->spec.csi;
      if (!wants_attachment(lookups.driver(csi.driver).get())) continue;
      auto& wanted = out[volume::attachment_name(csi.driver, csi.volume_handle, node)];
      wanted.volume = volume;
      wanted.pods.push_back(pod);
    }
  }
  return out;
}

Plan plan(const Snapshot& snapshot) {
  Plan out;
  std::set<std::string> there, attached;
  for (auto& attachment : snapshot.attachments) {
    auto& name = attachment->metadata.name;
    there.insert(name);
    auto wanted = snapshot.wanted.find(name);
    if (wanted != snapshot.wanted.end()) {
      if (attachment->status.attached && !is_being_deleted(attachment->metadata))
        attached.insert(unique_name(*wanted->second.volume));
      continue;
    }
    if (is_being_deleted(attachment->metadata) || !volume::is_attachment_name(name)) continue;
    // The volume's name outlives the volume only in the node's status.
    std::string in_status;
    if (snapshot.node != nullptr)
      for (auto& one : snapshot.node->status.volumes_attached)
        if (auto at = one.name.find('^');
            at != std::string::npos && one.name.starts_with("kubernetes.io/csi/") &&
            volume::attachment_name(one.name.substr(18, at - 18), one.name.substr(at + 1), snapshot.node_name) == name)
          in_status = one.name;
    if (is_in_use(snapshot, *attachment, in_status)) {
      attached.insert(in_status);
      out.in_use.push_back(attachment);
    } else {
      out.detach.push_back(attachment);
    }
  }
  for (auto& [name, wanted] : snapshot.wanted) {
    if (there.contains(name) || snapshot.node == nullptr) continue;
    if (auto why = conflict(snapshot, *wanted.volume)) {
      out.refused.push_back({wanted.pods, *why});
    } else {
      out.attach.push_back(attachment_for(name, *wanted.volume, snapshot.node_name));
    }
  }
  for (auto& name : attached) {
    auto& one = out.volumes_attached.emplace_back();
    one.name = name;
  }
  return out;
}

}  // namespace controller::attachdetach
