#include "kubelet/alignment/exclusive_memory.h"

#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/strings.h"
#include "kubelet/pods/resources.h"
#include "schema/value.h"

namespace kubelet {
namespace {

using schema::Value;

bool is_memory(const std::string& resource) {
  return resource == "memory" || resource.starts_with("hugepages-");
}

std::vector<int> nodes_in(NodeMask mask) {
  std::vector<int> out;
  for (int node = 0; node < 64; ++node)
    if ((mask >> node & 1) != 0) out.push_back(node);
  return out;
}

Value numbers(const std::vector<int>& list) {
  Value::Array out;
  for (int one : list) out.emplace_back(int64_t{one});
  return Value(std::move(out));
}

}  // namespace

std::string to_node_list(NodeMask nodes) {
  auto list = nodes_in(nodes);
  return to_cpu_list({list.begin(), list.end()});
}

ExclusiveMemory::ExclusiveMemory(Layout layout, std::map<int, Amounts> reserved, std::string path)
    : layout_(std::move(layout)), reserved_(std::move(reserved)), path_(std::move(path)) {}

ExclusiveMemory::Amounts ExclusiveMemory::wanted_by(const core::Pod& pod, const core::Container& container) {
  Amounts out;
  if (qos_class(pod) != QosClass::Guaranteed) return out;
  for (const auto& [name, amount] : container.resources.limits)
    if (is_memory(name) && !amount.is_zero()) out[name] = amount.value();
  return out;
}

std::map<int, ExclusiveMemory::Amounts> ExclusiveMemory::allocatable() const {
  std::map<int, Amounts> out = layout_.memory;
  for (auto& [node, amounts] : out)
    if (auto kept = reserved_.find(node); kept != reserved_.end())
      for (const auto& [resource, bytes] : kept->second) amounts[resource] -= std::min(bytes, amounts[resource]);
  return out;
}

// What is left on each node. Of blocks over several nodes it is taken from the first that has some.
std::map<int, int64_t> ExclusiveMemory::free(const std::string& resource) const {
  std::map<int, int64_t> out;
  for (const auto& [node, amounts] : allocatable())
    if (auto found = amounts.find(resource); found != amounts.end()) out[node] = found->second;
  for (const auto& [uid, containers] : blocks_)
    for (const auto& [name, blocks] : containers)
      for (const auto& block : blocks) {
        if (block.resource != resource) continue;
        int64_t left = block.bytes;
        for (int node : nodes_in(block.nodes)) {
          int64_t some = std::min(left, out[node]);
          out[node] -= some;
          left -= some;
        }
      }
  return out;
}

// Nodes that stand together for somebody are for others together or not at all.
std::vector<Hint> ExclusiveMemory::hints_of(const std::string& resource, int64_t bytes) const {
  std::map<int, int64_t> total;
  for (const auto& [node, amounts] : allocatable())
    if (auto found = amounts.find(resource); found != amounts.end()) total[node] = found->second;
  auto out = hints_for(bytes, free(resource), total);
  std::erase_if(out, [&](const Hint& hint) {
    for (const auto& [uid, containers] : blocks_)
      for (const auto& [name, blocks] : containers)
        for (const auto& block : blocks) {
          NodeMask common = block.nodes & *hint.nodes;
          bool several = count_nodes(block.nodes) > 1 || count_nodes(*hint.nodes) > 1;
          if (common != 0 && several && block.nodes != *hint.nodes) return true;
        }
    return false;
  });
  return out;
}

Hints ExclusiveMemory::hints(const core::Pod& pod, const core::Container& container, const Amounts& wanted) const {
  Hints out;
  if (NodeMask has = nodes_of(pod.metadata.uid, container.name); has != 0) {
    for (const auto& [resource, bytes] : wanted) out[resource] = std::vector<Hint>{{.nodes = has, .preferred = true}};
    return out;
  }
  for (const auto& [resource, bytes] : wanted) out[resource] = hints_of(resource, bytes);
  return out;
}

base::Result<void> ExclusiveMemory::allocate(const core::Pod& pod, const core::Container& container,
                                             const Hint& where) {
  auto wanted = wanted_by(pod, container);
  if (wanted.empty() || blocks_of(pod.metadata.uid, container.name) != nullptr) return {};
  std::vector<Block> blocks;
  for (const auto& [resource, bytes] : wanted) {
    auto possible = hints_of(resource, bytes);
    const Hint* best = nullptr;
    for (const auto& hint : possible) {
      // The node that was chosen, widened if it does not suffice.
      bool covers = !where.nodes || (*hint.nodes & *where.nodes) == *where.nodes;
      if (!covers) continue;
      if (best == nullptr || count_nodes(*hint.nodes) < count_nodes(*best->nodes)) best = &hint;
    }
    if (best == nullptr)
      return base::fail(base::Code::Unavailable,
                        "[memorymanager] failed to get the default NUMA affinity, no NUMA nodes with enough memory is "
                        "available");
    blocks.push_back({.nodes = *best->nodes, .resource = resource, .bytes = bytes});
  }
  blocks_[pod.metadata.uid][container.name] = std::move(blocks);
  return save();
}

void ExclusiveMemory::release(const std::string& pod_uid) {
  if (blocks_.erase(pod_uid) != 0)
    (void)save();  // what is in the file of pods that are gone is dropped when it is read
}

const std::vector<ExclusiveMemory::Block>* ExclusiveMemory::blocks_of(const std::string& pod_uid,
                                                                      const std::string& container) const {
  auto pod = blocks_.find(pod_uid);
  if (pod == blocks_.end()) return nullptr;
  auto found = pod->second.find(container);
  return found == pod->second.end() ? nullptr : &found->second;
}

NodeMask ExclusiveMemory::nodes_of(const std::string& pod_uid, const std::string& container) const {
  NodeMask out = 0;
  if (const auto* blocks = blocks_of(pod_uid, container))
    for (const auto& block : *blocks) out |= block.nodes;
  return out;
}

std::vector<std::string> ExclusiveMemory::pods() const {
  std::vector<std::string> out;
  for (const auto& [uid, containers] : blocks_) out.push_back(uid);
  return out;
}

base::Result<void> ExclusiveMemory::save() const {
  Value::Object machine;
  auto allocatable = this->allocatable();
  for (const auto& [node, amounts] : layout_.memory) {
    NodeMask cells = NodeMask{1} << node;
    int64_t assignments = 0;
    for (const auto& [uid, containers] : blocks_)
      for (const auto& [name, blocks] : containers)
        for (const auto& block : blocks)
          if ((block.nodes >> node & 1) != 0) ++assignments, cells |= block.nodes;
    Value::Object map;
    for (const auto& [resource, total] : amounts) {
      int64_t could = allocatable[node][resource], left = free(resource)[node];
      map.set(resource, Value::object({{"total", Value(total)},
                                       {"systemReserved", Value(total - could)},
                                       {"allocatable", Value(could)},
                                       {"reserved", Value(could - left)},
                                       {"free", Value(left)}}));
    }
    machine.set(std::to_string(node), Value::object({{"numberOfAssignments", Value(assignments)},
                                                     {"memoryMap", Value(std::move(map))},
                                                     {"cells", numbers(nodes_in(cells))}}));
  }
  Value file = Value::object({{"policyName", "Static"}, {"machineState", Value(std::move(machine))}});
  Value::Object entries;
  for (const auto& [uid, containers] : blocks_) {
    Value::Object pod;
    for (const auto& [name, blocks] : containers) {
      Value::Array list;
      for (const auto& block : blocks)
        list.push_back(Value::object({{"numaAffinity", numbers(nodes_in(block.nodes))},
                                      {"type", block.resource},
                                      {"size", Value(block.bytes)}}));
      pod.set(name, Value(std::move(list)));
    }
    entries.set(uid, Value(std::move(pod)));
  }
  if (!entries.empty()) file.as_object().set("entries", Value(std::move(entries)));
  file.as_object().set("checksum", Value(int64_t{0}));  // which upstream takes for "not given"
  return base::write_file(path_, file.to_json(), 0600);
}

base::Result<void> ExclusiveMemory::load() {
  if (access(path_.c_str(), F_OK) != 0) return save();
  TRY(auto text, base::read_file(path_));
  TRY(auto file, Value::parse(text));
  if (file.text_at({"policyName"}) != "Static")
    return base::fail(base::Code::Conflict,
                      base::cat({"[memorymanager] configured policy \"Static\" differs from state checkpoint policy ",
                                 base::quote(file.text_at({"policyName"}))}));
  const Value* entries = file.find("entries");
  if (entries == nullptr || !entries->is_object()) return {};
  for (const auto& pod : entries->as_object()) {
    if (!pod.value.is_object()) continue;
    for (const auto& container : pod.value.as_object()) {
      if (!container.value.is_array()) continue;
      auto& blocks = blocks_[pod.key][container.key];
      for (const auto& one : container.value.as_array()) {
        Block block{.nodes = 0, .resource = std::string(one.text_at({"type"})), .bytes = 0};
        if (const Value* size = one.find("size"); size != nullptr && size->is_int()) block.bytes = size->as_int();
        if (const Value* nodes = one.find("numaAffinity"); nodes != nullptr && nodes->is_array())
          for (const auto& node : nodes->as_array())
            if (node.is_int() && node.as_int() >= 0 && node.as_int() < 64) block.nodes |= NodeMask{1} << node.as_int();
        if ((block.nodes & ~layout_.all_nodes()) != 0)
          return base::fail(base::Code::Conflict, path_ + " speaks of nodes of memory that are not there");
        blocks.push_back(std::move(block));
      }
    }
  }
  return {};
}

}  // namespace kubelet
