#include "kubelet/csi/csi_volumes.h"

#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "base/strings.h"
#include "kubelet/csi/turn.h"
#include "kubelet/volume/mount.h"
#include "volume/names.h"

namespace kubelet {
namespace {

constexpr int64_t kTokenSeconds = 3600;

base::Error told(std::string_view step, const std::string& volume, const base::Error& error) {
  if (error.code() == base::Code::Closed) return error;
  return base::Error(error.code(), base::cat({"MountVolume.", step, " failed for volume ", base::quote(volume), " : ",
                                              error.message()}));
}

std::optional<int64_t> group_of(const core::Pod& pod) {
  if (!pod.spec.security_context) return {};
  return pod.spec.security_context->fs_group;
}

std::string name_of(const CsiRecord& record) {
  return volume::unique_name(record.driver, record.handle);
}

// Which of the volumes said to be in use are staged or published here.
std::vector<std::string> still_here(const CsiDisk& disk, const std::vector<std::string>& names) {
  std::set<std::string> staged;
  for (auto& record : disk.staged()) staged.insert(name_of(record));
  std::vector<std::string> out;
  for (auto& name : names) {
    size_t at = name.find('^');
    constexpr std::string_view kPrefix = "kubernetes.io/csi/";
    if (at == std::string::npos || !name.starts_with(kPrefix)) continue;
    CsiRecord record{.driver = name.substr(kPrefix.size(), at - kPrefix.size()), .handle = name.substr(at + 1)};
    if (staged.contains(name) || disk.is_published(record)) out.push_back(name);
  }
  return out;
}

}  // namespace

CsiVolumes::CsiVolumes(std::string root, std::string node_name, client::Client client, Api& api, CsiDrivers& drivers,
                       io::Pool& pool)
    : disk_(std::move(root)),
      node_name_(std::move(node_name)),
      client_(std::move(client)),
      api_(api),
      drivers_(drivers),
      pool_(pool) {}

void CsiVolumes::node_changed(const core::Node& node) {
  std::set<std::string> attached;
  for (auto& one : node.status.volumes_attached) attached.insert(one.name);
  if (attached == attached_) return;
  attached_ = std::move(attached);
  changed_();
}

base::Result<std::shared_ptr<CsiDriver>> CsiVolumes::driver(const std::string& name) const {
  auto found = drivers_.find(name);
  if (found == nullptr)
    return base::fail(base::Code::Unavailable,
                      "driver name " + name + " not found in the list of registered CSI drivers");
  return found;
}

io::Task<void> CsiVolumes::adopt() {
  auto node = co_await client_.get<core::Node>("", node_name_);
  if (!node) co_return;
  auto& said = node->status.volumes_in_use;
  auto kept = co_await pool_.run([disk = disk_, said] { return still_here(disk, said); });
  in_use_.insert(kept.begin(), kept.end());
  // The rest was let go by a kubelet that could not say so any more.
  if (kept.size() != said.size()) (void)co_await write_in_use();
}

io::Task<base::Result<void>> CsiVolumes::set_in_use(std::string name, bool in_use) {
  if (in_use_.contains(name) == in_use) co_return {};
  if (in_use) {
    in_use_.insert(name);
  } else {
    in_use_.erase(name);
  }
  auto written = co_await write_in_use();
  // What was not told is told with the next one.
  if (!written && in_use) in_use_.erase(name);
  if (!written && !in_use) in_use_.insert(name);
  co_return written;
}

io::Task<base::Result<void>> CsiVolumes::write_in_use() {
  std::string patch = R"({"status":{"volumesInUse":)";
  std::string_view before = "[";
  for (auto& name : in_use_) {
    patch += before;
    base::append_json_string(patch, name);
    before = ",";
  }
  patch += in_use_.empty() ? "null}}" : "]}}";
  CO_TRY(co_await client_.patch<core::Node>("", node_name_, client::PatchType::Merge, std::move(patch), "status"));
  co_return {};
}

io::Task<bool> CsiVolumes::republishes(std::string driver) {
  if (drivers_.find(driver) == nullptr) co_return false;
  auto object = co_await drivers_.object(driver);
  co_return object && *object != nullptr && (*object)->spec.requires_republish.value_or(false);
}

io::Task<base::Result<std::string>> CsiVolumes::set_up(core::Pod pod, CsiSource source) {
  Turn turn(busy_);
  co_await turn.take(volume::unique_name(source.driver, source.handle));
  co_return co_await set_up_in_turn(std::move(pod), std::move(source));
}

io::Task<base::Result<std::string>> CsiVolumes::set_up_in_turn(core::Pod pod, CsiSource source) {
  auto found = driver(source.driver);
  if (!found)
    co_return base::fail(told(source.ephemeral ? "SetUp" : "MountDevice",
                              source.ephemeral ? source.name : source.volume,
                              found.error().with_context("kubernetes.io/csi")));
  auto driver = *found;
  auto capability = capability_for(*driver, source, pod);
  CsiRecord record = record_of(source, pod.metadata.uid, node_name_);
  CO_TRY(co_await pool_.run([disk = disk_, record] { return disk.add_published(record); }));
  TextMap publish_context;
  if (!source.ephemeral) {
    auto context = co_await attached(source);
    if (!context) co_return base::fail(told("WaitForAttach", source.volume, context.error()));
    publish_context = std::move(*context);
    if (driver->can(CsiDriver::Rpc::StageUnstageVolume)) {
      auto staged = co_await stage(driver, source, record, capability, publish_context);
      if (!staged) co_return base::fail(told("MountDevice", source.volume, staged.error()));
    }
  }
  auto published = co_await publish(driver, pod, source, record, capability, std::move(publish_context));
  if (!published)
    co_return base::fail(told("SetUp", source.ephemeral ? source.name : source.volume, published.error()));
  published_[disk_.target(record)] = record;
  if (!driver->can(CsiDriver::Rpc::VolumeMountGroup)) CO_TRY(co_await give_to_group(pod, source, disk_.target(record)));
  if (!source.ephemeral) CO_TRY(co_await expand(driver, pod, source, record, capability));
  co_return disk_.target(record);
}

csi::VolumeCapability CsiVolumes::capability_for(const CsiDriver& driver, const CsiSource& source,
                                                 const core::Pod& pod) {
  bool gives_group = driver.can(CsiDriver::Rpc::VolumeMountGroup);
  return capability_of(source, driver.can(CsiDriver::Rpc::SingleNodeMultiWriter),
                       gives_group ? group_of(pod) : std::nullopt);
}

// What the driver's attacher said, once the volume is attached to this node; empty when it need not be.
io::Task<base::Result<TextMap>> CsiVolumes::attached(CsiSource source) {
  CO_TRY(auto object, co_await drivers_.object(source.driver));
  if (object != nullptr && !object->spec.attach_required.value_or(true)) co_return TextMap();
  std::string name = volume::unique_name(source.driver, source.handle);
  // Said before it is used, so that nobody detaches it meanwhile.
  CO_TRY(co_await set_in_use(name, true));
  if (!attached_.contains(name)) {
    bool counts = object != nullptr && object->spec.node_allocatable_update_period_seconds;
    co_return base::fail(co_await why_not_attached(source, counts));
  }
  auto attachment = co_await client_.get<api::storage_k8s_io_v1::VolumeAttachment>(
      "", volume::attachment_name(source.driver, source.handle, node_name_));
  if (!attachment) co_return base::fail(attachment.error());
  if (!attachment->status.attached) co_return base::fail(base::Code::Closed, "volume is not attached yet");
  co_return attachment->status.attachment_metadata;
}

// A driver whose count of volumes may change tells by this code that it was wrong. Kubernetes documentation,
// "Node-specific Volume Limits", "Mutable CSI Node Allocatable Count".
io::Task<base::Error> CsiVolumes::why_not_attached(CsiSource source, bool counts_volumes) {
  base::Error not_yet(base::Code::Closed, "volume is not attached yet");
  if (!counts_volumes) co_return not_yet;
  auto attachment = co_await client_.get<api::storage_k8s_io_v1::VolumeAttachment>(
      "", volume::attachment_name(source.driver, source.handle, node_name_));
  if (!attachment || !attachment->status.attach_error) co_return not_yet;
  const auto& error = *attachment->status.attach_error;
  if (error.error_code != static_cast<int32_t>(io::GrpcCode::ResourceExhausted)) co_return not_yet;
  co_await drivers_.count_anew(source.driver);
  co_return base::Error(base::Code::TooLarge, error.message);
}

io::Task<base::Result<TextMap>> CsiVolumes::secret(std::pair<std::string, std::string> place) {
  if (place.second.empty()) co_return TextMap();
  CO_TRY(auto object, co_await api_.secret(place.first, place.second));
  if (object == nullptr)
    co_return base::fail(base::Code::NotFound,
                         base::cat({"failed to find the secret ", place.second, " in the namespace ", place.first}));
  co_return TextMap(object->data.begin(), object->data.end());
}

io::Task<base::Result<void>> CsiVolumes::stage(std::shared_ptr<CsiDriver> driver, CsiSource source, CsiRecord record,
                                               csi::VolumeCapability capability, TextMap publish_context) {
  if (staged_.contains(name_of(record))) co_return {};
  CO_TRY(auto secrets, co_await secret(source.stage_secret));
  CO_TRY(co_await pool_.run([disk = disk_, record] { return disk.add_staged(record); }));
  csi::NodeStageVolumeRequest request;
  request.volume_id = source.handle;
  request.publish_context = std::move(publish_context);
  request.staging_target_path = disk_.staging(record);
  request.volume_capability = std::move(capability);
  request.secrets = std::move(secrets);
  request.volume_context = source.attributes;
  CO_TRY(co_await driver->call<csi::NodeStageVolumeResponse>(csi::node::kNodeStageVolume, std::move(request)));
  staged_.insert(name_of(record));
  co_return {};
}

io::Task<base::Result<void>> CsiVolumes::publish(std::shared_ptr<CsiDriver> driver, core::Pod pod, CsiSource source,
                                                 CsiRecord record, csi::VolumeCapability capability,
                                                 TextMap publish_context) {
  csi::NodePublishVolumeRequest request;
  request.volume_id = source.handle;
  request.publish_context = std::move(publish_context);
  if (!source.ephemeral && driver->can(CsiDriver::Rpc::StageUnstageVolume))
    request.staging_target_path = disk_.staging(record);
  request.target_path = disk_.target(record);
  request.volume_capability = std::move(capability);
  request.readonly = source.read_only;
  request.volume_context = source.attributes;
  CO_TRY(request.secrets, co_await secret(source.publish_secret));
  CO_TRY(co_await add_pod_context(pod, source, request));
  CO_TRY(co_await driver->call<csi::NodePublishVolumeResponse>(csi::node::kNodePublishVolume, std::move(request)));
  co_return {};
}

// What the driver's object asks to be told of the pod.
io::Task<base::Result<void>> CsiVolumes::add_pod_context(core::Pod pod, CsiSource source,
                                                         csi::NodePublishVolumeRequest& request) {
  CO_TRY(auto object, co_await drivers_.object(source.driver));
  if (source.ephemeral) {
    bool allowed =
        object != nullptr && std::ranges::find(object->spec.volume_lifecycle_modes, std::string_view("Ephemeral")) !=
                                 object->spec.volume_lifecycle_modes.end();
    if (!allowed)
      co_return base::fail(
          base::Code::Invalid,
          base::cat({"kubernetes.io/csi: mounter.SetupAt failed to check volume lifecycle mode: volume "
                     "mode \"Ephemeral\" not supported by driver ",
                     source.driver, " (only supports [\"Persistent\"])"}));
  }
  if (object == nullptr) co_return {};
  if (object->spec.pod_info_on_mount.value_or(false)) request.volume_context.merge(pod_info(pod, source.ephemeral));
  std::vector<AudienceToken> tokens;
  for (auto& wanted : object->spec.token_requests) {
    CO_TRY(auto token, co_await token(pod, wanted.audience, wanted.expiration_seconds.value_or(kTokenSeconds)));
    tokens.push_back({wanted.audience, std::move(token)});
  }
  if (tokens.empty()) co_return {};
  bool hidden = object->spec.service_account_token_in_secrets.value_or(false);
  (hidden ? request.secrets : request.volume_context)["csi.storage.k8s.io/serviceAccount.tokens"] = tokens_json(tokens);
  co_return {};
}

io::Task<base::Result<void>> CsiVolumes::give_to_group(core::Pod pod, CsiSource source, std::string path) {
  auto group = group_of(pod);
  if (!group) co_return {};
  CO_TRY(auto object, co_await drivers_.object(source.driver));
  if (!sets_group(source, object.get())) co_return {};
  bool only_if_root_differs = pod.spec.security_context->fs_group_change_policy == "OnRootMismatch";
  auto set = co_await pool_.run(
      [path, group = *group, only_if_root_differs] { return set_group(path, group, false, only_if_root_differs); });
  if (!set) co_return base::fail(told("SetUp", source.volume, set.error().with_context("applyFSGroup failed")));
  co_return {};
}

io::Task<base::Result<void>> CsiVolumes::tear_down(std::string uid) {
  auto records = co_await pool_.run([disk = disk_, uid] { return disk.published(uid); });
  for (auto& record : records) {
    Turn turn(busy_);
    co_await turn.take(name_of(record));
    CO_TRY(co_await unpublish(record));
    if (!record.ephemeral) CO_TRY(co_await unstage(record));
  }
  std::erase_if(tokens_, [&](auto& one) { return std::get<0>(one.first) == uid; });
  co_return {};
}

io::Task<base::Result<void>> CsiVolumes::unpublish(CsiRecord record) {
  CO_TRY(auto driver, driver(record.driver));
  published_.erase(disk_.target(record));
  usage_.forget(disk_.target(record));
  csi::NodeUnpublishVolumeRequest request;
  request.volume_id = record.handle;
  request.target_path = disk_.target(record);
  auto done =
      co_await driver->call<csi::NodeUnpublishVolumeResponse>(csi::node::kNodeUnpublishVolume, std::move(request));
  if (!done)
    co_return base::fail(done.error().with_context(
        base::cat({"UnmountVolume.TearDown failed for volume ", base::quote(record.volume)})));
  co_return co_await pool_.run([disk = disk_, record] { return disk.remove_published(record); });
}

// Once no pod here has it any more.
io::Task<base::Result<void>> CsiVolumes::unstage(CsiRecord record) {
  if (co_await pool_.run([disk = disk_, record] { return disk.is_published(record); })) co_return {};
  CO_TRY(auto driver, driver(record.driver));
  if (driver->can(CsiDriver::Rpc::StageUnstageVolume)) {
    staged_.erase(name_of(record));
    csi::NodeUnstageVolumeRequest request;
    request.volume_id = record.handle;
    request.staging_target_path = disk_.staging(record);
    auto done =
        co_await driver->call<csi::NodeUnstageVolumeResponse>(csi::node::kNodeUnstageVolume, std::move(request));
    if (!done)
      co_return base::fail(
          done.error().with_context(base::cat({"UnmountDevice failed for volume ", base::quote(record.volume)})));
    CO_TRY(co_await pool_.run([disk = disk_, record] { return disk.remove_staged(record); }));
  }
  co_return co_await set_in_use(name_of(record), false);
}

io::Task<void> CsiVolumes::sweep(std::string driver) {
  auto staged = co_await pool_.run([disk = disk_] { return disk.staged(); });
  for (auto& record : staged) {
    if (record.driver != driver) continue;
    Turn turn(busy_);
    co_await turn.take(name_of(record));
    if (auto done = co_await unstage(record); !done)
      LOG_WARNING("A volume that no pod uses cannot be unstaged", {"volume", record.volume},
                  {"error", done.error().message()});
  }
}

}  // namespace kubelet
