#include "client/events.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "client/testing/builders.h"
#include "client/testing/fixture.h"

namespace client {
namespace {

using api::core_v1::Event;
using testing::pod;
using namespace std::chrono_literals;

class EventsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    about_ = EventRecorder::reference(world_.server.put<api::core_v1::Pod>(pod("web-0")));
    world_.start(recorder_.run());
  }
  void record(std::string message, EventType type = EventType::Normal) {
    world_.on_loop([&] { recorder_.record(about_, type, "Pulled", message); });
    world_.advance(1s);
  }
  std::vector<Event> events() { return world_.server.list<Event>("default"); }

  testing::World world_;
  EventRecorder recorder_{world_.client, world_.clock, world_.random, "kubelet", "n1"};
  api::core_v1::ObjectReference about_;
  void TearDown() override { world_.scope.cancel(); }
};

TEST_F(EventsTest, EventSaysWhoWhatAndWhen) {
  record("Image \"x\" pulled");
  ASSERT_EQ(events().size(), 1u);
  Event event = events()[0];
  EXPECT_TRUE(event.metadata.name.starts_with("web-0."));
  EXPECT_EQ(event.involved_object.kind, "Pod");
  EXPECT_EQ(event.involved_object.uid, about_.uid);
  EXPECT_EQ(event.type, "Normal");
  EXPECT_EQ(event.reason, "Pulled");
  EXPECT_EQ(event.source.component, "kubelet");
  EXPECT_EQ(event.source.host, "n1");
  EXPECT_EQ(event.count, 1);
  EXPECT_EQ(event.first_timestamp, event.last_timestamp);
}

TEST_F(EventsTest, TheSameAgainIsCountedUp) {
  record("a \"quoted\" text");
  world_.advance(5s);
  record("a \"quoted\" text");
  ASSERT_EQ(events().size(), 1u);
  EXPECT_EQ(events()[0].count, 2);
  EXPECT_GT(events()[0].last_timestamp, events()[0].first_timestamp);
}

TEST_F(EventsTest, CountedEventThatIsGoneIsMadeAnew) {
  record("x");
  world_.on_loop([&] { world_.server.erase<Event>("default", events()[0].metadata.name); });
  record("x");
  ASSERT_EQ(events().size(), 1u);
  EXPECT_EQ(events()[0].count, 1);
}

TEST_F(EventsTest, ManyDifferentTextsOfOneReasonAreCombined) {
  for (int i = 0; i < 13; i++) record("attempt " + std::to_string(i));
  auto all = events();
  EXPECT_EQ(all.size(), 11u);
  auto combined = std::find_if(all.begin(), all.end(), [](const Event& event) {
    return event.message.starts_with("(combined from similar events): ");
  });
  ASSERT_NE(combined, all.end());
  EXPECT_EQ(combined->count, 3);
  EXPECT_EQ(combined->message, "(combined from similar events): attempt 12");
}

TEST_F(EventsTest, ABurstIsCutAndOneIsLetThroughEveryFiveMinutes) {
  for (int i = 0; i < 100; i++) world_.on_loop([&] { recorder_.record(about_, EventType::Normal, "Pulled", "x"); });
  EXPECT_EQ(events()[0].count, 25);
  world_.advance(301s);
  record("x");
  EXPECT_EQ(events()[0].count, 26);
}

TEST_F(EventsTest, AnUnreachableServerIsTriedAgain) {
  world_.server.set_fault([](const Call&) { return base::Error(base::Code::Unavailable, "down"); });
  record("x");
  world_.server.set_fault({});
  world_.advance(11s);
  EXPECT_EQ(events().size(), 1u);
}

}  // namespace
}  // namespace client
