#include "apiserver/pipeline/impersonation.h"

#include <gtest/gtest.h>

#include <set>

#include "base/strings.h"
#include "schema/status.h"

namespace apiserver {
namespace {

constexpr const char* kAgent = "system:serviceaccount:kube-system:agent";

// Allows what is on its list: "verb group/resource[/sub] namespace/name".
class Listed final : public Authorizer {
 public:
  std::optional<Authorization> decide(const AuthorizationAttributes& asked) const override {
    std::string resource = asked.subresource.empty() ? asked.resource : asked.resource + "/" + asked.subresource;
    std::string text =
        base::cat({asked.verb, " ", asked.api_group, "/", resource, " ", asked.namespace_, "/", asked.name});
    bool yes = allowed.contains(text) && (extra_key.empty() || asked.user.extra.contains(extra_key));
    return Authorization{.decision = yes ? Decision::Allow : Decision::NoOpinion};
  }
  std::set<std::string> allowed;
  std::string extra_key;  // that who asks must be shown with
};

class ImpersonationTest : public testing::Test {
 protected:
  ImpersonationTest() {
    asked_.user.name = "deputy";
    asked_.verb = "list";
    asked_.resource = "pods";
    asked_.namespace_ = "default";
    asked_.resource_request = true;
  }
  void allow(std::initializer_list<const char*> all) { rules_.allowed.insert(all.begin(), all.end()); }
  // The verb that allowed it and whom he is then; or the complaint.
  std::string act_as(const std::string& user, std::vector<std::pair<std::string, std::string>> more = {}) {
    io::Headers headers;
    headers.add("impersonate-user", user);
    for (const auto& [name, value] : more) headers.add(name, value);
    auto made = loop_->run_task(impersonate(asked_, headers, rules_));
    if (!made) return std::string(made.error().message());
    std::string text = (*made)->constraint + " " + (*made)->user.name;
    for (const auto& group : (*made)->user.groups) text += " " + group;
    return text;
  }

  std::unique_ptr<io::Loop> loop_ = *io::Loop::create();
  AuthorizationAttributes asked_;
  Listed rules_;
};

TEST_F(ImpersonationTest, WhoMayBeSomebodyMayForEveryRequest) {
  allow({"impersonate /users /jane"});
  EXPECT_EQ(act_as("jane"), " jane system:authenticated");
}

TEST_F(ImpersonationTest, WhoMayBeSomebodyForARequestMayForThatAlone) {
  allow({"impersonate:user-info authentication.k8s.io/users /jane", "impersonate-on:user-info:list /pods default/"});
  EXPECT_EQ(act_as("jane"), "impersonate:user-info jane system:authenticated");
  asked_.verb = "delete";
  EXPECT_EQ(act_as("jane"),
            "pods is forbidden: User \"deputy\" cannot impersonate-on:user-info:delete resource \"pods\" in API group "
            "\"\" in the namespace \"default\"");
}

TEST_F(ImpersonationTest, TheRequestAloneIsNotEnough) {
  allow({"impersonate-on:user-info:list /pods default/"});
  EXPECT_EQ(act_as("jane"),
            "users.authentication.k8s.io \"jane\" is forbidden: User \"deputy\" cannot impersonate:user-info resource "
            "\"users\" in API group \"authentication.k8s.io\" at the cluster scope");
}

TEST_F(ImpersonationTest, NobodyBecomesAMasterThatWay) {
  allow({"impersonate:user-info authentication.k8s.io/users /jane", "impersonate-on:user-info:list /pods default/",
         "impersonate:user-info authentication.k8s.io/groups /system:masters",
         "impersonate:user-info authentication.k8s.io/groups /*"});
  std::vector<std::pair<std::string, std::string>> groups = {{"impersonate-group", "system:masters"}};
  EXPECT_NE(act_as("jane", groups).find("impersonating the system:masters group is not allowed"), std::string::npos);
  for (const char* more : {"a", "b", "c", "d"}) groups.emplace_back("impersonate-group", more);
  EXPECT_NE(act_as("jane", groups).find("impersonating the system:masters group is not allowed"), std::string::npos);
}

TEST_F(ImpersonationTest, ANodeHasTheGroupsOfNodesAndBringsNoOthers) {
  allow({"impersonate:arbitrary-node authentication.k8s.io/nodes /n1",
         "impersonate-on:arbitrary-node:list /pods default/"});
  EXPECT_EQ(act_as("system:node:n1"), "impersonate:arbitrary-node system:node:n1 system:nodes system:authenticated");
  EXPECT_NE(act_as("system:node:n1", {{"impersonate-group", "x"}}).find("cannot impersonate"), std::string::npos);
  EXPECT_NE(act_as("system:node:n2").find("cannot impersonate"), std::string::npos);
  // Names that cannot be a node's are a user's.
  EXPECT_NE(act_as("system:node:N_1").find("impersonate-on:user-info"), std::string::npos);
}

TEST_F(ImpersonationTest, AnAgentMayBeTheNodeItsTokenIsBoundTo) {
  allow({"impersonate:associated-node authentication.k8s.io/nodes /*",
         "impersonate-on:associated-node:list /pods default/"});
  asked_.user.name = kAgent;
  asked_.user.extra["authentication.kubernetes.io/node-name"] = {"n1"};
  rules_.extra_key = "authentication.kubernetes.io/associated-node-keys";
  EXPECT_EQ(act_as("system:node:n1"), "impersonate:associated-node system:node:n1 system:nodes system:authenticated");
  EXPECT_NE(act_as("system:node:n2").find("impersonate-on:arbitrary-node"), std::string::npos);
  asked_.user.extra["authentication.kubernetes.io/node-name"] = {"n1", "n2"};
  EXPECT_NE(act_as("system:node:n1").find("impersonate-on:arbitrary-node"), std::string::npos);
  asked_.user = {.name = "mallory", .extra = {{"authentication.kubernetes.io/node-name", {"n1"}}}};
  EXPECT_NE(act_as("system:node:n1").find("impersonate-on:arbitrary-node"), std::string::npos);
}

TEST_F(ImpersonationTest, AnAccountIsAskedForInItsNamespace) {
  allow({"impersonate:serviceaccount authentication.k8s.io/serviceaccounts ci/builder",
         "impersonate-on:serviceaccount:list /pods default/"});
  EXPECT_EQ(act_as("system:serviceaccount:ci:builder"),
            "impersonate:serviceaccount system:serviceaccount:ci:builder system:serviceaccounts "
            "system:serviceaccounts:ci system:authenticated");
  EXPECT_NE(act_as("system:serviceaccount:kube-system:builder").find("cannot impersonate"), std::string::npos);
}

TEST_F(ImpersonationTest, ManyGroupsAreAskedForAtOnceAndThenOneByOne) {
  allow({"impersonate:user-info authentication.k8s.io/users /jane", "impersonate-on:user-info:list /pods default/"});
  std::vector<std::pair<std::string, std::string>> groups;
  for (const char* one : {"a", "b", "c", "d"}) groups.emplace_back("impersonate-group", one);
  EXPECT_NE(act_as("jane", groups).find("\"a\" is forbidden"), std::string::npos);
  allow({"impersonate:user-info authentication.k8s.io/groups /*"});
  EXPECT_EQ(act_as("jane", groups), "impersonate:user-info jane a b c d system:authenticated");
  groups.pop_back();
  EXPECT_NE(act_as("jane", groups).find("\"a\" is forbidden"), std::string::npos);
}

TEST_F(ImpersonationTest, ExtraIsHeldToItsForm) {
  allow({"impersonate:user-info authentication.k8s.io/users /jane", "impersonate-on:user-info:list /pods default/",
         "impersonate:user-info authentication.k8s.io/userextras/acme.com/project /one"});
  EXPECT_EQ(act_as("jane", {{"impersonate-extra-acme.com%2fproject", "one"}}),
            "impersonate:user-info jane system:authenticated");
  EXPECT_NE(act_as("jane", {{"impersonate-extra-acme.com%2fproject", "two"}}).find("cannot impersonate"),
            std::string::npos);
  EXPECT_NE(act_as("jane", {{"impersonate-extra-scopes", "one"}}).find("impersonating an invalid key in extra"),
            std::string::npos);
}

TEST_F(ImpersonationTest, HeadersWithoutAUserMakeNoSense) {
  auto made = loop_->run_task([&]() -> io::Task<base::Result<std::optional<Impersonated>>> {
    io::Headers headers;
    headers.add("impersonate-group", "x");
    co_return co_await impersonate(asked_, headers, rules_);
  }());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), base::Code::BadRequest);
}

}  // namespace
}  // namespace apiserver
