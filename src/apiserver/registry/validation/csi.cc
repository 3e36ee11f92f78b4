#include <set>

#include "apiserver/registry/validation/common_names.h"
#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/storage_class.h"
#include "apiserver/registry/validation/values.h"

namespace apiserver {
namespace {

namespace storage = api::storage_k8s_io_v1;

constexpr size_t kNodeIdMax = 192;
constexpr int64_t kTokenSecondsMin = 600;
constexpr int64_t kTokenSecondsMax = int64_t{1} << 32;
constexpr int64_t kUpdatePeriodMin = 10;

void check_token_requests(Report& report, const std::vector<storage::TokenRequest>& requests, const Place& at) {
  std::set<std::string_view> audiences;
  for (size_t i = 0; i < requests.size(); ++i) {
    Place here(at, i);
    if (!audiences.insert(requests[i].audience).second) {
      report.duplicate(Place(here, "audience"), requests[i].audience);
      continue;
    }
    if (!requests[i].expiration_seconds) continue;
    Place seconds(here, "expirationSeconds");
    int64_t value = *requests[i].expiration_seconds;
    if (value < kTokenSecondsMin) report.invalid(seconds, value, "may not specify a duration less than 10 minutes");
    if (value > kTokenSecondsMax) report.invalid(seconds, value, "may not specify a duration larger than 2^32 seconds");
  }
}

void require(Report& report, bool present, const Place& at) {
  if (!present) report.required(at);
}

void check_driver_spec(Report& report, const storage::CSIDriverSpec& spec, const Place& at) {
  require(report, spec.attach_required.has_value(), Place(at, "attachedRequired"));
  require(report, spec.pod_info_on_mount.has_value(), Place(at, "podInfoOnMount"));
  require(report, spec.storage_capacity.has_value(), Place(at, "storageCapacity"));
  Place policy(at, "fsGroupPolicy");
  if (!spec.fs_group_policy) {
    report.required(policy);
  } else {
    report.one_of(policy, *spec.fs_group_policy, {"File", "None", "ReadWriteOnceWithFSType"});
  }
  check_token_requests(report, spec.token_requests, Place(at, "tokenRequests"));
  require(report, spec.requires_republish.has_value(), Place(at, "requiresRepublish"));
  for (const auto& mode : spec.volume_lifecycle_modes) {
    report.one_of(Place(at, "volumeLifecycleModes"), mode, {"Persistent", "Ephemeral"});
  }
  require(report, spec.se_linux_mount.has_value(), Place(at, "seLinuxMount"));
  if (spec.node_allocatable_update_period_seconds && *spec.node_allocatable_update_period_seconds < kUpdatePeriodMin) {
    report.invalid(Place(at, "nodeAllocatableUpdatePeriodSeconds"), *spec.node_allocatable_update_period_seconds,
                   "must be greater than or equal to 10 seconds");
  }
  if (spec.service_account_token_in_secrets && spec.token_requests.empty()) {
    report.invalid(Place(at, "serviceAccountTokenInSecrets"), *spec.service_account_token_in_secrets,
                   "must be nil when tokenRequests is empty");
  }
}

void check_topology_keys(Report& report, const storage::CSINodeDriver& driver, const Place& at) {
  std::set<std::string_view> seen;
  for (const auto& key : driver.topology_keys) {
    if (key.empty()) report.required(at, key);
    if (!seen.insert(key).second) report.duplicate(at, key);
    for (const auto& problem : schema::check_qualified_name(key))
      report.invalid(at, bad_value(driver.topology_keys), problem);
  }
}

void check_node_driver(Report& report, const storage::CSINodeDriver& driver, const Place& at) {
  check_driver_name(report, driver.name, Place(at, "name"));
  Place id(at, "nodeID");
  if (driver.node_id.empty()) report.required(id);
  if (driver.node_id.size() > kNodeIdMax) report.invalid(id, driver.node_id, "must be 192 characters or less");
  if (driver.allocatable && driver.allocatable->count) {
    Place allocatable(at, "allocatable");
    report.not_negative(Place(allocatable, "count"), driver.allocatable->count);
  }
}

bool same_identity(const storage::CSINodeDriver& a, const storage::CSINodeDriver& b) {
  return a.node_id == b.node_id && a.topology_keys == b.topology_keys;
}

}  // namespace

schema::FieldErrors validate_csi_driver(const storage::CSIDriver& next, const storage::CSIDriver* current) {
  Report report;
  Place spec("spec");
  check_driver_spec(report, next.spec, spec);
  if (current == nullptr) return report.take();
  report.immutable_unless(next.spec.attach_required == current->spec.attach_required, Place(spec, "attachedRequired"),
                          bad_value(next.spec.attach_required));
  report.immutable_unless(next.spec.volume_lifecycle_modes == current->spec.volume_lifecycle_modes,
                          Place(spec, "volumeLifecycleModes"), bad_value(next.spec.volume_lifecycle_modes));
  return report.take();
}

schema::FieldErrors validate_csi_node(const storage::CSINode& next, const storage::CSINode* current) {
  Report report;
  Place spec("spec");
  Place drivers(spec, "drivers");
  std::set<std::string_view> names;
  for (size_t i = 0; i < next.spec.drivers.size(); ++i) {
    const auto& driver = next.spec.drivers[i];
    Place here(drivers, i);
    check_node_driver(report, driver, here);
    if (!names.insert(driver.name).second) report.duplicate(Place(here, "name"), driver.name);
    check_topology_keys(report, driver, here);
  }
  if (current == nullptr) return report.take();
  for (const auto& before : current->spec.drivers) {
    for (const auto& driver : next.spec.drivers) {
      if (driver.name == before.name)
        report.immutable_unless(same_identity(driver, before), Place("CSINodeDriver"), go_value(driver));
    }
  }
  return report.take();
}

schema::FieldErrors validate_storage_capacity(const storage::CSIStorageCapacity& next,
                                              const storage::CSIStorageCapacity* current) {
  Report report;
  Place topology("nodeTopology");
  Place class_name("storageClassName");
  bool same_topology = current != nullptr && next.node_topology == current->node_topology;
  if (next.node_topology) {
    check_label_selector(report, *next.node_topology, topology,
                         same_topology ? SelectorValues::Unchecked : SelectorValues::Checked);
  }
  check_subdomain(report, next.storage_class_name, class_name);
  check_not_negative(report, next.capacity, Place("capacity"));
  check_not_negative(report, next.maximum_volume_size, Place("maximumVolumeSize"));
  if (current == nullptr) return report.take();
  report.immutable_unless(same_topology, topology, bad_value(next.node_topology));
  report.immutable_unless(next.storage_class_name == current->storage_class_name, class_name, next.storage_class_name);
  return report.take();
}

}  // namespace apiserver
