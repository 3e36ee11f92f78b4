#include "controller/device_taint_eviction/device_taint_eviction.h"

#include <algorithm>

#include "base/strings.h"
#include "client/events.h"
#include "client/queue.h"
#include "controller/common/disrupt.h"
#include "controller/common/ownership.h"
#include "controller/common/pods.h"
#include "device/names.h"

namespace controller {

using api::core_v1::Pod;
using api::resource_k8s_io_v1::DeviceTaint;
using api::resource_k8s_io_v1::DeviceToleration;
using api::resource_k8s_io_v1::ResourceClaim;
using api::resource_k8s_io_v1::ResourceSlice;
using base::Result;
using client::Key;

std::optional<base::Time> device_eviction_time(const std::vector<DeviceTaint>& taints,
                                               const std::vector<DeviceToleration>& tolerations, base::Time now) {
  std::optional<base::Time> leave;
  for (const auto& taint : taints) {
    if (taint.effect != "NoExecute") continue;
    // The least patient of the tolerations that match; one without seconds is for ever.
    bool tolerated = false;
    std::optional<int64_t> seconds;
    for (const auto& toleration : tolerations) {
      if (!device::tolerates(toleration, taint)) continue;
      tolerated = true;
      if (!toleration.toleration_seconds) continue;
      int64_t patience = std::max<int64_t>(0, *toleration.toleration_seconds);
      if (!seconds || patience < *seconds) seconds = patience;
    }
    if (tolerated && !seconds) continue;
    base::Time since = taint.time_added.is_zero() ? now : taint.time_added;
    base::Time until{since.seconds + seconds.value_or(0), since.nanos};
    if (!leave || until < *leave) leave = until;
  }
  return leave;
}

namespace {

std::string pool_key(const std::string& driver, const std::string& pool) {
  return base::cat({driver, "/", pool});
}

class DeviceTaintEviction final : public Controller {
 public:
  explicit DeviceTaintEviction(Context& context)
      : context_(context),
        pods_(context.caches.of<Pod>()),
        claims_(context.caches.indexed<ResourceClaim>("pool", pools_of)),
        slices_(context.caches.indexed<ResourceSlice>("pool", pool_of)),
        queue_(context.random),
        events_(context.client, context.clock, context.random, "device-taint-eviction") {
    context.caches.indexed<ResourceClaim>("user", users_of);
    claims_.add_listener([this](const Key&, const ResourceClaim* before, const ResourceClaim* now) {
      if (now != nullptr && (before == nullptr || !(before->status == now->status))) look_at_users(*now);
    });
    slices_.add_listener([this](const Key&, const ResourceSlice* before, const ResourceSlice* now) {
      if (now == nullptr || (!has_no_execute(*now) && (before == nullptr || !has_no_execute(*before)))) return;
      for (auto& claim : claims_.by_index("pool", pool_key(now->spec.driver, now->spec.pool.name)))
        look_at_users(*claim);
    });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(events_.run());
    co_await pods_.wait_synced();
    co_await claims_.wait_synced();
    co_await slices_.wait_synced();
    co_await client::run_workers("device_taint_eviction", queue_, context_.options.workers,
                                 [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  static std::vector<std::string> pools_of(const ResourceClaim& claim) {
    std::vector<std::string> out;
    if (!claim.status.allocation) return out;
    for (const auto& one : claim.status.allocation->devices.results) {
      auto key = pool_key(one.driver, one.pool);
      if (std::ranges::find(out, key) == out.end()) out.push_back(std::move(key));
    }
    return out;
  }
  static std::vector<std::string> pool_of(const ResourceSlice& slice) {
    return {pool_key(slice.spec.driver, slice.spec.pool.name)};
  }
  static std::vector<std::string> users_of(const ResourceClaim& claim) {
    std::vector<std::string> out;
    for (const auto& one : claim.status.reserved_for) out.push_back(one.uid);
    return out;
  }
  static bool has_no_execute(const ResourceSlice& slice) {
    return std::ranges::any_of(slice.spec.devices, [](auto& device) {
      return std::ranges::any_of(device.taints, [](auto& taint) { return taint.effect == "NoExecute"; });
    });
  }

  void look_at_users(const ResourceClaim& claim) {
    for (const auto& one : claim.status.reserved_for)
      if (one.resource == "pods") queue_.add({claim.metadata.namespace_, one.name});
  }

  // The taints of a device, as the newest generation of its pool has them.
  std::vector<DeviceTaint> taints_of(const std::string& driver, const std::string& pool,
                                     const std::string& name) const {
    std::vector<DeviceTaint> out;
    int64_t newest = -1;
    for (auto& slice : slices_.by_index("pool", pool_key(driver, pool))) {
      if (slice->spec.pool.generation < newest) continue;
      if (slice->spec.pool.generation > newest) out.clear();
      newest = slice->spec.pool.generation;
      for (const auto& device : slice->spec.devices)
        if (device.name == name) out = device.taints;
    }
    return out;
  }

  std::optional<base::Time> leave_at(const Pod& pod) const {
    std::optional<base::Time> leave;
    for (auto& claim : claims_.by_index("user", pod.metadata.uid)) {
      if (claim->metadata.namespace_ != pod.metadata.namespace_ || !claim->status.allocation) continue;
      for (const auto& one : claim->status.allocation->devices.results) {
        auto until = device_eviction_time(taints_of(one.driver, one.pool, one.device), one.tolerations, context_.now());
        if (until && (!leave || *until < *leave)) leave = until;
      }
    }
    return leave;
  }

  io::Task<Result<void>> reconcile(Key key) {
    auto pod = pods_.get(key);
    if (!pod || is_being_deleted(pod->metadata) || is_terminal(*pod)) co_return {};
    auto leave = leave_at(*pod);
    if (!leave) co_return {};
    if (*leave > context_.now()) {
      queue_.add_after(key, io::Duration(leave->to_ns() - context_.clock.wall_ns()));
      co_return {};
    }
    events_.record(client::EventRecorder::reference(*pod), client::EventType::Normal, "DeviceTaintManagerEviction",
                   "Marking for deletion");
    co_return co_await disrupt(context_.client, *pod, "DeletionByDeviceTaintManager",
                               "Device Taint manager: deleting due to NoExecute taint", context_.now());
  }

  Context& context_;
  client::Cache<Pod>& pods_;
  client::Cache<ResourceClaim>& claims_;
  client::Cache<ResourceSlice>& slices_;
  client::Queue queue_;
  client::EventRecorder events_;
};

}  // namespace

std::unique_ptr<Controller> make_device_taint_eviction_controller(Context& context) {
  return std::make_unique<DeviceTaintEviction>(context);
}

}  // namespace controller
