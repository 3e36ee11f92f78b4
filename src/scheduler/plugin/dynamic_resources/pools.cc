#include "scheduler/plugin/dynamic_resources/pools.h"

#include <algorithm>

#include "base/strings.h"
#include "device/names.h"
#include "placement/node_selector.h"

namespace scheduler::dynamic_resources {
namespace {

namespace core = api::core_v1;

bool needs_preparation(const Pool& pool) {
  return std::ranges::any_of(pool.devices, [](auto& one) { return !one.device->binding_conditions.empty(); });
}

// Whether the node reaches what has such a place, which a slice and a device of its own state alike.
template <class T>
bool reaches(const T& place, const core::Node& node) {
  if (place.node_name) return *place.node_name == node.metadata.name;
  if (place.node_selector) return placement::matches_selector(*place.node_selector, node);
  return place.all_nodes.value_or(false);
}

void add_devices(Pool& pool, const resource::ResourceSlice& slice, const core::Node& node) {
  bool each = slice.spec.per_device_node_selection.value_or(false);
  bool whole = !each && reaches(slice.spec, node);
  for (const auto& one : slice.spec.devices) {
    std::string id = pool.id + "/" + one.name;
    if (!one.consumes_counters.empty()) pool.counting[id] = &one;
    if (!whole && !(each && reaches(one, node))) continue;
    auto& selector = each ? one.node_selector : slice.spec.node_selector;
    bool local = each ? one.node_name.has_value() : slice.spec.node_name.has_value();
    pool.devices.push_back({&one, &slice, std::move(id), local, selector.get()});
  }
}

bool is_consistent(const Pool& pool) {
  std::set<std::string_view> names;
  size_t sets = 0;
  for (const auto& slice : pool.slices) {
    sets += slice->spec.shared_counters.size();
    for (const auto& one : slice->spec.devices)
      if (!names.insert(one.name).second) return false;
  }
  return sets == pool.counters.size();
}

Pool make_pool(const resource::ResourceSlice& of, const core::Node& node, std::vector<SliceRef> slices) {
  Pool pool;
  pool.id = base::cat({of.spec.driver, "/", of.spec.pool.name});
  int64_t newest = 0;
  for (const auto& slice : slices) newest = std::max(newest, slice->spec.pool.generation);
  std::erase_if(slices, [&](auto& slice) { return slice->spec.pool.generation != newest; });
  std::ranges::sort(slices, {}, [](auto& slice) { return slice->metadata.name; });
  pool.slices = std::move(slices);
  pool.incomplete = static_cast<int64_t>(pool.slices.size()) != pool.slices.front()->spec.pool.resource_slice_count;
  for (const auto& slice : pool.slices) {
    for (const auto& set : slice->spec.shared_counters) pool.counters[set.name] = &set;
    add_devices(pool, *slice, node);
  }
  pool.invalid = !pool.incomplete && !is_consistent(pool);
  return pool;
}

}  // namespace

std::vector<Pool> pools_for(const core::Node& node, const std::vector<SliceRef>& slices, const PoolSlices& of_pool) {
  std::map<std::string, const resource::ResourceSlice*> wanted;
  for (const auto& slice : slices) {
    bool each = slice->spec.per_device_node_selection.value_or(false);
    if (each || reaches(slice->spec, node))
      wanted.emplace(base::cat({slice->spec.driver, "/", slice->spec.pool.name}), slice.get());
  }
  std::vector<Pool> pools;
  for (auto& [id, slice] : wanted)
    pools.push_back(make_pool(*slice, node, of_pool(slice->spec.driver, slice->spec.pool.name)));
  std::erase_if(pools, [](auto& pool) { return pool.devices.empty(); });
  std::ranges::stable_partition(pools, [](auto& pool) { return !needs_preparation(pool); });
  return pools;
}

void Taken::add(const resource::AllocationResult& allocation) {
  for (const auto& result : allocation.devices.results) {
    if (result.admin_access.value_or(false)) continue;
    std::string id = device::device_id(result.driver, result.pool, result.device);
    devices.insert(id);
    if (!result.share_id) continue;
    auto& amounts = shares[id];
    for (const auto& [name, amount] : result.consumed_capacity) amounts[name] += amount;
  }
}

}  // namespace scheduler::dynamic_resources
