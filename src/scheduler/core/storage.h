// What the scheduler follows of volumes, and what it has promised of them but not yet seen in the API. One loop.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "api/storage_k8s_io_v1.h"
#include "client/cache.h"
#include "scheduler/core/queue.h"

namespace scheduler {

class Storage {
 public:
  using Claim = api::core_v1::PersistentVolumeClaim;
  using Volume = api::core_v1::PersistentVolume;
  using Class = api::storage_k8s_io_v1::StorageClass;
  using Driver = api::storage_k8s_io_v1::CSIDriver;
  using DriverNode = api::storage_k8s_io_v1::CSINode;
  using Capacity = api::storage_k8s_io_v1::CSIStorageCapacity;

  explicit Storage(client::Client client);
  Storage(const Storage&) = delete;

  // Told what changed, so that pods which wait for it are tried again. Before run().
  void on_change(std::function<void(Happening what)> changed) { changed_ = std::move(changed); }
  // Follows the API until cancelled.
  io::Task<void> run();
  io::Task<void> wait_synced();
  // Comes back when a claim or volume has changed after the call.
  io::Task<void> wait_change();

  // Null if absent.
  std::shared_ptr<const Claim> claim(const std::string& namespace_, const std::string& name) const;
  std::shared_ptr<const Volume> volume(const std::string& name) const;
  std::shared_ptr<const Class> storage_class(const std::string& name) const;
  std::shared_ptr<const Driver> driver(const std::string& name) const;
  std::shared_ptr<const DriverNode> driver_node(const std::string& node) const;
  // Those that name the claim, and those of its class that name none.
  std::vector<std::shared_ptr<const Volume>> volumes_for(const Claim& claim) const;
  std::vector<std::shared_ptr<const Capacity>> capacities_of(const std::string& storage_class) const;

  // A volume promised to a claim ("namespace/name"), a claim promised a node, until released. Asked for what is not
  // promised: "".
  void promise_volume(const std::string& volume, const std::string& claim) { volumes_promised_[volume] = claim; }
  void promise_node(const std::string& claim, const std::string& node) { nodes_promised_[claim] = node; }
  void release_volume(const std::string& volume) { volumes_promised_.erase(volume); }
  void release_node(const std::string& claim) { nodes_promised_.erase(claim); }
  std::string promised_claim(const std::string& volume) const;
  std::string promised_node(const std::string& claim) const;

 private:
  template <class T>
  void tell(client::Cache<T>& cache, Happening what);

  client::Cache<Claim> claims_;
  client::Cache<Volume> volumes_;
  client::Cache<Class> classes_;
  client::Cache<Driver> drivers_;
  client::Cache<DriverNode> driver_nodes_;
  client::Cache<Capacity> capacities_;
  std::map<std::string, std::string> volumes_promised_;
  std::map<std::string, std::string> nodes_promised_;
  std::function<void(Happening)> changed_ = [](Happening) {};
  io::Event change_;
};

}  // namespace scheduler
