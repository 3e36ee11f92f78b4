#include <gtest/gtest.h>

#include "apiserver/testing_server.h"
#include "base/strings.h"

namespace apiserver {
namespace {

// Policies about new config maps of the namespace `default`.
class Policies : public testing::Test {
 protected:
  void validate(std::string spec, std::string binding = R"("validationActions":["Deny"])") {
    put("validating", std::move(spec), std::move(binding));
  }
  void mutate(std::string spec) { put("mutating", R"("reinvocationPolicy":"Never",)" + spec, ""); }

  TestServer::Reply create(std::string data = R"({"a":"1"})", std::string name = "m") {
    return server.send("POST", "/api/v1/namespaces/default/configmaps?dryRun=All",
                       base::cat({R"({"metadata":{"name":")", name, R"("},"data":)", data, "}"}));
  }
  TestServer server;

 private:
  void put(std::string kind, std::string spec, std::string binding) {
    std::string root = base::cat({"/apis/admissionregistration.k8s.io/v1/", kind, "admissionpolicies"});
    auto policy = server.send(
        "POST", root,
        base::cat(
            {R"({"metadata":{"name":"p"},"spec":{)",
             R"("matchConstraints":{"resourceRules":[{"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["configmaps"]}]},)",
             spec, "}}"}));
    ASSERT_EQ(policy.status, 201) << policy.body;
    auto bound = server.send(
        "POST", base::cat({"/apis/admissionregistration.k8s.io/v1/", kind, "admissionpolicybindings"}),
        base::cat({R"({"metadata":{"name":"b"},"spec":{"policyName":"p")", binding.empty() ? "" : ",", binding, "}}"}));
    ASSERT_EQ(bound.status, 201) << bound.body;
  }
};

TEST_F(Policies, WhatARuleRefusesIsToldInItsWords) {
  validate(R"j("variables":[{"name":"n","expression":"size(object.data)"}],
              "validations":[{"expression":"variables.n < 2","messageExpression":"'n is ' + string(variables.n)","reason":"Forbidden"}])j");
  EXPECT_EQ(create().status, 201);
  auto refused = create(R"j({"a":"1","b":"2"})j");
  EXPECT_EQ(refused.status, 403);
  EXPECT_TRUE(refused.says("ValidatingAdmissionPolicy 'p' with binding 'b' denied request: n is 2")) << refused.body;
}

TEST_F(Policies, AnExpressionThatFailsRefusesUnlessThePolicyIgnoresIt) {
  validate(R"j("failurePolicy":"Fail","validations":[{"expression":"object.data.b == '1'"}])j");
  auto refused = create();
  EXPECT_EQ(refused.status, 422);
  EXPECT_TRUE(refused.says("expression 'object.data.b == '1'' resulted in error: no such key: b")) << refused.body;
}

TEST_F(Policies, AnIgnoredFailureLetsTheWritePass) {
  validate(R"j("failurePolicy":"Ignore","validations":[{"expression":"object.data.b == '1'"}])j");
  EXPECT_EQ(create().status, 201);
}

TEST_F(Policies, ConditionsNarrowWhatAPolicyIsAbout) {
  validate(
      R"j("matchConditions":[{"name":"c","expression":"object.metadata.name == 'checked'"}],"validations":[{"expression":"false"}])j");
  EXPECT_EQ(create().status, 201);
  auto refused = create(R"j({"a":"1"})j", "checked");
  EXPECT_EQ(refused.status, 422);
  EXPECT_TRUE(refused.says("failed expression: false")) << refused.body;
}

TEST_F(Policies, TheAuthorizerAnswersForTheUserOfTheRequest) {
  validate(
      R"j("validations":[{"expression":"!authorizer.group('').resource('secrets').check('get').allowed()","message":"he may"}])j");
  EXPECT_TRUE(create().says("denied request: he may"));
}

TEST_F(Policies, MissingParametersRefuseWhereTheBindingSaysSo) {
  validate(R"j("paramKind":{"apiVersion":"v1","kind":"Secret"},"validations":[{"expression":"params.type == 'x'"}])j",
           R"j("validationActions":["Deny"],"paramRef":{"name":"absent","parameterNotFoundAction":"Deny"})j");
  auto refused = create();
  EXPECT_EQ(refused.status, 422);
  EXPECT_TRUE(refused.says("no params found for policy binding with `Deny` parameterNotFoundAction")) << refused.body;
}

TEST_F(Policies, MutationsComeOneAfterAnother) {
  mutate(
      R"j("mutations":[{"patchType":"ApplyConfiguration","applyConfiguration":{"expression":"Object{metadata: Object.metadata{labels: {'a': '1'}}}"}},
                         {"patchType":"JSONPatch","jsonPatch":{"expression":"[JSONPatch{op: 'add', path: '/metadata/labels/b', value: object.metadata.labels['a'] + 'two'}]"}}])j");
  auto made = create();
  EXPECT_EQ(made.status, 201);
  EXPECT_TRUE(made.says("1two")) << made.body;
}

TEST_F(Policies, APatchThatDoesNotApplyRefuses) {
  mutate(
      R"j("failurePolicy":"Fail","mutations":[{"patchType":"JSONPatch","jsonPatch":{"expression":"[JSONPatch{op: 'remove', path: '/metadata/labels/none'}]"}}])j");
  auto refused = create();
  EXPECT_EQ(refused.status, 403);
  EXPECT_TRUE(refused.says("policy 'p' with binding 'b' denied request: JSON Patch:")) << refused.body;
}

// Decides nothing at once: everybody may do everything but read secrets, says somebody who has to be asked.
class Outside final : public Authorizer {
 public:
  std::optional<Authorization> decide(const AuthorizationAttributes&) const override { return std::nullopt; }
  io::Task<Authorization> authorize(AuthorizationAttributes attributes) const override {
    co_await io::sleep(std::chrono::milliseconds(1));
    if (attributes.resource == "secrets") ++asked_for_secrets;
    co_return Authorization{.decision = attributes.resource == "secrets" ? Decision::Deny : Decision::Allow};
  }
  mutable int asked_for_secrets = 0;
};

class Nobody final : public Authenticator {
 public:
  io::Task<base::Result<std::optional<User>>> authenticate(const io::Request&, const io::Peer&) override {
    co_return std::nullopt;
  }
};

TEST(PoliciesThatAsk, RightsThatTakeAskingAreKnownToExpressions) {
  auto loop = *io::Loop::create();
  io::Loop::Entered entered(*loop);
  auto store = store::open_memory({.indexer = make_indexer()});
  Nobody nobody;
  Outside outside;
  Server server(ServerOptions{.store = *store,
                              .authenticator = nobody,
                              .authorizer = outside,
                              .clock = base::system_clock(),
                              .random = base::system_random(),
                              .service_networks = {*base::IpNetwork::parse("10.96.0.0/24")}});
  Local jane(server, User{.name = "jane"});
  auto send = [&](std::string path, std::string body) {
    return loop->run_task(jane.call("POST", std::move(path), "application/json", base::Bytes(std::move(body)))).status;
  };
  EXPECT_EQ(send("/api/v1/namespaces", R"({"metadata":{"name":"default"}})"), 201);
  std::string root = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolic";
  EXPECT_EQ(send(root + "ies", R"j({"metadata":{"name":"p"},"spec":{"matchConstraints":{"resourceRules":[
      {"apiGroups":[""],"apiVersions":["v1"],"operations":["CREATE"],"resources":["configmaps"]}]},
      "variables":[{"name":"reads","expression":"authorizer.group('').resource('secrets').check('get').allowed()"}],
      "matchConditions":[{"name":"c","expression":"authorizer.group('').resource('pods').check('list').allowed()"}],
      "validations":[{"expression":"variables.reads || object.metadata.name == 'plain'"}]}})j"),
            201);
  EXPECT_EQ(
      send(root + "ybindings", R"({"metadata":{"name":"b"},"spec":{"policyName":"p","validationActions":["Deny"]}})"),
      201);
  outside.asked_for_secrets = 0;
  EXPECT_EQ(send("/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"plain"}})"), 201);
  EXPECT_EQ(send("/api/v1/namespaces/default/configmaps", R"({"metadata":{"name":"other"}})"), 422);
  EXPECT_EQ(outside.asked_for_secrets, 2);  // once for each write
  store->close();
}

}  // namespace
}  // namespace apiserver
