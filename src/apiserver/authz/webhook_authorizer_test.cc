// A webhook on loopback, and the authorizers that ask it.

#include "apiserver/authz/webhook_authorizer.h"

#include <gtest/gtest.h>

#include "apiserver/authz/always.h"
#include "apiserver/authz/configuration.h"
#include "apiserver/authz/configured_authorizer.h"
#include "apiserver/authz/union.h"
#include "base/file.h"
#include "base/strings.h"
#include "io/http_server.h"
#include "schema/value.h"

namespace apiserver {
namespace {

struct WebhookAuthorization : testing::Test {
  std::unique_ptr<io::Loop> loop = *io::Loop::create();
  io::Loop::Entered entered{*loop};
  base::FakeClock clock;
  base::Metrics metrics;
  AuthorizationMetrics counted{metrics};
  std::unique_ptr<io::HttpServer> server;
  std::vector<std::string> questions;  // as they came
  std::string status = R"({"allowed":true,"reason":"because"})";
  int code = 200;

  void SetUp() override {
    io::HttpServerOptions options;
    options.address.host = "127.0.0.1";
    server =
        *io::HttpServer::create(options, [this](const io::Request& request, const io::Peer&, io::RequestBody& body,
                                                io::ResponseWriter& writer) { return answer(request, body, writer); });
  }
  io::Task<void> answer(const io::Request&, io::RequestBody& body, io::ResponseWriter& writer) {
    auto text = co_await body.read_all(1 << 20);
    questions.push_back(text ? *text : "");
    writer.send(code, {},
                base::Bytes(base::cat({R"({"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview",)",
                                       R"("spec":{},"status":)", status, "}"})));
  }

  WebhookAuthorizer::Options options() {
    WebhookAuthorizer::Options made;
    made.name = "hook";
    made.server.url = "http://" + server->address().text();
    made.server.target = "/authorize";
    return made;
  }
  static AuthorizerConditions conditions(const std::vector<std::string>& expressions) {
    schema::FieldErrors errors;
    auto made = AuthorizerConditions::compile(expressions, schema::FieldPath("c"), errors);
    EXPECT_TRUE(errors.empty()) << schema::to_string(errors);
    return made;
  }
  static AuthorizationAttributes attributes(std::string verb = "list") {
    AuthorizationAttributes asked;
    asked.user = {.name = "jane", .uid = "7", .groups = {"dev"}, .extra = {{"team", {"a"}}}};
    asked.verb = std::move(verb);
    asked.resource_request = true;
    asked.api_version = "v1";
    asked.resource = "pods";
    asked.namespace_ = "default";
    return asked;
  }
  Authorization ask(const Authorizer& authorizer, AuthorizationAttributes of = attributes()) {
    return loop->run_task(authorizer.authorize(std::move(of)));
  }
};

TEST_F(WebhookAuthorization, TheQuestionNamesUserAttributesAndSelectors) {
  auto asked = attributes();
  asked.field_selector = "spec.nodeName=a,status.phase!=Failed";
  asked.label_selector = "app in (x,y),!old";
  WebhookAuthorizer hook(options(), clock, counted);
  auto answer = ask(hook, asked);
  EXPECT_EQ(answer.decision, Decision::Allow);
  EXPECT_EQ(answer.reason, "because");
  ASSERT_EQ(questions.size(), 1U);
  EXPECT_EQ(questions[0],
            R"({"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{},"spec":)"
            R"({"resourceAttributes":{"namespace":"default","verb":"list","version":"v1","resource":"pods",)"
            R"("fieldSelector":{"requirements":[{"key":"spec.nodeName","operator":"In","values":["a"]},)"
            R"({"key":"status.phase","operator":"NotIn","values":["Failed"]}]},)"
            R"("labelSelector":{"requirements":[{"key":"app","operator":"In","values":["x","y"]},)"
            R"({"key":"old","operator":"DoesNotExist"}]}},)"
            R"("user":"jane","groups":["dev"],"extra":{"team":["a"]},"uid":"7"}})");
}

TEST_F(WebhookAuthorization, TheOldVersionNamesGroupsDifferently) {
  auto old = options();
  old.review_version = "v1beta1";
  WebhookAuthorizer hook(std::move(old), clock, counted);
  (void)ask(hook);
  auto question = *schema::Value::parse(questions.at(0));
  EXPECT_EQ(question.text_at({"apiVersion"}), "authorization.k8s.io/v1beta1");
  EXPECT_EQ(question.at({"spec", "group"})->to_json(), R"(["dev"])");
  EXPECT_EQ(question.at({"spec", "groups"}), nullptr);
}

TEST_F(WebhookAuthorization, AnswersAreRememberedForTheirTime) {
  auto given = options();
  given.allowed_remember_ns = 60'000'000'000;
  given.refused_remember_ns = 10'000'000'000;
  WebhookAuthorizer hook(std::move(given), clock, counted);
  EXPECT_FALSE(hook.decide(attributes()));
  (void)ask(hook);
  EXPECT_TRUE(hook.decide(attributes())->allowed());
  clock.advance_ns(60'000'000'000);
  status = R"({"allowed":false,"reason":"no more"})";
  EXPECT_EQ(ask(hook).decision, Decision::NoOpinion);
  EXPECT_EQ(questions.size(), 2U);
  clock.advance_ns(9'000'000'000);
  EXPECT_EQ(ask(hook).reason, "no more");
  EXPECT_EQ(questions.size(), 2U);
  clock.advance_ns(2'000'000'000);
  (void)ask(hook);
  EXPECT_EQ(questions.size(), 3U);
}

TEST_F(WebhookAuthorization, QuestionsThatAreTooLongAreNotRemembered) {
  WebhookAuthorizer hook(options(), clock, counted);
  auto asked = attributes();
  asked.name = std::string(20'000, 'n');
  (void)ask(hook, asked);
  (void)ask(hook, asked);
  EXPECT_EQ(questions.size(), 2U);
}

TEST_F(WebhookAuthorization, DeniedIsFinalAndBothIsAnError) {
  WebhookAuthorizer hook(options(), clock, counted);
  status = R"({"allowed":false,"denied":true,"reason":"never"})";
  EXPECT_EQ(ask(hook).decision, Decision::Deny);
  status = R"({"allowed":true,"denied":true})";
  auto answer = ask(hook, attributes("get"));
  EXPECT_EQ(answer.decision, Decision::Deny);
  EXPECT_EQ(answer.error, "webhook subject access review returned both allow and deny response");
}

TEST_F(WebhookAuthorization, FailuresFollowThePolicy) {
  code = 403;
  WebhookAuthorizer open(options(), clock, counted);
  auto answer = ask(open);
  EXPECT_EQ(answer.decision, Decision::NoOpinion);
  EXPECT_EQ(answer.error, "webhook answered with status 403");
  auto strict = options();
  strict.on_error = Decision::Deny;
  EXPECT_EQ(ask(WebhookAuthorizer(std::move(strict), clock, counted)).decision, Decision::Deny);
  auto text = metrics.to_text();
  EXPECT_NE(text.find(R"(apiserver_authorization_webhook_evaluations_fail_open_total{name="hook",result="error"} 1)"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find(R"(apiserver_authorization_webhook_evaluations_total{name="hook",result="error"} 2)"),
            std::string::npos);
}

TEST_F(WebhookAuthorization, ConditionsKeepQuestionsAway) {
  auto given = options();
  given.conditions = conditions({"has(request.resourceAttributes)", "request.resourceAttributes.namespace == 'prod'",
                                 "!('system:serviceaccounts:kube-system' in request.groups)"});
  WebhookAuthorizer hook(std::move(given), clock, counted);
  auto answer = hook.decide(attributes());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->decision, Decision::NoOpinion);
  auto asked = attributes();
  asked.namespace_ = "prod";
  EXPECT_TRUE(ask(hook, asked).allowed());
  EXPECT_EQ(questions.size(), 1U);
}

TEST_F(WebhookAuthorization, AConditionThatFailsFollowsThePolicy) {
  auto given = options();
  given.on_error = Decision::Deny;
  given.conditions = conditions({"request.extra['none'] == ['x']"});
  auto answer = WebhookAuthorizer(std::move(given), clock, counted).decide(attributes());
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->decision, Decision::Deny);
  EXPECT_NE(answer->error.find("no such key: none"), std::string::npos) << answer->error;
}

TEST_F(WebhookAuthorization, AUnionAsksInItsOrder) {
  auto hook = std::make_shared<const WebhookAuthorizer>(options(), clock, counted);
  auto allow = std::make_shared<const AlwaysAuthorizer>(Decision::Allow);
  UnionAuthorizer local_first({{"AlwaysAllow", "all", allow}, {"Webhook", "hook", hook}}, &counted);
  EXPECT_TRUE(local_first.decide(attributes())->allowed());
  EXPECT_TRUE(questions.empty());
  UnionAuthorizer hook_first({{"Webhook", "hook", hook}, {"AlwaysAllow", "all", allow}}, &counted);
  EXPECT_FALSE(hook_first.decide(attributes()));
  status = R"({"denied":true})";
  EXPECT_EQ(ask(hook_first).decision, Decision::Deny);
  auto master = attributes();
  master.user.groups = {std::string(kMastersGroup)};
  EXPECT_TRUE(hook_first.decide(master)->allowed());
  EXPECT_NE(metrics.to_text().find(
                R"(apiserver_authorization_decisions_total{decision="denied",name="hook",type="Webhook"} 1)"),
            std::string::npos);
}

struct AuthorizationFile : WebhookAuthorization {
  std::string folder = testing::TempDir() + "/authz-" + std::to_string(getpid());
  std::string path = folder + "/config.yaml";
  std::string kubeconfig = folder + "/hook.kubeconfig";
  KnownAuthorizers known{std::make_shared<AlwaysAuthorizer>(Decision::NoOpinion),
                         std::make_shared<AlwaysAuthorizer>(Decision::NoOpinion), clock, counted};

  void SetUp() override {
    WebhookAuthorization::SetUp();
    ASSERT_TRUE(base::make_directories(folder, 0700));
    write(kubeconfig, base::cat({R"({"apiVersion":"v1","kind":"Config","current-context":"c",)",
                                 R"("contexts":[{"name":"c","context":{"cluster":"k","user":""}}],)",
                                 R"("clusters":[{"name":"k","cluster":{"server":"http://)", server->address().text(),
                                 R"(/authorize"}}]})"}));
  }
  void TearDown() override { (void)base::remove_tree(folder); }
  static void write(const std::string& file, std::string_view text) { ASSERT_TRUE(base::write_file(file, text, 0600)); }
  std::string with_webhook(std::string_view more = "") {
    return base::cat(
        {"apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers:\n"
         "- type: RBAC\n  name: rbac\n- type: Webhook\n  name: hook\n  webhook:\n    timeout: 3s\n"
         "    subjectAccessReviewVersion: v1\n    failurePolicy: Deny\n    connectionInfo:\n"
         "      type: KubeConfigFile\n      kubeConfigFile: ",
         kubeconfig, "\n", more});
  }
  std::string problem(std::string_view yaml) {
    auto read = read_authorization_configuration(yaml);
    if (!read) return read.error().message();
    auto made = make_authorizer(*read, known);
    return made ? "" : made.error().message();
  }
};

TEST_F(AuthorizationFile, NamesAuthorizersInTheirOrder) {
  write(path, with_webhook());
  auto made = ConfiguredAuthorizer::create_from_file(path, known, "id");
  ASSERT_TRUE(made) << made.error().message();
  EXPECT_TRUE(ask(**made).allowed());
  EXPECT_EQ(questions.size(), 1U);
}

TEST_F(AuthorizationFile, IsReadAgainWhenItChanges) {
  write(path, with_webhook());
  auto made = ConfiguredAuthorizer::create_from_file(path, known, "id");
  ASSERT_TRUE(made) << made.error().message();
  io::Scope scope;
  scope.spawn((*made)->run());
  auto wait_for = [&](std::string_view text) {
    auto looks = [](base::Metrics& metrics, std::string text) -> io::Task<void> {
      while (metrics.to_text().find(text) == std::string::npos) co_await io::sleep(std::chrono::milliseconds(5));
    };
    return loop
        ->run_task(io::with_timeout(std::chrono::seconds(20),
                                    [](io::Task<void> task) -> io::Task<bool> {
                                      co_await std::move(task);
                                      co_return true;
                                    }(looks(metrics, std::string(text)))))
        .has_value();
  };
  write(path, "kind: Nonsense\n");
  EXPECT_TRUE(
      wait_for("automatic_reloads_total{apiserver_id_hash=\"sha256:" +
               std::string("a56145270ce6b3bebd1dd012b73948677dd618d496488bc608a3cb43ce3547dd\",status=\"failure\"}")));
  EXPECT_FALSE((*made)->decide(attributes()));  // still the webhook's affair
  write(path,
        "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers:\n"
        "- {type: AlwaysAllow, name: all}\n");
  EXPECT_TRUE(wait_for("status=\"success\"} 1"));
  EXPECT_TRUE((*made)->decide(attributes())->allowed());
}

TEST_F(AuthorizationFile, WhatBreaksARuleIsTold) {
  EXPECT_EQ(problem("apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n"),
            "authorizers: Required value: at least one authorization mode must be defined");
  EXPECT_EQ(
      problem("apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers:\n"
              "- {type: Magic, name: A}\n- {type: RBAC, name: a}\n- {type: RBAC, name: a, webhook: {timeout: 1s}}\n"),
      "[authorizers[0].type: Unsupported value: \"Magic\": supported values: \"AlwaysAllow\", \"AlwaysDeny\", "
      "\"Node\", \"RBAC\", \"Webhook\", authorizers[0].name: Invalid value: \"A\": authorizer name is invalid: a "
      "lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
      "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
      "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'), authorizers[2].type: Duplicate "
      "value: \"RBAC\", authorizers[2].name: Duplicate value: \"a\", authorizers[2].webhook: Invalid value: "
      "\"non-null\": may only be specified when type=Webhook]");
  EXPECT_EQ(problem(with_webhook("    matchConditions:\n    - expression: request.user\n    - expression: nothing\n")),
            "[authorizers[1].webhook.matchConditionSubjectAccessReviewVersion: Required value: required if match "
            "conditions are specified, authorizers[1].webhook.matchConditions[0].expression: Invalid value: "
            "\"request.user\": must evaluate to bool, authorizers[1].webhook.matchConditions[1].expression: Invalid "
            "value: \"nothing\": compilation failed: ERROR: <input>:1:1: undeclared reference to 'nothing' (in "
            "container '')\n | nothing\n | ^]");
  EXPECT_NE(problem(with_webhook("    colour: red\n")).find("unknown field \"authorizers[1].webhook.colour\""),
            std::string::npos);
}

TEST(AuthorizationFlags, ModesAreCheckedTogether) {
  auto problem = [](AuthorizationFlags flags) {
    auto made = configuration_of(flags);
    return made ? "" : made.error().message();
  };
  EXPECT_EQ(problem({}), "");
  EXPECT_EQ(problem({.modes = {"Sudo"}}), "authorization-mode \"Sudo\" is not a valid mode");
  EXPECT_EQ(problem({.modes = {"RBAC", "RBAC"}}),
            "authorization-mode \"[RBAC RBAC]\" has mode specified more than once");
  EXPECT_EQ(problem({.modes = {"Webhook"}}), "authorization-mode Webhook's authorization config file not passed");
  EXPECT_EQ(problem({.modes = {"RBAC"}, .webhook_kubeconfig = "/x"}),
            "cannot specify --authorization-webhook-config-file without mode Webhook");
}

}  // namespace
}  // namespace apiserver
