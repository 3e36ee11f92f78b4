#include "kubelet/dra/prepared.h"

#include "kubelet/checkpoint/checkpoint.h"
#include "schema/value.h"

namespace kubelet {
namespace {

using schema::Value;

Value texts(const std::vector<std::string>& list) {
  Value::Array out;
  for (const auto& one : list) out.emplace_back(one);
  return Value(std::move(out));
}
std::vector<std::string> texts_at(const Value& object, std::string_view key) {
  std::vector<std::string> out;
  const Value* list = object.find(key);
  if (list != nullptr && list->is_array())
    for (const auto& one : list->as_array())
      if (one.is_string()) out.push_back(one.as_string());
  return out;
}

Value value_of(const PreparedClaim& claim) {
  Value::Object pods, drivers;
  for (const auto& uid : claim.pods) pods.set(uid, Value::object());
  for (const auto& [driver, devices] : claim.drivers) {
    Value::Array list;
    for (const auto& device : devices) {
      Value one = Value::object({{"PoolName", device.pool}, {"DeviceName", device.device}});
      if (!device.share_id.empty()) one.as_object().set("ShareID", device.share_id);
      one.as_object().set("RequestNames", texts(device.requests));
      one.as_object().set("CDIDeviceIDs", texts(device.cdi_ids));
      list.push_back(std::move(one));
    }
    drivers.set(driver, Value::object({{"Devices", Value(std::move(list))}}));
  }
  return Value::object({{"ClaimUID", claim.uid},
                        {"ClaimName", claim.name},
                        {"Namespace", claim.namespace_},
                        {"PodUIDs", Value(std::move(pods))},
                        {"DriverState", Value(std::move(drivers))}});
}

PreparedClaim claim_of(const Value& value) {
  PreparedClaim out;
  out.uid = value.text_at({"ClaimUID"});
  out.name = value.text_at({"ClaimName"});
  out.namespace_ = value.text_at({"Namespace"});
  if (const Value* pods = value.find("PodUIDs"); pods != nullptr && pods->is_object())
    for (const auto& one : pods->as_object()) out.pods.insert(one.key);
  const Value* drivers = value.find("DriverState");
  if (drivers == nullptr || !drivers->is_object()) return out;
  for (const auto& driver : drivers->as_object()) {
    auto& list = out.drivers[driver.key];
    const Value* devices = driver.value.find("Devices");
    if (devices == nullptr || !devices->is_array()) continue;
    for (const auto& device : devices->as_array())
      list.push_back({.pool = std::string(device.text_at({"PoolName"})),
                      .device = std::string(device.text_at({"DeviceName"})),
                      .share_id = std::string(device.text_at({"ShareID"})),
                      .requests = texts_at(device, "RequestNames"),
                      .cdi_ids = texts_at(device, "CDIDeviceIDs")});
  }
  return out;
}

}  // namespace

base::Result<PreparedClaims> read_prepared(const std::string& path) {
  PreparedClaims out;
  TRY(auto data, read_checkpoint(path));
  if (!data) return out;
  TRY(auto tree, Value::parse(*data));
  const Value* list = tree.find("ClaimInfoStateList");
  if (list == nullptr || !list->is_array()) return out;
  for (const auto& one : list->as_array()) {
    auto claim = claim_of(one);
    if (!claim.uid.empty()) out[claim.uid] = std::move(claim);
  }
  return out;
}

base::Result<void> write_prepared(const std::string& path, const PreparedClaims& claims) {
  Value::Array list;
  for (const auto& [uid, claim] : claims) list.push_back(value_of(claim));
  Value tree = Value::object({{"kind", "DRACheckpoint"},
                              {"apiVersion", "checkpoint.dra.kubelet.k8s.io/v1"},
                              {"ClaimInfoStateList", Value(std::move(list))}});
  return write_checkpoint(path, tree.to_json());
}

}  // namespace kubelet
