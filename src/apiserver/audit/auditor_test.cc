#include "apiserver/audit/auditor.h"

#include <gtest/gtest.h>

#include "schema/value.h"

namespace apiserver {
namespace {

class Kept final : public AuditBackend {
 public:
  explicit Kept(std::vector<std::string>& events) : events_(events) {}
  io::Task<bool> write(std::vector<std::string>) override { co_return false; }
  Now write_now(const std::string& event) override {
    events_.push_back(event);
    return Now::Kept;
  }

 private:
  std::vector<std::string>& events_;
};

class AuditorTest : public testing::Test {
 protected:
  void make(std::string_view more, int64_t event_bytes_max = 0) {
    std::string policy = "apiVersion: audit.k8s.io/v1\nkind: Policy\nrules: [{level: RequestResponse}]\n";
    std::vector<std::unique_ptr<AuditSink>> sinks;
    AuditDelivery delivery{
        .mode = AuditMode::Blocking, .truncates = event_bytes_max != 0, .event_bytes_max = event_bytes_max};
    sinks.push_back(std::make_unique<AuditSink>(std::make_unique<Kept>(events_), delivery, clock_));
    auditor_.emplace(*AuditPolicy::from_yaml(policy + std::string(more)), std::move(sinks), clock_, metrics_);
    call_.user.name = "ann";
    record_ = auditor_->begin(call_, request_, peer_);
    ASSERT_TRUE(record_);
    ASSERT_TRUE(loop_->run_task(auditor_->received(*record_)));
  }
  void complete(int status) { loop_->run_task(auditor_->complete(*record_, call_, status)); }
  std::string stages() const {
    std::string text;
    for (const auto& event : events_) text += std::string(schema::Value::parse(event)->text_at({"stage"})) + " ";
    return text;
  }

  base::FakeClock clock_;
  std::unique_ptr<io::Loop> loop_ = io::Loop::create_simulated(clock_);
  base::Metrics metrics_;
  std::vector<std::string> events_;
  std::optional<Auditor> auditor_;
  Call call_;
  io::Request request_;
  io::Peer peer_;
  std::unique_ptr<AuditRecord> record_;
};

TEST_F(AuditorTest, ARequestThatLivesLongHasAStageOfItsBeginning) {
  make("");
  auditor_->started(*record_, call_, 200);
  complete(200);
  EXPECT_EQ(stages(), "RequestReceived ResponseStarted ResponseComplete ");
}

TEST_F(AuditorTest, StagesThatAreOmittedAreNotWritten) {
  make("omitStages: [RequestReceived, ResponseStarted]\n");
  auditor_->started(*record_, call_, 200);
  complete(200);
  EXPECT_EQ(stages(), "ResponseComplete ");
}

TEST_F(AuditorTest, WhoIsRefusedAtTheDoorIsWrittenDownOnce) {
  make("");
  events_.clear();
  Call stranger;
  stranger.method = "GET";
  stranger.audit_id = "a1";
  stranger.info.verb = "list";
  auditor_->refused(stranger, request_, peer_, 401, "why");
  ASSERT_EQ(stages(), "ResponseStarted ");
  auto event = schema::Value::parse(events_[0]);
  EXPECT_EQ(event->at({"user"})->to_json(), "{}");
  EXPECT_EQ(event->at({"responseStatus"})->to_json(), R"({"metadata":{},"message":"why","code":401})");
  make("omitStages: [ResponseStarted]\n");
  events_.clear();
  auditor_->refused(stranger, request_, peer_, 401, "why");
  EXPECT_EQ(stages(), "");
}

TEST_F(AuditorTest, WhatWasTriedIsNamedAndNotShown) {
  auto tried = [](std::string_view authorization, std::string_view query, std::string_view certificate) {
    io::Request request;
    if (!authorization.empty()) request.headers.add("authorization", authorization);
    io::Peer peer;
    if (!certificate.empty()) peer.certificates_der.emplace_back(certificate);
    return Auditor::attempted_credentials(request, Query(query), peer);
  };
  EXPECT_EQ(tried("", "", ""), "Authentication failed, no credentials provided");
  EXPECT_EQ(tried("Bearer", "", ""), "Authentication failed, no credentials provided");
  EXPECT_EQ(tried("beaReR abc", "", ""), "Authentication failed, attempted: bearer");
  EXPECT_EQ(tried("Basic YTpi", "access_token=abc", "x"),
            "Authentication failed, attempted: basic, access_token, x509");
}

TEST_F(AuditorTest, WhoLeavesBeforeTheEndIsWrittenDown) {
  make("");
  auditor_->abandoned(*record_, call_, 0);
  auto event = schema::Value::parse(events_.back());
  EXPECT_EQ(event->text_at({"stage"}), "ResponseComplete");
  EXPECT_EQ(event->at({"responseStatus", "code"})->to_json(), "504");
  auditor_->abandoned(*record_, call_, 200);
  event = schema::Value::parse(events_.back());
  EXPECT_EQ(event->at({"responseStatus", "code"})->to_json(), "200");
}

TEST_F(AuditorTest, ManagedFieldsAreLeftOutWhereThePolicySaysSo) {
  constexpr std::string_view kObject = R"({"metadata":{"name":"a","managedFields":[{"manager":"m"}]},"kind":"Pod"})";
  constexpr std::string_view kList = R"({"items":[{"metadata":{"name":"a","managedFields":[]}}]})";
  make("omitManagedFields: true\n");
  record_->event.request_object = kObject;
  record_->event.response_object = kList;
  complete(200);
  auto event = schema::Value::parse(events_.back());
  EXPECT_EQ(event->at({"requestObject"})->to_json(), R"({"metadata":{"name":"a"},"kind":"Pod"})");
  EXPECT_EQ(event->at({"responseObject"})->to_json(), R"({"items":[{"metadata":{"name":"a"}}]})");
  make("");
  record_->event.request_object = kObject;
  complete(200);
  EXPECT_NE(events_.back().find("managedFields"), std::string::npos);
}

TEST_F(AuditorTest, ALargeEventGoesWithoutItsObjectsAndSaysSo) {
  make("", 2000);
  record_->event.request_object = "{\"data\":\"" + std::string(3000, 'x') + "\"}";
  complete(200);
  auto event = schema::Value::parse(events_.back());
  EXPECT_EQ(event->text_at({"stage"}), "ResponseComplete");
  EXPECT_EQ(event->at({"requestObject"}), nullptr);
  EXPECT_EQ(event->text_at({"annotations", "audit.k8s.io/truncated"}), "true");
}

}  // namespace
}  // namespace apiserver
