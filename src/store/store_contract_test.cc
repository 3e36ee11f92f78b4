// What every store promises, said once and run against each of them.
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/testing_backends.h"

namespace store {
namespace {

using base::Bytes;
using base::Code;

// A value "name=value" is a label; the name is the field "word" too.
Attributes words(std::string_view key, std::string_view value) {
  Attributes attributes;
  size_t equals = value.find('=');
  if (equals != std::string_view::npos) {
    attributes.labels.add(value.substr(0, equals), value.substr(equals + 1));
    attributes.fields.add("word", value.substr(0, equals));
  }
  return attributes;
}

class Contract : public testing::TestWithParam<const Backend*> {
 protected:
  void SetUp() override {
    if (auto reason = GetParam()->unavailable(); !reason.empty()) GTEST_SKIP() << reason;
    place_ = GetParam()->make_place();
    open({});
  }
  void TearDown() override {
    if (!store_) return;
    watches_.clear();
    shut();
  }

  void open(HistoryOptions history) {
    auto opened = loop_->run_task(place_->open(words, history));
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = std::move(*opened);
    start_ = store_->revision();
  }
  void shut() {
    loop_->run_task(shut_on_loop(store_.get()));
    store_.reset();
  }
  static io::Task<void> shut_on_loop(Store* store) {
    store->close();
    co_return;
  }
  void reopen(HistoryOptions history = {}) {
    watches_.clear();
    shut();
    open(history);
  }

  Updated update(std::string key, Decide decide) {
    auto updated = loop_->run_task(store_->update(std::move(key), std::move(decide)));
    EXPECT_TRUE(updated) << updated.error().message();
    return updated ? *updated : Updated{};
  }
  Revision put(std::string key, std::string value) {
    return update(key, [&](const Entry*) { return Change::put(Bytes(value)); }).entry->revision;
  }
  Revision remove(std::string key) {
    return update(key, [](const Entry*) { return Change::remove(); }).entry->revision;
  }
  EntryRef get(std::string key) {
    auto entry = loop_->run_task(store_->get(std::move(key)));
    EXPECT_TRUE(entry) << entry.error().message();
    return entry ? *entry : nullptr;
  }
  base::Result<Page> try_list(std::string prefix, ListOptions options = {}) {
    return loop_->run_task(store_->list(std::move(prefix), options));
  }
  Page list(std::string prefix, ListOptions options = {}) {
    auto page = try_list(std::move(prefix), options);
    EXPECT_TRUE(page) << page.error().message();
    return page ? *page : Page{};
  }
  static std::string text(const Page& page) {
    std::string out;
    for (const EntryRef& entry : page.entries) {
      out += entry->key.substr(10);  // behind "/registry/"
      out += ":";
      out += entry->value.view();
      out += " ";
    }
    return out;
  }
  static io::Task<base::Result<std::unique_ptr<Watch>>> watch_on_loop(Store* store, std::string prefix, Revision from,
                                                                      Narrowing only) {
    co_return store->watch(std::move(prefix), from, std::move(only));
  }
  base::Result<std::unique_ptr<Watch>> try_watch(std::string prefix, Revision from, Narrowing only = {}) {
    return loop_->run_task(watch_on_loop(store_.get(), std::move(prefix), from, std::move(only)));
  }
  Watch& watch(std::string prefix, Revision from, Narrowing only = {}) {
    auto opened = try_watch(std::move(prefix), from, std::move(only));
    EXPECT_TRUE(opened) << opened.error().message();
    watches_.push_back(std::move(*opened));
    return *watches_.back();
  }
  // The next `count` events as text: "+" added, "~" modified with what was, "-" deleted.
  std::string events(Watch& watch, size_t count) {
    std::string out;
    size_t seen = 0;
    while (seen < count) {
      auto batch = loop_->run_task(watch.next());
      if (!batch) return out + "error: " + std::string(base::code_name(batch.error().code()));
      for (const EventRef& event : *batch) {
        ++seen;
        out += "+~-"[static_cast<int>(event->kind)];
        out += event->entry->key.substr(10);
        out += ":";
        out += event->entry->value.view();
        if (event->previous) {
          out += "<";
          out += event->previous->value.view();
        }
        out += " ";
      }
    }
    return out;
  }
  Code code(const base::Result<Page>& page) { return page ? Code::Internal : page.error().code(); }

  std::unique_ptr<io::Loop> loop_ = *io::Loop::create();
  std::unique_ptr<Place> place_;
  std::unique_ptr<Store> store_;
  std::vector<std::unique_ptr<Watch>> watches_;
  Revision start_ = 0;
};

TEST_P(Contract, AnEmptyStoreHasARevisionAndNothingElse) {
  EXPECT_GE(store_->revision(), 1u);
  EXPECT_EQ(get("/registry/pods/a"), nullptr);
  Page page = list("/registry/");
  EXPECT_TRUE(page.entries.empty());
  EXPECT_EQ(page.revision, store_->revision());
  EXPECT_FALSE(page.more);
}

TEST_P(Contract, AnUpdateIsVisibleWhenItReturns) {
  Updated made = update("/registry/pods/a", [](const Entry* current) {
    EXPECT_EQ(current, nullptr);
    return Change::put(Bytes("app=web"));
  });
  EXPECT_TRUE(made.changed);
  EXPECT_EQ(made.entry->value.view(), "app=web");
  EXPECT_GT(made.entry->revision, start_);
  EntryRef got = get("/registry/pods/a");
  ASSERT_NE(got, nullptr);
  EXPECT_EQ(got->key, "/registry/pods/a");
  EXPECT_EQ(got->value.view(), "app=web");
  EXPECT_EQ(got->revision, made.entry->revision);
  EXPECT_GE(store_->revision(), made.entry->revision);
  ASSERT_EQ(got->attributes.labels.size(), 1u);
  EXPECT_EQ(got->attributes.labels.find("app"), "web");
}

TEST_P(Contract, ANarrowedWatchSeesWhatHasItsValueBeforeOrAfter) {
  put("/registry/pods/a", "red=1");  // is history when the watches begin
  put("/registry/pods/b", "blue=1");
  Watch& red = watch("/registry/pods/", start_, {"word", "red"});
  Watch& green = watch("/registry/pods/", start_, {"word", "green"});
  Watch& a = watch("/registry/pods/", start_, {std::string(Narrowing::kRest), "a"});
  put("/registry/pods/a", "blue=2");
  put("/registry/pods/a", "blue=3");
  put("/registry/pods/aa", "red=4");
  put("/registry/pods/aa", "red=5");
  remove("/registry/pods/aa");
  put("/registry/pods/b", "green=6");
  EXPECT_EQ(events(red, 5),
            "+pods/a:red=1 ~pods/a:blue=2<red=1 +pods/aa:red=4 ~pods/aa:red=5<red=4 -pods/aa:red=5<red=5 ");
  EXPECT_EQ(events(green, 1), "~pods/b:green=6<blue=1 ");
  EXPECT_EQ(events(a, 3), "+pods/a:red=1 ~pods/a:blue=2<red=1 ~pods/a:blue=3<blue=2 ");
}

TEST_P(Contract, EachChangeTakesALaterRevision) {
  Revision first = put("/registry/pods/a", "1");
  Revision second = put("/registry/pods/b", "1");
  Revision third = put("/registry/pods/a", "2");
  Revision fourth = remove("/registry/pods/b");
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
  EXPECT_LT(third, fourth);
  EXPECT_EQ(get("/registry/pods/a")->revision, third);
}

TEST_P(Contract, KeepChangesNothing) {
  Revision revision = put("/registry/pods/a", "1");
  Updated kept = update("/registry/pods/a", [](const Entry*) { return Change::keep(); });
  EXPECT_FALSE(kept.changed);
  EXPECT_EQ(kept.entry->revision, revision);
  EXPECT_EQ(store_->revision(), revision);
  EXPECT_EQ(update("/registry/pods/none", [](const Entry*) { return Change::keep(); }).entry, nullptr);
}

TEST_P(Contract, AnErrorOfDecideEndsTheUpdate) {
  Revision revision = put("/registry/pods/a", "1");
  auto refused = loop_->run_task(store_->update("/registry/pods/a", [](const Entry* current) -> base::Result<Change> {
    return base::fail(Code::Conflict, std::string(current->value.view()));
  }));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::Conflict);
  EXPECT_EQ(refused.error().message(), "1");
  EXPECT_EQ(store_->revision(), revision);
}

TEST_P(Contract, DeleteReturnsTheLastStateWithTheRevisionOfTheDeletion) {
  Revision put_at = put("/registry/pods/a", "x=1");
  Updated gone = update("/registry/pods/a", [](const Entry*) { return Change::remove(); });
  EXPECT_TRUE(gone.changed);
  EXPECT_EQ(gone.entry->value.view(), "x=1");
  EXPECT_EQ(gone.entry->attributes.labels.size(), 1u);
  EXPECT_GT(gone.entry->revision, put_at);
  EXPECT_EQ(get("/registry/pods/a"), nullptr);
  EXPECT_FALSE(update("/registry/pods/a", [](const Entry*) { return Change::remove(); }).changed);
}

TEST_P(Contract, AnyBytesAreAValueAndAnyLengthAKey) {
  std::string value("k8s\0\n\xff\x80", 7);
  value += std::string(300'000, '\0');
  std::string key = "/registry/example.com/widgets/ns/" + std::string(700, 'k');
  put(key, value);
  put(key + "2", "two");
  put(key, value + "!");
  if (place_->keeps()) reopen();
  ASSERT_NE(get(key), nullptr);
  EXPECT_EQ(get(key)->value.view(), value + "!");
  EXPECT_EQ(get(key + "2")->value.view(), "two");
  remove(key);
  if (place_->keeps()) reopen();
  EXPECT_NE(get(key + "2"), nullptr);
  EXPECT_EQ(get(key), nullptr);
}

TEST_P(Contract, ListsAreInKeyOrderAndKeepToThePrefix) {
  put("/registry/pods/b/2", "x");
  put("/registry/pods/a/1", "x");
  put("/registry/podsets/a", "x");
  put("/registry/pods/a/10", "x");
  put("/registry/nodes/n", "x");
  EXPECT_EQ(text(list("/registry/pods/")), "pods/a/1:x pods/a/10:x pods/b/2:x ");
  EXPECT_EQ(text(list("/registry/pods/a/")), "pods/a/1:x pods/a/10:x ");
  EXPECT_EQ(list("/registry/").entries.size(), 5u);
  EXPECT_TRUE(list("/registry/q").entries.empty());
}

TEST_P(Contract, PagesFollowEachOtherAtOneRevision) {
  for (char name = 'a'; name <= 'g'; ++name) put(std::string("/registry/pods/") + name, "1");
  Page first = list("/registry/pods/", {.limit = 3});
  EXPECT_EQ(text(first), "pods/a:1 pods/b:1 pods/c:1 ");
  EXPECT_TRUE(first.more);
  EXPECT_EQ(first.remaining, 4u);

  remove("/registry/pods/a");
  put("/registry/pods/cc", "new");
  put("/registry/pods/d", "2");
  remove("/registry/pods/e");

  Page second = list("/registry/pods/", {.at = first.revision, .start_after = "/registry/pods/c", .limit = 3});
  EXPECT_EQ(text(second), "pods/d:1 pods/e:1 pods/f:1 ");
  EXPECT_EQ(second.revision, first.revision);
  EXPECT_EQ(second.remaining, 1u);
  Page third = list("/registry/pods/", {.at = first.revision, .start_after = "/registry/pods/f", .limit = 3});
  EXPECT_EQ(text(third), "pods/g:1 ");
  EXPECT_FALSE(third.more);
  EXPECT_EQ(text(list("/registry/pods/")), "pods/b:1 pods/c:1 pods/cc:new pods/d:2 pods/f:1 pods/g:1 ");
}

TEST_P(Contract, AListAtAnyKeptRevisionIsWhatItWas) {
  std::vector<std::pair<Revision, std::string>> past;
  for (int i = 0; i < 30; ++i) {
    std::string key = "/registry/pods/" + std::to_string(i % 7);
    Revision revision = i % 5 == 4 && get(key) ? remove(key) : put(key, std::to_string(i));
    put("/registry/nodes/" + std::to_string(i), "noise");
    past.emplace_back(revision, text(list("/registry/pods/")));
  }
  for (auto& [revision, expected] : past) {
    EXPECT_EQ(text(list("/registry/pods/", {.at = revision})), expected);
    EXPECT_EQ(list("/registry/pods/", {.at = revision}).revision, revision);
  }
}

TEST_P(Contract, AListOfTheFutureIsRefusedAndOneNotOlderThanItTimesOut) {
  put("/registry/pods/a", "1");
  EXPECT_EQ(code(try_list("/registry/pods/", {.at = store_->revision() + 1000})), Code::BadRequest);
  EXPECT_EQ(text(list("/registry/pods/", {.not_older_than = store_->revision()})), "pods/a:1 ");
}

TEST_P(Contract, AWatchTellsEachChangeOnceInOrder) {
  Watch& pods = watch("/registry/pods/", start_);
  put("/registry/pods/a", "1");
  put("/registry/nodes/n", "1");
  put("/registry/pods/a", "2");
  remove("/registry/pods/a");
  put("/registry/pods/a", "3");
  EXPECT_EQ(events(pods, 4), "+pods/a:1 ~pods/a:2<1 -pods/a:2<2 +pods/a:3 ");
}

TEST_P(Contract, AWatchFromThePastBeginsBehindIt) {
  put("/registry/pods/a", "1");
  Revision from = put("/registry/pods/a", "2");
  put("/registry/pods/b", "1");
  remove("/registry/pods/a");
  Watch& pods = watch("/registry/pods/", from);
  put("/registry/pods/c", "1");
  EXPECT_EQ(events(pods, 3), "+pods/b:1 -pods/a:2<2 +pods/c:1 ");
  EXPECT_GE(pods.seen(), store_->revision());
}

TEST_P(Contract, EventsCarryTheRevisionsOfTheirChanges) {
  Watch& pods = watch("/registry/pods/", start_);
  std::vector<Revision> made = {put("/registry/pods/a", "1"), put("/registry/pods/a", "2"), remove("/registry/pods/a")};
  std::vector<Revision> told;
  while (told.size() < 3) {
    auto batch = loop_->run_task(pods.next());
    ASSERT_TRUE(batch);
    for (auto& event : *batch) told.push_back(event->entry->revision);
  }
  EXPECT_EQ(told, made);
}

TEST_P(Contract, SeenAdvancesWithChangesElsewhere) {
  Watch& pods = watch("/registry/pods/", start_);
  Watch& all = watch("/registry/", start_);
  EXPECT_EQ(pods.seen(), start_);
  Revision node = put("/registry/nodes/n", "1");
  EXPECT_EQ(events(all, 1), "+nodes/n:1 ");
  EXPECT_EQ(pods.seen(), node);
  Revision pod = put("/registry/pods/p", "1");
  EXPECT_EQ(events(all, 1), "+pods/p:1 ");
  EXPECT_LT(pods.seen(), pod);
  EXPECT_EQ(events(pods, 1), "+pods/p:1 ");
  EXPECT_EQ(pods.seen(), pod);
}

TEST_P(Contract, ASlowWatchEndsWithExpiredAndOthersGoOn) {
  reopen({.watch_events_max = 5});
  Watch& slow = watch("/registry/pods/", start_);
  Watch& quick = watch("/registry/pods/", start_);
  for (int i = 0; i < 20; ++i) {
    put("/registry/pods/" + std::to_string(i), "1");
    EXPECT_EQ(events(quick, 1).substr(0, 1), "+");
  }
  EXPECT_EQ(events(slow, 1), "error: Expired");
  EXPECT_EQ(events(slow, 1), "error: Expired");
}

TEST_P(Contract, WhatIsCompactedIsExpired) {
  Revision first = put("/registry/pods/a", "1");
  Revision second = put("/registry/pods/a", "2");
  Revision third = put("/registry/pods/a", "3");
  EXPECT_TRUE(loop_->run_task(store_->compact(second)));
  EXPECT_EQ(store_->compacted(), second);
  EXPECT_EQ(code(try_list("/registry/pods/", {.at = first})), Code::Expired);
  EXPECT_EQ(text(list("/registry/pods/", {.at = second})), "pods/a:2 ");
  auto late = try_watch("/registry/pods/", first);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::Expired);
  EXPECT_EQ(events(watch("/registry/pods/", second), 1), "~pods/a:3<2 ");
  EXPECT_FALSE(loop_->run_task(store_->compact(third + 1000)));
}

TEST_P(Contract, HistoryIsBoundedByCount) {
  if (place_->keeps_history()) GTEST_SKIP() << "bounded elsewhere";
  reopen({.events_max = 10});
  Revision first = put("/registry/pods/a", "0");
  Revision last = 0;
  for (int i = 1; i <= 20; ++i) last = put("/registry/pods/a", std::to_string(i));
  EXPECT_EQ(code(try_list("/registry/pods/", {.at = first})), Code::Expired);
  EXPECT_EQ(text(list("/registry/pods/", {.at = last - 10})), "pods/a:10 ");
  EXPECT_EQ(code(try_list("/registry/pods/", {.at = last - 11})), Code::Expired);
}

TEST_P(Contract, HistoryIsBoundedByBytes) {
  if (place_->keeps_history()) GTEST_SKIP() << "bounded elsewhere";
  reopen({.bytes_max = 10'000});
  Revision last = 0;
  for (int i = 0; i < 20; ++i) last = put("/registry/pods/a", std::string(3000, 'x'));
  EXPECT_TRUE(try_list("/registry/pods/", {.at = last - 2}));
  EXPECT_EQ(code(try_list("/registry/pods/", {.at = last - 5})), Code::Expired);
}

TEST_P(Contract, CloseEndsWatchesAndRefusesTheRest) {
  Watch& pods = watch("/registry/pods/", start_);
  put("/registry/pods/a", "1");
  loop_->run_task(shut_on_loop(store_.get()));
  loop_->run_task(shut_on_loop(store_.get()));
  std::string told = events(pods, 5);
  EXPECT_TRUE(told.ends_with("error: Cancelled")) << told;
  auto late = loop_->run_task(store_->update("/registry/pods/a", [](const Entry*) { return Change::remove(); }));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::Closed);
  EXPECT_EQ(code(try_list("/registry/")), Code::Closed);
  EXPECT_FALSE(loop_->run_task(store_->get("/registry/pods/a")));
  EXPECT_FALSE(try_watch("/registry/", start_));
}

TEST_P(Contract, WhatWasAcknowledgedIsThereAfterReopeningAndRevisionsGoOn) {
  if (!place_->keeps()) GTEST_SKIP() << "keeps nothing";
  put("/registry/pods/a", "x=1");
  put("/registry/pods/b", "1");
  Revision gone = remove("/registry/pods/b");
  Revision kept = get("/registry/pods/a")->revision;
  reopen();
  EXPECT_GE(store_->revision(), gone);
  EXPECT_EQ(get("/registry/pods/b"), nullptr);
  ASSERT_NE(get("/registry/pods/a"), nullptr);
  EXPECT_EQ(get("/registry/pods/a")->revision, kept);
  EXPECT_EQ(get("/registry/pods/a")->attributes.labels.size(), 1u);
  EXPECT_GT(put("/registry/pods/c", "1"), gone);
  Revision before = store_->revision() - 1;
  EXPECT_EQ(events(watch("/registry/pods/", before), 1), "+pods/c:1 ");
}

// Many flows on one loop, all adding one to one key: none is lost.
io::Task<void> count_up(Store* store, std::string key, int times, int* done) {
  for (int i = 0; i < times; ++i) {
    auto added = co_await store->update(key, [](const Entry* current) {
      int value = current ? std::stoi(std::string(current->value.view())) : 0;
      return Change::put(Bytes(std::to_string(value + 1)));
    });
    EXPECT_TRUE(added) << added.error().message();
  }
  ++*done;
}

io::Task<void> count_with(Store* store, int flows, int times) {
  int done = 0;
  io::Scope scope;
  for (int i = 0; i < flows; ++i) scope.spawn(count_up(store, "/registry/counters/c", times, &done));
  while (done < flows) co_await io::sleep(std::chrono::milliseconds(1));
}

TEST_P(Contract, UpdatesOfOneKeyByManyFlowsAllCount) {
  loop_->run_task(count_with(store_.get(), 16, 10));
  EXPECT_EQ(get("/registry/counters/c")->value.view(), "160");
}

io::Task<void> start_and_abandon(Store* store) {
  io::Scope scope;
  int done = 0;
  for (int i = 0; i < 8; ++i) scope.spawn(count_up(store, "/registry/counters/c", 5, &done));
  auto watch = store->watch("/registry/counters/", store->revision());
  scope.cancel();
  co_return;
}

TEST_P(Contract, AnAbandonedUpdateHarmsNobody) {
  loop_->run_task(start_and_abandon(store_.get()));
  put("/registry/pods/a", "1");
  EXPECT_EQ(get("/registry/pods/a")->value.view(), "1");
}

INSTANTIATE_TEST_SUITE_P(, Contract, testing::ValuesIn(backends()),
                         [](const auto& info) { return std::string(info.param->name()); });

}  // namespace
}  // namespace store
