#include "controller/service_cidr/service_cidr.h"

#include <gtest/gtest.h>

#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::networking_k8s_io_v1::IPAddress;
using api::networking_k8s_io_v1::ServiceCIDR;
using namespace std::chrono_literals;

struct ServiceRangesTest : ::testing::Test {
  testing::Cluster cluster;

  ServiceRangesTest() {
    put_range("kubernetes", "10.96.0.0/16");
    cluster.run({"service-cidr-controller"});
  }
  void put_range(std::string name, std::string network) {
    ServiceCIDR range;
    range.metadata.name = std::move(name);
    range.spec.cidrs = {std::move(network)};
    cluster.put(range);
  }
  void put_address(std::string name) {
    IPAddress address;
    address.metadata.name = std::move(name);
    address.metadata.labels["ipaddress.kubernetes.io/managed-by"] = "ipallocator.k8s.io";
    cluster.put(address);
  }
  void mark_deleted(const std::string& name) {
    cluster.edit<ServiceCIDR>("", name, [&](ServiceCIDR& one) { one.metadata.deletion_timestamp = cluster.now(); });
  }
  // "Ready=True held", or "gone".
  std::string state(const std::string& name) {
    auto range = cluster.server.get<ServiceCIDR>("", name);
    if (!range) return "gone";
    std::string text;
    for (auto& one : range->status.conditions) text += one.type + "=" + one.status + one.reason;
    return text + (range->metadata.finalizers.empty() ? "" : " held");
  }
};

TEST_F(ServiceRangesTest, ARangeIsHeldAndMarkedAsReady) {
  cluster.advance(2s);
  EXPECT_EQ(state("kubernetes"), "Ready=True held");
  put_range("more", "10.1.0.0/24");
  cluster.advance(2s);
  EXPECT_EQ(state("more"), "Ready=True held");
}

TEST_F(ServiceRangesTest, OneThatIsInUseStaysUntilItsAddressesAreGone) {
  put_range("more", "10.1.0.0/24");
  put_address("10.1.0.7");
  cluster.advance(2s);
  mark_deleted("more");
  cluster.advance(30s);
  EXPECT_EQ(state("more"), "Ready=FalseTerminating held");
  cluster.on_loop([&] { cluster.server.erase<IPAddress>("", "10.1.0.7"); });
  cluster.advance(15s);
  EXPECT_TRUE(state("more") == "gone" || !state("more").ends_with("held")) << state("more");
}

TEST(CanGo, ARangeWhoseAddressesAnotherContainsMayGo) {
  auto range = [](std::string name, std::string network) {
    auto made = std::make_shared<ServiceCIDR>();
    made->metadata.name = std::move(name);
    made->spec.cidrs = {std::move(network)};
    return made;
  };
  auto address = std::make_shared<IPAddress>();
  address->metadata.name = "10.1.0.7";
  address->metadata.labels["ipaddress.kubernetes.io/managed-by"] = "ipallocator.k8s.io";
  auto small = range("small", "10.1.0.0/24");
  EXPECT_FALSE(can_go(*small, {small}, {address}));
  EXPECT_FALSE(can_go(*small, {small, range("far", "10.2.0.0/24")}, {address}));
  EXPECT_TRUE(can_go(*small, {small, range("large", "10.1.0.0/16")}, {address}));
  EXPECT_TRUE(can_go(*small, {small}, {}));
  auto ending = range("large", "10.1.0.0/16");
  ending->metadata.deletion_timestamp = {1000, 0};
  EXPECT_FALSE(can_go(*small, {small, ending}, {address}));
  address->metadata.labels.clear();
  EXPECT_TRUE(can_go(*small, {small}, {address})) << "not a service's";
}

}  // namespace
}  // namespace controller
