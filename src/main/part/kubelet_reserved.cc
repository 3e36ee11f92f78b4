#include "main/part/kubelet_reserved.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/strings.h"

namespace navarch {
namespace {

using Amounts = std::map<std::string, base::Quantity, std::less<>>;
using Enforce = kubelet::ReservedOptions::Enforce;

base::Error invalid(std::initializer_list<std::string_view> words) {
  return {base::Code::BadRequest, "invalid configuration: " + base::cat(words)};
}

base::Result<Amounts> parse(const std::map<std::string, std::string, std::less<>>& words) {
  Amounts out;
  for (const auto& [resource, text] : words) {
    bool known = resource == "cpu" || resource == "memory" || resource == "ephemeral-storage" || resource == "pid";
    if (!known)
      return base::fail(base::Code::BadRequest, base::cat({"cannot reserve ", base::quote(resource), " resource"}));
    auto amount = base::Quantity::parse(text);
    if (!amount)
      return base::fail(amount.error().with_context(
          base::cat({"failed to parse quantity ", base::quote(text), " for ", base::quote(resource), " resource"})));
    if (amount->sign() < 0)
      return base::fail(base::Code::BadRequest,
                        base::cat({"resource quantity for ", base::quote(resource), " cannot be negative: ", text}));
    out[resource] = *amount;
  }
  return out;
}

// How many processors a list like "0-3,7" names.
base::Result<int64_t> count_processors(std::string_view text) {
  auto wrong = [&] {
    return base::fail(
        invalid({"unable to parse reservedSystemCPUs (--reserved-cpus) ", text, ", error: not a list of numbers"}));
  };
  std::set<int64_t> all;
  for (auto part : base::split(text, ',')) {
    auto dash = part.find('-');
    auto first = base::parse_int(part.substr(0, dash));
    auto last = dash == std::string_view::npos ? first : base::parse_int(part.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last > 1 << 16) return wrong();
    for (int64_t i = *first; i <= *last; ++i) all.insert(i);
  }
  return static_cast<int64_t>(all.size());
}

base::Result<void> take_enforcement(const ReservedWords& words, kubelet::ReservedOptions& to) {
  if (words.enforce.empty()) return {};
  to.enforce_pods = false;
  to.enforce_system = to.enforce_kube = Enforce::No;
  constexpr std::string_view kWhere = "contained in enforceNodeAllocatable (--enforce-node-allocatable)";
  std::set<std::string_view> said(words.enforce.begin(), words.enforce.end());
  auto take = [&](std::string_view word, const std::string& group, std::string_view field, std::string_view flag,
                  Enforce how, Enforce& target) -> base::Result<void> {
    if (!said.contains(word)) return {};
    if (group.empty())
      return base::fail(
          invalid({field, " (", flag, ") must be specified when ", base::quote(std::string(word)), " ", kWhere}));
    if (target != Enforce::No)
      return base::fail(
          invalid({base::quote(std::string(word)), " and the same without \"-compressible\" cannot both be ", kWhere}));
    target = how;
    return {};
  };
  for (const auto& word : words.enforce) {
    constexpr std::string_view kKnown[] = {
        "pods", "system-reserved", "kube-reserved", "system-reserved-compressible", "kube-reserved-compressible",
        "none"};
    if (std::find(std::begin(kKnown), std::end(kKnown), word) == std::end(kKnown))
      return base::fail(invalid({"option ", base::quote(word),
                                 " specified for enforceNodeAllocatable (--enforce-node-allocatable). Valid options "
                                 "are \"pods\", \"system-reserved\", \"system-reserved-compressible\", "
                                 "\"kube-reserved\", \"kube-reserved-compressible\" or \"none\""}));
  }
  if (said.contains("none") && words.enforce.size() > 1)
    return base::fail(
        invalid({"enforceNodeAllocatable (--enforce-node-allocatable) may not contain additional "
                 "enforcements when \"none\" is specified"}));
  to.enforce_pods = said.contains("pods");
  constexpr std::string_view kSystem = "systemReservedCgroup", kSystemFlag = "--system-reserved-cgroup";
  constexpr std::string_view kKube = "kubeReservedCgroup", kKubeFlag = "--kube-reserved-cgroup";
  TRY(take("system-reserved", words.system_group, kSystem, kSystemFlag, Enforce::All, to.enforce_system));
  TRY(take("system-reserved-compressible", words.system_group, kSystem, kSystemFlag, Enforce::Compressible,
           to.enforce_system));
  TRY(take("kube-reserved", words.kube_group, kKube, kKubeFlag, Enforce::All, to.enforce_kube));
  TRY(take("kube-reserved-compressible", words.kube_group, kKube, kKubeFlag, Enforce::Compressible, to.enforce_kube));
  return {};
}

}  // namespace

base::Result<void> take_reserved(const ReservedWords& words, kubelet::KubeletOptions& options) {
  auto& to = options.reserved_groups;
  TRY(to.system, parse(words.system));
  TRY(to.kube, parse(words.kube));
  to.system_group = words.system_group;
  to.kube_group = words.kube_group;
  TRY(take_enforcement(words, to));
  if (!options.cgroups && to.enforce_pods && !words.enforce.empty())
    return base::fail(
        invalid({"enforceNodeAllocatable (--enforce-node-allocatable) cannot be \"pods\" unless "
                 "cgroupsPerQOS (--cgroups-per-qos) is set to true"}));
  if (!words.processors.empty()) {
    if (!words.system_group.empty() || !words.kube_group.empty())
      return base::fail(
          invalid({"can't use reservedSystemCPUs (--reserved-cpus) with systemReservedCgroup "
                   "(--system-reserved-cgroup) or kubeReservedCgroup (--kube-reserved-cgroup)"}));
    TRY(auto count, count_processors(words.processors));
    options.alignment.reserved_cpus = words.processors;
    to.kube.erase("cpu");
    to.system["cpu"] = base::Quantity::of(count);
  }
  options.reserved = to.system;
  for (const auto& [name, amount] : to.kube) options.reserved[name] += amount;
  return {};
}

}  // namespace navarch
