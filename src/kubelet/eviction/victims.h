// Which pod is to go when the node runs low, and what it is told. Pure. Rules: the Kubernetes documentation,
// "Node-pressure Eviction", "Pod selection for kubelet eviction"; words are upstream's.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "kubelet/eviction/pressure.h"
#include "kubelet/pods/pod.h"
#include "kubelet/server/measure.h"

namespace kubelet {

// How the node's disks are divided.
struct Disks {
  bool images_apart = false;      // images have a file system of their own
  bool containers_apart = false;  // and writable layers are not on it
};

struct Candidate {
  core::Pod pod;
  std::optional<PodSample> sample;  // nothing: it could not be measured
};

// The candidates in the order in which they are to go.
std::vector<Candidate> order_of_victims(Signal signal, Disks disks, std::vector<Candidate> candidates);

struct EvictionWords {
  std::string message;
  // Of the event: starved_resource, and which containers used more of it than they asked for, and how much.
  std::map<std::string, std::string, std::less<>> annotations = {};
};
EvictionWords eviction_words(const Threshold& threshold, const Observations& seen, const Candidate& victim);

// What a pod uses of this node's disk: layers, logs, and volumes that live no longer than it.
uint64_t local_storage_bytes(const Candidate& candidate);
// Whether a pod has limits of local storage that could be passed at all.
bool has_storage_limits(const core::Pod& pod);
// Why the pod has to go: a limit of local storage that it has passed. Nothing if it keeps them all.
std::optional<std::string> storage_limit_passed(const Candidate& candidate, Disks disks);

}  // namespace kubelet
