// Custom kinds as clients meet them: defined, used, changed and deleted through the server.

#include "apiserver/crd/definitions.h"

#include <gtest/gtest.h>

#include "apiserver/testing_server.h"
#include "schema/value.h"

namespace apiserver::crd {
namespace {

using schema::Value;

constexpr std::string_view kDefinitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
constexpr std::string_view kWidgets = "/apis/example.com/v1/namespaces/default/widgets";
constexpr std::string_view kSize =
    R"("v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{
  "spec":{"type":"object","properties":{"size":{"type":"integer","maximum":9},"color":{"type":"string","default":"red"}}},
  "status":{"type":"object","properties":{"ready":{"type":"integer"},"replicas":{"type":"integer"}}}}}})";

class DefinitionsTest : public ::testing::Test {
 protected:
  DefinitionsTest() { server_.serve_custom_kinds(); }

  // The answer as a tree; of built-in kinds, which come as protobuf, null.
  Value send(std::string method, std::string target, std::string body = "", std::string type = "application/json") {
    auto reply = server_.send(std::move(method), std::move(target), std::move(body), std::move(type));
    status_ = reply.status;
    auto tree = Value::parse(reply.body);
    return tree ? std::move(*tree) : Value();
  }

  // Defines widgets.example.com and waits until they are served.
  void define(std::string_view version = kSize, std::string_view more = "") {
    send(
        "POST", std::string(kDefinitions),
        R"({"metadata":{"name":"widgets.example.com"},"spec":{"group":"example.com","scope":"Namespaced","names":{"plural":"widgets","kind":"Widget"},"versions":[{"name":)" +
            std::string(version) + std::string(more) + "}]}}");
    ASSERT_EQ(status_, 201);
    wait_for(200, std::string(kWidgets));
  }
  // Each look lets the server's own tasks go on; what is waited for takes a handful of turns.
  void wait_for(int status, const std::string& target) {
    for (int i = 0; i < 1000; ++i) {
      send("GET", target);
      if (status_ == status) return;
    }
    FAIL() << target << " answers " << status_;
  }

  TestServer server_;
  int status_ = 0;
};

std::string widget(std::string_view name, std::string_view spec) {
  return R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":")" + std::string(name) +
         R"("},"spec":)" + std::string(spec) + "}";
}

TEST_F(DefinitionsTest, AKindIsServedOnceItIsDefined) {
  send("GET", std::string(kWidgets));
  EXPECT_EQ(status_, 404);
  define();
  auto made = send("POST", std::string(kWidgets), widget("a", R"({"size":1,"unknown":2})"));
  EXPECT_EQ(status_, 201);
  EXPECT_EQ(made.find("spec")->to_json(), R"({"color":"red","size":1})");
  EXPECT_EQ(made.at({"metadata", "generation"})->as_int(), 1);
  auto list = send("GET", "/apis/example.com/v1/widgets");
  EXPECT_EQ(list.text_at({"kind"}), "WidgetList");
  EXPECT_EQ(list.find("items")->as_array()[0].text_at({"kind"}), "Widget");
}

TEST_F(DefinitionsTest, AWatchReachesNoFurtherBackThanTheDefinition) {
  define();
  auto made = send("POST", std::string(kWidgets), widget("a", "{}"));
  auto open = [&](std::string_view revision) {
    return server_.loop().run_task(
        server_.admin().watch(std::string(kWidgets) + "?resourceVersion=" + std::string(revision)));
  };
  auto early = open("1");
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code(), base::Code::Expired);
  EXPECT_TRUE(open(made.text_at({"metadata", "resourceVersion"})));
  EXPECT_TRUE(open("0"));
}

TEST_F(DefinitionsTest, ObjectsKeepToTheirSchema) {
  define();
  send("POST", std::string(kWidgets), widget("a", R"({"size":10})"));
  EXPECT_EQ(status_, 422);
  send("POST", std::string(kWidgets), widget("a", R"({"size":1})"));
  send("PATCH", std::string(kWidgets) + "/a", R"({"spec":{"size":"x"}})", "application/merge-patch+json");
  EXPECT_EQ(status_, 422);
  send("PATCH", std::string(kWidgets) + "/a", "{}", "application/strategic-merge-patch+json");
  EXPECT_EQ(status_, 415);
  send("POST", std::string(kWidgets), R"({"apiVersion":"example.com/v2","kind":"Widget","metadata":{"name":"b"}})");
  EXPECT_EQ(status_, 400);
  send("POST", std::string(kWidgets), R"({"apiVersion":"example.com/v1","kind":"Gadget","metadata":{"name":"b"}})");
  EXPECT_EQ(status_, 422);
}

TEST_F(DefinitionsTest, AStatusOfItsOwnChangesNothingElse) {
  define(
      kSize,
      R"(,"subresources":{"status":{},"scale":{"specReplicasPath":".spec.size","statusReplicasPath":".status.replicas"}})");
  auto made = send("POST", std::string(kWidgets), widget("a", R"({"size":1})"));
  auto changed = send("PATCH", std::string(kWidgets) + "/a/status",
                      R"({"metadata":{"labels":{"x":"y"}},"spec":{"size":5},"status":{"ready":1}})",
                      "application/merge-patch+json");
  EXPECT_EQ(status_, 200);
  EXPECT_EQ(changed.at({"spec", "size"})->as_int(), 1);
  EXPECT_EQ(changed.at({"status", "ready"})->as_int(), 1);
  EXPECT_EQ(changed.at({"metadata", "labels"}), nullptr);
  EXPECT_EQ(changed.at({"metadata", "generation"})->as_int(), 1);
  send("PATCH", std::string(kWidgets) + "/a/scale", R"({"spec":{"replicas":3}})", "application/merge-patch+json");
  EXPECT_EQ(status_, 200);
  EXPECT_EQ(send("GET", std::string(kWidgets) + "/a").at({"spec", "size"})->as_int(), 3);
}

TEST_F(DefinitionsTest, VersionsShareWhatIsStored) {
  define(kSize,
         R"(},{"name":"v2","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object","properties":{
    "spec":{"type":"object","properties":{"size":{"type":"integer"},"other":{"type":"string"}}}}}})");
  std::string v2 = "/apis/example.com/v2/namespaces/default/widgets";
  auto made = send(
      "POST", v2,
      R"({"apiVersion":"example.com/v2","kind":"Widget","metadata":{"name":"a"},"spec":{"size":1,"other":"lost"}})");
  EXPECT_EQ(status_, 201);
  EXPECT_EQ(made.text_at({"apiVersion"}), "example.com/v2");
  EXPECT_EQ(made.find("spec")->to_json(), R"({"size":1})");
  auto other = send("GET", std::string(kWidgets) + "/a");
  EXPECT_EQ(other.text_at({"apiVersion"}), "example.com/v1");
}

TEST_F(DefinitionsTest, ADefinitionThatGoesTakesItsObjectsWithIt) {
  define();
  send("POST", std::string(kWidgets),
       R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"held","finalizers":["example.com/f"]}})");
  send("POST", std::string(kWidgets), widget("free", "{}"));
  send("DELETE", std::string(kDefinitions) + "/widgets.example.com");
  EXPECT_EQ(status_, 200);
  wait_for(404, std::string(kWidgets) + "/free");
  send("POST", std::string(kWidgets), widget("late", "{}"));
  EXPECT_EQ(status_, 403);
  send("PATCH", std::string(kWidgets) + "/held", R"({"metadata":{"finalizers":null}})", "application/merge-patch+json");
  wait_for(404, std::string(kDefinitions) + "/widgets.example.com");
  wait_for(404, std::string(kWidgets));
}

TEST_F(DefinitionsTest, AWatchOutlivesTheDefinition) {
  define();
  auto watch = server_.loop().run_task(server_.admin().watch(std::string(kWidgets) + "?watch=true"));
  ASSERT_TRUE(watch);
  send("POST", std::string(kWidgets), widget("a", "{}"));
  send("DELETE", std::string(kDefinitions) + "/widgets.example.com");
  wait_for(404, std::string(kWidgets));
  size_t seen = 0;
  while (seen < 2) {
    auto items = server_.loop().run_task((*watch)->next());
    ASSERT_TRUE(items);
    seen += items->size();
  }
  EXPECT_EQ((*watch)->served().row().kind, "Widget");
}

}  // namespace
}  // namespace apiserver::crd
