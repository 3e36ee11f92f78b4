// Dynamic resource allocation: classes, claims and slices of devices.

#include <algorithm>

#include "apiserver/registry/strategy/by_rules.h"
#include "apiserver/registry/strategy/special.h"
#include "apiserver/registry/validation/device.h"

namespace apiserver {
namespace {

namespace resource = api::resource_k8s_io_v1;

// Lists of attributes and what devices take of a node's own resources are alpha and not served.
class ResourceSliceStrategy final : public ByRules<resource::ResourceSlice> {
 public:
  ResourceSliceStrategy()
      : ByRules({.traits = {.returns_deleted_object = true, .generation = GenerationRule::OnSpec},
                 .validate = validate_resource_slice}) {}

 protected:
  void born(const Situation&, resource::ResourceSlice& next) const override { drop_alpha(next); }
  void changed(const Situation&, resource::ResourceSlice& next, const resource::ResourceSlice&) const override {
    drop_alpha(next);
  }

 private:
  static void drop_alpha(resource::ResourceSlice& slice) {
    for (auto& device : slice.spec.devices) {
      device.node_allocatable_resource_mappings.clear();
      for (auto& [name, attribute] : device.attributes) {
        attribute.ints.clear();
        attribute.bools.clear();
        attribute.strings.clear();
        attribute.versions.clear();
      }
    }
  }
};

// What was said of a device goes when the claim has it no more.
class ResourceClaimStrategy final : public ByRules<resource::ResourceClaim> {
 public:
  ResourceClaimStrategy()
      : ByRules({.traits = {.returns_deleted_object = true, .update_checks_whole_metadata = true},
                 .validate = validate_resource_claim,
                 .validate_status = validate_resource_claim_status}) {}

 protected:
  void status_changed(const Situation&, resource::ResourceClaim& next,
                      const resource::ResourceClaim& current) const override {
    std::erase_if(next.status.devices, [&](const auto& one) {
      return is_allocated(one, current.status.allocation) && !is_allocated(one, next.status.allocation);
    });
  }

 private:
  static bool is_allocated(const resource::AllocatedDeviceStatus& device,
                           const schema::Box<resource::AllocationResult>& allocation) {
    return allocation && std::ranges::any_of(allocation->devices.results, [&](const auto& one) {
             return one.driver == device.driver && one.pool == device.pool && one.device == device.device &&
                    one.share_id == device.share_id;
           });
  }
};

}  // namespace

void add_device_strategies(StrategyMap& all) {
  all["deviceclasses.resource.k8s.io"] =
      by_rules<resource::DeviceClass>({.traits = {.returns_deleted_object = true,
                                                  .generation = GenerationRule::OnSpec,
                                                  .name_rule = NameRule::LongName,
                                                  .update_checks_whole_metadata = true},
                                       .validate = validate_device_class});
  all["resourceclaims.resource.k8s.io"] = std::make_unique<ResourceClaimStrategy>();
  all["resourceclaimtemplates.resource.k8s.io"] = by_rules<resource::ResourceClaimTemplate>(
      {.traits = {.returns_deleted_object = true}, .validate = validate_resource_claim_template});
  all["resourceslices.resource.k8s.io"] = std::make_unique<ResourceSliceStrategy>();
}

}  // namespace apiserver
