// Objects for tests, in a few words: pod("web-0").label("app", "web").on("node-1").ready().
#pragma once

#include <string>
#include <utility>

#include "api/core_v1.h"

namespace client::testing {

class PodBuilder {
 public:
  explicit PodBuilder(std::string name, std::string namespace_ = "default") {
    pod_.metadata.name = std::move(name);
    pod_.metadata.namespace_ = std::move(namespace_);
    pod_.status.phase = "Pending";
    pod_.spec.containers.emplace_back().name = "main";
  }
  PodBuilder& label(std::string key, std::string value) {
    pod_.metadata.labels[std::move(key)] = std::move(value);
    return *this;
  }
  PodBuilder& on(std::string node) {
    pod_.spec.node_name = std::move(node);
    return *this;
  }
  PodBuilder& phase(std::string phase) {
    pod_.status.phase = std::move(phase);
    return *this;
  }
  PodBuilder& ip(std::string ip) {
    pod_.status.pod_ip = ip;
    pod_.status.pod_ips.emplace_back().ip = std::move(ip);
    return *this;
  }
  PodBuilder& ready(bool ready = true, base::Time since = {}) {
    if (ready) pod_.status.phase = "Running";
    auto& condition = pod_.status.conditions.emplace_back();
    condition.type = "Ready";
    condition.status = ready ? "True" : "False";
    condition.last_transition_time = since;
    return *this;
  }
  PodBuilder& port(std::string name, int32_t number) {
    auto& port = pod_.spec.containers[0].ports.emplace_back();
    port.name = std::move(name);
    port.container_port = number;
    port.protocol = "TCP";
    return *this;
  }
  api::core_v1::Pod& get() { return pod_; }
  operator api::core_v1::Pod() const { return pod_; }  // NOLINT: that is what it is for

 private:
  api::core_v1::Pod pod_;
};

inline PodBuilder pod(std::string name, std::string namespace_ = "default") {
  return PodBuilder(std::move(name), std::move(namespace_));
}

}  // namespace client::testing
