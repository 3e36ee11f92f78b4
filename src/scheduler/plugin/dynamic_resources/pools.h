// The devices that a node can reach, pool by pool, and what is taken of them. Pure. API documentation of ResourceSlice
// and ResourcePool: only the newest generation of a pool counts, and only once all its slices are there.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "api/resource_k8s_io_v1.h"

namespace scheduler::dynamic_resources {

namespace resource = api::resource_k8s_io_v1;

using SliceRef = std::shared_ptr<const resource::ResourceSlice>;
using Amounts = std::map<std::string, base::Quantity, std::less<>>;

struct Pool;

struct PooledDevice {
  const resource::Device* device;
  const resource::ResourceSlice* slice;
  std::string id;                              // "driver/pool/device"
  bool local;                                  // on the node in question alone
  const api::core_v1::NodeSelector* selector;  // of nodes that reach it; null: local, or all do
};

struct Pool {
  std::string id;                                               // "driver/pool"
  std::vector<SliceRef> slices;                                 // of its newest generation: what the rest points into
  bool incomplete = false;                                      // slices are missing
  bool invalid = false;                                         // two devices of one name, counters that nobody has
  std::vector<PooledDevice> devices;                            // that the node reaches
  std::map<std::string, const resource::CounterSet*> counters;  // by name
  std::map<std::string, const resource::Device*> counting;      // all that consume counters, by id
};

using PoolSlices = std::function<std::vector<SliceRef>(const std::string& driver, const std::string& pool)>;
// Of the slices that may be for the node; `of_pool` gives all slices of one pool. Devices that come at once stand
// before those that must be made ready first.
std::vector<Pool> pools_for(const api::core_v1::Node& node, const std::vector<SliceRef>& slices,
                            const PoolSlices& of_pool);

// What claims have.
struct Taken {
  std::set<std::string> devices;          // by id: wholly, or in shares
  std::map<std::string, Amounts> shares;  // by id: the capacity that is consumed of devices that several share

  void add(const resource::AllocationResult& allocation);
};

}  // namespace scheduler::dynamic_resources
