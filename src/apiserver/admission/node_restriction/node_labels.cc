#include "apiserver/admission/node_restriction/node_labels.h"

#include <algorithm>
#include <iterator>
#include <set>

namespace apiserver {
namespace {

bool in_domain(std::string_view name, std::string_view domain) {
  return name == domain ||
         (name.size() > domain.size() && name.ends_with(domain) && name[name.size() - domain.size() - 1] == '.');
}

constexpr std::string_view kAllowed[] = {
    "kubernetes.io/hostname",
    "topology.kubernetes.io/zone",
    "topology.kubernetes.io/region",
    "failure-domain.beta.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region",
    "kubernetes.io/os",
    "kubernetes.io/arch",
    "node.kubernetes.io/instance-type",
    "beta.kubernetes.io/os",
    "beta.kubernetes.io/arch",
    "beta.kubernetes.io/instance-type",
    "node.kubernetes.io/windows-build",
};

}  // namespace

bool is_forbidden_to_kubelets(std::string_view label) {
  auto slash = label.find('/');
  if (slash == std::string_view::npos) return false;
  auto domain = label.substr(0, slash);
  if (in_domain(domain, "node-restriction.kubernetes.io")) return true;
  if (!in_domain(domain, "kubernetes.io") && !in_domain(domain, "k8s.io")) return false;
  if (std::find(std::begin(kAllowed), std::end(kAllowed), label) != std::end(kAllowed)) return false;
  return !in_domain(domain, "kubelet.kubernetes.io") && !in_domain(domain, "node.kubernetes.io");
}

std::vector<std::string> forbidden_labels(const NodeLabels& next, const NodeLabels& before) {
  std::set<std::string> found;
  auto look = [&](const NodeLabels& in, const NodeLabels& other) {
    for (const auto& [key, value] : in) {
      auto there = other.find(key);
      if ((there == other.end() || there->second != value) && is_forbidden_to_kubelets(key)) found.insert(key);
    }
  };
  look(next, before);
  look(before, next);
  return {found.begin(), found.end()};
}

}  // namespace apiserver
