// What the scheduler follows of devices and of claims for them, and what it has promised to claims but not yet seen in
// the API. One loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/core_v1.h"
#include "api/resource_k8s_io_v1.h"
#include "client/cache.h"
#include "scheduler/core/queue.h"

namespace scheduler {

class Devices {
 public:
  using Claim = api::resource_k8s_io_v1::ResourceClaim;
  using Class = api::resource_k8s_io_v1::DeviceClass;
  using Slice = api::resource_k8s_io_v1::ResourceSlice;
  using Allocation = api::resource_k8s_io_v1::AllocationResult;

  explicit Devices(client::Client client);
  Devices(const Devices&) = delete;

  // Told what changed, so that pods which wait for it are tried again. Before run().
  void on_change(std::function<void(Happening what)> changed) { changed_ = std::move(changed); }
  // Follows the API until cancelled.
  io::Task<void> run();
  io::Task<void> wait_synced();
  // Comes back when a claim has changed after the call.
  io::Task<void> wait_change();

  // Null if absent.
  std::shared_ptr<const Claim> claim(const std::string& namespace_, const std::string& name) const;
  // The claim that was made for the extended resources of the pod of that uid; null if there is none.
  std::shared_ptr<const Claim> extended_claim(const std::string& pod_uid) const;
  std::shared_ptr<const Class> device_class(const std::string& name) const;
  // Whose devices stand behind an extended resource; null: none do.
  std::shared_ptr<const Class> class_of_resource(const std::string& resource) const;
  // Slices of the node alone, and those that name no node but may be for it.
  std::vector<std::shared_ptr<const Slice>> slices_for(const std::string& node) const;
  std::vector<std::shared_ptr<const Slice>> slices_of_pool(const std::string& driver, const std::string& pool) const;

  // What all claims have, as far as it is known or promised.
  std::vector<std::shared_ptr<const Allocation>> allocations() const;

  // An allocation counts for the claim of that uid until it is seen in the API, or forgotten.
  void promise(const std::string& claim_uid, Allocation allocation);
  void forget(const std::string& claim_uid) { promised_.erase(claim_uid); }
  bool is_promised(const std::string& claim_uid) const { return promised_.contains(claim_uid); }

 private:
  client::Cache<Claim> claims_;
  client::Cache<Class> classes_;
  client::Cache<Slice> slices_;
  std::map<std::string, std::shared_ptr<const Allocation>> promised_;
  std::function<void(Happening)> changed_ = [](Happening) {};
  io::Event change_;
};

}  // namespace scheduler
