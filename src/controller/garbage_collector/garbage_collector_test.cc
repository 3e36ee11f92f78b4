#include <gtest/gtest.h>

#include <algorithm>

#include "api/apiextensions_k8s_io_v1.h"
#include "api/apiregistration_k8s_io_v1.h"
#include "client/testing/builders.h"
#include "controller/common/ownership.h"
#include "controller/garbage_collector/graph.h"
#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::apps_v1::Deployment;
using api::apps_v1::ReplicaSet;
using api::core_v1::ConfigMap;
using api::core_v1::Pod;
using testing::Cluster;
using namespace std::chrono_literals;

class GarbageTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.server.set_latency_max(10ms);
    cluster_.run({"deployment-controller", "replicaset-controller", "garbage-collector-controller"});
    cluster_.run_nodes({"n1"});
    cluster_.put(testing::deployment("web", 3));
    cluster_.advance(20s);
    ASSERT_EQ(pods(), 3u);
  }
  void TearDown() override { cluster_.scope.cancel(); }
  size_t pods() const { return cluster_.server.list<Pod>().size(); }
  size_t sets() const { return cluster_.server.list<ReplicaSet>().size(); }
  void remove(std::string policy) {
    ASSERT_TRUE(cluster_.await(cluster_.client.remove<Deployment>("default", "web", {.propagation_policy = policy})));
  }
  Cluster cluster_;
};

TEST_F(GarbageTest, WhatADeletedOwnerLeavesBehindGoesToo) {
  remove("Background");
  EXPECT_FALSE(cluster_.server.get<Deployment>("default", "web"));
  cluster_.advance(60s);
  EXPECT_EQ(sets(), 0u);
  EXPECT_EQ(pods(), 0u);
}

TEST_F(GarbageTest, ForegroundDeletionGoesFromTheBottomUp) {
  remove("Foreground");
  bool parent_first = false;
  ASSERT_TRUE(cluster_.advance_until(
      [&] {
        bool deployment = cluster_.server.get<Deployment>("default", "web").has_value();
        parent_first |= (!deployment && sets() > 0) || (sets() == 0 && pods() > 0);
        return !deployment && sets() == 0 && pods() == 0;
      },
      5min));
  EXPECT_FALSE(parent_first);
}

TEST_F(GarbageTest, OrphansStayWithoutTheirOwner) {
  remove("Orphan");
  cluster_.advance(30s);
  EXPECT_FALSE(cluster_.server.get<Deployment>("default", "web"));
  ASSERT_EQ(sets(), 1u);
  EXPECT_TRUE(cluster_.server.list<ReplicaSet>()[0].metadata.owner_references.empty());
  EXPECT_EQ(pods(), 3u);
}

TEST_F(GarbageTest, AnOwnerThatNeverWasIsAbsent) {
  ConfigMap map;
  map.metadata.name = "stray";
  map.metadata.namespace_ = "default";
  auto& owner = map.metadata.owner_references.emplace_back();
  owner.api_version = "v1";
  owner.kind = "ConfigMap";
  owner.name = "nobody";
  owner.uid = "1";
  cluster_.put(map);
  // One whose owner's name is taken by another object.
  map.metadata.name = "other";
  map.metadata.owner_references[0].name = "stray";
  map.metadata.owner_references[0].uid = "2";
  cluster_.put(map);
  cluster_.advance(5s);
  EXPECT_FALSE(cluster_.server.get<ConfigMap>("default", "stray"));
  EXPECT_FALSE(cluster_.server.get<ConfigMap>("default", "other"));
}

TEST_F(GarbageTest, OneLivingOwnerIsEnough) {
  ConfigMap keeper;
  keeper.metadata.name = "keeper";
  keeper.metadata.namespace_ = "default";
  keeper = cluster_.put(keeper);
  ConfigMap map;
  map.metadata.name = "shared";
  map.metadata.namespace_ = "default";
  map.metadata.owner_references = {controller_reference(keeper),
                                   controller_reference(*cluster_.server.get<Deployment>("default", "web"))};
  map.metadata.owner_references[1].controller = false;
  cluster_.put(map);
  remove("Background");
  cluster_.advance(30s);
  auto left = cluster_.server.get<ConfigMap>("default", "shared");
  ASSERT_TRUE(left);
  ASSERT_EQ(left->metadata.owner_references.size(), 1u);
  EXPECT_EQ(left->metadata.owner_references[0].name, "keeper");
}

TEST(Garbage, ACircleGoesToo) {
  Cluster cluster;
  cluster.server.set_latency_max(10ms);
  auto put = [&](std::string name, std::string owner_name) {
    ConfigMap map;
    map.metadata.name = map.metadata.uid = name;
    map.metadata.namespace_ = "default";
    auto& owner = map.metadata.owner_references.emplace_back();
    owner.api_version = "v1";
    owner.kind = "ConfigMap";
    owner.name = owner.uid = owner_name;
    owner.block_owner_deletion = true;
    cluster.put(map);
  };
  put("a", "c");
  put("b", "a");
  put("c", "b");
  cluster.run({"garbage-collector-controller"});
  cluster.advance(5s);
  ASSERT_EQ(cluster.server.list<ConfigMap>().size(), 3u);
  ASSERT_TRUE(cluster.await(cluster.client.remove<ConfigMap>("default", "a", {.propagation_policy = "Foreground"})));
  cluster.advance(30s);
  EXPECT_EQ(cluster.server.list<ConfigMap>().size(), 0u);
  cluster.scope.cancel();
}

TEST(Garbage, AKindThatCannotBeListedDoesNotKeepTheOthersWaiting) {
  Cluster cluster;
  cluster.server.set_fault([](const client::Call& call) -> std::optional<base::Error> {
    if (call.target.find("/podtemplates") == std::string::npos) return std::nullopt;
    return base::Error(base::Code::Internal, "broken");
  });
  ConfigMap left;
  left.metadata.name = "left";
  left.metadata.namespace_ = "default";
  auto& owner = left.metadata.owner_references.emplace_back();
  owner.api_version = "v1";
  owner.kind = "ConfigMap";
  owner.name = "gone";
  owner.uid = "gone";
  cluster.put(left);
  cluster.run({"garbage-collector-controller"});
  cluster.advance(20s);
  EXPECT_TRUE(cluster.server.get<ConfigMap>("default", "left"));
  cluster.advance(20s);
  EXPECT_FALSE(cluster.server.get<ConfigMap>("default", "left"));
  cluster.scope.cancel();
}

// A definition whose objects own others, as the fake server, which serves built-in kinds only, lets it be told: each of
// its objects is answered by `answer_`.
class GarbageOfCustomKinds : public ::testing::Test {
 protected:
  using Definition = api::apiextensions_k8s_io_v1::CustomResourceDefinition;

  void SetUp() override {
    cluster_.server.set_fault([this](const client::Call& call) -> std::optional<base::Error> {
      if (call.target.find("/apis/x.io/") != 0) return std::nullopt;
      asked_.push_back(call.target);
      return base::Error(base::Code::NotFound, "404 page not found");
    });
    define("v1");
    ConfigMap map;
    map.metadata.name = "owned";
    map.metadata.namespace_ = "default";
    auto& owner = map.metadata.owner_references.emplace_back();
    owner.api_version = "x.io/v1";
    owner.kind = "Thing";
    owner.name = "t";
    owner.uid = "t";
    cluster_.put(map);
    cluster_.run({"garbage-collector-controller"});
    cluster_.advance(2min);
  }
  void TearDown() override { cluster_.scope.cancel(); }
  void define(std::string served) {
    Definition definition;
    definition.metadata.name = "things.x.io";
    definition.spec.group = "x.io";
    definition.spec.scope = "Namespaced";
    for (std::string version : {"v1", "v2"}) {
      auto& one = definition.spec.versions.emplace_back();
      one.name = version;
      one.served = version == served;
    }
    definition.status.accepted_names.plural = "things";
    definition.status.accepted_names.kind = "Thing";
    auto& condition = definition.status.conditions.emplace_back();
    condition.type = "Established";
    condition.status = "True";
    cluster_.put(definition);
  }
  bool owned_is_there() const { return cluster_.server.get<ConfigMap>("default", "owned").has_value(); }

  Cluster cluster_;
  std::vector<std::string> asked_;
};

TEST_F(GarbageOfCustomKinds, AnOwnerNobodyCanTellOfMayWellBeThere) {
  EXPECT_TRUE(std::ranges::any_of(asked_, [](const auto& one) { return one.ends_with("/things/t"); }));
  EXPECT_TRUE(owned_is_there());
}

TEST_F(GarbageOfCustomKinds, AnotherVersionIsAskedWhenTheFirstIsServedNoLonger) {
  define("v2");
  asked_.clear();
  cluster_.advance(5min);
  EXPECT_TRUE(std::ranges::any_of(asked_, [](const auto& one) { return one.starts_with("/apis/x.io/v2/things"); }));
  EXPECT_TRUE(std::ranges::none_of(asked_, [](const auto& one) { return one.starts_with("/apis/x.io/v1/"); }));
  EXPECT_TRUE(owned_is_there());
}

TEST_F(GarbageOfCustomKinds, WithADefinitionGoWhatItsObjectsOwned) {
  cluster_.on_loop([&] { EXPECT_TRUE(cluster_.server.erase<Definition>("", "things.x.io")); });
  cluster_.advance(2min);
  EXPECT_FALSE(owned_is_there());
}

TEST(Garbage, KindsOfExtensionServersAreFollowed) {
  using Service = api::apiregistration_k8s_io_v1::APIService;
  Cluster cluster;
  std::vector<std::string> asked;
  cluster.server.set_fault([&](const client::Call& call) -> std::optional<base::Error> {
    if (call.target.find("/apis/ext.io/") == 0) asked.push_back(call.target);
    return std::nullopt;
  });
  cluster.server.set_answer("/apis/ext.io/v1", R"({"kind":"APIResourceList","groupVersion":"ext.io/v1","resources":[)"
                                               R"({"name":"things","kind":"Thing","verbs":["list","watch","delete"]},)"
                                               R"({"name":"facts","kind":"Fact","verbs":["get","list"]}]})");
  Service service;
  service.metadata.name = "v1.ext.io";
  service.spec.group = "ext.io";
  service.spec.version = "v1";
  cluster.run({"garbage-collector-controller"});
  cluster.put(service);
  cluster.advance(1min);
  EXPECT_TRUE(asked.empty());  // it is served by nobody else
  service.spec.service.emplace().name = "ext";
  cluster.put(service);
  cluster.advance(1min);
  EXPECT_TRUE(std::ranges::any_of(asked, [](const auto& one) { return one.starts_with("/apis/ext.io/v1/things"); }));
  EXPECT_TRUE(std::ranges::none_of(asked, [](const auto& one) { return one.starts_with("/apis/ext.io/v1/facts"); }));
  cluster.scope.cancel();
}

TEST(GarbageGraph, OwnersLiveAsLongAsTheirDependents) {
  garbage::Graph graph;
  api::meta_v1::ObjectMeta pod;
  pod.uid = "p";
  pod.owner_references.emplace_back().uid = "o";
  EXPECT_EQ(graph.put({0, "ns", "p"}, pod).unknown.size(), 1u);
  EXPECT_TRUE(graph.put({0, "ns", "p"}, pod).unknown.empty());
  EXPECT_NE(graph.owner("o"), nullptr);
  pod.owner_references.clear();
  EXPECT_TRUE(graph.put({0, "ns", "p"}, pod).owners_changed);
  EXPECT_EQ(graph.owner("o"), nullptr);
  EXPECT_EQ(graph.size(), 0u);
}

}  // namespace
}  // namespace controller
