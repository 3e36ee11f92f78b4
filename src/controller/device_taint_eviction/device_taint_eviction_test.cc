#include "controller/device_taint_eviction/device_taint_eviction.h"

#include <gtest/gtest.h>

#include "client/testing/builders.h"
#include "controller/testing/cluster.h"

namespace controller {
namespace {

using api::core_v1::Pod;
using api::resource_k8s_io_v1::ResourceClaim;
using api::resource_k8s_io_v1::ResourceSlice;
using client::testing::pod;
using namespace std::chrono_literals;

struct DeviceTaints : testing::Cluster, ::testing::Test {
  void begin() {
    auto& device = slice.spec.devices.emplace_back();
    device.name = "gpu-0";
    slice.metadata.name = "slice";
    slice.spec.driver = "gpu.example.com";
    slice.spec.pool.name = "node";
    put(slice);
    run({"device-taint-eviction-controller"});
  }
  void user(const std::string& name, std::optional<int64_t> tolerates_for = {}) {
    auto made = put<Pod>(pod(name).on("node"));
    ResourceClaim claim;
    claim.metadata.namespace_ = "default";
    claim.metadata.name = name + "-claim";
    auto& result = claim.status.allocation.emplace().devices.results.emplace_back();
    result.driver = "gpu.example.com";
    result.pool = "node";
    result.device = "gpu-0";
    if (tolerates_for) {
      auto& toleration = result.tolerations.emplace_back();
      toleration.key = "broken";
      toleration.operator_ = "Exists";
      if (*tolerates_for > 0) toleration.toleration_seconds = *tolerates_for;
    }
    auto& one = claim.status.reserved_for.emplace_back();
    one.resource = "pods";
    one.name = name;
    one.uid = made.metadata.uid;
    put(claim);
  }
  void taint(const std::string& effect) {
    auto& one = slice.spec.devices[0].taints.emplace_back();
    one.key = "broken";
    one.effect = effect;
    one.time_added = now();
    edit<ResourceSlice>("", "slice", [&](ResourceSlice& there) { there.spec = slice.spec; });
    advance(1s);
  }
  bool is_there(const std::string& name) {
    auto found = server.get<Pod>("default", name);
    return found && found->metadata.deletion_timestamp.is_zero();
  }
  ResourceSlice slice;
};

TEST_F(DeviceTaints, PodsLeaveATaintedDeviceWhenTheirClaimsTolerateItNoLonger) {
  begin();
  user("meek");
  user("patient", 60);
  user("brave", 0);
  taint("NoExecute");
  EXPECT_FALSE(is_there("meek"));
  EXPECT_TRUE(is_there("patient"));
  advance(61s);
  EXPECT_FALSE(is_there("patient"));
  EXPECT_TRUE(is_there("brave"));
}

TEST_F(DeviceTaints, ATaintThatOnlyKeepsNewcomersOutEvictsNobody) {
  begin();
  user("meek");
  taint("NoSchedule");
  EXPECT_TRUE(is_there("meek"));
}

}  // namespace
}  // namespace controller
