#include "client/cache.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "api/core_v1.h"
#include "client/testing/builders.h"
#include "client/testing/fixture.h"

namespace client {
namespace {

using api::core_v1::Pod;
using testing::pod;
using namespace std::chrono_literals;

class CacheTest : public ::testing::Test {
 protected:
  void start(ListOptions selectors = {}) {
    cache_ = std::make_unique<Cache<Pod>>(world_.client, std::move(selectors));
    cache_->add_index("node", [](const Pod& pod) { return std::vector<std::string>{pod.spec.node_name}; });
    cache_->add_listener([this](const Key& key, const Pod* before, const Pod* now) {
      heard_.push_back(std::string(before == nullptr ? "+" : now == nullptr ? "-" : "~") + key.name);
    });
    world_.start(cache_->run());
    world_.advance(1s);
  }
  void put(const Pod& pod) {
    world_.on_loop([&] { world_.server.put(pod); });
    world_.advance(1s);
  }
  void erase(std::string name) {
    world_.on_loop([&] { world_.server.erase<Pod>("default", name); });
    world_.advance(1s);
  }
  void expect_heard(std::vector<std::string> heard) {
    EXPECT_EQ(heard_, heard);
    heard_.clear();
  }
  void expect_names(std::vector<std::string> names) {
    std::vector<std::string> found;
    for (const auto& pod : cache_->list()) found.push_back(pod->metadata.name);
    EXPECT_EQ(found, names);
  }
  std::vector<std::string> on(std::string node) {
    std::vector<std::string> found;
    world_.on_loop([&] {
      for (const auto& pod : cache_->by_index("node", node)) found.push_back(pod->metadata.name);
    });
    return found;
  }

  std::unique_ptr<Cache<Pod>> cache_;
  std::vector<std::string> heard_;
  testing::World world_;  // last: its flows use the cache
};

TEST_F(CacheTest, FollowersHearWhatIsThereNow) {
  std::vector<std::string> seen;
  cache_ = std::make_unique<Cache<Pod>>(world_.client);
  cache_->add_follower([&](const Key& key, const Pod* now) {
    seen.push_back(key.name + (now == nullptr ? " is gone" : " is on " + now->spec.node_name));
  });
  world_.start(cache_->run());
  world_.advance(1s);
  put(pod("a"));
  put(pod("a").on("n1"));
  erase("a");
  EXPECT_EQ(seen, (std::vector<std::string>{"a is on ", "a is on n1", "a is gone"}));
}

TEST_F(CacheTest, ListsThenFollowsChanges) {
  world_.server.put<Pod>(pod("a").on("n1"));
  start();
  EXPECT_TRUE(cache_->synced());
  put(pod("b").on("n1"));
  put(pod("a").on("n2"));
  erase("b");
  expect_heard({"+a", "+b", "~a", "-b"});
  expect_names({"a"});
  EXPECT_EQ(cache_->get("default", "a")->spec.node_name, "n2");
  EXPECT_EQ(cache_->get("default", "b"), nullptr);
}

TEST_F(CacheTest, IndexFollowsTheObject) {
  start();
  put(pod("a").on("n1"));
  put(pod("b").on("n1"));
  EXPECT_EQ(on("n1"), (std::vector<std::string>{"a", "b"}));
  put(pod("a").on("n2"));
  EXPECT_EQ(on("n1"), (std::vector<std::string>{"b"}));
  EXPECT_EQ(on("n2"), (std::vector<std::string>{"a"}));
  erase("b");
  EXPECT_TRUE(on("n1").empty());
}

TEST_F(CacheTest, RelistFindsWhatChangedAndWhatIsGone) {
  start();
  put(pod("same"));
  put(pod("changed"));
  put(pod("gone"));
  heard_.clear();
  // While the server cannot be reached, and its history is cut.
  world_.server.set_fault([](const Call&) { return base::Error(base::Code::Unavailable, "down"); });
  world_.on_loop([&] { world_.server.close_watches(); });
  put(pod("changed").on("n1"));
  erase("gone");
  put(pod("new"));
  world_.on_loop([&] { world_.server.expire_watches(); });
  expect_heard({});
  world_.server.set_fault({});
  world_.advance(60s);
  std::sort(heard_.begin(), heard_.end());
  expect_heard({"+new", "-gone", "~changed"});
  expect_names({"changed", "new", "same"});
}

TEST_F(CacheTest, WatchThatEndsIsTakenUpWhereItEnded) {
  start();
  put(pod("a"));
  int lists = 0;
  world_.server.set_fault([&](const Call& call) -> std::optional<base::Error> {
    if (call.target.find("watch=") == std::string::npos) lists++;
    return std::nullopt;
  });
  world_.advance(10s);
  world_.on_loop([&] { world_.server.close_watches(); });
  put(pod("b"));
  world_.advance(1s);
  expect_heard({"+a", "+b"});
  EXPECT_EQ(lists, 0);
}

TEST_F(CacheTest, SelectorNarrowsAndLeavingItIsADeletion) {
  world_.server.put<Pod>(pod("other").on("n2"));
  start({.field_selector = "spec.nodeName=n1"});
  put(pod("a").on("n1"));
  put(pod("a").on("n2"));
  expect_heard({"+a", "-a"});
}

TEST_F(CacheTest, ListsInPages) {
  for (int i = 0; i < 1100; i++) world_.server.put<Pod>(pod("p" + std::to_string(i)));
  int lists = 0;
  world_.server.set_fault([&](const Call& call) -> std::optional<base::Error> {
    if (call.target.find("watch=") == std::string::npos) lists++;
    return std::nullopt;
  });
  start();
  EXPECT_EQ(cache_->size(), 1100u);
  EXPECT_EQ(lists, 3);
}

TEST_F(CacheTest, AnIdleCacheSetsNoTimers) {
  start();
  uint64_t wakes = world_.loop->wakes();
  world_.advance(1h);
  EXPECT_EQ(world_.loop->wakes(), wakes);
}

}  // namespace
}  // namespace client
