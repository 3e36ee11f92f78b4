#include "store/etcd/etcd_client.h"

#include <gtest/gtest.h>

#include "store/etcd/testing_etcd.h"

namespace store {
namespace {

using Compare = etcd::Compare;

// Against a real etcd; one for all tests, which keep to keys of their own.
class EtcdClientTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!testing::Etcd::is_installed()) return;
    loop_ = io::Loop::create()->release();
    io::Loop::Entered entered(*loop_);
    auto started = loop_->run_task(testing::Etcd::start());
    ASSERT_TRUE(started.has_value()) << started.error().message();
    server_ = started->release();
  }
  static void TearDownTestSuite() {
    if (!loop_) return;
    {
      io::Loop::Entered entered(*loop_);
      delete server_;
    }
    delete loop_;
    server_ = nullptr;
    loop_ = nullptr;
  }
  void SetUp() override {
    if (!server_) GTEST_SKIP() << "no etcd";
    entered_.emplace(*loop_);
    client_ = connect({server_->endpoint()});
    prefix_ = base_name() + "/";
  }
  static std::string base_name() {
    return std::string("/") + ::testing::UnitTest::GetInstance()->current_test_info()->name();
  }

  std::unique_ptr<EtcdClient> connect(std::vector<std::string> endpoints) {
    auto created = EtcdClient::create({.endpoints = std::move(endpoints)});
    EXPECT_TRUE(created.has_value());
    return *std::move(created);
  }
  template <class T>
  T run(io::Task<T> task) {
    return loop_->run_task(std::move(task));
  }
  int64_t put(std::string name, std::string value) {
    etcd::PutRequest request;
    request.key = prefix_ + name;
    request.value = std::move(value);
    auto answer = run(client_->put(std::move(request)));
    EXPECT_TRUE(answer.has_value()) << answer.error().message();
    return answer ? answer->header->revision : 0;
  }
  etcd::RangeRequest all() {
    etcd::RangeRequest request;
    request.key = prefix_;
    request.range_end = etcd_prefix_end(prefix_);
    return request;
  }
  // "a=1 b=2"
  std::string contents(etcd::RangeRequest request) {
    auto answer = run(client_->range(std::move(request)));
    if (!answer) return answer.error().message();
    std::string text;
    for (const etcd::KeyValue& pair : answer->kvs) {
      text += (text.empty() ? "" : " ") + pair.key.substr(prefix_.size()) + "=" + pair.value;
    }
    return text;
  }
  std::unique_ptr<EtcdWatch> watch_from(int64_t revision) {
    etcd::WatchCreateRequest request;
    request.key = prefix_;
    request.range_end = etcd_prefix_end(prefix_);
    request.start_revision = revision;
    request.prev_kv = true;
    auto watch = run(client_->watch(std::move(request)));
    EXPECT_TRUE(watch.has_value()) << watch.error().message();
    return watch ? *std::move(watch) : nullptr;
  }
  // "put a=1", "delete a"; empty for progress.
  std::string next(EtcdWatch& watch) {
    auto answer = run(watch.next());
    if (!answer) return answer.error().message();
    std::string text;
    for (const etcd::Event& event : answer->events) {
      std::string name = event.kv->key.substr(prefix_.size());
      bool is_put = event.type == etcd::Event::EventType::Put;
      text += (text.empty() ? "" : ", ") + (is_put ? "put " + name + "=" + event.kv->value : "delete " + name);
    }
    return text;
  }

  inline static io::Loop* loop_ = nullptr;
  inline static testing::Etcd* server_ = nullptr;
  std::optional<io::Loop::Entered> entered_;
  std::unique_ptr<EtcdClient> client_;
  std::string prefix_;
};

TEST_F(EtcdClientTest, RangeReadsWhatWasPut) {
  put("b", "2");
  int64_t before = put("a", "1");
  put("a", std::string("\0\xFF", 2));
  EXPECT_EQ(contents(all()), std::string("a=\0\xFF b=2", 8));
  auto old = all();
  old.revision = before;
  EXPECT_EQ(contents(old), "a=1 b=2");
  auto first = all();
  first.limit = 1;
  auto page = run(client_->range(first));
  EXPECT_TRUE(page->more);
  EXPECT_EQ(page->count, 2);
}

TEST_F(EtcdClientTest, TransactionComparesAndSwaps) {
  auto create = [&](std::string value) {
    etcd::TxnRequest request;
    Compare& compare = request.compare.emplace_back();
    compare.target = Compare::CompareTarget::Mod;
    compare.key = prefix_ + "a";
    compare.mod_revision = 0;
    etcd::PutRequest put;
    put.key = prefix_ + "a";
    put.value = std::move(value);
    request.success.emplace_back().request_put = std::move(put);
    etcd::RangeRequest get;
    get.key = prefix_ + "a";
    request.failure.emplace_back().request_range = std::move(get);
    return run(client_->txn(std::move(request)));
  };
  auto first = create("1");
  ASSERT_TRUE(first.has_value()) << first.error().message();
  EXPECT_TRUE(first->succeeded);
  auto second = create("2");
  ASSERT_TRUE(second.has_value());
  EXPECT_FALSE(second->succeeded);
  EXPECT_EQ(second->responses.at(0).response_range->kvs.at(0).value, "1");
  EXPECT_EQ(second->responses.at(0).response_range->kvs.at(0).mod_revision, first->header->revision);
}

TEST_F(EtcdClientTest, WatchTellsEveryChangeInOrder) {
  int64_t first = put("a", "1");
  auto watch = watch_from(first);
  put("a", "2");
  etcd::DeleteRangeRequest request;
  request.key = prefix_ + "a";
  EXPECT_EQ(run(client_->delete_range(request))->deleted, 1);
  put("b", "3");
  std::string seen;
  while (seen.find("b=3") == std::string::npos) seen += (seen.empty() ? "" : ", ") + next(*watch);
  EXPECT_EQ(seen, "put a=1, put a=2, delete a, put b=3");
}

TEST_F(EtcdClientTest, ProgressTellsHowFarAWatchHasCome) {
  auto watch = watch_from(0);
  int64_t other = [&] {
    etcd::PutRequest elsewhere;
    elsewhere.key = "/elsewhere";
    return run(client_->put(elsewhere))->header->revision;
  }();
  ASSERT_TRUE(run(watch->request_progress()).has_value());
  auto answer = run(watch->next());
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_TRUE(answer->events.empty());
  EXPECT_GE(answer->header->revision, other);
}

TEST_F(EtcdClientTest, ManyAndLargeEventsArrive) {
  auto watch = watch_from(0);
  std::string value(300'000, 'x');
  for (int i = 0; i < 20; ++i) put(std::to_string(i), value);
  size_t events = 0;
  while (events < 20) {
    auto answer = run(watch->next());
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    for (const auto& event : answer->events) EXPECT_EQ(event.kv->value.size(), value.size());
    events += answer->events.size();
  }
  EXPECT_EQ(events, 20u);
  EXPECT_EQ(run(client_->range(all()))->kvs.size(), 20u);
}

TEST_F(EtcdClientTest, CompactedRevisionsAreExpired) {
  int64_t old = put("a", "1");
  int64_t revision = put("a", "2");
  ASSERT_TRUE(run(client_->compact({.revision = revision})).has_value());
  auto request = all();
  request.revision = old;
  auto answer = run(client_->range(request));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), base::Code::Expired);
  auto watch = watch_from(old);
  auto event = run(watch->next());
  ASSERT_FALSE(event.has_value());
  EXPECT_EQ(event.error().code(), base::Code::Expired);
}

TEST_F(EtcdClientTest, LeaseKeepsKeysUntilRevoked) {
  etcd::LeaseGrantRequest grant;
  grant.ttl = 60;
  auto lease = run(client_->lease_grant(grant));
  ASSERT_TRUE(lease.has_value()) << lease.error().message();
  etcd::PutRequest request;
  request.key = prefix_ + "a";
  request.lease = lease->id;
  ASSERT_TRUE(run(client_->put(request)).has_value());
  EXPECT_EQ(run(client_->lease_keep_alive(lease->id)).value_or(0), 60);
  etcd::LeaseTimeToLiveRequest ask;
  ask.id = lease->id;
  ask.keys = true;
  EXPECT_EQ(run(client_->lease_time_to_live(ask))->keys, std::vector<std::string>{prefix_ + "a"});
  etcd::LeaseRevokeRequest revoke;
  revoke.id = lease->id;
  ASSERT_TRUE(run(client_->lease_revoke(revoke)).has_value());
  EXPECT_EQ(contents(all()), "");
  auto gone = run(client_->lease_keep_alive(lease->id));
  ASSERT_FALSE(gone.has_value());
  EXPECT_EQ(gone.error().code(), base::Code::NotFound);
}

TEST_F(EtcdClientTest, StatusAndMembersAreTold) {
  auto status = run(client_->status());
  ASSERT_TRUE(status.has_value()) << status.error().message();
  EXPECT_TRUE(status->version.starts_with("3."));
  EXPECT_GT(status->db_size, 0);
  EXPECT_EQ(run(client_->member_list())->members.size(), 1u);
}

TEST_F(EtcdClientTest, DeadEndpointIsPassedOver) {
  client_ = connect({"http://127.0.0.1:1", server_->endpoint()});
  put("a", "1");
  EXPECT_EQ(contents(all()), "a=1");
}

TEST_F(EtcdClientTest, NoEndpointIsUnavailable) {
  client_ = connect({"http://127.0.0.1:1"});
  auto answer = run(client_->range(all()));
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code(), base::Code::Unavailable);
}

TEST_F(EtcdClientTest, ARestartEndsWatchesAndLosesNothing) {
  put("a", "1");
  auto watch = watch_from(0);
  auto restarted = run(server_->restart());
  ASSERT_TRUE(restarted.has_value()) << restarted.error().message();
  EXPECT_FALSE(run(watch->next()).has_value());
  EXPECT_EQ(contents(all()), "a=1");
}

TEST(EtcdPrefix, EndIsTheNextKey) {
  EXPECT_EQ(etcd_prefix_end("/a/"), "/a0");
  EXPECT_EQ(etcd_prefix_end("a\xFF"), "b");
  EXPECT_EQ(etcd_prefix_end("\xFF"), std::string(1, '\0'));
  EXPECT_EQ(etcd_prefix_end(""), std::string(1, '\0'));
}

}  // namespace
}  // namespace store
