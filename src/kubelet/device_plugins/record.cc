#include "kubelet/device_plugins/record.h"

#include <unistd.h>

#include "base/file.h"
#include "base/strings.h"
#include "kubelet/checkpoint/checkpoint.h"
#include "schema/protobuf.h"
#include "schema/value.h"

namespace kubelet {
namespace {

using schema::Value;

// Devices by the number of the node of memory that they are near to; -1: it is not known.
constexpr std::string_view kNoNode = "-1";

std::string numa_node_of(const DeviceInventory& inventory, const DeviceGrant& grant, const std::string& id) {
  auto& devices = inventory.devices(grant.resource);
  auto found = devices.find(id);
  if (found == devices.end() || !found->second.topology || found->second.topology->nodes.empty())
    return std::string(kNoNode);
  return std::to_string(found->second.topology->nodes.front().id);
}

Value entry_of(const DeviceInventory& inventory, const DeviceGrant& grant) {
  Value::Object nodes;
  for (const auto& id : grant.devices) {
    Value& list = nodes[numa_node_of(inventory, grant, id)];
    if (!list.is_array()) list = Value::array();
    list.as_array().emplace_back(id);
  }
  return Value::object({{"PodUID", grant.pod_uid},
                        {"ContainerName", grant.container},
                        {"ResourceName", grant.resource},
                        {"DeviceIDs", Value(std::move(nodes))},
                        {"AllocResp", base::base64_encode(schema::to_protobuf(grant.given))}});
}

std::string words(const Value& list) {
  std::vector<std::string> out;
  if (list.is_array())
    for (const auto& one : list.as_array())
      if (one.is_string()) out.push_back(one.as_string());
  return base::join(out, " ");
}

// A map of lists as Go's deep hash has it: sorted by key, and by number where keys are numbers.
std::string deep_map(const Value* map, bool by_number) {
  std::map<std::pair<int64_t, std::string>, std::string> sorted;
  if (map != nullptr && map->is_object())
    for (const auto& one : map->as_object())
      sorted[{by_number ? base::parse_int(one.key).value_or(0) : 0, one.key}] =
          base::cat({one.key, ":[", words(one.value), "]"});
  std::vector<std::string> parts;
  for (auto& [key, text] : sorted) parts.push_back(std::move(text));
  return base::cat({"map[", base::join(parts, " "), "]"});
}

std::string deep_bytes(const Value* text) {
  if (text == nullptr || !text->is_string()) return "<nil>";
  std::vector<std::string> out;
  if (auto bytes = base::base64_decode(text->as_string()))
    for (unsigned char one : *bytes) out.push_back(std::to_string(one));
  return base::cat({"[", base::join(out, " "), "]"});
}

// Of the text that Go's deep hash makes of the data.
int64_t checksum_of(const Value& data) {
  std::string entries = "<nil>";
  if (const Value* list = data.find("PodDeviceEntries"); list != nullptr && list->is_array()) {
    std::vector<std::string> parts;
    for (const auto& one : list->as_array())
      parts.push_back(base::cat(
          {"{PodUID:(string)", one.text_at({"PodUID"}), " ContainerName:(string)", one.text_at({"ContainerName"}),
           " ResourceName:(string)", one.text_at({"ResourceName"}), " DeviceIDs:(checkpoint.DevicesPerNUMA)",
           deep_map(one.find("DeviceIDs"), true), " AllocResp:([]uint8)", deep_bytes(one.find("AllocResp")), "}"}));
    entries = base::cat({"[", base::join(parts, " "), "]"});
  }
  return fnv32a(
      base::cat({"(checkpoint.checkpointData){PodDeviceEntries:([]checkpoint.PodDevicesEntry)", entries,
                 " RegisteredDevices:(map[string][]string)", deep_map(data.find("RegisteredDevices"), false), "}"}));
}

}  // namespace

base::Result<void> write_device_record(const std::string& path, const DeviceInventory& inventory) {
  Value::Array entries;
  for (const auto& grant : inventory.grants())
    if (grant.complete) entries.push_back(entry_of(inventory, grant));
  Value::Object registered;
  for (const auto& resource : inventory.resources()) {
    Value::Array ids;
    for (const auto& [id, device] : inventory.devices(resource)) ids.emplace_back(id);
    registered.set(resource, Value(std::move(ids)));
  }
  Value list = entries.empty() ? Value() : Value(std::move(entries));
  Value data =
      Value::object({{"PodDeviceEntries", std::move(list)}, {"RegisteredDevices", Value(std::move(registered))}});
  int64_t checksum = checksum_of(data);
  Value file = Value::object({{"Data", std::move(data)}, {"Checksum", Value(checksum)}});
  return base::write_file(path, file.to_json(), 0600);
}

base::Result<void> read_device_record(const std::string& path, DeviceInventory& inventory) {
  if (access(path.c_str(), F_OK) != 0) return {};
  TRY(auto text, base::read_file(path));
  TRY(auto file, Value::parse(text));
  const Value* data = file.find("Data");
  const Value* checksum = file.find("Checksum");
  if (data == nullptr || checksum == nullptr || !checksum->is_int() || checksum->as_int() != checksum_of(*data))
    return base::fail(base::Code::Invalid, "checkpoint is corrupted: " + path);
  if (const Value* registered = data->find("RegisteredDevices"); registered != nullptr && registered->is_object())
    for (const auto& one : registered->as_object()) inventory.expect(one.key);
  const Value* entries = data->find("PodDeviceEntries");
  if (entries == nullptr || !entries->is_array()) return {};
  for (const auto& entry : entries->as_array()) {
    DeviceGrant grant{.pod_uid = std::string(entry.text_at({"PodUID"})),
                      .container = std::string(entry.text_at({"ContainerName"})),
                      .resource = std::string(entry.text_at({"ResourceName"})),
                      .complete = true};
    if (const Value* nodes = entry.find("DeviceIDs"); nodes != nullptr && nodes->is_object())
      for (const auto& node : nodes->as_object())
        if (node.value.is_array())
          for (const auto& id : node.value.as_array())
            if (id.is_string()) grant.devices.insert(id.as_string());
    if (auto bytes = base::base64_decode(entry.text_at({"AllocResp"})))
      if (auto given = schema::from_protobuf<api::deviceplugin_v1beta1::ContainerAllocateResponse>(*bytes))
        grant.given = std::move(*given);
    inventory.grant(std::move(grant));
  }
  return {};
}

}  // namespace kubelet
