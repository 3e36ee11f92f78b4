// What a driver's volume gets while pods have it: it grows, is published again, is measured.
#include <algorithm>

#include "base/log.h"
#include "base/strings.h"
#include "kubelet/csi/csi_volumes.h"
#include "kubelet/csi/expansion.h"
#include "kubelet/csi/turn.h"
#include "volume/claim.h"
#include "volume/names.h"

namespace kubelet {
namespace {

constexpr int64_t kSecond = 1'000'000'000;

std::string quoted(const std::string& volume) {
  return base::cat({" for volume ", base::quote(volume)});
}

}  // namespace

io::Task<base::Result<void>> CsiVolumes::expand(std::shared_ptr<CsiDriver> driver, core::Pod pod, CsiSource source,
                                                CsiRecord record, csi::VolumeCapability capability) {
  if (source.ephemeral || source.read_only || !driver->can(CsiDriver::Rpc::ExpandVolume)) co_return {};
  CO_TRY(auto persistent, co_await client_.get<core::PersistentVolume>("", source.volume));
  if (!persistent.spec.claim_ref) co_return {};
  auto& reference = *persistent.spec.claim_ref;
  CO_TRY(auto claim, co_await client_.get<core::PersistentVolumeClaim>(reference.namespace_, reference.name));
  if (!is_to_grow(claim, persistent)) co_return {};
  if (auto begun = growing(claim); begun.status != claim.status) {
    CO_TRY(claim, co_await client_.update_status(std::move(begun)));
  }
  csi::NodeExpandVolumeRequest request;
  request.volume_id = source.handle;
  request.volume_path = disk_.target(record);
  request.capacity_range.emplace().required_bytes = volume::capacity(persistent).value();
  if (driver->can(CsiDriver::Rpc::StageUnstageVolume)) request.staging_target_path = disk_.staging(record);
  request.volume_capability = std::move(capability);
  CO_TRY(request.secrets, co_await secret(source.expand_secret));
  auto done = co_await driver->call<csi::NodeExpandVolumeResponse>(csi::node::kNodeExpandVolume, std::move(request));
  auto tell = [&](bool warning, std::string_view reason, const std::string& message) {
    api_.event(pod, warning, reason, message, "");
    api_.claim_event(claim, warning, reason, message);
  };
  if (!done) {
    auto why = base::cat({"MountVolume.NodeExpandVolume failed", quoted(source.volume), " : ", done.error().message()});
    tell(true, "VolumeResizeFailed", why);
    auto now = base::Time::from_ns(io::Loop::current().clock().wall_ns());
    auto failed = not_grown(claim, done.error().message(), is_infeasible(done.error()), now);
    if (failed.status != claim.status) CO_TRY(co_await client_.update_status(std::move(failed)));
    co_return base::fail(done.error().code(), why);
  }
  CO_TRY(co_await client_.update_status(grown(claim, volume::capacity(persistent))));
  tell(false, "FileSystemResizeSuccessful",
       base::cat({"MountVolume.NodeExpandVolume succeeded", quoted(source.volume), " ", node_name_}));
  co_return {};
}

io::Task<bool> CsiVolumes::wants_care(std::string path) {
  auto found = published_.find(path);
  if (found == published_.end()) co_return false;
  std::string name = found->second.driver;
  bool may_grow = !found->second.ephemeral;
  auto driver = drivers_.find(name);
  if (driver == nullptr) co_return false;
  co_return (may_grow && driver->can(CsiDriver::Rpc::ExpandVolume)) || co_await republishes(name);
}

io::Task<void> CsiVolumes::look_after(core::Pod pod, CsiSource source) {
  auto driver = drivers_.find(source.driver);
  if (driver == nullptr) co_return;
  bool again = co_await republishes(source.driver);
  if (!again && (source.ephemeral || !driver->can(CsiDriver::Rpc::ExpandVolume))) co_return;
  Turn turn(busy_);
  co_await turn.take(volume::unique_name(source.driver, source.handle));
  CsiRecord record = record_of(source, pod.metadata.uid, node_name_);
  // It was taken back while we waited.
  if (!published_.contains(disk_.target(record))) co_return;
  if (again) {
    if (auto done = co_await set_up_in_turn(pod, source); !done)
      LOG_WARNING("A volume cannot be published again", {"volume", source.volume}, {"error", done.error().message()});
    co_return;
  }
  if (auto done = co_await expand(driver, pod, source, record, capability_for(*driver, source, pod)); !done)
    LOG_WARNING("A volume cannot grow", {"volume", source.volume}, {"error", done.error().message()});
}

io::Task<SlowUsage::Usage> CsiVolumes::usage(std::string path) {
  auto found = published_.find(path);
  if (found == published_.end()) co_return std::nullopt;
  auto driver = drivers_.find(found->second.driver);
  if (driver == nullptr || !driver->can(CsiDriver::Rpc::GetVolumeStats)) co_return std::nullopt;
  auto record = found->second;
  co_return co_await usage_.get(path, [this, driver, record] { return ask_usage(driver, record); });
}

io::Task<SlowUsage::Usage> CsiVolumes::ask_usage(std::shared_ptr<CsiDriver> driver, CsiRecord record) {
  csi::NodeGetVolumeStatsRequest request;
  request.volume_id = record.handle;
  request.volume_path = disk_.target(record);
  if (!record.ephemeral && driver->can(CsiDriver::Rpc::StageUnstageVolume))
    request.staging_target_path = disk_.staging(record);
  auto answer =
      co_await driver->call<csi::NodeGetVolumeStatsResponse>(csi::node::kNodeGetVolumeStats, std::move(request));
  if (!answer)
    LOG_V(2, "A driver does not tell of its volume", {"volume", record.volume}, {"error", answer.error().message()});
  if (!answer || answer->usage.empty()) co_return std::nullopt;
  stats::FilesystemUsage usage;
  auto whole = [](int64_t value) { return static_cast<uint64_t>(std::max<int64_t>(value, 0)); };
  for (auto& one : answer->usage) {
    if (one.unit == csi::VolumeUsage::Unit::Bytes) {
      usage.capacity_bytes = whole(one.total);
      usage.available_bytes = whole(one.available);
      usage.used_bytes = whole(one.used);
    } else if (one.unit == csi::VolumeUsage::Unit::Inodes) {
      usage.inodes = whole(one.total);
      usage.inodes_free = whole(one.available);
      usage.inodes_used = whole(one.used);
    }
  }
  co_return usage;
}

io::Task<base::Result<IssuedToken>> CsiVolumes::token(core::Pod pod, std::string audience, int64_t seconds) {
  auto key = std::tuple(pod.metadata.uid, audience, seconds);
  int64_t now = io::Loop::current().clock().wall_ns();
  // Good for another fifth of its life, as tokens in files are renewed.
  if (auto found = tokens_.find(key); found != tokens_.end() && found->second.expires_ns - now > seconds * kSecond / 5)
    co_return found->second;
  CO_TRY(auto fresh, co_await api_.token(std::move(pod), std::move(audience), seconds));
  tokens_[key] = fresh;
  co_return fresh;
}

}  // namespace kubelet
