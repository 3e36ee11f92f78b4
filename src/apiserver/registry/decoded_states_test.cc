#include "apiserver/registry/decoded_states.h"

#include <gtest/gtest.h>

#include <string>

#include "api/core_v1.h"
#include "store/entry.h"

namespace apiserver {
namespace {

using api::core_v1::Namespace;

class DecodedStatesTest : public testing::Test {
 protected:
  store::EntryRef stored(const std::string& name, store::Revision revision) {
    Namespace one;
    one.metadata.name = name;
    return store::make_entry(served_.key("", name), served_.encode(schema::Object(std::move(one))), revision, nullptr);
  }
  DecodedStates::Ref decoded(const store::EntryRef& entry) { return *states_.of(served_, entry); }

  Catalog catalog_;
  const Served& served_ = catalog_.of<Namespace>();
  DecodedStates states_;
};

TEST_F(DecodedStatesTest, AStateIsDecodedOnceForAllWhoLook) {
  auto entry = stored("a", 7);
  auto first = decoded(entry);
  EXPECT_EQ(first->as<Namespace>().metadata.name, "a");
  EXPECT_EQ(first->as<Namespace>().metadata.resource_version, "7");
  EXPECT_EQ(decoded(entry).get(), first.get());
}

TEST_F(DecodedStatesTest, TheNextStateIsAnother) {
  auto before = decoded(stored("a", 7));
  auto now = decoded(stored("a", 8));
  EXPECT_EQ(now->as<Namespace>().metadata.resource_version, "8");
  EXPECT_EQ(before->as<Namespace>().metadata.resource_version, "7");
}

TEST_F(DecodedStatesTest, WhatIsAskedForStaysAndWhatIsNotGoes) {
  auto asked = stored("asked", 1);
  std::weak_ptr<const schema::Object> first = decoded(asked);
  std::weak_ptr<const schema::Object> forgotten = decoded(stored("forgotten", 2));
  for (store::Revision i = 0; i < 1000; ++i) {
    decoded(stored("other", 10 + i));
    decoded(asked);
  }
  EXPECT_FALSE(first.expired());
  EXPECT_TRUE(forgotten.expired());
}

TEST_F(DecodedStatesTest, BrokenBytesAreAnErrorEachTime) {
  auto broken = store::make_entry(served_.key("", "a"), std::string("k8s\0\xff", 5), 1, nullptr);
  EXPECT_FALSE(states_.of(served_, broken));
  EXPECT_FALSE(states_.of(served_, broken));
}

}  // namespace
}  // namespace apiserver
