#include "scheduler/plugin/dynamic_resources/binder.h"

#include <algorithm>

#include "base/json.h"
#include "base/log.h"
#include "base/strings.h"
#include "device/names.h"
#include "io/loop.h"

namespace scheduler::dynamic_resources {
namespace {

namespace core = api::core_v1;

constexpr int kAttempts = 5;

std::string reference(const Devices::Claim& claim) {
  return base::cat({claim.metadata.namespace_, "/", claim.metadata.name});
}

void complain(std::string_view what, const std::string& claim, const base::Error& error) {
  if (error.code() == base::Code::NotFound) return;
  LOG_WARNING("A claim of devices could not be changed", {"what", what}, {"claim", claim}, {"err", error.message()});
}

}  // namespace

io::Task<base::Result<Devices::Claim>> Binder::bind(Claim claim, std::shared_ptr<const Devices::Allocation> allocation,
                                                    core::Pod pod) {
  for (int attempt = 0;; ++attempt) {
    if (attempt > 0) {
      auto fresh = co_await client_.get<Claim>(claim.metadata.namespace_, claim.metadata.name);
      if (!fresh)
        co_return base::fail(
            fresh.error().with_context(base::cat({"get updated claim ", reference(claim), " after conflict"})));
      claim = std::move(*fresh);
    }
    if (!claim.metadata.deletion_timestamp.is_zero())
      co_return base::fail(base::Code::Conflict,
                           base::cat({"claim ", reference(claim), " got deleted in the meantime"}));
    if (device::is_reserved_for(claim, pod.metadata.uid)) co_return claim;
    std::string what = "add reservation to claim ";
    if (allocation != nullptr) {
      if (claim.status.allocation)
        co_return base::fail(base::Code::Conflict,
                             base::cat({"claim ", reference(claim), " got allocated elsewhere in the meantime"}));
      if (!device::has_finalizer(claim)) {
        claim.metadata.finalizers.emplace_back(device::kFinalizer);
        auto updated = co_await client_.update(claim);
        if (!updated && updated.error().code() == base::Code::Conflict && attempt < kAttempts) continue;
        if (!updated)
          co_return base::fail(updated.error().with_context(base::cat({"add finalizer to claim ", reference(claim)})));
        claim = std::move(*updated);
      }
      claim.status.allocation = *allocation;
      what = "add allocation and reservation to claim ";
    }
    claim.status.reserved_for.push_back(device::reference_to(pod));
    if (claim.status.allocation && claim.status.allocation->allocation_timestamp.is_zero() && allocation != nullptr)
      claim.status.allocation->allocation_timestamp = base::Time::from_ns(clock_.wall_ns()).truncated_to_seconds();
    auto updated = co_await client_.update_status(claim);
    if (updated) co_return std::move(*updated);
    if (updated.error().code() == base::Code::Conflict && attempt < kAttempts) continue;
    co_return base::fail(updated.error().with_context(what + reference(claim)));
  }
}

io::Task<base::Result<Devices::Claim>> Binder::create(Claim claim) {
  std::string namespace_ = claim.metadata.namespace_;
  auto made = co_await client_.create(std::move(claim));
  if (!made)
    co_return base::fail(
        made.error().with_context(base::cat({"create claim for extended resources ", namespace_, "/"})));
  co_return made;
}

io::Task<base::Result<void>> Binder::tell(core::Pod pod, Claim claim,
                                          std::vector<core::ContainerExtendedResourceRequest> mappings) {
  std::string patch = R"({"status":{"extendedResourceClaimStatus":{"requestMappings":[)";
  for (const auto& one : mappings) {
    if (patch.back() != '[') patch += ',';
    patch += R"({"containerName":)";
    base::append_json_string(patch, one.container_name);
    patch += R"(,"resourceName":)";
    base::append_json_string(patch, one.resource_name);
    patch += R"(,"requestName":)";
    base::append_json_string(patch, one.request_name);
    patch += '}';
  }
  patch += R"(],"resourceClaimName":)";
  base::append_json_string(patch, claim.metadata.name);
  patch += "}}}";
  auto patched = co_await client_.patch<core::Pod>(pod.metadata.namespace_, pod.metadata.name,
                                                   client::PatchType::Strategic, std::move(patch), "status");
  if (!patched)
    co_return base::fail(patched.error().with_context(
        base::cat({"update pod ", pod.metadata.namespace_, "/", pod.metadata.name, " ExtendedResourceClaimStatus"})));
  co_return {};
}

io::Task<base::Result<void>> Binder::wait_ready(std::vector<client::Key> claims) {
  int64_t until = clock_.monotonic_ns() + ready_within_.count();
  for (;;) {
    bool all = true;
    for (const auto& key : claims) {
      auto claim = devices_.claim(key.namespace_, key.name);
      if (claim == nullptr) {
        all = false;
        continue;
      }
      auto now = base::Time::from_ns(clock_.wall_ns());
      if (auto why = binding_failure(*claim, now, ready_within_)) co_return base::fail(base::Code::Conflict, *why);
      all = all && is_ready(*claim);  // also seen by the cache
    }
    if (all) co_return {};
    int64_t left = until - clock_.monotonic_ns();
    if (left <= 0) co_return base::fail(base::Code::Timeout, "device binding timeout");
    (void)co_await io::with_timeout(io::Duration(left), devices_.wait_change());
  }
}

io::Task<void> Binder::unreserve(client::Key claim, std::string claim_uid, std::string pod_uid) {
  std::string patch = base::cat({R"({"metadata":{"uid":")", claim_uid,
                                 R"("},"status":{"reservedFor":[{"$patch":"delete","uid":")", pod_uid, R"("}]}})"});
  auto patched = co_await client_.patch<Claim>(claim.namespace_, claim.name, client::PatchType::Strategic,
                                               std::move(patch), "status");
  if (!patched) complain("unreserve", claim.text(), patched.error());
}

io::Task<void> Binder::remove(Claim claim) {
  std::string name = reference(claim);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto fresh = co_await client_.get<Claim>(claim.metadata.namespace_, claim.metadata.name);
    if (!fresh || fresh->metadata.uid != claim.metadata.uid) co_return;
    if (device::has_finalizer(*fresh)) {
      std::erase(fresh->metadata.finalizers, device::kFinalizer);
      auto updated = co_await client_.update(std::move(*fresh));
      if (!updated && updated.error().code() == base::Code::Conflict) continue;
    }
    break;
  }
  client::DeleteOptions options;
  options.uid = claim.metadata.uid;
  auto removed = co_await client_.remove<Claim>(claim.metadata.namespace_, claim.metadata.name, std::move(options));
  if (!removed) complain("delete", name, removed.error());
}

io::Task<void> Binder::deallocate(Claim claim) {
  claim.status.reserved_for.clear();
  claim.status.allocation.reset();
  std::string name = reference(claim);
  auto updated = co_await client_.update_status(std::move(claim));
  if (!updated) complain("deallocate", name, updated.error());
}

}  // namespace scheduler::dynamic_resources
