#include "controller/persistentvolume/persistentvolume.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/testing/builders.h"
#include "controller/testing/cluster.h"
#include "controller/testing/volumes.h"

namespace controller {
namespace {

using api::core_v1::PersistentVolume;
using api::core_v1::PersistentVolumeClaim;
using api::storage_k8s_io_v1::StorageClass;
using client::testing::pod;
using testing::claim;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::storage_class;
using testing::volume;
using namespace std::chrono_literals;

struct Binding : ::testing::Test {
  testing::Cluster cluster;
  void run() { cluster.run({"persistentvolume-binder-controller"}); }
  PersistentVolumeClaim claim_now(const std::string& name) {
    return *cluster.server.get<PersistentVolumeClaim>("default", name);
  }
  PersistentVolume volume_now(const std::string& name) { return *cluster.server.get<PersistentVolume>("", name); }
  void put(PersistentVolume one) { cluster.put(std::move(one)); }
  void put(PersistentVolumeClaim one) { cluster.put(std::move(one)); }
  void put(StorageClass one) { cluster.put(std::move(one)); }
};

TEST_F(Binding, AClaimGetsTheSmallestVolumeThatIsLargeEnough) {
  put(volume("small", "1Gi"));
  put(volume("large", "10Gi"));
  put(volume("right", "5Gi"));
  put(claim("data", "2Gi"));
  run();
  auto bound = claim_now("data");
  EXPECT_EQ(bound.spec.volume_name, "right");
  EXPECT_EQ(bound.status.phase, "Bound");
  EXPECT_EQ(bound.status.capacity["storage"].to_string(), "5Gi");
  EXPECT_THAT(bound.status.access_modes, ElementsAre("ReadWriteOnce"));
  EXPECT_EQ(bound.metadata.annotations["pv.kubernetes.io/bind-completed"], "yes");
  EXPECT_EQ(bound.metadata.annotations["pv.kubernetes.io/bound-by-controller"], "yes");
  auto other = volume_now("right");
  EXPECT_EQ(other.status.phase, "Bound");
  EXPECT_EQ(other.spec.claim_ref->uid, bound.metadata.uid);
  EXPECT_EQ(other.metadata.annotations["pv.kubernetes.io/bound-by-controller"], "yes");
  EXPECT_EQ(volume_now("small").status.phase, "Available");
}

TEST_F(Binding, AVolumeThatComesLaterIsTaken) {
  put(claim("data"));
  run();
  EXPECT_EQ(claim_now("data").status.phase, "Pending");
  EXPECT_THAT(cluster.events("data"), Contains("FailedBinding no persistent volumes available for this claim and no "
                                               "storage class is set"));
  put(volume("late").phase(""));
  cluster.advance(1s);
  EXPECT_EQ(claim_now("data").status.phase, "Bound");
}

TEST_F(Binding, TwoClaimsNeverShareAVolume) {
  put(volume("one"));
  put(claim("a"));
  put(claim("b"));
  run();
  EXPECT_NE(claim_now("a").status.phase, claim_now("b").status.phase);
}

TEST_F(Binding, OnlyAVolumeOfTheClassAndWithTheModesWillDo) {
  put(volume("other-class").of("slow"));
  PersistentVolume block = volume("block").of("fast");
  block.spec.volume_mode = "Block";
  put(block);
  PersistentVolume reading = volume("reading").of("fast");
  reading.spec.access_modes = {"ReadOnlyMany"};
  put(reading);
  put(storage_class("fast", "example.com/driver"));
  put(claim("data").of("fast"));
  run();
  auto waiting = claim_now("data");
  EXPECT_EQ(waiting.spec.volume_name, "");
  EXPECT_EQ(waiting.metadata.annotations["volume.kubernetes.io/storage-provisioner"], "example.com/driver");
  EXPECT_EQ(waiting.metadata.annotations["volume.beta.kubernetes.io/storage-provisioner"], "example.com/driver");
  EXPECT_THAT(cluster.events("data"), Contains(HasSubstr("ExternalProvisioning Waiting for a volume to be created "
                                                         "either by the external provisioner 'example.com/driver'")));
}

TEST_F(Binding, AVolumeMadeForAClaimIsItsOwn) {
  put(volume("for-data", "10Gi").for_claim("data"));
  put(volume("free"));
  put(claim("data"));
  run();
  EXPECT_EQ(claim_now("data").spec.volume_name, "for-data");
  EXPECT_FALSE(volume_now("for-data").metadata.annotations.contains("pv.kubernetes.io/bound-by-controller"));
  EXPECT_EQ(volume_now("for-data").spec.claim_ref->uid, claim_now("data").metadata.uid);
}

TEST_F(Binding, AClaimThatNamesAVolumeWaitsForItAndIsToldWhatIsWrong) {
  put(claim("early").naming("mine"));
  put(claim("big", "5Gi").naming("small"));
  put(volume("small"));
  run();
  EXPECT_EQ(claim_now("early").status.phase, "Pending");
  EXPECT_THAT(cluster.events("big"),
              Contains("VolumeMismatch Cannot bind to requested volume \"small\": requested PV is too small"));
  put(volume("mine"));
  cluster.advance(1s);
  EXPECT_EQ(claim_now("early").status.phase, "Bound");
  put(claim("thief").naming("mine"));
  cluster.advance(1s);
  EXPECT_THAT(cluster.events("thief"), Contains("FailedBinding volume \"mine\" already bound to a different claim."));
}

TEST_F(Binding, WaitForFirstConsumerLeavesTheChoiceToTheScheduler) {
  put(storage_class("local", "kubernetes.io/no-provisioner", true));
  put(volume("disk").of("local"));
  put(claim("data").of("local"));
  run();
  EXPECT_EQ(claim_now("data").spec.volume_name, "");
  EXPECT_THAT(cluster.events("data"),
              ElementsAre("WaitForFirstConsumer waiting for first consumer to be created before binding"));
  // The scheduler chose.
  put(volume("disk").of("local").for_claim("data", claim_now("data").metadata.uid));
  cluster.advance(1s);
  EXPECT_EQ(claim_now("data").status.phase, "Bound");
}

TEST_F(Binding, AClassWithoutAProvisionerOfItsOwnIsToldApart) {
  put(storage_class("local", "kubernetes.io/no-provisioner"));
  put(claim("data").of("local"));
  put(claim("lost").of("gone"));
  run();
  EXPECT_THAT(cluster.events("data"),
              Contains("ProvisioningFailed no volume plugin matched name: kubernetes.io/no-provisioner"));
  EXPECT_THAT(cluster.events("lost"), Contains("ProvisioningFailed storageclass.storage.k8s.io \"gone\" not found"));
}

TEST_F(Binding, AClaimWithoutAClassGetsTheDefaultOneOnceThereIsOne) {
  PersistentVolumeClaim bare = claim("data");
  bare.spec.storage_class_name.reset();
  put(bare);
  run();
  StorageClass standard = storage_class("standard", "example.com/driver");
  standard.metadata.annotations["storageclass.kubernetes.io/is-default-class"] = "true";
  put(standard);
  cluster.advance(1s);
  EXPECT_EQ(claim_now("data").spec.storage_class_name, "standard");
}

TEST_F(Binding, AReleasedVolumeIsKeptOrFailsByItsPolicy) {
  put(volume("kept"));
  put(claim("a"));
  run();
  cluster.on_loop([&] { cluster.server.erase<PersistentVolumeClaim>("default", "a"); });
  cluster.advance(1s);
  EXPECT_EQ(volume_now("kept").status.phase, "Released");

  put(volume("driver").policy("Delete").noted("pv.kubernetes.io/provisioned-by", "example.com/driver"));
  put(claim("b").naming("driver"));
  put(volume("nobody").policy("Delete"));
  put(claim("c").naming("nobody"));
  cluster.advance(1s);
  for (auto name : {"b", "c"}) cluster.on_loop([&] { cluster.server.erase<PersistentVolumeClaim>("default", name); });
  cluster.advance(1s);
  EXPECT_EQ(volume_now("driver").status.phase, "Released");
  EXPECT_EQ(volume_now("nobody").status.phase, "Failed");
  EXPECT_THAT(cluster.events("nobody"), ElementsAre("VolumeFailedDelete error getting deleter volume plugin for volume "
                                                    "\"nobody\": no deletable volume plugin matched"));
}

TEST_F(Binding, AClaimThatLostItsVolumeSaysSoOnce) {
  put(volume("disk"));
  put(claim("data"));
  run();
  cluster.on_loop([&] { cluster.server.erase<PersistentVolume>("", "disk"); });
  cluster.advance(1s);
  EXPECT_EQ(claim_now("data").status.phase, "Lost");
  EXPECT_THAT(cluster.events("data"),
              ElementsAre("ClaimLost Bound claim has lost its PersistentVolume. Data on the volume is lost!"));
}

TEST_F(Binding, AVolumeWhoseClaimWentElsewhereIsFreeAgain) {
  put(claim("data").bound_to("other"));
  auto uid = claim_now("data").metadata.uid;
  put(volume("other").for_claim("data", uid).phase("Bound"));
  put(volume("mine").for_claim("data", uid).noted("pv.kubernetes.io/bound-by-controller", "yes"));
  run();
  EXPECT_FALSE(volume_now("mine").spec.claim_ref);
  EXPECT_EQ(volume_now("mine").status.phase, "Available");
  EXPECT_EQ(volume_now("other").status.phase, "Bound");
}

// Whatever call fails, once or for a while: nothing is bound twice, and in the end all is bound.
TEST_F(Binding, FailuresLeaveNoHalfBoundPair) {
  cluster.server.set_latency_max(20ms);
  int calls = 0;
  cluster.server.set_fault([&](const client::Call& call) -> std::optional<base::Error> {
    if (call.method == "GET" || ++calls % 3 != 0) return {};
    return base::Error(base::Code::Unavailable, "not now");
  });
  for (int i = 0; i < 5; ++i) {
    put(volume("v" + std::to_string(i)));
    put(claim("c" + std::to_string(i)));
  }
  run();
  cluster.advance_until([&] {
    return std::ranges::all_of(cluster.server.list<PersistentVolumeClaim>(),
                               [](auto& one) { return one.status.phase == "Bound"; });
  });
  std::set<std::string> volumes;
  for (auto& one : cluster.server.list<PersistentVolumeClaim>()) {
    EXPECT_EQ(one.status.phase, "Bound") << one.metadata.name;
    volumes.insert(one.spec.volume_name);
    EXPECT_EQ(volume_now(one.spec.volume_name).spec.claim_ref->uid, one.metadata.uid);
  }
  EXPECT_EQ(volumes.size(), 5u);
}

}  // namespace
}  // namespace controller
