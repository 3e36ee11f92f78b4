#include "apiserver/registry/find_uid.h"

#include <gtest/gtest.h>

#include "apiserver/testing_server.h"
#include "base/strings.h"

namespace apiserver {
namespace {

constexpr int64_t kHourNs = 3'600'000'000'000;

TEST(FindUidTest, WhatShouldBeGoneForAMinuteIsGone) {
  TestServer server;
  base::FakeClock clock(base::system_clock().wall_ns());
  auto find = make_find_uid(server.store(), server.server().registry().catalog(), clock);
  auto has = [&] { return server.loop().run_task(find("serviceaccounts", "default", "robot"))->has_value(); };
  EXPECT_FALSE(has());
  constexpr std::string_view kAccounts = "/api/v1/namespaces/default/serviceaccounts";
  ASSERT_EQ(
      server.send("POST", std::string(kAccounts), R"({"metadata":{"name":"robot","finalizers":["x.io/held"]}})").status,
      201);
  clock.step_wall_ns(kHourNs);
  EXPECT_TRUE(has());
  ASSERT_EQ(server.send("DELETE", base::cat({kAccounts, "/robot"})).status, 200);
  EXPECT_FALSE(has());  // an hour ago by this clock
  clock.step_wall_ns(-kHourNs);
  EXPECT_TRUE(has());
}

}  // namespace
}  // namespace apiserver
