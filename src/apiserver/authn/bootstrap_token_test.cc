#include "apiserver/authn/bootstrap_token.h"

#include <gtest/gtest.h>

#include "apiserver/testing_server.h"
#include "base/strings.h"

namespace apiserver {
namespace {

// The token abcdef.0123456789abcdef, as its Secret describes it.
struct BootstrapTokens : testing::Test {
  BootstrapTokens() { server.send("POST", "/api/v1/namespaces", R"({"metadata":{"name":"kube-system"}})"); }

  void secret(std::string more, std::string type = "bootstrap.kubernetes.io/token") {
    auto made = server.send(
        "POST", "/api/v1/namespaces/kube-system/secrets",
        base::cat({R"({"metadata":{"name":"bootstrap-token-abcdef"},"type":")", type,
                   R"(","stringData":{"token-id":"abcdef",)",
                   R"("token-secret":"0123456789abcdef","usage-bootstrap-authentication":"true")", more, "}}"}));
    ASSERT_EQ(made.status, 201) << made.body;
  }
  std::string who(std::string token = "abcdef.0123456789abcdef") {
    BootstrapTokenJudge judge(server.server().registry().reader(), clock);
    auto verdict = server.loop().run_task(judge.verify(std::move(token), {}));
    if (!verdict) return "refused";
    if (!*verdict) return "unknown";
    return base::cat({(*verdict)->user.name, " ", base::join((*verdict)->user.groups, ",")});
  }

  TestServer server;
  base::FakeClock clock;  // in November 2023
};

TEST_F(BootstrapTokens, ATokenIsTheUserOfItsIdInItsGroups) {
  secret(R"(,"auth-extra-groups":"system:bootstrappers:workers","expiration":"2024-01-01T00:00:00Z")");
  EXPECT_EQ(who(), "system:bootstrap:abcdef system:bootstrappers,system:bootstrappers:workers");
  EXPECT_EQ(who("abcdef.0123456789abcdee"), "unknown");
  EXPECT_EQ(who("abcdeg.0123456789abcdef"), "unknown");
  EXPECT_EQ(who("ABCDEF.0123456789abcdef"), "unknown");
}

TEST_F(BootstrapTokens, AnExpiredOneIsNone) {
  secret(R"(,"expiration":"2023-01-01T00:00:00Z")");
  EXPECT_EQ(who(), "unknown");
}

TEST_F(BootstrapTokens, AnExpiryThatCannotBeReadIsPast) {
  secret(R"(,"expiration":"never")");
  EXPECT_EQ(who(), "unknown");
}

TEST_F(BootstrapTokens, NoTokenReachesAGroupOutsideOfItsOwn) {
  secret(R"(,"auth-extra-groups":"system:masters")");
  EXPECT_EQ(who(), "unknown");
}

TEST_F(BootstrapTokens, ASecretOfAnotherTypeIsNoToken) {
  secret("", "Opaque");
  EXPECT_EQ(who(), "unknown");
}

}  // namespace
}  // namespace apiserver
