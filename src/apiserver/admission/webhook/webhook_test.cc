// Webhooks as the API server's clients meet them: a server that asks another one over plain HTTP.

#include <gtest/gtest.h>

#include "apiserver/local.h"
#include "apiserver/registry/allocations.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/served.h"
#include "apiserver/server.h"
#include "base/strings.h"
#include "io/http_server.h"
#include "schema/json.h"
#include "schema/value.h"

namespace apiserver {
namespace {

class NobodyKnown final : public Authenticator {
 public:
  io::Task<base::Result<std::optional<User>>> authenticate(const io::Request&, const io::Peer&) override {
    co_return std::nullopt;
  }
};

class EverythingAllowed final : public Authorizer {
 public:
  Authorization authorize(const AuthorizationAttributes&) const override { return {Decision::Allow, ""}; }
};

class Webhooks : public testing::Test {
 protected:
  Webhooks() {
    loop_ = *io::Loop::create();
    entered_.emplace(*loop_);
    store_ = store::open_memory({.indexer = make_indexer()});
    server_ = std::make_unique<Server>(ServerOptions{.store = *store_,
                                                     .authenticator = authenticator_,
                                                     .authorizer = authorizer_,
                                                     .clock = base::system_clock(),
                                                     .random = base::system_random(),
                                                     .service_networks = {*base::IpNetwork::parse("10.96.0.0/24")}});
    admin_ = std::make_unique<Local>(*server_, User{.name = "admin"});
    io::HttpServerOptions options;
    options.address.host = "127.0.0.1";
    hook_ = *io::HttpServer::create(std::move(options), [this](auto& request, auto&, auto& body, auto& writer) {
      return answer(request, body, writer);
    });
    create("/api/v1/namespaces", R"({"metadata":{"name":"default"}})");
  }
  ~Webhooks() override {
    loop_->run_task(hook_->close(std::chrono::seconds(0)));
    store_->close();
  }

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

  std::pair<int, std::string> create(std::string path, std::string body) {
    auto reply =
        loop_->run_task(admin_->call("POST", std::move(path), "application/json", base::Bytes(std::move(body))));
    return {reply.status, std::string(reply.body.view())};
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
    const auto& catalog = server_->registry().catalog();
    const Served* served = catalog.find("admissionregistration.k8s.io", "v1", plural);
    auto object = schema::decode_json(served->type(), text);
    ASSERT_TRUE(object) << object.error().message();
    base::Bytes bytes(served->encode(*object));
    auto written = loop_->run_task(
        store_->update(served->key("", "c"), [&](const store::Entry*) { return store::Change::put(bytes); }));
    ASSERT_TRUE(written);
  }
  std::pair<int, std::string> create_map(std::string query = "") {
    return create("/api/v1/namespaces/default/configmaps" + query, R"({"metadata":{"name":"m"},"data":{"a":"1"}})");
  }

  std::unique_ptr<io::Loop> loop_;
  std::optional<io::Loop::Entered> entered_;
  NobodyKnown authenticator_;
  EverythingAllowed authorizer_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<Local> admin_;
  std::unique_ptr<io::HttpServer> hook_;
  std::string response_ = R"("allowed":true)";
  int http_status_ = 200;
  std::vector<schema::Value> reviews_;
};

TEST_F(Webhooks, TheReviewSaysWhoDoesWhatToWhat) {
  configure("Validating");
  EXPECT_EQ(create_map().first, 201);
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
  auto absent = loop_->run_task(admin_->call("GET", "/api/v1/namespaces/default/configmaps/m", "", {}));
  EXPECT_EQ(absent.status, 404);
}

TEST_F(Webhooks, APatchChangesWhatIsWritten) {
  configure("Mutating");
  // [{"op":"add","path":"/data/b","value":"2"}]
  response_ =
      R"("allowed":true,"patchType":"JSONPatch","patch":"W3sib3AiOiJhZGQiLCJwYXRoIjoiL2RhdGEvYiIsInZhbHVlIjoiMiJ9XQ==")";
  auto [status, body] = create_map();
  EXPECT_EQ(status, 201);
  const auto& maps = server_->registry().catalog();
  auto entry = loop_->run_task(store_->get(maps.find("", "v1", "configmaps")->key("default", "m")));
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
  EXPECT_EQ(create_map().first, 201);
}

TEST_F(Webhooks, AnAnswerToAnotherQuestionIsNoAnswer) {
  configure("Validating");
  response_ = R"("allowed":true,"uid":"of another review")";
  EXPECT_EQ(create_map().first, 500);
}

TEST_F(Webhooks, ADryRunAsksNoneThatHasSideEffects) {
  configure("Validating", R"("sideEffects":"Some",)");
  EXPECT_EQ(create_map("?dryRun=All").first, 400);
  EXPECT_TRUE(reviews_.empty());
}

TEST_F(Webhooks, SelectorsPassOverWhatTheyDoNotSelect) {
  response_ = R"("allowed":false)";
  configure("Validating", R"("objectSelector":{"matchLabels":{"checked":"yes"}},)");
  EXPECT_EQ(create_map().first, 201);
  EXPECT_TRUE(reviews_.empty());
}

}  // namespace
}  // namespace apiserver
