#include "client/client.h"

#include <gtest/gtest.h>

#include "api/core_v1.h"
#include "client/status.h"
#include "client/testing/builders.h"
#include "client/testing/fixture.h"

namespace client {
namespace {

using api::core_v1::Binding;
using api::core_v1::Node;
using api::core_v1::Pod;
using base::Code;
using testing::pod;
using namespace std::chrono_literals;

class ClientTest : public ::testing::Test {
 protected:
  testing::World world_;
  Client& client_ = world_.client;
};

TEST_F(ClientTest, CreateFillsInWhatTheServerGives) {
  auto created = world_.await(client_.create<Pod>(pod("a").label("app", "web")));
  ASSERT_TRUE(created) << created.error().message();
  EXPECT_FALSE(created->metadata.uid.empty());
  EXPECT_FALSE(created->metadata.resource_version.empty());
  auto read = world_.await(client_.get<Pod>("default", "a"));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, *created);
}

TEST_F(ClientTest, AnswersThatSayNoComeBackAsTheirError) {
  EXPECT_TRUE(is(world_.await(client_.get<Pod>("default", "a")), Code::NotFound));
  ASSERT_TRUE(world_.await(client_.create<Pod>(pod("a"))));
  auto again = world_.await(client_.create<Pod>(pod("a")));
  ASSERT_TRUE(is(again, Code::AlreadyExists));
  EXPECT_EQ(schema::carried_status(again.error())->code, 409);
}

TEST_F(ClientTest, UpdateOfAnOldVersionIsAConflict) {
  auto first = world_.await(client_.create<Pod>(pod("a")));
  ASSERT_TRUE(first);
  Pod changed = *first;
  changed.metadata.labels["x"] = "1";
  ASSERT_TRUE(world_.await(client_.update(changed)));
  EXPECT_TRUE(is(world_.await(client_.update(*first)), Code::Conflict));
}

TEST_F(ClientTest, StatusAndSpecAreWrittenApart) {
  Pod both = *world_.await(client_.create<Pod>(pod("a")));
  both.status.phase = "Running";
  both.metadata.labels["x"] = "1";
  auto status = world_.await(client_.update_status(both));
  ASSERT_TRUE(status);
  EXPECT_EQ(status->status.phase, "Running");
  EXPECT_TRUE(status->metadata.labels.empty());
  both.metadata.resource_version = status->metadata.resource_version;
  both.status.phase = "Failed";
  auto main = world_.await(client_.update(both));
  ASSERT_TRUE(main);
  EXPECT_EQ(main->status.phase, "Running");
  EXPECT_EQ(main->metadata.labels.at("x"), "1");
}

TEST_F(ClientTest, PatchChangesWhatItNames) {
  ASSERT_TRUE(world_.await(client_.create<Pod>(pod("a").label("app", "web"))));
  auto patched = world_.await(
      client_.patch<Pod>("default", "a", PatchType::Merge, R"({"metadata":{"labels":{"app":null,"b":"c"}}})"));
  ASSERT_TRUE(patched) << patched.error().message();
  EXPECT_EQ(patched->metadata.labels, (decltype(patched->metadata.labels){{"b", "c"}}));
}

TEST_F(ClientTest, BindingAnswersWithWhatWasSent) {
  ASSERT_TRUE(world_.await(client_.create<Pod>(pod("a"))));
  Binding binding;
  binding.metadata.name = "a";
  binding.target.kind = "Node";
  binding.target.name = "n1";
  auto bound = world_.await(client_.post<Pod>("default", "a", "binding", binding));
  ASSERT_TRUE(bound) << bound.error().message();
  EXPECT_EQ(world_.server.get<Pod>("default", "a")->spec.node_name, "n1");
}

TEST_F(ClientTest, ABoundPodIsDeletedWithGraceAndOneThatIsNotAtOnce) {
  world_.server.put<Pod>(pod("bound").on("n1"));
  world_.server.put<Pod>(pod("free"));
  ASSERT_TRUE(world_.await(client_.remove<Pod>("default", "bound")));
  ASSERT_TRUE(world_.await(client_.remove<Pod>("default", "free")));
  EXPECT_EQ(world_.server.get<Pod>("default", "bound")->metadata.deletion_grace_period_seconds, 30);
  EXPECT_FALSE(world_.server.get<Pod>("default", "free"));
  ASSERT_TRUE(world_.await(client_.remove<Pod>("default", "bound", {.grace_period_seconds = 0})));
  EXPECT_FALSE(world_.server.get<Pod>("default", "bound"));
}

TEST_F(ClientTest, DeletionWithAnotherUidIsAConflict) {
  world_.server.put<Pod>(pod("a"));
  EXPECT_TRUE(is(world_.await(client_.remove<Pod>("default", "a", {.uid = "other"})), Code::Conflict));
}

TEST_F(ClientTest, FinalizersHoldAnObjectUntilTheyAreTakenAway) {
  Node node;
  node.metadata.name = "n1";
  node.metadata.finalizers = {"example.com/hold"};
  ASSERT_TRUE(world_.await(client_.create(node)));
  ASSERT_TRUE(world_.await(client_.remove<Node>("", "n1")));
  auto held = world_.server.get<Node>("", "n1");
  ASSERT_TRUE(held);
  EXPECT_FALSE(held->metadata.deletion_timestamp.is_zero());
  held->metadata.finalizers.clear();
  ASSERT_TRUE(world_.await(client_.update(*held)));
  EXPECT_FALSE(world_.server.get<Node>("", "n1"));
}

TEST_F(ClientTest, ListPicksByLabelAndField) {
  world_.server.put<Pod>(pod("a").label("app", "web").on("n1"));
  world_.server.put<Pod>(pod("b").label("app", "db").on("n1"));
  world_.server.put<Pod>(pod("c", "other").label("app", "web").on("n2"));
  auto count = [&](std::string ns, ListOptions options) {
    return world_.await(client_.list<Pod>(ns, options))->items.size();
  };
  EXPECT_EQ(count("", {}), 3u);
  EXPECT_EQ(count("default", {}), 2u);
  EXPECT_EQ(count("", {.label_selector = "app=web"}), 2u);
  EXPECT_EQ(count("", {.label_selector = "app notin (web)", .field_selector = "spec.nodeName=n1"}), 1u);
}

}  // namespace
}  // namespace client
