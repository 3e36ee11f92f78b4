// What a driver is told of a volume and the pod it is for. Pure. The CSI specification, and Kubernetes' documentation
// of CSIDriver.
#pragma once

#include <optional>
#include <string>

#include "api/storage_k8s_io_v1.h"
#include "kubelet/api.h"
#include "kubelet/csi/driver.h"
#include "kubelet/csi/record.h"
#include "kubelet/csi/text_map.h"
#include "kubelet/pods/pod.h"

namespace kubelet {

using CsiDriverObject = ::api::storage_k8s_io_v1::CSIDriver;

// One volume of a pod that a driver is to provide: of a claim, or written in the pod.
struct CsiSource {
  std::string driver;
  std::string handle;
  std::string volume;  // as CsiRecord::volume
  std::string name;    // the pod's name for it
  bool ephemeral = false;
  bool read_only = false;
  bool block = false;
  std::string fs_type;
  std::vector<std::string> access_modes;
  std::vector<std::string> mount_options;
  TextMap attributes;
  // Where secrets are: namespace and name; "" none.
  std::pair<std::string, std::string> stage_secret;
  std::pair<std::string, std::string> publish_secret;
  std::pair<std::string, std::string> expand_secret;
};
// Nothing if no driver provides the volume. `persistent` is what its claim is bound to; null without a claim.
std::optional<CsiSource> csi_source(const core::Pod& pod, const core::Volume& volume,
                                    const core::PersistentVolume* persistent);

CsiRecord record_of(const CsiSource& source, const std::string& uid, const std::string& node);

// `group`: given to a driver that makes the files the group's itself.
csi::VolumeCapability capability_of(const CsiSource& source, bool driver_tells_writers_apart,
                                    std::optional<int64_t> group);

// What CSIDriver.spec.podInfoOnMount adds to the volume's attributes.
TextMap pod_info(const core::Pod& pod, bool ephemeral);

struct AudienceToken {
  std::string audience;
  IssuedToken token;
};
// The value of csi.storage.k8s.io/serviceAccount.tokens.
std::string tokens_json(const std::vector<AudienceToken>& tokens);

// Whether the kubelet makes the volume's files the pod's group's, by CSIDriver.spec.fsGroupPolicy.
bool sets_group(const CsiSource& source, const CsiDriverObject* driver);

}  // namespace kubelet
