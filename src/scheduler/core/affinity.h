// What a pod demands or prefers of the pods near it, ready for matching. Kubernetes documentation, "Inter-pod affinity
// and anti-affinity".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/core_v1.h"
#include "schema/selector.h"

namespace scheduler {

struct PodInfo;

// Labels of the namespaces that are known.
using NamespaceLabels = std::map<std::string, schema::Labels, std::less<>>;

struct AffinityTerm {
  schema::LabelSelector pods;
  std::vector<std::string> namespaces;
  std::optional<schema::LabelSelector> namespaces_by_label;  // beside those named
  std::string topology_key;
  int64_t weight = 1;

  bool matches(const PodInfo& pod, const NamespaceLabels& labels) const;
};

struct Affinity {
  std::vector<AffinityTerm> required;
  std::vector<AffinityTerm> preferred;
  std::vector<AffinityTerm> required_anti;
  std::vector<AffinityTerm> preferred_anti;

  // Null for a pod that says nothing. Matchers that are not valid match nothing.
  static std::shared_ptr<const Affinity> of(const api::core_v1::Pod& pod);
};

}  // namespace scheduler
