#include <gtest/gtest.h>

#include "apiserver/testing_server.h"

namespace apiserver {
namespace {

constexpr const char* kPods = "/api/v1/namespaces/default/pods";

struct PodTopologyLabelsTest : testing::Test {
  TestServer server;
  void SetUp() override {
    server.send("POST", "/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"default"}})");
    server.send("POST", "/api/v1/nodes",
                R"({"metadata":{"name":"a","labels":{"topology.kubernetes.io/zone":"zone-1","other":"x"}}})");
    server.send("POST", kPods, R"({"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i"}]}})");
  }
  int bind(const std::string& node) {
    return server
        .send("POST", std::string(kPods) + "/p/binding", R"({"target":{"kind":"Node","name":")" + node + "\"}}")
        .status;
  }
};

TEST_F(PodTopologyLabelsTest, ABoundPodHasTheZoneOfItsNode) {
  ASSERT_EQ(bind("a"), 201);
  EXPECT_TRUE(server.send("GET", std::string(kPods) + "/p").says("topology.kubernetes.io/zone"));
  EXPECT_TRUE(server.send("GET", std::string(kPods) + "/p").says("zone-1"));
  EXPECT_FALSE(server.send("GET", std::string(kPods) + "/p").says("topology.kubernetes.io/region"));
  EXPECT_FALSE(server.send("GET", std::string(kPods) + "/p").says("other"));
}

TEST_F(PodTopologyLabelsTest, ANodeThatIsNotThereGivesNone) {
  ASSERT_EQ(bind("nowhere"), 201);
  EXPECT_FALSE(server.send("GET", std::string(kPods) + "/p").says("topology.kubernetes.io"));
}

}  // namespace
}  // namespace apiserver
