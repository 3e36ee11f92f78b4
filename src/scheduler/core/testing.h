// Nodes and pods for tests, and a place to put them.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/random.h"
#include "scheduler/core/placement.h"
#include "scheduler/plugin/list.h"

namespace scheduler {

inline base::Quantity amount(std::string_view text) {
  return *base::Quantity::parse(text);
}

// node("a").cpu("2").label("disk", "ssd")
struct NodeBuilder {
  std::shared_ptr<api::core_v1::Node> node = std::make_shared<api::core_v1::Node>();
  explicit NodeBuilder(std::string name) {
    node->metadata.name = std::move(name);
    node->status.allocatable = {{"cpu", amount("4")}, {"memory", amount("8Gi")}, {"pods", amount("110")}};
  }
  NodeBuilder& cpu(std::string_view text) {
    node->status.allocatable["cpu"] = amount(text);
    return *this;
  }
  NodeBuilder& memory(std::string_view text) {
    node->status.allocatable["memory"] = amount(text);
    return *this;
  }
  NodeBuilder& pods(std::string_view text) {
    node->status.allocatable["pods"] = amount(text);
    return *this;
  }
  NodeBuilder& label(std::string key, std::string value) {
    node->metadata.labels[key] = value;
    return *this;
  }
  NodeBuilder& taint(std::string key, std::string value, std::string effect) {
    auto& made = node->spec.taints.emplace_back();
    made.key = key;
    made.value = value;
    made.effect = effect;
    return *this;
  }
  NodeBuilder& cordoned() {
    node->spec.unschedulable = true;
    return *this;
  }
};

struct PodBuilder {
  std::shared_ptr<api::core_v1::Pod> pod = std::make_shared<api::core_v1::Pod>();
  explicit PodBuilder(std::string name) {
    pod->metadata.namespace_ = "default";
    pod->metadata.name = name;
    pod->metadata.uid = name;
    pod->spec.containers.emplace_back();
  }
  api::core_v1::Container& container() { return pod->spec.containers[0]; }
  PodBuilder& cpu(std::string_view text) {
    container().resources.requests["cpu"] = amount(text);
    return *this;
  }
  PodBuilder& memory(std::string_view text) {
    container().resources.requests["memory"] = amount(text);
    return *this;
  }
  PodBuilder& on(std::string node) {
    pod->spec.node_name = node;
    return *this;
  }
  PodBuilder& in(std::string namespace_) {
    pod->metadata.namespace_ = namespace_;
    return *this;
  }
  PodBuilder& label(std::string key, std::string value) {
    pod->metadata.labels[key] = value;
    return *this;
  }
  PodBuilder& priority(int32_t value) {
    pod->spec.priority = value;
    return *this;
  }
  PodBuilder& started(int64_t seconds) {
    pod->status.start_time.seconds = seconds;
    return *this;
  }
  PodBuilder& ending() {
    pod->metadata.deletion_timestamp.seconds = 1;
    return *this;
  }
  PodBuilder& owned_by(std::string uid) {
    auto& owner = pod->metadata.owner_references.emplace_back();
    owner.uid = uid;
    owner.controller = true;
    return *this;
  }
  PodBuilder& port(int number) {
    container().ports.emplace_back();
    container().ports.back().host_port = number;
    return *this;
  }
  PodBuilder& selecting(std::string key, std::string value) {
    pod->spec.node_selector[key] = value;
    return *this;
  }
  PodBuilder& tolerating(std::string key, std::string how = "Exists") {
    auto& made = pod->spec.tolerations.emplace_back();
    made.key = key;
    made.operator_ = how;
    return *this;
  }
};

// As while it is being placed.
inline PodInfoRef whole_pod_info(const PodBuilder& builder) {
  return with_pod(*make_pod_info(*builder.pod), builder.pod);
}

struct PlacementFixture : testing::Test {
  Cache cache;
  Nominations nominations;
  base::SeededRandom random{7};
  Placer placer{make_plugins(), random};

  void add(const NodeBuilder& builder) { cache.put_node(*builder.node); }
  void add(const PodBuilder& builder) { cache.put_pod(make_pod_info(*builder.pod)); }
  Placement place(const PodBuilder& builder) { return placer.place(*whole_pod_info(builder), cache, nominations); }
};

}  // namespace scheduler
