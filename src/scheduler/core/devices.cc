#include "scheduler/core/devices.h"

#include "base/strings.h"
#include "device/names.h"

namespace scheduler {
namespace {

// Beside names of nodes, which are never empty.
constexpr const char* kAnyNode = "";

std::string pool_key(const std::string& driver, const std::string& pool) {
  return base::cat({driver, "/", pool});
}

}  // namespace

Devices::Devices(client::Client client) : claims_(client), classes_(client), slices_(client) {
  claims_.add_index("extended", [](const Claim& claim) -> std::vector<std::string> {
    if (!claim.metadata.annotations.contains(device::kExtendedResourceAnnotation)) return {};
    for (const auto& owner : claim.metadata.owner_references)
      if (owner.controller.value_or(false)) return {owner.uid};
    return {};
  });
  claims_.add_index("allocated", [](const Claim& claim) -> std::vector<std::string> {
    if (!claim.status.allocation) return {};
    return {"yes"};
  });
  classes_.add_index("resource", [](const Class& one) -> std::vector<std::string> {
    std::vector<std::string> out = {std::string(device::kClassResourcePrefix) + one.metadata.name};
    if (one.spec.extended_resource_name) out.push_back(*one.spec.extended_resource_name);
    return out;
  });
  slices_.add_index(
      "node", [](const Slice& slice) -> std::vector<std::string> { return {slice.spec.node_name.value_or(kAnyNode)}; });
  slices_.add_index("pool", [](const Slice& slice) -> std::vector<std::string> {
    return {pool_key(slice.spec.driver, slice.spec.pool.name)};
  });
  claims_.add_listener([this](const client::Key&, const Claim* before, const Claim* now) {
    if (now != nullptr && now->status.allocation) forget(now->metadata.uid);
    if (before != nullptr && (now == nullptr || now->metadata.uid != before->metadata.uid))
      forget(before->metadata.uid);
    change_.set();
    changed_(Happening::DeviceClaimChanged);
  });
  classes_.add_listener(
      [this](const client::Key&, const Class*, const Class*) { changed_(Happening::DevicesChanged); });
  slices_.add_listener([this](const client::Key&, const Slice*, const Slice*) { changed_(Happening::DevicesChanged); });
}

io::Task<void> Devices::run() {
  io::Event never;
  io::Scope scope;
  scope.spawn(claims_.run());
  scope.spawn(classes_.run());
  scope.spawn(slices_.run());
  co_await never.wait();
}

io::Task<void> Devices::wait_synced() {
  co_await claims_.wait_synced();
  co_await classes_.wait_synced();
  co_await slices_.wait_synced();
}

io::Task<void> Devices::wait_change() {
  change_.reset();
  co_await change_.wait();
}

std::shared_ptr<const Devices::Claim> Devices::claim(const std::string& namespace_, const std::string& name) const {
  return claims_.get(namespace_, name);
}

std::shared_ptr<const Devices::Claim> Devices::extended_claim(const std::string& pod_uid) const {
  auto found = claims_.by_index("extended", pod_uid);
  return found.empty() ? nullptr : found.front();
}

std::shared_ptr<const Devices::Class> Devices::device_class(const std::string& name) const {
  return classes_.get("", name);
}

std::shared_ptr<const Devices::Class> Devices::class_of_resource(const std::string& resource) const {
  if (classes_.size() == 0) return nullptr;
  auto offering = classes_.by_index("resource", resource);
  const Class* chosen = device::class_of_resource(offering, resource);
  for (auto& one : offering)
    if (one.get() == chosen) return one;
  return nullptr;
}

std::vector<std::shared_ptr<const Devices::Slice>> Devices::slices_for(const std::string& node) const {
  auto out = slices_.by_index("node", node);
  auto others = slices_.by_index("node", kAnyNode);
  out.insert(out.end(), others.begin(), others.end());
  return out;
}

std::vector<std::shared_ptr<const Devices::Slice>> Devices::slices_of_pool(const std::string& driver,
                                                                           const std::string& pool) const {
  return slices_.by_index("pool", pool_key(driver, pool));
}

std::vector<std::shared_ptr<const Devices::Allocation>> Devices::allocations() const {
  std::vector<std::shared_ptr<const Allocation>> out;
  for (auto& claim : claims_.by_index("allocated", "yes")) out.emplace_back(claim, claim->status.allocation.get());
  for (auto& [uid, allocation] : promised_) out.push_back(allocation);
  return out;
}

void Devices::promise(const std::string& claim_uid, Allocation allocation) {
  promised_[claim_uid] = std::make_shared<const Allocation>(std::move(allocation));
}

}  // namespace scheduler
