#include "store/etcd/etcd_presence.h"

#include <gtest/gtest.h>

#include "store/etcd/testing_etcd.h"

namespace store {
namespace {

struct EtcdPresenceTest : ::testing::Test {
  void SetUp() override {
    if (!testing::Etcd::is_installed()) GTEST_SKIP() << "no etcd";
    auto started = loop->run_task(testing::Etcd::start());
    ASSERT_TRUE(started.has_value()) << started.error().message();
    server = std::move(*started);
  }
  std::unique_ptr<EtcdClient> client() {
    auto made = EtcdClient::create({.endpoints = {server->endpoint()}});
    EXPECT_TRUE(made);
    return std::move(*made);
  }
  std::unique_ptr<EtcdPresence> one(std::string name) {
    return std::make_unique<EtcdPresence>(
        client(), EtcdPresence::Options{.prefix = "/registry/masterleases/", .name = name, .value = "here"});
  }
  std::vector<std::string> names(EtcdPresence& asks) {
    auto found = loop->run_task(asks.names());
    EXPECT_TRUE(found);
    return found ? *found : std::vector<std::string>();
  }

  std::unique_ptr<io::Loop> loop = *io::Loop::create();
  io::Loop::Entered entered{*loop};
  std::unique_ptr<testing::Etcd> server;
};

TEST_F(EtcdPresenceTest, WhoRenewsIsThereUntilHeWithdraws) {
  auto a = one("192.0.2.1"), b = one("192.0.2.2");
  ASSERT_TRUE(loop->run_task(b->renew()));
  ASSERT_TRUE(loop->run_task(a->renew()));
  ASSERT_TRUE(loop->run_task(a->renew()));
  EXPECT_EQ(names(*a), (std::vector<std::string>{"192.0.2.1", "192.0.2.2"}));
  ASSERT_TRUE(loop->run_task(b->withdraw()));
  EXPECT_EQ(names(*a), std::vector<std::string>{"192.0.2.1"});
}

TEST_F(EtcdPresenceTest, TheKeyHangsOnALeaseAndComesBackWhenThatIsLost) {
  auto a = one("192.0.2.1");
  ASSERT_TRUE(loop->run_task(a->renew()));
  auto other = client();
  etcd::RangeRequest request;
  request.key = "/registry/masterleases/192.0.2.1";
  auto found = loop->run_task(other->range(request));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->kvs.size(), 1u);
  EXPECT_EQ(found->kvs[0].value, "here");
  etcd::LeaseRevokeRequest revoke;
  revoke.id = found->kvs[0].lease;
  ASSERT_NE(revoke.id, 0);
  ASSERT_TRUE(loop->run_task(other->lease_revoke(revoke)));
  EXPECT_TRUE(names(*a).empty());
  ASSERT_TRUE(loop->run_task(a->renew()));
  EXPECT_EQ(names(*a), std::vector<std::string>{"192.0.2.1"});
}

}  // namespace
}  // namespace store
