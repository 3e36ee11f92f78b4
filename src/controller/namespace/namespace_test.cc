#include <gtest/gtest.h>

#include "client/testing/builders.h"
#include "controller/node_ipam/node_ipam.h"
#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::core_v1::ConfigMap;
using api::core_v1::Namespace;
using api::core_v1::Node;
using api::core_v1::Pod;
using api::core_v1::ServiceAccount;
using client::testing::pod;
using testing::Cluster;
using namespace std::chrono_literals;

class NamespaceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.server.set_latency_max(5ms);
    Options options;
    options.root_ca = "PEM";
    cluster_.run({"namespace-controller", "serviceaccount-controller", "root-ca-certificate-publisher-controller"},
                 options);
  }
  void TearDown() override { cluster_.scope.cancel(); }
  void make(std::string name) {
    Namespace space;
    space.metadata.name = name;
    cluster_.put(space);
    cluster_.advance(1s);
  }
  void remove(std::string name) { ASSERT_TRUE(cluster_.await(cluster_.client.remove<Namespace>("", name))); }
  std::string condition(std::string name, std::string type) {
    for (const auto& one : cluster_.server.get<Namespace>("", name)->status.conditions) {
      if (one.type == type) return one.status + " " + one.message;
    }
    return "";
  }
  Cluster cluster_;
};

TEST_F(NamespaceTest, EveryNamespaceHasAnAccountAndTheCa) {
  make("a");
  EXPECT_TRUE(cluster_.server.get<ServiceAccount>("a", "default"));
  ASSERT_TRUE(cluster_.server.get<ConfigMap>("a", "kube-root-ca.crt"));
  EXPECT_EQ(cluster_.server.get<ConfigMap>("a", "kube-root-ca.crt")->data.at("ca.crt"), "PEM");
  cluster_.on_loop([&] { cluster_.server.erase<ServiceAccount>("a", "default"); });
  cluster_.edit<ConfigMap>("a", "kube-root-ca.crt", [](ConfigMap& map) { map.data["ca.crt"] = "other"; });
  cluster_.advance(1s);
  EXPECT_TRUE(cluster_.server.get<ServiceAccount>("a", "default"));
  EXPECT_EQ(cluster_.server.get<ConfigMap>("a", "kube-root-ca.crt")->data.at("ca.crt"), "PEM");
}

TEST_F(NamespaceTest, ADeletedNamespaceIsEmptiedThenGone) {
  make("a");
  make("b");
  cluster_.put<Pod>(pod("p", "a"));
  cluster_.put<Pod>(pod("p", "b"));
  remove("a");
  cluster_.advance(10s);
  EXPECT_FALSE(cluster_.server.get<Namespace>("", "a"));
  EXPECT_FALSE(cluster_.server.get<Pod>("a", "p"));
  EXPECT_FALSE(cluster_.server.get<ServiceAccount>("a", "default"));
  EXPECT_TRUE(cluster_.server.get<Namespace>("", "b"));
  EXPECT_TRUE(cluster_.server.get<Pod>("b", "p"));
}

TEST_F(NamespaceTest, WhatHoldsItIsToldUntilItIsGone) {
  make("a");
  Pod held = pod("p", "a");
  held.metadata.finalizers = {"example.com/hold"};
  cluster_.put(held);
  remove("a");
  cluster_.advance(2s);
  ASSERT_TRUE(cluster_.server.get<Namespace>("", "a"));
  EXPECT_EQ(condition("a", "NamespaceContentRemaining"),
            "True Some resources are remaining: pods. has 1 resource instances");
  EXPECT_EQ(condition("a", "NamespaceFinalizersRemaining"),
            "True Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances");
  EXPECT_EQ(condition("a", "NamespaceDeletionContentFailure"),
            "False All content successfully deleted, may be waiting on finalization");
  cluster_.on_loop([&] { cluster_.server.erase<Pod>("a", "p"); });
  cluster_.advance(30s);
  EXPECT_FALSE(cluster_.server.get<Namespace>("", "a"));
}

TEST_F(NamespaceTest, WhatRemainsIsLookedAtEverMoreSlowly) {
  make("a");
  Pod held = pod("p", "a");
  held.metadata.finalizers = {"example.com/hold"};
  cluster_.put(held);
  remove("a");
  cluster_.advance(30s);
  auto sweeps = [&] {
    const auto& writes = cluster_.server.writes();
    return std::count(writes.begin(), writes.end(), "DELETE /api/v1/namespaces/a/pods");
  };
  auto before = sweeps();
  EXPECT_GT(before, 0);
  cluster_.advance(10min);
  EXPECT_LE(sweeps() - before, 80);
}

TEST_F(NamespaceTest, NothingGoesBeforeThePodsAreGone) {
  make("a");
  Pod held = pod("p", "a");
  held.metadata.finalizers = {"example.com/hold"};
  cluster_.put(held);
  remove("a");
  cluster_.advance(10s);
  EXPECT_FALSE(cluster_.server.get<Pod>("a", "p")->metadata.deletion_timestamp.is_zero());
  EXPECT_TRUE(cluster_.server.get<ConfigMap>("a", "kube-root-ca.crt"));
  EXPECT_TRUE(cluster_.server.get<ServiceAccount>("a", "default"));
  cluster_.on_loop([&] { cluster_.server.erase<Pod>("a", "p"); });
  cluster_.advance(30s);
  EXPECT_FALSE(cluster_.server.get<ConfigMap>("a", "kube-root-ca.crt"));
  EXPECT_FALSE(cluster_.server.get<Namespace>("", "a"));
}

TEST(BlockSet, GivesEachBlockOnceAndFreedOnesLast) {
  BlockSet blocks(*base::IpNetwork::parse("10.244.0.0/22"), 24);
  blocks.take(*base::IpNetwork::parse("10.244.1.0/24"));
  EXPECT_EQ(blocks.next()->to_string(), "10.244.0.0/24");
  EXPECT_EQ(blocks.next()->to_string(), "10.244.2.0/24");
  blocks.free(*base::IpNetwork::parse("10.244.0.0/24"));
  EXPECT_EQ(blocks.next()->to_string(), "10.244.3.0/24");
  EXPECT_EQ(blocks.next()->to_string(), "10.244.0.0/24");
  EXPECT_FALSE(blocks.next());
}

TEST(BlockSet, SixtyFourBitHostsWork) {
  BlockSet blocks(*base::IpNetwork::parse("fd00:10::/56"), 64);
  EXPECT_EQ(blocks.next()->to_string(), "fd00:10::/64");
  EXPECT_EQ(blocks.next()->to_string(), "fd00:10:0:1::/64");
  blocks.take(*base::IpNetwork::parse("fd00:10:0:2::/64"));
  EXPECT_EQ(blocks.next()->to_string(), "fd00:10:0:3::/64");
}

TEST(NodeIpam, NodesGetTheirRanges) {
  Cluster cluster;
  Node known;
  known.metadata.name = "old";
  known.spec.pod_cidr = "10.244.0.0/24";
  known.spec.pod_cidrs = {"10.244.0.0/24"};
  cluster.server.put(known);
  Options options;
  options.cluster_cidr = "10.244.0.0/23";
  options.allocate_node_cidrs = true;
  cluster.run({"node-ipam-controller"}, options);
  Node fresh;
  fresh.metadata.name = "a";
  cluster.put(fresh);
  fresh.metadata.name = "b";
  cluster.put(fresh);
  cluster.advance(2s);
  EXPECT_EQ(cluster.server.get<Node>("", "a")->spec.pod_cidr, "10.244.1.0/24");
  EXPECT_EQ(cluster.server.get<Node>("", "b")->spec.pod_cidr, "");
  EXPECT_EQ(cluster.events("b").size(), 1u);
  cluster.on_loop([&] { cluster.server.erase<Node>("", "old"); });
  cluster.advance(2s);
  EXPECT_EQ(cluster.server.get<Node>("", "b")->spec.pod_cidrs, (std::vector<std::string>{"10.244.0.0/24"}));
  cluster.scope.cancel();
}

}  // namespace
}  // namespace controller
