#include "kubelet/csi/drivers.h"

#include <algorithm>

#include "api/core_v1.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strings.h"
#include "kubelet/csi/text_map.h"

namespace kubelet {
namespace {

using api::core_v1::Node;
using api::storage_k8s_io_v1::CSIDriver;
using api::storage_k8s_io_v1::CSINode;
using api::storage_k8s_io_v1::CSINodeDriver;

constexpr const char* kNodeId = "csi.volume.kubernetes.io/nodeid";
constexpr auto kSyncTimeout = std::chrono::seconds(10);
constexpr int kAttempts = 5;

CSINodeDriver entry_of(const CsiDriver& driver) {
  CSINodeDriver out;
  out.name = driver.name();
  out.node_id = driver.info().node_id;
  if (driver.info().accessible_topology)
    for (auto& [key, value] : driver.info().accessible_topology->segments) out.topology_keys.push_back(key);
  if (driver.info().max_volumes_per_node > 0)
    out.allocatable.emplace().count =
        static_cast<int32_t>(std::min<int64_t>(driver.info().max_volumes_per_node, INT32_MAX));
  return out;
}

bool speaks_version_one(const std::vector<std::string>& versions) {
  return std::ranges::any_of(versions, [](std::string_view version) {
    if (version.starts_with('v')) version.remove_prefix(1);
    return version == "1" || version.starts_with("1.");
  });
}

}  // namespace

CsiDrivers::CsiDrivers(client::Client client, std::string node_name)
    : client_(client), node_name_(std::move(node_name)), objects_(client) {
  objects_.add_listener([this](const client::Key& key, const CSIDriver*, const CSIDriver*) { follow_count(key.name); });
}

PluginHandler CsiDrivers::handler() {
  return {.registered =
              [this](std::string name, std::string endpoint, std::vector<std::string> versions) {
                return registered(std::move(name), std::move(endpoint), std::move(versions));
              },
          .gone = [this](const std::string& name, const std::string&) { scope_.spawn(forget(name)); }};
}

std::shared_ptr<CsiDriver> CsiDrivers::find(const std::string& name) const {
  auto found = drivers_.find(name);
  return found == drivers_.end() ? nullptr : found->second;
}

io::Task<base::Result<std::shared_ptr<const CSIDriver>>> CsiDrivers::object(std::string name) {
  if (!objects_.synced() && !co_await io::with_timeout(kSyncTimeout, objects_.wait_synced()))
    co_return base::fail(base::Code::Unavailable, "timed out waiting for the cache of CSIDriver objects");
  co_return objects_.get("", name);
}

io::Task<base::Result<void>> CsiDrivers::registered(std::string name, std::string endpoint,
                                                    std::vector<std::string> versions) {
  if (!speaks_version_one(versions))
    co_return base::fail(base::Code::Invalid,
                         "none of the versions of driver " + name + " is supported: " + base::join(versions, ", "));
  CO_TRY(auto driver, co_await CsiDriver::connect(name, std::move(endpoint)));
  if (!following_) {
    following_ = true;
    scope_.spawn(objects_.run());
  }
  CSINodeDriver entry = entry_of(*driver);
  CO_TRY(co_await write_node_id(driver));
  // From here on a forget() that is still under way leaves the new one alone.
  drivers_[name] = std::move(driver);
  CO_TRY(co_await change_node([entry](Drivers& drivers) {
    std::erase_if(drivers, [&](auto& one) { return one.name == entry.name; });
    drivers.push_back(entry);
  }));
  ready_(name);
  follow_count(name);
  co_return {};
}

void CsiDrivers::follow_count(const std::string& name) {
  auto object = objects_.get("", name);
  int64_t every = 0;
  if (object != nullptr && drivers_.contains(name))
    every = object->spec.node_allocatable_update_period_seconds.value_or(0);
  auto& count = counts_[name];
  if (count.every_seconds == every) return;
  count.every_seconds = every;
  count.scope = std::make_unique<io::Scope>();
  if (every > 0) count.scope->spawn(count_every(name, every));
}

io::Task<void> CsiDrivers::count_every(std::string name, int64_t seconds) {
  for (;;) {
    co_await io::sleep(std::chrono::seconds(seconds));
    co_await count_anew(name);
  }
}

io::Task<void> CsiDrivers::count_anew(std::string name) {
  auto driver = find(name);
  if (driver == nullptr) co_return;
  auto told = co_await driver->ask_info();
  if (told) {
    auto count = entry_of(*driver).allocatable;
    told = co_await change_node([name, count](Drivers& drivers) {
      for (auto& one : drivers)
        if (one.name == name) one.allocatable = count;
    });
  }
  if (!told) LOG_WARNING("Cannot count a driver's volumes anew", {"driver", name}, {"error", told.error().message()});
}

io::Task<void> CsiDrivers::forget(std::string name) {
  drivers_.erase(name);
  follow_count(name);
  auto changed = co_await change_node([this, name](Drivers& drivers) {
    if (!drivers_.contains(name)) std::erase_if(drivers, [&](auto& one) { return one.name == name; });
  });
  if (!changed)
    LOG_WARNING("Cannot take a driver out of the CSINode", {"driver", name}, {"error", changed.error().message()});
}

io::Task<base::Result<void>> CsiDrivers::ensure_node() {
  return change_node([](Drivers&) {});
}

io::Task<base::Result<void>> CsiDrivers::change_node(std::function<void(Drivers& drivers)> change) {
  for (int attempt = 0;; ++attempt) {
    auto current = co_await client_.get<CSINode>("", node_name_);
    bool absent = !current && current.error().code() == base::Code::NotFound;
    if (!current && !absent) co_return base::fail(current.error());
    CSINode next;
    if (absent) {
      CO_TRY(auto node, co_await client_.get<Node>("", node_name_));
      next.metadata.name = node_name_;
      auto& owner = next.metadata.owner_references.emplace_back();
      owner.api_version = "v1";
      owner.kind = "Node";
      owner.name = node.metadata.name;
      owner.uid = node.metadata.uid;
    } else {
      next = *current;
    }
    change(next.spec.drivers);
    if (!absent && next == *current) co_return {};
    base::Result<CSINode> written = base::fail(base::Code::Internal, "not sent");
    if (absent) {
      written = co_await client_.create(std::move(next));
    } else {
      written = co_await client_.update(std::move(next));
    }
    if (written) co_return {};
    auto code = written.error().code();
    bool again = code == base::Code::Conflict || code == base::Code::AlreadyExists;
    if (!again || attempt == kAttempts) co_return base::fail(written.error());
  }
}

io::Task<base::Result<void>> CsiDrivers::write_node_id(std::shared_ptr<CsiDriver> driver) {
  CO_TRY(auto node, co_await client_.get<Node>("", node_name_));
  auto before = node.metadata.annotations.find(kNodeId);
  TextMap ids;
  if (before != node.metadata.annotations.end())
    if (auto read = read_text_map(before->second)) ids = std::move(*read);
  ids[driver->name()] = driver->info().node_id;
  TextMap labels;
  if (driver->info().accessible_topology)
    for (auto& [key, value] : driver->info().accessible_topology->segments) labels[key] = value;
  TextMap annotations = {{kNodeId, write_text_map(ids)}};
  std::string patch = base::cat(
      {R"({"metadata":{"annotations":)", write_text_map(annotations), R"(,"labels":)", write_text_map(labels), "}}"});
  CO_TRY(co_await client_.patch<Node>("", node_name_, client::PatchType::Merge, std::move(patch)));
  co_return {};
}

}  // namespace kubelet
