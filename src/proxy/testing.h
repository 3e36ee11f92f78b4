// Services and slices for tests, in a line each.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/model.h"

namespace proxy {

struct EndpointSpec {
  std::string address;
  std::string node = "n1";
  bool ready = true;
  bool serving = true;
  bool terminating = false;
  std::vector<std::string> for_nodes = {}, for_zones = {};  // hints
};

struct World {
  Services services;
  Slices slices;

  // A service of one port named http, type ClusterIP.
  api::core_v1::Service& service(std::string name, std::string cluster_ip, int port, std::string protocol = "TCP") {
    auto made = std::make_shared<api::core_v1::Service>();
    made->metadata.namespace_ = "default";
    made->metadata.name = std::move(name);
    made->spec.type = "ClusterIP";
    made->spec.cluster_ip = cluster_ip;
    if (!cluster_ip.empty()) made->spec.cluster_ips = {cluster_ip};
    auto& first = made->spec.ports.emplace_back();
    first.name = "http";
    first.protocol = std::move(protocol);
    first.port = port;
    services.push_back(made);
    return *made;
  }

  void slice(const std::string& service, int port, const std::vector<EndpointSpec>& endpoints,
             std::string protocol = "TCP") {
    auto made = std::make_shared<api::discovery_k8s_io_v1::EndpointSlice>();
    made->metadata.namespace_ = "default";
    made->metadata.name = service + "-" + std::to_string(slices.size());
    made->metadata.labels["kubernetes.io/service-name"] = service;
    made->address_type = "IPv4";
    auto& first = made->ports.emplace_back();
    first.name = "http";
    first.protocol = std::move(protocol);
    first.port = port;
    for (const auto& spec : endpoints) {
      auto& endpoint = made->endpoints.emplace_back();
      endpoint.addresses = {spec.address};
      endpoint.node_name = spec.node;
      endpoint.conditions.ready = spec.ready;
      endpoint.conditions.serving = spec.serving;
      endpoint.conditions.terminating = spec.terminating;
      if (!spec.for_nodes.empty() || !spec.for_zones.empty()) endpoint.hints.emplace();
      for (auto& name : spec.for_nodes) endpoint.hints->for_nodes.emplace_back().name = name;
      for (auto& name : spec.for_zones) endpoint.hints->for_zones.emplace_back().name = name;
    }
    slices.push_back(std::move(made));
  }
};

}  // namespace proxy
