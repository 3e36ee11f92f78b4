#include "controller/endpointslice_mirroring/endpointslice_mirroring.h"

#include <gmock/gmock.h>

#include "api/discovery_k8s_io_v1.h"
#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::core_v1::Endpoints;
using api::core_v1::Service;
using api::discovery_k8s_io_v1::EndpointSlice;
using ::testing::ElementsAre;
using namespace std::chrono_literals;

struct Mirroring : ::testing::Test {
  testing::Cluster cluster;

  void put_service(std::map<std::string, std::string, std::less<>> selector = {}) {
    Service service;
    service.metadata.namespace_ = "default";
    service.metadata.name = "outside";
    service.spec.selector = std::move(selector);
    cluster.put(service);
  }
  static Endpoints endpoints(std::vector<std::string> ready, std::vector<std::string> not_ready = {}) {
    Endpoints made;
    made.metadata.namespace_ = "default";
    made.metadata.name = "outside";
    made.metadata.labels["team"] = "db";
    auto& subset = made.subsets.emplace_back();
    for (const auto& ip : ready) subset.addresses.emplace_back().ip = ip;
    for (const auto& ip : not_ready) subset.not_ready_addresses.emplace_back().ip = ip;
    auto& port = subset.ports.emplace_back();
    port.name = "sql";
    port.port = 5432;
    port.protocol = "TCP";
    return made;
  }
  std::vector<EndpointSlice> slices() { return cluster.server.list<EndpointSlice>("default"); }
};

TEST_F(Mirroring, EndpointsOfAServiceWithoutASelector) {
  put_service();
  cluster.put(endpoints({"192.0.2.1"}, {"192.0.2.2"}));
  cluster.run({"endpointslice-mirroring-controller"});
  auto made = slices();
  ASSERT_EQ(made.size(), 1u);
  EXPECT_EQ(made[0].metadata.labels["kubernetes.io/service-name"], "outside");
  EXPECT_EQ(made[0].metadata.labels["endpointslice.kubernetes.io/managed-by"],
            "endpointslicemirroring-controller.k8s.io");
  EXPECT_EQ(made[0].metadata.labels["team"], "db");
  EXPECT_EQ(made[0].metadata.owner_references[0].kind, "Endpoints");
  EXPECT_EQ(made[0].address_type, "IPv4");
  ASSERT_EQ(made[0].endpoints.size(), 2u);
  EXPECT_THAT(made[0].endpoints[0].addresses, ElementsAre("192.0.2.1"));
  EXPECT_EQ(made[0].endpoints[0].conditions.ready, true);
  EXPECT_EQ(made[0].endpoints[1].conditions.ready, false);
  EXPECT_EQ(made[0].ports[0].port, 5432);
}

TEST_F(Mirroring, ASliceForEachFamily) {
  put_service();
  cluster.put(endpoints({"192.0.2.1", "2001:db8::1"}));
  cluster.run({"endpointslice-mirroring-controller"});
  EXPECT_EQ(slices().size(), 2u);
}

TEST_F(Mirroring, ChangesAreFollowedInTheSameSlice) {
  put_service();
  cluster.put(endpoints({"192.0.2.1"}));
  cluster.run({"endpointslice-mirroring-controller"});
  auto before = slices();
  cluster.edit<Endpoints>("default", "outside", [](Endpoints& it) { it.subsets[0].addresses[0].ip = "192.0.2.9"; });
  cluster.advance(1s);
  auto now = slices();
  ASSERT_EQ(now.size(), 1u);
  EXPECT_EQ(now[0].metadata.name, before[0].metadata.name);
  EXPECT_THAT(now[0].endpoints[0].addresses, ElementsAre("192.0.2.9"));
  cluster.on_loop([&] { cluster.server.erase<Endpoints>("default", "outside"); });
  cluster.advance(1s);
  EXPECT_TRUE(slices().empty());
}

TEST_F(Mirroring, NotThoseThatAServiceSelects) {
  put_service({{"app", "db"}});
  cluster.put(endpoints({"192.0.2.1"}));
  cluster.run({"endpointslice-mirroring-controller"});
  EXPECT_TRUE(slices().empty());
}

TEST_F(Mirroring, NotThoseThatSaySo) {
  put_service();
  Endpoints own = endpoints({"192.0.2.1"});
  own.metadata.labels["endpointslice.kubernetes.io/skip-mirror"] = "true";
  cluster.put(own);
  cluster.run({"endpointslice-mirroring-controller"});
  EXPECT_TRUE(slices().empty());
}

}  // namespace
}  // namespace controller
