#include "client/delegated_access.h"

#include <gtest/gtest.h>

#include "api/authentication_k8s_io_v1.h"
#include "client/codec.h"
#include "io/loop.h"
#include "schema/protobuf.h"

namespace client {
namespace {

namespace authentication = api::authentication_k8s_io_v1;
namespace authorization = api::authorization_k8s_io_v1;

// Knows the token "janes"; jane may do everything but read /metrics.
class Cluster final : public Transport {
 public:
  io::Task<base::Result<Reply>> call(Call call) override {
    ++calls;
    auto object = schema::decode_envelope(call.body.view());
    if (!object) co_return base::fail(object.error());
    if (auto* review = object->get_if<authentication::TokenReview>()) {
      review->status.authenticated = review->spec.token == "janes";
      review->status.user.username = "jane";
      review->status.user.extra["scopes"] = {"read"};
    } else if (auto* asked = object->get_if<authorization::SubjectAccessReview>()) {
      extra = asked->spec.extra;
      asked->status.allowed = asked->spec.user == "jane" && asked->spec.non_resource_attributes->path != "/metrics";
    }
    co_return Reply{.status = 201, .content_type = std::string(kProtobuf), .body = encode_body(*object)};
  }
  io::Task<base::Result<RawPage>> list(std::string) override { co_return base::fail(base::Code::Internal, "no lists"); }
  io::Task<base::Result<std::unique_ptr<RawWatch>>> watch(std::string) override {
    co_return base::fail(base::Code::Internal, "no watches");
  }

  int calls = 0;
  std::map<std::string, std::vector<std::string>, std::less<>> extra;  // of whom was asked about last
};

struct DelegatedAccessTest : testing::Test {
  std::string who(std::string authorization, bool anonymous = false) {
    DelegatedAccess access({.anonymous = anonymous}, Client(cluster), clock);
    io::Request request;
    if (!authorization.empty()) request.headers.add("authorization", authorization);
    io::Peer peer;
    auto caller = loop->run_task(access.identify(request, peer));
    return caller ? caller->name : std::string(base::code_name(caller.error().code()));
  }
  static authorization::SubjectAccessReviewSpec get(std::string path) {
    authorization::SubjectAccessReviewSpec spec;
    auto& what = spec.non_resource_attributes.emplace();
    what.verb = "get";
    what.path = std::move(path);
    return spec;
  }

  base::FakeClock clock;
  std::unique_ptr<io::Loop> loop = io::Loop::create_simulated(clock);
  std::shared_ptr<Cluster> cluster = std::make_shared<Cluster>();
};

TEST_F(DelegatedAccessTest, TheClusterKnowsWhoATokenIs) {
  EXPECT_EQ(who("Bearer janes"), "jane");
  EXPECT_EQ(who("Bearer forged"), "Unauthorized");
  EXPECT_EQ(who("Basic amFuZQ=="), "Unauthorized");
  EXPECT_EQ(who(""), "Unauthorized");
  EXPECT_EQ(who("", true), "system:anonymous");
  EXPECT_EQ(who("Bearer forged", true), "Unauthorized");
}

TEST_F(DelegatedAccessTest, WhatElseIsKnownOfACallerCountsForWhatHeMay) {
  DelegatedAccess access({}, Client(cluster), clock);
  io::Request request;
  request.headers.add("authorization", "Bearer janes");
  io::Peer peer;
  auto caller = loop->run_task(access.identify(request, peer));
  ASSERT_TRUE(caller);
  EXPECT_TRUE(*loop->run_task(access.allows(*caller, get("/configz"))));
  EXPECT_EQ(cluster->extra["scopes"], (std::vector<std::string>{"read"}));
}

TEST_F(DelegatedAccessTest, TheClusterSaysWhatHeMayAndIsNotAskedTwice) {
  DelegatedAccess access({}, Client(cluster), clock);
  auto may = [&](Caller caller, std::string path) {
    return *loop->run_task(access.allows(std::move(caller), get(std::move(path))));
  };
  EXPECT_TRUE(may({.name = "jane"}, "/configz"));
  EXPECT_FALSE(may({.name = "jane"}, "/metrics"));
  EXPECT_FALSE(may({.name = "eve"}, "/configz"));
  int asked = cluster->calls;
  EXPECT_TRUE(may({.name = "jane"}, "/configz"));
  EXPECT_FALSE(may({.name = "jane"}, "/metrics"));
  EXPECT_EQ(cluster->calls, asked);
  loop->advance(std::chrono::seconds(11));
  EXPECT_TRUE(may({.name = "jane"}, "/configz"));
  EXPECT_EQ(cluster->calls, asked + 1);
  EXPECT_TRUE(may({.name = "root", .groups = {"system:masters"}}, "/metrics"));
  EXPECT_EQ(cluster->calls, asked + 1);
}

}  // namespace
}  // namespace client
