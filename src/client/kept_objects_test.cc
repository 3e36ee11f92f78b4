#include "client/kept_objects.h"

#include <gtest/gtest.h>

#include "api/core_v1.h"
#include "client/testing/fixture.h"

namespace client {
namespace {

struct KeptObjectsTest : testing::World {
  KeptObjects::Object object() { return std::make_shared<const schema::Object>(api::core_v1::Pod{}); }

  KeptObjects kept;
};

TEST(KeptObjects, StayAWhileAfterTheyWereAskedForLast) {
  KeptObjectsTest world;
  std::weak_ptr<const schema::Object> asked_again, asked_once;
  KeptObjects::Place again, once;
  world.on_loop([&] {
    auto first = world.object(), second = world.object();
    asked_again = first;
    asked_once = second;
    world.kept.keep(first, again);
    world.kept.keep(second, once);
  });
  world.advance(KeptObjects::kHalf + std::chrono::seconds(1));
  ASSERT_FALSE(asked_once.expired());
  world.on_loop([&] { world.kept.keep(asked_again.lock(), again); });
  world.advance(KeptObjects::kHalf);
  EXPECT_TRUE(asked_once.expired());
  EXPECT_FALSE(asked_again.expired());
  world.advance(KeptObjects::kHalf * 2);
  EXPECT_TRUE(asked_again.expired());
}

TEST(KeptObjects, WhatHasChangedGoesAtOnce) {
  KeptObjectsTest world;
  std::weak_ptr<const schema::Object> young, old;
  KeptObjects::Place first, second;
  world.on_loop([&] {
    auto one = world.object();
    old = one;
    world.kept.keep(one, first);
  });
  world.advance(KeptObjects::kHalf + std::chrono::seconds(1));
  world.on_loop([&] {
    auto one = world.object();
    young = one;
    world.kept.keep(one, second);
  });
  ASSERT_FALSE(old.expired());
  ASSERT_FALSE(young.expired());
  world.on_loop([&] {
    world.kept.drop(first);
    world.kept.drop(second);
  });
  EXPECT_TRUE(old.expired());
  EXPECT_TRUE(young.expired());
  world.advance(KeptObjects::kHalf * 3);
}

}  // namespace
}  // namespace client
