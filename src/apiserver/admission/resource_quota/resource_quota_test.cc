#include <gtest/gtest.h>

#include "apiserver/testing_server.h"

namespace apiserver {
namespace {

constexpr std::string_view kMaps = "/api/v1/namespaces/default/configmaps";

class ResourceQuotaAdmission : public testing::Test {
 protected:
  // As its controller would: admission goes by the status.
  void put_quota(std::string hard, std::string used, std::string scopes = "[]") {
    std::string quotas = "/api/v1/namespaces/default/resourcequotas";
    ASSERT_EQ(server_
                  .send("POST", quotas,
                        R"({"metadata":{"name":"q"},"spec":{"scopes":)" + scopes + R"(,"hard":)" + hard + "}}")
                  .status,
              201);
    ASSERT_EQ(server_
                  .send("PATCH", quotas + "/q/status", R"({"status":{"hard":)" + hard + R"(,"used":)" + used + "}}",
                        "application/merge-patch+json")
                  .status,
              200);
  }
  struct Race {
    io::Event all;
    int left = 0;
    int made = 0;
    int refused = 0;
  };
  static io::Task<void> make(Local& client, std::string name, Race& race) {
    auto reply = co_await client.call("POST", std::string(kMaps), "application/json",
                                      base::Bytes(R"({"metadata":{"name":")" + name + R"("}})"));
    if (reply.status == 201) ++race.made;
    if (reply.status == 403) ++race.refused;
    if (--race.left == 0) race.all.set();
  }
  static io::Task<void> make_all(Local& client, int count, Race& race) {
    io::Scope scope;
    race.left = count;
    for (int i = 0; i < count; ++i) scope.spawn(make(client, "m" + std::to_string(i), race));
    co_await race.all.wait();
  }
  TestServer server_;
};

TEST_F(ResourceQuotaAdmission, ManyAtOnceGetNoMoreThanOneAfterAnother) {
  put_quota(R"({"configmaps":"5"})", R"({"configmaps":"2"})");
  Race race;
  server_.loop().run_task(make_all(server_.admin(), 40, race));
  EXPECT_EQ(race.made, 3);
  EXPECT_EQ(race.refused, 37);
  auto refused = server_.send("POST", std::string(kMaps), R"({"metadata":{"name":"more"}})");
  EXPECT_TRUE(refused.says("exceeded quota: q, requested: configmaps=1, used: configmaps=5, limited: configmaps=5"))
      << refused.body;
}

TEST_F(ResourceQuotaAdmission, AQuotaWithScopesIsAboutPodsAlone) {
  put_quota(R"({"pods":"0"})", R"({"pods":"0"})", R"(["BestEffort"])");
  server_.send("POST", "/api/v1/namespaces/default/serviceaccounts", R"({"metadata":{"name":"default"}})");
  auto pod = [&](std::string name, std::string resources) {
    return server_
        .send(
            "POST", "/api/v1/namespaces/default/pods",
            R"({"metadata":{"name":")" + name +
                R"("},"spec":{"automountServiceAccountToken":false,"containers":[{"name":"c","image":"i","resources":)" +
                resources + "}]}}")
        .status;
  };
  EXPECT_EQ(pod("a", "{}"), 403);
  EXPECT_EQ(pod("b", R"({"requests":{"cpu":"1"}})"), 201);
  EXPECT_EQ(server_.send("POST", std::string(kMaps), R"({"metadata":{"name":"a"}})").status, 201);
}

}  // namespace
}  // namespace apiserver
