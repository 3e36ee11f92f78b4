#include "scheduler/core/storage.h"

#include "base/strings.h"
#include "volume/claim.h"

namespace scheduler {
namespace {

std::string promise_in(const std::map<std::string, std::string>& promises, const std::string& key) {
  auto found = promises.find(key);
  return found == promises.end() ? "" : found->second;
}

}  // namespace

Storage::Storage(client::Client client)
    : claims_(client),
      volumes_(client),
      classes_(client),
      drivers_(client),
      driver_nodes_(client),
      capacities_(client) {
  volumes_.add_index("for", [](const Volume& volume) -> std::vector<std::string> {
    if (auto& claim = volume.spec.claim_ref) return {base::cat({"claim/", claim->namespace_, "/", claim->name})};
    return {"class/" + volume::class_of(volume)};
  });
  capacities_.add_index(
      "class", [](const Capacity& capacity) -> std::vector<std::string> { return {capacity.storage_class_name}; });
  tell(claims_, Happening::ClaimChanged);
  tell(volumes_, Happening::VolumeChanged);
  tell(classes_, Happening::StorageClassChanged);
  tell(drivers_, Happening::StorageDriverChanged);
  tell(driver_nodes_, Happening::StorageDriverChanged);
  tell(capacities_, Happening::StorageDriverChanged);
}

template <class T>
void Storage::tell(client::Cache<T>& cache, Happening what) {
  cache.add_listener([this, what](const client::Key&, const T*, const T*) {
    change_.set();
    changed_(what);
  });
}

io::Task<void> Storage::run() {
  io::Event never;
  io::Scope scope;
  scope.spawn(claims_.run());
  scope.spawn(volumes_.run());
  scope.spawn(classes_.run());
  scope.spawn(drivers_.run());
  scope.spawn(driver_nodes_.run());
  scope.spawn(capacities_.run());
  co_await never.wait();
}

io::Task<void> Storage::wait_synced() {
  co_await claims_.wait_synced();
  co_await volumes_.wait_synced();
  co_await classes_.wait_synced();
  co_await drivers_.wait_synced();
  co_await driver_nodes_.wait_synced();
  co_await capacities_.wait_synced();
}

io::Task<void> Storage::wait_change() {
  change_.reset();
  co_await change_.wait();
}

std::shared_ptr<const Storage::Claim> Storage::claim(const std::string& namespace_, const std::string& name) const {
  return claims_.get(namespace_, name);
}
std::shared_ptr<const Storage::Volume> Storage::volume(const std::string& name) const {
  return volumes_.get("", name);
}
std::shared_ptr<const Storage::Class> Storage::storage_class(const std::string& name) const {
  return classes_.get("", name);
}
std::shared_ptr<const Storage::Driver> Storage::driver(const std::string& name) const {
  return drivers_.get("", name);
}
std::shared_ptr<const Storage::DriverNode> Storage::driver_node(const std::string& node) const {
  return driver_nodes_.get("", node);
}

std::vector<std::shared_ptr<const Storage::Volume>> Storage::volumes_for(const Claim& claim) const {
  auto found = volumes_.by_index("for", base::cat({"claim/", claim.metadata.namespace_, "/", claim.metadata.name}));
  auto of_class = volumes_.by_index("for", "class/" + volume::class_of(claim));
  found.insert(found.end(), of_class.begin(), of_class.end());
  return found;
}

std::vector<std::shared_ptr<const Storage::Capacity>> Storage::capacities_of(const std::string& storage_class) const {
  return capacities_.by_index("class", storage_class);
}

std::string Storage::promised_claim(const std::string& volume) const {
  return promise_in(volumes_promised_, volume);
}
std::string Storage::promised_node(const std::string& claim) const {
  return promise_in(nodes_promised_, claim);
}

}  // namespace scheduler
