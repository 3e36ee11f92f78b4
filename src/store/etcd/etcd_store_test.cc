// What only the store over etcd has to withstand: an etcd that ends, forgets, or serves others too.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "store/etcd/etcd_client.h"
#include "store/etcd/etcd_follower.h"
#include "store/etcd/testing_etcd.h"
#include "store/store.h"

namespace store {
namespace {

using base::Bytes;
using base::Code;

class EtcdStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!testing::Etcd::is_installed()) GTEST_SKIP() << "no etcd";
    auto started = outside_->run_task(testing::Etcd::start());
    ASSERT_TRUE(started) << started.error().message();
    etcd_ = std::move(*started);
    other_ = std::move(*EtcdClient::create({.endpoints = {etcd_->endpoint()}}));
  }
  void TearDown() override {
    {
      io::Loop::Entered entered(*loop_);
      watch_.reset();
      store_.reset();
    }
    io::Loop::Entered entered(*outside_);
    other_.reset();
    etcd_.reset();
  }

  void open() {
    auto opened = loop_->run_task(open_etcd({.endpoints = {etcd_->endpoint()}}));
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = std::move(*opened);
  }
  base::Result<Updated> put(std::string key, std::string value) {
    return loop_->run_task(store_->update(std::move(key), [&](const Entry*) { return Change::put(Bytes(value)); }));
  }
  // As another program would, past the store.
  Revision put_elsewhere(std::string key, std::string value) {
    etcd::PutRequest request;
    request.key = std::move(key);
    request.value = std::move(value);
    auto response = outside_->run_task(other_->put(std::move(request)));
    EXPECT_TRUE(response);
    return response ? static_cast<Revision>(response->header->revision) : 0;
  }
  void remove_elsewhere(std::string key) {
    etcd::DeleteRangeRequest request;
    request.key = std::move(key);
    EXPECT_TRUE(outside_->run_task(other_->delete_range(std::move(request))));
  }
  std::string list(ListOptions options = {}) {
    auto page = loop_->run_task(store_->list("/registry/", std::move(options)));
    if (!page) return std::string(base::code_name(page.error().code()));
    std::string out;
    for (const EntryRef& entry : page->entries)
      out += entry->key.substr(10) + ":" + std::string(entry->value.view()) + " ";
    return out;
  }
  static io::Task<base::Result<std::unique_ptr<Watch>>> watch_on_loop(Store* store, Revision from) {
    co_return store->watch("/registry/", from);
  }
  void watch() { watch_ = std::move(*loop_->run_task(watch_on_loop(store_.get(), store_->revision()))); }
  std::string events(size_t count) {
    std::string out;
    for (size_t seen = 0; seen < count;) {
      auto batch = loop_->run_task(watch_->next());
      if (!batch) return out + std::string(base::code_name(batch.error().code()));
      for (const EventRef& event : *batch) {
        ++seen;
        out += "+~-"[static_cast<int>(event->kind)];
        out += event->entry->key.substr(10) + ":" + std::string(event->entry->value.view()) + " ";
      }
    }
    return out;
  }

  std::unique_ptr<io::Loop> loop_ = *io::Loop::create();
  // Where etcd and other programs live. While it runs the store stands still, so it learns of all they did at once.
  std::unique_ptr<io::Loop> outside_ = *io::Loop::create();
  std::unique_ptr<testing::Etcd> etcd_;
  std::unique_ptr<EtcdClient> other_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Watch> watch_;
};

TEST_F(EtcdStoreTest, WhatOthersWriteIsSeenAndTold) {
  put_elsewhere("/registry/old", "1");
  put_elsewhere("/elsewhere/x", "1");
  open();
  EXPECT_EQ(list(), "old:1 ");
  watch();
  put_elsewhere("/registry/new", "1");
  EXPECT_EQ(list(), "new:1 old:1 ");
  remove_elsewhere("/registry/old");
  put_elsewhere("/elsewhere/x", "2");
  EXPECT_EQ(list(), "new:1 ");
  EXPECT_EQ(events(2), "+new:1 -old:1 ");
}

TEST_F(EtcdStoreTest, AnUpdateThatLostARaceDecidesAgain) {
  open();
  ASSERT_TRUE(put("/registry/a", "mine"));
  int calls = 0;
  auto updated = loop_->run_task(store_->update("/registry/a", [&](const Entry* current) {
    if (++calls == 1) put_elsewhere("/registry/a", "theirs");
    return Change::put(Bytes(std::string(current->value.view()) + "+"));
  }));
  ASSERT_TRUE(updated);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(updated->entry->value.view(), "theirs+");
}

TEST_F(EtcdStoreTest, ARefusalRestsOnWhatTheClusterHas) {
  open();
  ASSERT_TRUE(put("/registry/a", "1"));
  put_elsewhere("/registry/a", "2");
  std::string seen;
  auto refused = loop_->run_task(store_->update("/registry/a", [&](const Entry* current) -> base::Result<Change> {
    seen = current->value.view();
    return base::fail(Code::Conflict, "");
  }));
  EXPECT_FALSE(refused);
  EXPECT_EQ(seen, "2");
}

TEST_F(EtcdStoreTest, AnEtcdThatIsDownIsUnavailableAndComesBackWithoutAGap) {
  open();
  ASSERT_TRUE(put("/registry/a", "1"));
  watch();
  outside_->run_task(etcd_->stop());
  auto refused = put("/registry/a", "2");
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().code() == Code::Unavailable || refused.error().code() == Code::Timeout)
      << base::code_name(refused.error().code());
  EXPECT_EQ(list(), "Unavailable");
  EXPECT_EQ(list({.consistent = false}), "a:1 ");
  auto got = loop_->run_task(store_->get("/registry/a"));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), Code::Unavailable);

  ASSERT_TRUE(outside_->run_task(etcd_->start_again()));
  put_elsewhere("/registry/b", "1");
  put_elsewhere("/registry/a", "3");
  EXPECT_EQ(list(), "a:3 b:1 ");
  EXPECT_EQ(events(2), "+b:1 ~a:3 ");
  EXPECT_TRUE(put("/registry/c", "1"));
  EXPECT_EQ(events(1), "+c:1 ");
}

TEST_F(EtcdStoreTest, WhatWasCompactedMeanwhileIsToldAsADifference) {
  open();
  ASSERT_TRUE(put("/registry/a", "1"));
  ASSERT_TRUE(put("/registry/b", "1"));
  ASSERT_TRUE(put("/registry/c", "1"));
  watch();
  Revision before = store_->revision();
  outside_->run_task(etcd_->stop());
  ASSERT_TRUE(outside_->run_task(etcd_->start_again()));
  put_elsewhere("/registry/a", "2");
  put_elsewhere("/registry/a", "3");
  remove_elsewhere("/registry/b");
  Revision last = put_elsewhere("/registry/d", "1");
  etcd::CompactionRequest compaction;
  compaction.revision = static_cast<int64_t>(last);
  ASSERT_TRUE(outside_->run_task(other_->compact(std::move(compaction))));
  EXPECT_EQ(list(), "a:3 c:1 d:1 ");
  EXPECT_EQ(events(3), "~a:3 -b:1 +d:1 ");
  auto past = loop_->run_task(store_->list("/registry/", {.at = before}));
  ASSERT_FALSE(past);
  EXPECT_EQ(past.error().code(), Code::Expired);
}

TEST_F(EtcdStoreTest, NoEtcdAtOpeningIsUnavailable) {
  outside_->run_task(etcd_->stop());
  auto opened = loop_->run_task(open_etcd({.endpoints = {etcd_->endpoint()}}));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::Unavailable);
}

TEST_F(EtcdStoreTest, KeysOutsideThePrefixAreRefused) {
  open();
  auto refused = put("/other/a", "1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::BadRequest);
}

TEST_F(EtcdStoreTest, ManyKeysAreLoadedInPieces) {
  for (int i = 0; i < 2500; ++i) put_elsewhere("/registry/many/" + std::to_string(i), "1");
  open();
  auto page = loop_->run_task(store_->list("/registry/many/", {}));
  ASSERT_TRUE(page);
  EXPECT_EQ(page->entries.size(), 2500u);
}

TEST(EtcdVersion, ProgressIsOrderedFromTheReleasesThatFixedIt) {
  EXPECT_FALSE(etcd_progress_is_ordered("3.4.23"));
  EXPECT_TRUE(etcd_progress_is_ordered("3.4.25"));
  EXPECT_FALSE(etcd_progress_is_ordered("3.5.7"));
  EXPECT_TRUE(etcd_progress_is_ordered("3.5.8"));
  EXPECT_TRUE(etcd_progress_is_ordered("3.5.21"));
  EXPECT_TRUE(etcd_progress_is_ordered("3.6.0-rc.1"));
  EXPECT_FALSE(etcd_progress_is_ordered("unknown"));
}

}  // namespace
}  // namespace store
