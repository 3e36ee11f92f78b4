// What may be said of claims of devices, through a server on a memory store.
#include <gtest/gtest.h>

#include "apiserver/testing_server.h"

namespace apiserver {
namespace {

constexpr const char* kClaims = "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims";
constexpr const char* kMonitor =
    R"({"metadata":{"name":"monitor"},"spec":{"devices":{"requests":[{"name":"all","exactly":)"
    R"({"deviceClassName":"gpu","allocationMode":"All","adminAccess":true}}]}}})";

TEST(DeviceClaims, AdminAccessNeedsALabelOfTheNamespace) {
  TestServer server;
  auto refused = server.send("POST", kClaims, kMonitor);
  EXPECT_EQ(refused.status, 422);
  EXPECT_TRUE(
      refused.says("admin access to devices requires the `resource.kubernetes.io/admin-access: true` label on "
                   "the containing namespace"))
      << refused.body;
  server.send("PATCH", "/api/v1/namespaces/default",
              R"({"metadata":{"labels":{"resource.kubernetes.io/admin-access":"true"}}})",
              "application/merge-patch+json");
  EXPECT_EQ(server.send("POST", kClaims, kMonitor).status, 201);
}

TEST(DeviceClaims, WhatWasSaidOfADeviceGoesWithIt) {
  TestServer server;
  ASSERT_EQ(server
                .send("POST", kClaims,
                      R"({"metadata":{"name":"one"},"spec":{"devices":{"requests":[{"name":"gpu","exactly":)"
                      R"({"deviceClassName":"gpu"}}]}}})")
                .status,
            201);
  auto patch = [&](const std::string& status) {
    return server.send("PATCH", std::string(kClaims) + "/one/status", R"({"status":)" + status + "}",
                       "application/merge-patch+json");
  };
  auto said = patch(R"({"allocation":{"devices":{"results":[{"request":"gpu","driver":"gpu.example.com","pool":"node",)"
                    R"("device":"gpu-0"}]}},"devices":[{"driver":"gpu.example.com","pool":"node","device":"gpu-0",)"
                    R"("networkData":{"interfaceName":"speedy0"}}]})");
  ASSERT_EQ(said.status, 200) << said.body;
  EXPECT_TRUE(said.says("speedy0"));
  auto freed = patch(R"({"allocation":null})");
  ASSERT_EQ(freed.status, 200) << freed.body;
  EXPECT_FALSE(freed.says("speedy0"));
}

}  // namespace
}  // namespace apiserver
