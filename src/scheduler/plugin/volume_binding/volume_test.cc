// The plugins that look at volumes, over a fake server in virtual time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/testing/builders.h"
#include "scheduler/core/placement.h"
#include "scheduler/plugin/list.h"
#include "scheduler/testing.h"

namespace scheduler {
namespace {

namespace core = api::core_v1;
namespace storage = api::storage_k8s_io_v1;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

struct VolumePlugins : SchedulerFixture {
  void node(std::string name, std::string zone = "") {
    core::Node out;
    out.metadata.name = name;
    out.metadata.labels["kubernetes.io/hostname"] = name;
    if (!zone.empty()) out.metadata.labels["topology.kubernetes.io/zone"] = zone;
    out.status.allocatable = {{"cpu", amount("4")}, {"memory", amount("8Gi")}, {"pods", amount("110")}};
    put(out);
  }
  static storage::StorageClass make_class(std::string name, std::string provisioner) {
    storage::StorageClass out;
    out.metadata.name = std::move(name);
    out.provisioner = std::move(provisioner);
    out.volume_binding_mode = "WaitForFirstConsumer";
    return out;
  }
  static core::PersistentVolume volume_on(std::string name, std::string node, std::string size = "1Gi") {
    core::PersistentVolume out;
    out.metadata.name = std::move(name);
    out.spec.storage_class_name = "local";
    out.spec.access_modes = {"ReadWriteOnce"};
    out.spec.capacity["storage"] = amount(size);
    out.status.phase = "Available";
    if (node.empty()) return out;
    auto& term = out.spec.node_affinity.emplace().required.emplace().node_selector_terms.emplace_back();
    auto& one = term.match_expressions.emplace_back();
    one.key = "kubernetes.io/hostname";
    one.operator_ = "In";
    one.values = {std::move(node)};
    return out;
  }
  static core::PersistentVolumeClaim claim(std::string name, std::string class_name) {
    core::PersistentVolumeClaim out;
    out.metadata.namespace_ = "default";
    out.metadata.name = std::move(name);
    out.spec.storage_class_name = std::move(class_name);
    out.spec.access_modes = {"ReadWriteOnce"};
    out.spec.resources.requests["storage"] = amount("1Gi");
    out.status.phase = "Pending";
    return out;
  }
  static core::PersistentVolumeClaim bound(core::PersistentVolumeClaim claim, std::string volume) {
    claim.spec.volume_name = std::move(volume);
    claim.metadata.annotations["pv.kubernetes.io/bind-completed"] = "yes";
    claim.status.phase = "Bound";
    return claim;
  }
  void user(std::string name, std::string claim_name) {
    core::Pod pod = client::testing::pod(std::move(name));
    pod.spec.scheduler_name = "default-scheduler";
    auto& volume = pod.spec.volumes.emplace_back();
    volume.name = "data";
    volume.persistent_volume_claim.emplace().claim_name = std::move(claim_name);
    put(pod);
  }
  std::string node_of(const std::string& name) { return world.server.get<core::Pod>("default", name)->spec.node_name; }
  std::string why_not(const std::string& name) {
    for (auto& one : world.server.get<core::Pod>("default", name)->status.conditions)
      if (one.type == "PodScheduled") return one.message;
    return "";
  }
  // What the binder does once a volume names its claim.
  void binder() {
    for (auto& volume : world.server.list<core::PersistentVolume>())
      if (volume.spec.claim_ref)
        put(bound(*world.server.get<core::PersistentVolumeClaim>("default", volume.spec.claim_ref->name),
                  volume.metadata.name));
  }
};

TEST_F(VolumePlugins, APodWaitsUntilItsClaimIsThereAndBound) {
  node("a");
  run();
  user("web", "data");
  EXPECT_THAT(
      why_not("web"),
      HasSubstr("0/1 nodes are available: persistentvolumeclaim \"data\" not found. no new claims to "
                "deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."));
  put(claim("data", "fast"));
  world.advance(20s);
  EXPECT_THAT(why_not("web"), HasSubstr("pod has unbound immediate PersistentVolumeClaims"));
  put(volume_on("disk", ""));
  put(bound(claim("data", "fast"), "disk"));
  world.advance(20s);
  EXPECT_EQ(node_of("web"), "a");
}

TEST_F(VolumePlugins, APodGoesToTheNodeOfItsVolume) {
  node("a");
  node("b");
  put(volume_on("disk", "b"));
  put(bound(claim("data", "local"), "disk"));
  put(volume_on("far", "elsewhere"));
  put(bound(claim("lost", "local"), "far"));
  run();
  user("web", "data");
  user("stray", "lost");
  EXPECT_EQ(node_of("web"), "b");
  EXPECT_THAT(why_not("stray"), HasSubstr("2 node(s) didn't match PersistentVolume's node affinity"));
}

TEST_F(VolumePlugins, TheFirstConsumerDecidesWhichVolumeIsBoundAndIsBoundAfterIt) {
  node("a");
  node("b");
  put(make_class("local", "kubernetes.io/no-provisioner"));
  put(volume_on("disk", "b"));
  put(claim("data", "local"));
  run();
  user("web", "data");
  auto volume = world.server.get<core::PersistentVolume>("", "disk");
  ASSERT_TRUE(volume->spec.claim_ref);
  EXPECT_EQ(volume->spec.claim_ref->name, "data");
  EXPECT_EQ(node_of("web"), "");
  binder();
  EXPECT_EQ(node_of("web"), "b");
}

TEST_F(VolumePlugins, NoVolumeIsPromisedTwice) {
  node("a");
  put(make_class("local", "kubernetes.io/no-provisioner"));
  put(volume_on("disk", "a"));
  put(claim("one", "local"));
  put(claim("two", "local"));
  run();
  user("first", "one");
  user("second", "two");
  EXPECT_EQ(world.server.get<core::PersistentVolume>("", "disk")->spec.claim_ref->name, "one");
  EXPECT_THAT(why_not("second"), HasSubstr("1 node(s) didn't find available persistent volumes to bind"));
}

TEST_F(VolumePlugins, AProvisionerIsToldTheNodeAndAskedAgainWhenItFails) {
  node("a");
  put(make_class("fast", "disk.example"));
  put(claim("data", "fast"));
  run();
  user("web", "data");
  auto now = *world.server.get<core::PersistentVolumeClaim>("default", "data");
  EXPECT_EQ(now.metadata.annotations["volume.kubernetes.io/selected-node"], "a");
  // It could not: it takes the choice back.
  now.metadata.annotations.erase("volume.kubernetes.io/selected-node");
  put(now);
  world.advance(20s);
  now = *world.server.get<core::PersistentVolumeClaim>("default", "data");
  EXPECT_EQ(now.metadata.annotations["volume.kubernetes.io/selected-node"], "a");
  bool told = false;
  for (auto& event : world.server.list<core::Event>())
    told = told || event.message.starts_with("running PreBind plugin \"VolumeBinding\": binding volumes: ");
  EXPECT_TRUE(told);
  put(volume_on("made", ""));
  put(bound(now, "made"));
  EXPECT_EQ(node_of("web"), "a");
}

TEST_F(VolumePlugins, ADriverThatCountsItsRoomIsBelieved) {
  node("a", "full");
  node("b", "free");
  put(make_class("fast", "disk.example"));
  storage::CSIDriver driver;
  driver.metadata.name = "disk.example";
  driver.spec.storage_capacity = true;
  put(driver);
  for (auto& [zone, room] : std::map<std::string, std::string>{{"full", "1Mi"}, {"free", "1Gi"}}) {
    storage::CSIStorageCapacity capacity;
    capacity.metadata.namespace_ = "default";
    capacity.metadata.name = zone;
    capacity.storage_class_name = "fast";
    capacity.capacity = amount(room);
    capacity.node_topology.emplace().match_labels["topology.kubernetes.io/zone"] = zone;
    put(capacity);
  }
  put(claim("data", "fast"));
  run();
  user("web", "data");
  auto now = *world.server.get<core::PersistentVolumeClaim>("default", "data");
  EXPECT_EQ(now.metadata.annotations["volume.kubernetes.io/selected-node"], "b");
}

TEST_F(VolumePlugins, AVolumeOfAZoneIsUsedThere) {
  node("a", "north");
  node("b", "south");
  auto disk = volume_on("disk", "");
  disk.metadata.labels["topology.kubernetes.io/zone"] = "south__east";
  put(disk);
  put(bound(claim("data", "local"), "disk"));
  disk = volume_on("far", "");
  disk.metadata.labels["failure-domain.beta.kubernetes.io/zone"] = "west";
  put(disk);
  put(bound(claim("lost", "local"), "far"));
  run();
  user("web", "data");
  user("stray", "lost");
  EXPECT_EQ(node_of("web"), "b");
  EXPECT_THAT(why_not("stray"), HasSubstr("2 node(s) had no available volume zone"));
}

TEST_F(VolumePlugins, AClaimForOnePodIsUsedByOne) {
  node("a");
  put(volume_on("disk", ""));
  auto only = bound(claim("data", "local"), "disk");
  only.spec.access_modes = {"ReadWriteOncePod"};
  put(only);
  run();
  user("first", "data");
  user("second", "data");
  EXPECT_EQ(node_of("first"), "a");
  EXPECT_THAT(why_not("second"), HasSubstr("1 node has pod using PersistentVolumeClaim with the same name and "
                                           "ReadWriteOncePod access mode"));
  world.on_loop([&] { world.server.erase<core::Pod>("default", "first"); });
  world.advance(20s);
  EXPECT_EQ(node_of("second"), "a");
}

TEST_F(VolumePlugins, ANodeTakesNoMoreVolumesThanItsDriverSays) {
  node("a");
  storage::CSINode known;
  known.metadata.name = "a";
  auto& driver = known.spec.drivers.emplace_back();
  driver.name = "disk.example";
  driver.allocatable.emplace().count = 1;
  put(known);
  for (auto name : {"one", "two"}) {
    auto disk = volume_on(name, "");
    auto& csi = disk.spec.csi.emplace();
    csi.driver = "disk.example";
    csi.volume_handle = name;
    put(disk);
    put(bound(claim(name, "local"), name));
  }
  run();
  user("first", "one");
  user("second", "two");
  user("third", "one");
  EXPECT_EQ(node_of("first"), "a");
  EXPECT_EQ(node_of("third"), "a");
  EXPECT_THAT(why_not("second"), HasSubstr("1 node(s) exceed max volume count"));
}

}  // namespace
}  // namespace scheduler
