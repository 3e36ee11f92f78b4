#include <gtest/gtest.h>

#include <set>

#include "client/testing/builders.h"
#include "controller/endpoints/endpoints.h"
#include "controller/endpointslice/plan.h"
#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::core_v1::Endpoints;
using api::core_v1::Node;
using api::core_v1::Pod;
using api::core_v1::Service;
using api::discovery_k8s_io_v1::EndpointSlice;
using client::testing::pod;
using testing::Cluster;
using namespace std::chrono_literals;

Service service(std::string name) {
  Service service;
  service.metadata.name = name;
  service.metadata.namespace_ = "default";
  service.metadata.labels = {{"team", "a"}};
  service.spec.selector = {{"app", name}};
  auto& port = service.spec.ports.emplace_back();
  port.name = "http";
  port.protocol = "TCP";
  port.port = 80;
  port.target_port = "web";
  return service;
}

client::testing::PodBuilder backend(std::string name, std::string ip, int32_t port = 8080) {
  return pod(name).label("app", "web").on("n1").ip(ip).port("web", port);
}

class EndpointsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.server.set_latency_max(10ms);
    Options options;
    options.endpoints_per_slice = 4;
    cluster_.run({"endpoints-controller", "endpointslice-controller"}, options);
  }
  void TearDown() override { cluster_.scope.cancel(); }
  std::vector<EndpointSlice> slices() { return cluster_.server.list<EndpointSlice>(); }
  // "ip[!]" of all slices, ! for those not ready, in order of address.
  std::string addresses() {
    std::vector<std::string> all;
    for (const auto& slice : slices()) {
      for (const auto& endpoint : slice.endpoints)
        all.push_back(endpoint.addresses[0] + (endpoint.conditions.ready.value_or(false) ? "" : "!"));
    }
    std::sort(all.begin(), all.end());
    return base::join(all, " ");
  }
  std::string old_addresses() {
    auto endpoints = cluster_.server.get<Endpoints>("default", "web");
    if (!endpoints) return "none";
    std::vector<std::string> all;
    for (const auto& subset : endpoints->subsets) {
      for (const auto& address : subset.addresses) all.push_back(address.ip);
      for (const auto& address : subset.not_ready_addresses) all.push_back(address.ip + "!");
    }
    return base::join(all, " ");
  }
  Cluster cluster_;
};

TEST_F(EndpointsTest, AServiceWithoutPodsHasAnEmptySlice) {
  auto stored = cluster_.put(service("web"));
  cluster_.advance(2s);
  ASSERT_EQ(slices().size(), 1u);
  const EndpointSlice slice = slices()[0];
  EXPECT_TRUE(slice.metadata.name.starts_with("web-"));
  EXPECT_EQ(slice.metadata.labels,
            (Labels{{"team", "a"},
                    {"kubernetes.io/service-name", "web"},
                    {"endpointslice.kubernetes.io/managed-by", "endpointslice-controller.k8s.io"}}));
  EXPECT_EQ(slice.metadata.owner_references[0].uid, stored.metadata.uid);
  EXPECT_TRUE(slice.endpoints.empty());
  EXPECT_EQ(old_addresses(), "");
}

TEST_F(EndpointsTest, EndpointsFollowPods) {
  cluster_.put(service("web"));
  base::Time since = cluster_.now();
  cluster_.put<Pod>(backend("a", "10.0.0.1").ready(true, since));
  cluster_.put<Pod>(backend("b", "10.0.0.2"));
  cluster_.put<Pod>(pod("other").label("app", "other").ip("10.0.0.9").ready());
  cluster_.advance(2s);
  EXPECT_EQ(addresses(), "10.0.0.1 10.0.0.2!");
  EXPECT_EQ(old_addresses(), "10.0.0.1 10.0.0.2!");
  ASSERT_EQ(slices().size(), 1u);
  const EndpointSlice slice = slices()[0];
  EXPECT_EQ(slice.address_type, "IPv4");
  ASSERT_EQ(slice.ports.size(), 1u);
  EXPECT_EQ(slice.ports[0].port, 8080);
  EXPECT_EQ(slice.ports[0].name, "http");
  EXPECT_EQ(slice.endpoints[0].node_name, "n1");
  EXPECT_EQ(slice.endpoints[0].target_ref->kind, "Pod");
  EXPECT_EQ(slice.endpoints[0].target_ref->name, "a");
  EXPECT_EQ(slice.metadata.annotations.at("endpoints.kubernetes.io/last-change-trigger-time"),
            base::format_rfc3339(since));
  cluster_.on_loop([&] { cluster_.server.erase<Pod>("default", "a"); });
  cluster_.advance(2s);
  EXPECT_EQ(addresses(), "10.0.0.2!");
}

TEST_F(EndpointsTest, ADepartingPodServesButIsNotReady) {
  cluster_.put(service("web"));
  cluster_.put<Pod>(backend("a", "10.0.0.1").ready());
  cluster_.edit<Pod>("default", "a", [&](Pod& pod) { pod.metadata.deletion_timestamp = cluster_.now(); });
  cluster_.advance(2s);
  ASSERT_EQ(slices()[0].endpoints.size(), 1u);
  const auto conditions = slices()[0].endpoints[0].conditions;
  EXPECT_EQ(conditions.ready, false);
  EXPECT_EQ(conditions.serving, true);
  EXPECT_EQ(conditions.terminating, true);
  EXPECT_EQ(old_addresses(), "");
}

TEST_F(EndpointsTest, SlicesFillUpAndAreMadeAndRemoved) {
  cluster_.put(service("web"));
  for (int i = 1; i <= 9; i++)
    cluster_.put<Pod>(backend("p" + std::to_string(i), "10.0.0." + std::to_string(i)).ready());
  cluster_.advance(2s);
  EXPECT_EQ(slices().size(), 3u);
  for (const auto& slice : slices()) EXPECT_LE(slice.endpoints.size(), 4u);
  EXPECT_EQ(addresses(), "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8 10.0.0.9");
  cluster_.on_loop([&] {
    for (int i = 1; i <= 9; i++) cluster_.server.erase<Pod>("default", "p" + std::to_string(i));
  });
  cluster_.advance(2s);
  EXPECT_EQ(slices().size(), 1u);
  EXPECT_EQ(addresses(), "");
}

TEST_F(EndpointsTest, PodsWithOtherPortNumbersGetTheirOwnSlice) {
  cluster_.put(service("web"));
  cluster_.put<Pod>(backend("a", "10.0.0.1").ready());
  cluster_.put<Pod>(backend("b", "10.0.0.2", 9090).ready());
  cluster_.advance(2s);
  EXPECT_EQ(slices().size(), 2u);
  EXPECT_EQ(cluster_.server.get<Endpoints>("default", "web")->subsets.size(), 2u);
}

TEST_F(EndpointsTest, ADualStackServiceHasSlicesOfBothFamilies) {
  Service both = service("web");
  both.spec.ip_families = {"IPv4", "IPv6"};
  cluster_.put(both);
  cluster_.put<Pod>(backend("a", "10.0.0.1").ip("fd00::1").ready());
  cluster_.advance(2s);
  ASSERT_EQ(slices().size(), 2u);
  EXPECT_EQ(addresses(), "10.0.0.1 fd00::1");
}

TEST_F(EndpointsTest, ServicesWithoutSelectorAreLeftAlone) {
  Service manual = service("manual");
  manual.spec.selector.clear();
  cluster_.put(manual);
  Endpoints own;
  own.metadata.name = "manual";
  own.metadata.namespace_ = "default";
  cluster_.put(own);
  cluster_.advance(2s);
  EXPECT_TRUE(slices().empty());
  EXPECT_TRUE(cluster_.server.get<Endpoints>("default", "manual"));
  EXPECT_TRUE(cluster_.server.writes().empty());
}

TEST_F(EndpointsTest, NodeZonesAreInTheEndpoints) {
  cluster_.put(service("web"));
  cluster_.put<Pod>(backend("a", "10.0.0.1").ready());
  Node node;
  node.metadata.name = "n1";
  node.metadata.labels = {{"topology.kubernetes.io/zone", "z1"}};
  cluster_.put(node);
  cluster_.advance(2s);
  EXPECT_EQ(slices()[0].endpoints[0].zone, "z1");
}

TEST_F(EndpointsTest, AServiceWhoseTrafficIsToStayNearHasHints) {
  Node node;
  node.metadata.name = "n1";
  node.metadata.labels = {{"topology.kubernetes.io/zone", "z1"}};
  cluster_.put(node);
  cluster_.put(service("web"));
  cluster_.put<Pod>(backend("a", "10.0.0.1").ready());
  cluster_.put<Pod>(backend("b", "10.0.0.2"));
  cluster_.advance(2s);
  auto hints = [&](size_t at) {
    auto now = slices();
    auto& endpoint = now[0].endpoints[at];
    std::string text = endpoint.conditions.ready.value_or(false) ? "ready:" : "not ready:";
    if (!endpoint.hints) return text;
    for (auto& zone : endpoint.hints->for_zones) text += " zone " + zone.name;
    for (auto& one : endpoint.hints->for_nodes) text += " node " + one.name;
    return text;
  };
  auto all = [&] { return std::set<std::string>{hints(0), hints(1)}; };
  EXPECT_EQ(all(), (std::set<std::string>{"ready:", "not ready:"}));
  auto wish = [&](std::optional<std::string> text) {
    cluster_.edit<Service>("default", "web", [&](Service& one) { one.spec.traffic_distribution = text; });
    cluster_.advance(2s);
  };
  wish("PreferSameZone");
  EXPECT_EQ(all(), (std::set<std::string>{"ready: zone z1", "not ready:"}));
  wish("PreferSameNode");
  EXPECT_EQ(all(), (std::set<std::string>{"ready: zone z1 node n1", "not ready:"}));
  wish(std::nullopt);
  EXPECT_EQ(all(), (std::set<std::string>{"ready:", "not ready:"}));
}

TEST_F(EndpointsTest, WhatIsSettledIsNotWrittenAgain) {
  cluster_.put(service("web"));
  for (int i = 1; i <= 9; i++)
    cluster_.put<Pod>(backend("p" + std::to_string(i), "10.0.0." + std::to_string(i)).ready());
  cluster_.advance(5s);
  size_t writes = cluster_.server.writes().size();
  cluster_.edit<Pod>("default", "p1", [](Pod& pod) { pod.metadata.annotations["x"] = "y"; });
  cluster_.advance(60s);
  EXPECT_EQ(cluster_.server.writes().size(), writes);
}

}  // namespace
}  // namespace controller
