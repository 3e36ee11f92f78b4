#include "store/view.h"

#include <gtest/gtest.h>

#include <chrono>

namespace store {
namespace {

using base::Code;

constexpr int64_t kSecond = 1'000'000'000;

class ViewTest : public testing::Test {
 protected:
  void put(Revision revision, std::string value) {
    auto entry = std::make_shared<Entry>();
    entry->key = "/registry/a";
    entry->value = base::Bytes(std::move(value));
    entry->revision = revision;
    EntryRef previous = view_->find(entry->key);
    auto kind = previous ? Event::Kind::Modified : Event::Kind::Added;
    view_->publish({std::make_shared<const Event>(kind, entry, previous)}, revision).send();
  }
  Code list_at(Revision revision) {
    auto page = view_->page("/registry/", {.at = revision});
    return page ? Code::Internal : page.error().code();
  }

  base::FakeClock clock_;
  std::unique_ptr<io::Loop> loop_ = io::Loop::create_simulated(clock_);
  std::shared_ptr<View> view_ = std::make_shared<View>(
      View::Options{.history = {.events_max = 1000, .bytes_max = 1 << 20, .age_ns_max = 300 * kSecond},
                    .watch_events_max = 10},
      clock_, Index(), 1, 1);
};

TEST_F(ViewTest, HistoryGoesWithAgeWhenSomethingIsWritten) {
  for (Revision revision = 2; revision < 66; ++revision) put(revision, "old");
  clock_.advance_ns(200 * kSecond);
  put(66, "newer");
  clock_.advance_ns(200 * kSecond);
  EXPECT_EQ(list_at(2), Code::Internal);
  put(67, "newest");
  clock_.advance_ns(101 * kSecond);
  EXPECT_EQ(list_at(66), Code::Internal);
  put(68, "last");
  EXPECT_EQ(list_at(64), Code::Expired);
  EXPECT_EQ(list_at(66), Code::Internal);
}

TEST_F(ViewTest, WaitingForARevisionEndsWhenItComesOrTimesOut) {
  EXPECT_TRUE(loop_->run_task(view_->reached(1, std::chrono::seconds(3))));
  auto late = loop_->run_task(view_->reached(2, std::chrono::seconds(3)));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::Timeout);

  std::optional<base::Result<void>> result;
  io::Scope scope;
  auto wait = [](View* view, std::optional<base::Result<void>>* out) -> io::Task<void> {
    out->emplace(co_await view->reached(3, std::chrono::seconds(3)));
  };
  loop_->post([&] { scope.spawn(wait(view_.get(), &result)); });
  loop_->run_until_idle();
  put(2, "x");
  loop_->run_until_idle();
  EXPECT_FALSE(result.has_value());
  put(3, "x");
  loop_->run_until_idle();
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(*result);
}

TEST_F(ViewTest, WhoWaitsIsToldWhenTheViewCloses) {
  std::optional<base::Result<void>> result;
  io::Scope scope;
  auto wait = [](View* view, std::optional<base::Result<void>>* out) -> io::Task<void> {
    out->emplace(co_await view->reached(3, std::chrono::seconds(3)));
  };
  loop_->post([&] { scope.spawn(wait(view_.get(), &result)); });
  loop_->run_until_idle();
  view_->close().send();
  loop_->run_until_idle();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->error().code(), Code::Closed);
}

// A list begun with a limit keeps its state even when undoing would be impossible or slow.
TEST_F(ViewTest, PagesAreReadFromTheStateTheyBeganWith) {
  auto entry = [&](std::string key, Revision revision) {
    auto made = std::make_shared<Entry>();
    made->key = std::move(key);
    made->revision = revision;
    view_->publish({std::make_shared<const Event>(Event::Kind::Added, made, nullptr)}, revision).send();
  };
  for (int i = 0; i < 10; ++i) entry("/registry/" + std::to_string(i), static_cast<Revision>(2 + i));
  auto first = view_->page("/registry/", {.limit = 4});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->remaining, 6u);
  entry("/registry/4a", 12);
  auto second = view_->page("/registry/", {.at = first->revision, .start_after = "/registry/3", .limit = 4});
  ASSERT_TRUE(second);
  EXPECT_EQ(second->entries.back()->key, "/registry/7");
  EXPECT_EQ(second->remaining, 2u);
  ASSERT_TRUE(view_->compact(12));
  EXPECT_EQ(list_at(11), Code::Expired);
}

}  // namespace
}  // namespace store
