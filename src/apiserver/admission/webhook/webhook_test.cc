// Webhooks as the API server's clients meet them: a server that asks another one over plain HTTP.

#include <gtest/gtest.h>

#include "apiserver/testing_server.h"
#include "base/strings.h"
#include "io/http_server.h"
#include "schema/json.h"
#include "schema/value.h"

namespace apiserver {
namespace {

class Webhooks : public testing::Test {
 protected:
  Webhooks() {
    io::HttpServerOptions options;
    options.address.host = "127.0.0.1";
    hook_ = *io::HttpServer::create(std::move(options), [this](auto& request, auto&, auto& body, auto& writer) {
      return answer(request, body, writer);
    });
  }
  ~Webhooks() override { server_.loop().run_task(hook_->close(std::chrono::seconds(0))); }

  // What the hook answers: the response's members but uid. Remembers the reviews it was sent.
  io::Task<void> answer(const io::Request& request, io::RequestBody& body, io::ResponseWriter& writer) {
    auto text = co_await body.read_all(size_t{1} << 20);
    auto review = schema::Value::parse(*text);
    std::string uid(review->text_at({"request", "uid"}));
    reviews_.push_back(std::move(*review));
    std::string reply =
        base::cat({R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":")", uid, R"(",)",
                   response_, "}}"});
    writer.send(http_status_, {}, base::Bytes(std::move(reply)));
  }

  // A configuration of `kind` ("Mutating", "Validating") with one webhook for new config maps.
  void configure(std::string kind, std::string more = "") {
    std::string url = base::cat({"http://", hook_->address().text(), "/hook"});
    std::string plural = kind == "Mutating" ? "mutatingwebhookconfigurations" : "validatingwebhookconfigurations";
    std::string text = base::cat(
        {R"({"metadata":{"name":"c"},"webhooks":[{"name":"hook.example.com","sideEffects":"None","admissionReviewVersions":["v1"],)",
         R"("rules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}],)",
         more, R"("clientConfig":{"url":")", url, "\"}}]}"});
    // Straight into the store: through the API only https is accepted.
    const auto& catalog = server_.server().registry().catalog();
    ServedRef served = catalog.find("admissionregistration.k8s.io", "v1", plural);
    auto object = schema::decode_json(served->type(), text);
    ASSERT_TRUE(object) << object.error().message();
    base::Bytes bytes(served->encode(*object));
    auto written = server_.loop().run_task(
        server_.store().update(served->key("", "c"), [&](const store::Entry*) { return store::Change::put(bytes); }));
    ASSERT_TRUE(written);
  }
  TestServer::Reply create_map(std::string query = "") {
    return server_.send("POST", "/api/v1/namespaces/default/configmaps" + query,
                        R"({"metadata":{"name":"m"},"data":{"a":"1"}})");
  }

  TestServer server_;
  std::unique_ptr<io::HttpServer> hook_;
  std::string response_ = R"("allowed":true)";
  int http_status_ = 200;
  std::vector<schema::Value> reviews_;
};

TEST_F(Webhooks, TheReviewSaysWhoDoesWhatToWhat) {
  configure("Validating");
  EXPECT_EQ(create_map().status, 201);
  ASSERT_EQ(reviews_.size(), 1u);
  const auto& review = reviews_[0];
  EXPECT_EQ(review.text_at({"apiVersion"}), "admission.k8s.io/v1");
  EXPECT_EQ(review.text_at({"request", "operation"}), "CREATE");
  EXPECT_EQ(review.text_at({"request", "kind", "kind"}), "ConfigMap");
  EXPECT_EQ(review.text_at({"request", "resource", "resource"}), "configmaps");
  EXPECT_EQ(review.text_at({"request", "namespace"}), "default");
  EXPECT_EQ(review.text_at({"request", "userInfo", "username"}), "admin");
  EXPECT_EQ(review.text_at({"request", "object", "data", "a"}), "1");
  EXPECT_EQ(review.text_at({"request", "options", "kind"}), "CreateOptions");
}

TEST_F(Webhooks, ARefusalIsToldInTheHooksWordsAndNothingIsWritten) {
  configure("Validating");
  response_ = R"("allowed":false,"status":{"code":403,"reason":"Forbidden","message":"no maps today"})";
  auto [status, body] = create_map();
  EXPECT_EQ(status, 403);
  EXPECT_NE(body.find(R"(admission webhook "hook.example.com" denied the request: no maps today)"), std::string::npos)
      << body;
  EXPECT_EQ(server_.send("GET", "/api/v1/namespaces/default/configmaps/m").status, 404);
}

TEST_F(Webhooks, APatchChangesWhatIsWritten) {
  configure("Mutating");
  // [{"op":"add","path":"/data/b","value":"2"}]
  response_ =
      R"("allowed":true,"patchType":"JSONPatch","patch":"W3sib3AiOiJhZGQiLCJwYXRoIjoiL2RhdGEvYiIsInZhbHVlIjoiMiJ9XQ==")";
  auto [status, body] = create_map();
  EXPECT_EQ(status, 201);
  const auto& maps = server_.server().registry().catalog();
  auto entry = server_.loop().run_task(server_.store().get(maps.find("", "v1", "configmaps")->key("default", "m")));
  ASSERT_TRUE(entry && *entry);
  EXPECT_NE((*entry)->value.view().find("b\x12\x01"
                                        "2"),
            std::string::npos);
}

TEST_F(Webhooks, WhatCannotBeAskedFailsTheWriteUnlessItsPolicySaysIgnore) {
  http_status_ = 503;
  configure("Validating");
  auto [status, body] = create_map();
  EXPECT_EQ(status, 500);
  EXPECT_NE(body.find(R"(failed calling webhook "hook.example.com": failed to call webhook)"), std::string::npos)
      << body;
  configure("Validating", R"("failurePolicy":"Ignore",)");
  EXPECT_EQ(create_map().status, 201);
}

TEST_F(Webhooks, AnAnswerToAnotherQuestionIsNoAnswer) {
  configure("Validating");
  response_ = R"("allowed":true,"uid":"of another review")";
  EXPECT_EQ(create_map().status, 500);
}

TEST_F(Webhooks, ADryRunAsksNoneThatHasSideEffects) {
  configure("Validating", R"("sideEffects":"Some",)");
  EXPECT_EQ(create_map("?dryRun=All").status, 400);
  EXPECT_TRUE(reviews_.empty());
}

TEST_F(Webhooks, SelectorsPassOverWhatTheyDoNotSelect) {
  response_ = R"("allowed":false)";
  configure("Validating", R"("objectSelector":{"matchLabels":{"checked":"yes"}},)");
  EXPECT_EQ(create_map().status, 201);
  EXPECT_TRUE(reviews_.empty());
}

}  // namespace
}  // namespace apiserver
