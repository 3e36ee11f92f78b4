#include "kubelet/alignment/exclusive_cpus.h"

#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/strings.h"
#include "kubelet/checkpoint/checkpoint.h"
#include "kubelet/pods/resources.h"
#include "schema/value.h"

namespace kubelet {
namespace {

using schema::Value;

CpuSet without(CpuSet from, const CpuSet& these) {
  for (int cpu : these) from.erase(cpu);
  return from;
}
CpuSet both(const CpuSet& a, const CpuSet& b) {
  CpuSet out;
  std::ranges::set_intersection(a, b, std::inserter(out, out.end()));
  return out;
}

// Free processors, by socket or core.
using Groups = std::map<int, CpuSet>;
Groups group(const Layout& layout, const CpuSet& cpus, int Cpu::* by) {
  Groups out;
  for (int id : cpus)
    if (const Cpu* cpu = layout.find(id)) out[cpu->*by].insert(id);
  return out;
}

bool runs_to_its_end(const core::Pod& pod, const std::string& container) {
  return std::ranges::any_of(pod.spec.init_containers,
                             [&](auto& one) { return one.name == container && one.restart_policy != "Always"; });
}

std::string deep_text(const Value& file) {
  std::map<std::string, std::string> pods;
  if (const Value* entries = file.find("entries"); entries != nullptr && entries->is_object())
    for (const auto& pod : entries->as_object()) {
      std::map<std::string, std::string> containers;
      if (pod.value.is_object())
        for (const auto& one : pod.value.as_object())
          containers[one.key] = base::cat({one.key, ":", one.value.is_string() ? one.value.as_string() : ""});
      std::vector<std::string> parts;
      for (auto& [name, text] : containers) parts.push_back(text);
      pods[pod.key] = base::cat({pod.key, ":map[", base::join(parts, " "), "]"});
    }
  std::vector<std::string> parts;
  for (auto& [uid, text] : pods) parts.push_back(text);
  return base::cat({"(*state.CPUManagerCheckpoint){PolicyName:(string)", file.text_at({"policyName"}),
                    " DefaultCPUSet:(string)", file.text_at({"defaultCpuSet"}),
                    " Entries:(map[string]map[string]string)map[", base::join(parts, " "),
                    "] Checksum:(checksum.Checksum)0}"});
}

}  // namespace

std::optional<CpuSet> take_cpus(const Layout& layout, const CpuSet& available, size_t count) {
  if (available.size() < count) return {};
  CpuSet free = available, out;
  auto take = [&](const CpuSet& cpus) {
    for (int cpu : cpus) free.erase(cpu);
    out.insert(cpus.begin(), cpus.end());
  };
  // Whole sockets, then whole cores, as long as they are not too much.
  for (auto by : {&Cpu::socket, &Cpu::core}) {
    auto whole = group(layout, layout.all_cpus(), by);
    auto sockets = group(layout, free, &Cpu::socket);
    std::vector<std::pair<int, CpuSet>> full;
    for (auto& [id, cpus] : group(layout, free, by))
      if (cpus == whole[id]) full.emplace_back(id, cpus);
    // Cores of sockets that are broken up already come first.
    std::ranges::stable_sort(full, {},
                             [&](auto& one) { return sockets[layout.find(*one.second.begin())->socket].size(); });
    for (auto& [id, cpus] : full)
      if (out.size() + cpus.size() <= count) take(cpus);
  }
  while (out.size() < count) {
    auto sockets = group(layout, free, &Cpu::socket);
    auto cores = group(layout, free, &Cpu::core);
    auto ours = group(layout, out, &Cpu::socket);
    auto best = std::ranges::min_element(free, {}, [&](int id) {
      const Cpu* cpu = layout.find(id);
      return std::tuple(ours.contains(cpu->socket) ? 0 : 1, sockets[cpu->socket].size(), cores[cpu->core].size(), id);
    });
    take({*best});
  }
  return out;
}

ExclusiveCpus::ExclusiveCpus(Layout layout, ExclusiveCpuOptions options, std::string path)
    : layout_(std::move(layout)), options_(std::move(options)), path_(std::move(path)) {}

size_t ExclusiveCpus::wanted_by(const core::Pod& pod, const core::Container& container) {
  if (qos_class(pod) != QosClass::Guaranteed) return 0;
  for (const auto* amounts : {&container.resources.requests, &container.resources.limits}) {
    auto asked = amounts->find("cpu");
    if (asked == amounts->end()) continue;
    int64_t milli = asked->second.milli_value();
    return milli % 1000 == 0 ? static_cast<size_t>(milli / 1000) : 0;
  }
  return 0;
}

CpuSet ExclusiveCpus::shared() const {
  CpuSet out = layout_.all_cpus();
  if (options_.strict_reservation) out = without(std::move(out), options_.reserved);
  for (const auto& [uid, containers] : assigned_)
    for (const auto& [name, cpus] : containers) out = without(std::move(out), cpus);
  return out;
}

CpuSet ExclusiveCpus::assignable() const {
  return without(layout_.all_cpus(), options_.reserved);
}

// Of init containers, which have ended before the others begin.
CpuSet ExclusiveCpus::reusable(const core::Pod& pod) const {
  CpuSet out;
  auto found = assigned_.find(pod.metadata.uid);
  if (found == assigned_.end()) return out;
  for (const auto& [name, cpus] : found->second)
    if (runs_to_its_end(pod, name)) out.insert(cpus.begin(), cpus.end());
  for (const auto& [name, cpus] : found->second)
    if (!runs_to_its_end(pod, name)) out = without(std::move(out), cpus);
  return out;
}

CpuSet ExclusiveCpus::available_to(const core::Pod& pod, const core::Container& container) const {
  CpuSet out = without(shared(), options_.reserved);
  CpuSet again = reusable(pod);
  out.insert(again.begin(), again.end());
  return out;
}

std::vector<Hint> ExclusiveCpus::hints(const core::Pod& pod, const core::Container& container, size_t count) const {
  if (is_exclusive(pod.metadata.uid, container.name)) {
    NodeMask nodes = 0;
    for (int id : cpus_of(pod.metadata.uid, container.name)) nodes |= NodeMask{1} << layout_.find(id)->node;
    return {{.nodes = nodes, .preferred = true}};
  }
  std::map<int, int64_t> available, total;
  for (int id : available_to(pod, container)) ++available[layout_.find(id)->node];
  for (int id : layout_.all_cpus()) ++total[layout_.find(id)->node];
  return hints_for(static_cast<int64_t>(count), available, total);
}

base::Result<void> ExclusiveCpus::allocate(const core::Pod& pod, const core::Container& container, const Hint& where) {
  size_t count = wanted_by(pod, container);
  if (count == 0 || is_exclusive(pod.metadata.uid, container.name)) return {};
  CpuSet available = available_to(pod, container);
  if (options_.full_cores) {
    auto whole = group(layout_, layout_.all_cpus(), &Cpu::core);
    for (auto& [core, cpus] : group(layout_, available, &Cpu::core))
      if (cpus != whole[core]) available = without(std::move(available), cpus);
    size_t threads = whole.begin()->second.size();
    if (count % threads != 0)
      return base::fail(base::Code::Conflict,
                        base::cat({"SMT Alignment Error: requested ", std::to_string(count),
                                   " cpus not multiple cpus per core = ", std::to_string(threads)}));
  }
  if (available.size() < count)
    return base::fail(base::Code::Unavailable,
                      base::cat({"not enough cpus available to satisfy request: requested=", std::to_string(count),
                                 ", available=", std::to_string(available.size())}));
  // What init containers had comes first, then what is near, then the rest.
  CpuSet taken;
  auto take = [&](const CpuSet& from) {
    CpuSet fresh = without(from, taken);
    size_t some = std::min(fresh.size(), count - taken.size());
    if (auto more = take_cpus(layout_, fresh, some)) taken.insert(more->begin(), more->end());
  };
  take(both(available, reusable(pod)));
  if (where.nodes) take(both(available, layout_.cpus_of(*where.nodes)));
  take(available);
  assigned_[pod.metadata.uid][container.name] = std::move(taken);
  return save();
}

void ExclusiveCpus::release(const std::string& pod_uid) {
  if (assigned_.erase(pod_uid) != 0)
    (void)save();  // what is in the file of pods that are gone is dropped when it is read
}

CpuSet ExclusiveCpus::cpus_of(const std::string& pod_uid, const std::string& container) const {
  if (auto pod = assigned_.find(pod_uid); pod != assigned_.end())
    if (auto found = pod->second.find(container); found != pod->second.end()) return found->second;
  return shared();
}

bool ExclusiveCpus::is_exclusive(const std::string& pod_uid, const std::string& container) const {
  auto pod = assigned_.find(pod_uid);
  return pod != assigned_.end() && pod->second.contains(container);
}

std::vector<std::string> ExclusiveCpus::pods() const {
  std::vector<std::string> out;
  for (const auto& [uid, containers] : assigned_) out.push_back(uid);
  return out;
}

base::Result<void> ExclusiveCpus::save() const {
  Value::Object entries;
  for (const auto& [uid, containers] : assigned_) {
    Value::Object one;
    for (const auto& [name, cpus] : containers) one.set(name, Value(to_cpu_list(cpus)));
    entries.set(uid, Value(std::move(one)));
  }
  Value file = Value::object({{"policyName", "static"}, {"defaultCpuSet", to_cpu_list(shared())}});
  if (!entries.empty()) file.as_object().set("entries", Value(std::move(entries)));
  file.as_object().set("checksum", Value(static_cast<int64_t>(fnv32a(deep_text(file)))));
  return base::write_file(path_, file.to_json(), 0600);
}

base::Result<void> ExclusiveCpus::load() {
  if (access(path_.c_str(), F_OK) != 0) return save();
  TRY(auto text, base::read_file(path_));
  TRY(auto file, Value::parse(text));
  const Value* checksum = file.find("checksum");
  bool sound = checksum != nullptr && checksum->is_int() &&
               (checksum->as_int() == 0 || checksum->as_int() == static_cast<int64_t>(fnv32a(deep_text(file))));
  if (!sound) return base::fail(base::Code::Invalid, "checkpoint is corrupted: " + path_);
  if (file.text_at({"policyName"}) != "static")
    return base::fail(base::Code::Conflict,
                      base::cat({"configured policy \"static\" differs from state checkpoint policy ",
                                 base::quote(file.text_at({"policyName"})), "; drain this node and delete ", path_}));
  CpuSet all = layout_.all_cpus();
  if (const Value* entries = file.find("entries"); entries != nullptr && entries->is_object())
    for (const auto& pod : entries->as_object()) {
      if (!pod.value.is_object()) continue;
      for (const auto& one : pod.value.as_object()) {
        if (!one.value.is_string()) continue;
        TRY(auto cpus, parse_cpu_list(one.value.as_string()));
        if (both(cpus, all) != cpus)
          return base::fail(base::Code::Conflict,
                            base::cat({path_, " speaks of processors that are not there: ", one.value.as_string()}));
        assigned_[pod.key][one.key] = std::move(cpus);
      }
    }
  return {};
}

}  // namespace kubelet
