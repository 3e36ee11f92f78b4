// The controllers that hold storage objects which are in use, and the one that makes claims for pods.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/testing/builders.h"
#include "controller/testing/cluster.h"
#include "controller/testing/volumes.h"

namespace controller {
namespace {

using api::core_v1::PersistentVolume;
using api::core_v1::PersistentVolumeClaim;
using api::core_v1::Pod;
using api::storage_k8s_io_v1::VolumeAttributesClass;
using client::testing::pod;
using testing::claim;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::volume;
using namespace std::chrono_literals;

Pod user_of(std::string claim, std::string node) {
  Pod out = pod("user").on(std::move(node));
  testing::use_claim(out, std::move(claim));
  return out;
}

struct Protection : ::testing::Test {
  testing::Cluster cluster;
  template <class T>
  void remove(std::string namespace_, std::string name) {
    (void)cluster.await(cluster.client.remove<T>(std::move(namespace_), std::move(name)));
    cluster.advance(1s);
  }
  bool has_claim(const std::string& name) {
    return cluster.server.get<PersistentVolumeClaim>("default", name).has_value();
  }
};

TEST_F(Protection, AClaimStaysWhileAPodThatRunsUsesIt) {
  cluster.put(PersistentVolumeClaim(claim("data")));
  cluster.put(user_of("data", "n1"));
  cluster.run({"persistentvolumeclaim-protection-controller"});
  EXPECT_THAT(cluster.server.get<PersistentVolumeClaim>("default", "data")->metadata.finalizers,
              ElementsAre("kubernetes.io/pvc-protection"));
  remove<PersistentVolumeClaim>("default", "data");
  EXPECT_TRUE(has_claim("data"));
  cluster.on_loop([&] { cluster.server.erase<Pod>("default", "user"); });
  cluster.advance(1s);
  EXPECT_FALSE(has_claim("data"));
}

TEST_F(Protection, APodWithoutANodeHoldsNoClaim) {
  cluster.put(PersistentVolumeClaim(claim("data")));
  cluster.put(user_of("data", ""));
  cluster.run({"persistentvolumeclaim-protection-controller"});
  remove<PersistentVolumeClaim>("default", "data");
  EXPECT_FALSE(has_claim("data"));
}

TEST_F(Protection, AVolumeStaysWhileItIsBound) {
  cluster.put(PersistentVolume(volume("disk").for_claim("data", "u").phase("Bound")));
  cluster.run({"persistentvolume-protection-controller"});
  remove<PersistentVolume>("", "disk");
  auto held = cluster.server.get<PersistentVolume>("", "disk");
  ASSERT_TRUE(held);
  held->status.phase = "Released";
  cluster.put(*held);
  cluster.advance(1s);
  EXPECT_FALSE(cluster.server.get<PersistentVolume>("", "disk"));
}

TEST_F(Protection, AnAttributesClassStaysWhileAClaimNamesIt) {
  VolumeAttributesClass gold;
  gold.metadata.name = "gold";
  cluster.put(gold);
  PersistentVolumeClaim user = claim("data");
  user.spec.volume_attributes_class_name = "gold";
  cluster.put(user);
  cluster.run({"volumeattributesclass-protection-controller"});
  remove<VolumeAttributesClass>("", "gold");
  EXPECT_TRUE(cluster.server.get<VolumeAttributesClass>("", "gold"));
  cluster.on_loop([&] { cluster.server.erase<PersistentVolumeClaim>("default", "data"); });
  cluster.advance(1s);
  EXPECT_FALSE(cluster.server.get<VolumeAttributesClass>("", "gold"));
}

TEST_F(Protection, AnEphemeralVolumeGetsAClaimThatGoesWithItsPod) {
  Pod owner = pod("web");
  auto& scratch = owner.spec.volumes.emplace_back();
  scratch.name = "scratch";
  auto& wanted = scratch.ephemeral.emplace().volume_claim_template.emplace();
  wanted.metadata.labels["kind"] = "scratch";
  wanted.spec.access_modes = {"ReadWriteOnce"};
  auto stored = cluster.put(owner);
  cluster.run({"ephemeral-volume-controller"});
  auto made = cluster.server.get<PersistentVolumeClaim>("default", "web-scratch");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->metadata.labels["kind"], "scratch");
  ASSERT_EQ(made->metadata.owner_references.size(), 1u);
  EXPECT_EQ(made->metadata.owner_references[0].uid, stored.metadata.uid);
  EXPECT_TRUE(made->metadata.owner_references[0].controller.value_or(false));
}

TEST_F(Protection, AnothersClaimOfThatNameIsNotUsed) {
  cluster.put(PersistentVolumeClaim(claim("web-scratch")));
  Pod owner = pod("web");
  auto& scratch = owner.spec.volumes.emplace_back();
  scratch.name = "scratch";
  scratch.ephemeral.emplace().volume_claim_template.emplace();
  cluster.put(owner);
  cluster.run({"ephemeral-volume-controller"});
  EXPECT_THAT(cluster.events("web"), Contains("FailedBinding ephemeral volume scratch: PVC default/web-scratch was not "
                                              "created for pod default/web (pod is not owner)"));
}

TEST_F(Protection, WhoMakesAClaimLargerIsNamed) {
  cluster.put(PersistentVolume(volume("disk").driver("d", "h").for_claim("data", "uid-of-data").phase("Bound")));
  PersistentVolumeClaim bound = claim("data", "1Gi").bound_to("disk");
  bound.status.capacity = bound.spec.resources.requests;
  bound = cluster.put(bound);
  cluster.run({"persistentvolume-expander-controller"});
  EXPECT_TRUE(cluster.events("data").empty());
  cluster.edit<PersistentVolumeClaim>("default", "data", [](PersistentVolumeClaim& one) {
    one.spec.resources.requests["storage"] = *base::Quantity::parse("2Gi");
  });
  cluster.advance(1s);
  EXPECT_THAT(cluster.events("data"),
              ElementsAre("ExternalExpanding waiting for an external controller to expand this PVC"));
}

}  // namespace
}  // namespace controller
