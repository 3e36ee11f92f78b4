// Which volumes of drivers are to be attached to a node, and which no longer. Pure. Kubernetes documentation of
// VolumeAttachment and of CSIDriver.spec.attachRequired.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/storage_k8s_io_v1.h"
#include "controller/common/pods.h"

namespace controller::attachdetach {

using api::core_v1::Node;
using api::core_v1::PersistentVolume;
using api::core_v1::PersistentVolumeClaim;
using api::core_v1::Pod;
using api::storage_k8s_io_v1::CSIDriver;
using api::storage_k8s_io_v1::VolumeAttachment;
using AttachmentPointer = std::shared_ptr<const VolumeAttachment>;

// What the pods of one node want attached there.
struct Wanted {
  std::shared_ptr<const PersistentVolume> volume;
  std::vector<PodPointer> pods;
};
using WantedByName = std::map<std::string, Wanted>;  // by the name of the VolumeAttachment

struct Lookups {
  std::function<std::shared_ptr<const PersistentVolumeClaim>(const std::string& namespace_, const std::string& name)>
      claim;
  std::function<std::shared_ptr<const PersistentVolume>(const std::string& name)> volume;
  std::function<std::shared_ptr<const CSIDriver>(const std::string& name)> driver;
};
WantedByName wanted_on(const std::string& node, const std::vector<PodPointer>& pods, const Lookups& lookups);

struct Snapshot {
  std::string node_name;
  std::shared_ptr<const Node> node;  // null: it is gone
  WantedByName wanted;
  std::vector<AttachmentPointer> attachments;  // of this node
  // Of the volume, to whichever node.
  std::function<std::vector<AttachmentPointer>(const std::string& volume)> attachments_of;
  // Whether the volume has not been let go for so long that a node which is not healthy is not waited for any more.
  std::function<bool(const std::string& attachment)> waited_long_enough;
};

struct Refused {
  std::vector<PodPointer> pods;
  std::string message;
};

struct Plan {
  std::vector<VolumeAttachment> attach;
  std::vector<Refused> refused;  // in use elsewhere, and for one node only
  std::vector<AttachmentPointer> detach;
  std::vector<AttachmentPointer> in_use;                       // unwanted, but still mounted
  std::vector<api::core_v1::AttachedVolume> volumes_attached;  // for the node's status, in order of their names
};
Plan plan(const Snapshot& snapshot);

// The driver's name for the volume, as node statuses write it.
std::string unique_name(const PersistentVolume& volume);

}  // namespace controller::attachdetach
