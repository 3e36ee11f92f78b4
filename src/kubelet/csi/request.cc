#include "kubelet/csi/request.h"

#include <algorithm>

#include "base/json.h"
#include "base/strings.h"
#include "base/time.h"
#include "volume/names.h"

namespace kubelet {
namespace {

using Mode = csi::AccessMode::Mode;

Mode mode_of(const CsiSource& source, bool tells_writers_apart) {
  std::string mode = source.access_modes.empty() ? "ReadWriteOnce" : source.access_modes.front();
  if (mode == "ReadOnlyMany") return Mode::MultiNodeReaderOnly;
  if (mode == "ReadWriteMany") return Mode::MultiNodeMultiWriter;
  if (!tells_writers_apart || source.ephemeral) return Mode::SingleNodeWriter;
  return mode == "ReadWriteOncePod" ? Mode::SingleNodeSingleWriter : Mode::SingleNodeMultiWriter;
}

template <class Reference>
std::pair<std::string, std::string> place_of(const schema::Box<Reference>& secret) {
  if (!secret) return {};
  return {secret->namespace_, secret->name};
}

}  // namespace

std::optional<CsiSource> csi_source(const core::Pod& pod, const core::Volume& volume,
                                    const core::PersistentVolume* persistent) {
  CsiSource out;
  out.name = volume.name;
  if (volume.csi) {
    auto& csi = *volume.csi;
    out.driver = csi.driver;
    out.handle = "csi-" + volume::sha256_hex(pod.metadata.uid + volume.name);
    out.volume = volume.name;
    out.ephemeral = true;
    out.read_only = csi.read_only.value_or(false);
    out.fs_type = csi.fs_type.value_or("");
    out.attributes = csi.volume_attributes;
    if (csi.node_publish_secret_ref) out.publish_secret = {pod.metadata.namespace_, csi.node_publish_secret_ref->name};
    return out;
  }
  if (persistent == nullptr || !persistent->spec.csi) return {};
  auto& csi = *persistent->spec.csi;
  out.driver = csi.driver;
  out.handle = csi.volume_handle;
  out.volume = persistent->metadata.name;
  out.read_only = csi.read_only || (volume.persistent_volume_claim && volume.persistent_volume_claim->read_only);
  out.block = persistent->spec.volume_mode == "Block";
  out.fs_type = csi.fs_type;
  out.access_modes = persistent->spec.access_modes;
  out.mount_options = persistent->spec.mount_options;
  out.attributes = csi.volume_attributes;
  out.stage_secret = place_of(csi.node_stage_secret_ref);
  out.publish_secret = place_of(csi.node_publish_secret_ref);
  out.expand_secret = place_of(csi.node_expand_secret_ref);
  return out;
}

CsiRecord record_of(const CsiSource& source, const std::string& uid, const std::string& node) {
  return {.driver = source.driver,
          .handle = source.handle,
          .volume = source.volume,
          .uid = uid,
          .node = node,
          .block = source.block,
          .ephemeral = source.ephemeral};
}

csi::VolumeCapability capability_of(const CsiSource& source, bool driver_tells_writers_apart,
                                    std::optional<int64_t> group) {
  csi::VolumeCapability out;
  out.access_mode.emplace().mode = mode_of(source, driver_tells_writers_apart);
  if (source.block) {
    out.block.emplace();
    return out;
  }
  auto& mount = out.mount.emplace();
  mount.fs_type = source.fs_type;
  mount.mount_flags = source.mount_options;
  if (group) mount.volume_mount_group = std::to_string(*group);
  return out;
}

TextMap pod_info(const core::Pod& pod, bool ephemeral) {
  return {{"csi.storage.k8s.io/pod.name", pod.metadata.name},
          {"csi.storage.k8s.io/pod.namespace", pod.metadata.namespace_},
          {"csi.storage.k8s.io/pod.uid", pod.metadata.uid},
          {"csi.storage.k8s.io/serviceAccount.name", pod.spec.service_account_name},
          {"csi.storage.k8s.io/ephemeral", ephemeral ? "true" : "false"}};
}

std::string tokens_json(const std::vector<AudienceToken>& tokens) {
  std::string out = "{";
  for (auto& one : tokens) {
    if (out.size() > 1) out += ",";
    base::append_json_string(out, one.audience);
    out += R"(:{"token":)";
    base::append_json_string(out, one.token.token);
    out += R"(,"expirationTimestamp":)";
    base::append_json_string(out,
                             base::format_rfc3339(base::Time::from_ns(one.token.expires_ns).truncated_to_seconds()));
    out += "}";
  }
  return out + "}";
}

bool sets_group(const CsiSource& source, const CsiDriverObject* driver) {
  if (source.block || source.read_only) return false;
  std::string policy = "ReadWriteOnceWithFSType";
  if (driver != nullptr && driver->spec.fs_group_policy) policy = *driver->spec.fs_group_policy;
  if (policy == "File") return true;
  if (policy == "None") return false;
  // One that is written in the pod is always for one node.
  return !source.fs_type.empty() && (source.ephemeral || std::ranges::any_of(source.access_modes, [](const auto& mode) {
                                       return mode == "ReadWriteOnce" || mode == "ReadWriteOncePod";
                                     }));
}

}  // namespace kubelet
