#include "controller/ttl/ttl.h"

#include <gtest/gtest.h>

#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::core_v1::Node;
using testing::Cluster;
using namespace std::chrono_literals;

TEST(Ttl, GrowsInStepsThatOverlap) {
  EXPECT_EQ(ttl_seconds(1, -1), 0);
  EXPECT_EQ(ttl_seconds(100, 0), 0);
  EXPECT_EQ(ttl_seconds(101, 0), 15);
  EXPECT_EQ(ttl_seconds(95, 15), 15);
  EXPECT_EQ(ttl_seconds(89, 15), 0);
  EXPECT_EQ(ttl_seconds(20000, 300), 600);
}

TEST(Ttl, EveryNodeIsToldAndToldAgainWhenTheyBecomeMany) {
  Cluster cluster;
  auto add = [&](int number) {
    Node node;
    node.metadata.name = "n" + std::to_string(number);
    cluster.put(node);
  };
  auto told = [&](std::string name) {
    return cluster.server.get<Node>("", name)->metadata.annotations["node.alpha.kubernetes.io/ttl"];
  };
  add(0);
  cluster.run({"ttl-controller"});
  EXPECT_EQ(told("n0"), "0");
  for (int i = 1; i <= 100; i++) add(i);
  cluster.advance(2s);
  EXPECT_EQ(told("n0"), "15");
  EXPECT_EQ(told("n100"), "15");
  cluster.scope.cancel();
}

}  // namespace
}  // namespace controller
