#include "proxy/model.h"

#include <gtest/gtest.h>

#include "proxy/conntrack.h"
#include "proxy/testing.h"

namespace proxy {
namespace {

std::vector<std::string> addresses(const std::vector<Endpoint>& endpoints) {
  std::vector<std::string> out;
  for (const auto& endpoint : endpoints) out.push_back(endpoint.address);
  return out;
}

using Addresses = std::vector<std::string>;

struct Model : testing::Test {
  World world;
  Snapshot snapshot() { return make_snapshot(world.services, world.slices, {.node = "n1"}, Family::IPv4); }
  ServicePort only() {
    auto made = snapshot();
    EXPECT_EQ(made.ports.size(), 1u);
    return made.ports.empty() ? ServicePort{} : made.ports[0];
  }
};

TEST_F(Model, AServicePortHasTheReadyEndpointsOfAllItsSlices) {
  world.service("web", "10.96.0.10", 80);
  world.slice("web", 8080, {{"10.244.0.3", "n1"}, {"10.244.1.3", "n2"}});
  world.slice("web", 8080, {{"10.244.0.2", "n1"}});
  world.slice("other", 8080, {{"10.244.9.9", "n1"}});
  auto port = only();
  EXPECT_EQ(port.text(), "default/web:http");
  EXPECT_EQ(addresses(port.cluster_endpoints), (Addresses{"10.244.0.2", "10.244.0.3", "10.244.1.3"}));
  EXPECT_EQ(addresses(port.local_endpoints), (Addresses{"10.244.0.2", "10.244.0.3"}));
}

TEST_F(Model, EndpointsThatAreNotReadyGetNothing) {
  world.service("web", "10.96.0.10", 80);
  world.slice("web", 8080, {{.address = "10.244.0.2", .ready = false}, {"10.244.0.3"}});
  EXPECT_EQ(addresses(only().cluster_endpoints), Addresses{"10.244.0.3"});
}

TEST_F(Model, WhenNoneIsReadyThoseThatServeWhileTheyEndAreUsed) {
  world.service("web", "10.96.0.10", 80);
  world.slice("web", 8080,
              {{.address = "10.244.0.2", .ready = false, .serving = true, .terminating = true},
               {.address = "10.244.0.3", .ready = false, .serving = false, .terminating = true}});
  EXPECT_EQ(addresses(only().cluster_endpoints), Addresses{"10.244.0.2"});
}

struct Hints : Model {
  Addresses used(Here here) {
    auto made = make_snapshot(world.services, world.slices, here, Family::IPv4);
    return made.ports.empty() ? Addresses{} : addresses(made.ports[0].cluster_endpoints);
  }
};

TEST_F(Hints, TheZonesOwnEndpointsAreUsedWhenAllHaveHintsAndSomeAreForTheZone) {
  world.service("web", "10.96.0.10", 80);
  world.slice("web", 8080,
              {{.address = "10.244.0.2", .for_zones = {"a"}}, {.address = "10.244.1.2", .for_zones = {"b"}}});
  EXPECT_EQ(used({.node = "n1", .zone = "a"}), Addresses{"10.244.0.2"});
  EXPECT_EQ(used({.node = "n1", .zone = "b"}), Addresses{"10.244.1.2"});
  EXPECT_EQ(used({.node = "n1", .zone = "c"}), (Addresses{"10.244.0.2", "10.244.1.2"}));
  EXPECT_EQ(used({.node = "n1", .zone = ""}), (Addresses{"10.244.0.2", "10.244.1.2"}));
  world.slice("web", 8080, {{.address = "10.244.2.2"}});
  EXPECT_EQ(used({.node = "n1", .zone = "a"}).size(), 3u) << "one has no hint";
}

TEST_F(Hints, TheNodesOwnComeBeforeThoseOfItsZone) {
  world.service("web", "10.96.0.10", 80);
  world.slice("web", 8080,
              {{.address = "10.244.0.2", .for_nodes = {"n1"}, .for_zones = {"a"}},
               {.address = "10.244.1.2", .for_nodes = {"n2"}, .for_zones = {"a"}},
               {.address = "10.244.2.2", .for_nodes = {"n3"}, .for_zones = {"b"}}});
  EXPECT_EQ(used({.node = "n1", .zone = "a"}), Addresses{"10.244.0.2"});
  EXPECT_EQ(used({.node = "n9", .zone = "a"}), (Addresses{"10.244.0.2", "10.244.1.2"}));
  EXPECT_EQ(used({.node = "n9", .zone = "c"}).size(), 3u);
}

TEST_F(Model, HeadlessServicesAndExternalNamesHaveNoPlace) {
  world.service("headless", "None", 80);
  world.service("elsewhere", "", 80).spec.type = "ExternalName";
  EXPECT_TRUE(snapshot().ports.empty());
}

TEST_F(Model, AnotherProxysServicesAreLeftAlone) {
  world.service("web", "10.96.0.10", 80).metadata.labels["service.kubernetes.io/service-proxy-name"] = "mesh";
  EXPECT_TRUE(snapshot().ports.empty());
}

TEST_F(Model, ADualStackServiceHasOneSideInEachFamily) {
  auto& service = world.service("web", "10.96.0.10", 80);
  service.spec.cluster_ips = {"10.96.0.10", "fd00::10"};
  EXPECT_EQ(only().cluster_ip, "10.96.0.10");
  auto v6 = make_snapshot(world.services, world.slices, {.node = "n1"}, Family::IPv6);
  ASSERT_EQ(v6.ports.size(), 1u);
  EXPECT_EQ(v6.ports[0].cluster_ip, "fd00::10");
}

TEST_F(Model, UdpFlowsToAGoneEndpointAreForgotten) {
  world.service("dns", "10.96.0.10", 53, "UDP");
  world.slice("dns", 53, {{"10.244.0.2"}, {"10.244.0.3"}}, "UDP");
  auto before = snapshot();
  world.slices.clear();
  world.slice("dns", 53, {{"10.244.0.3"}}, "UDP");
  auto commands = stale_flows(before, snapshot());
  EXPECT_EQ(
      commands,
      (std::vector<ConntrackCommand>{{"-D", "--orig-dst", "10.96.0.10", "--dst-nat", "10.244.0.2", "-p", "udp"}}));
}

TEST_F(Model, UdpFlowsThatWentNowhereAreForgottenOnceThereIsSomewhere) {
  world.service("dns", "10.96.0.10", 53, "UDP");
  auto before = snapshot();
  world.slice("dns", 53, {{"10.244.0.3"}}, "UDP");
  EXPECT_EQ(stale_flows(before, snapshot()),
            (std::vector<ConntrackCommand>{{"-D", "--orig-dst", "10.96.0.10", "-p", "udp"}}));
}

TEST_F(Model, TcpFlowsEndByThemselves) {
  world.service("web", "10.96.0.10", 80);
  world.slice("web", 80, {{"10.244.0.2"}});
  auto before = snapshot();
  world.slices.clear();
  EXPECT_TRUE(stale_flows(before, snapshot()).empty());
}

}  // namespace
}  // namespace proxy
