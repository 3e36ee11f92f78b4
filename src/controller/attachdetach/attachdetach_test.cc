#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/storage_k8s_io_v1.h"
#include "client/testing/builders.h"
#include "controller/testing/cluster.h"
#include "controller/testing/volumes.h"
#include "volume/names.h"

namespace controller {
namespace {

using api::core_v1::Node;
using api::core_v1::PersistentVolume;
using api::core_v1::PersistentVolumeClaim;
using api::core_v1::Pod;
using api::storage_k8s_io_v1::CSIDriver;
using api::storage_k8s_io_v1::VolumeAttachment;
using client::testing::pod;
using testing::claim;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::volume;
using namespace std::chrono_literals;

constexpr std::string_view kName = "kubernetes.io/csi/disk.example^h1";

struct Attaching : ::testing::Test {
  testing::Cluster cluster;

  Attaching() {
    for (auto name : {"n1", "n2"}) {
      Node node;
      node.metadata.name = name;
      node.metadata.annotations["volumes.kubernetes.io/controller-managed-attach-detach"] = "true";
      auto& ready = node.status.conditions.emplace_back();
      ready.type = "Ready";
      ready.status = "True";
      cluster.put(node);
    }
    cluster.put(PersistentVolume(volume("pv").driver("disk.example", "h1").for_claim("data", "uid-of-data")));
    cluster.put(PersistentVolumeClaim(claim("data").bound_to("pv")));
  }
  void run() { cluster.run({"persistentvolume-attach-detach-controller"}); }
  void put_user(std::string name, std::string node) {
    Pod out = pod(std::move(name)).on(std::move(node)).phase("Running");
    testing::use_claim(out, "data");
    cluster.put(out);
    cluster.advance(1s);
  }
  void remove_user(std::string name) {
    cluster.on_loop([&] { cluster.server.erase<Pod>("default", name); });
    cluster.advance(1s);
  }
  std::vector<std::string> attachments() {
    std::vector<std::string> nodes;
    for (auto& one : cluster.server.list<VolumeAttachment>()) nodes.push_back(one.spec.node_name);
    return nodes;
  }
  void driver_attaches() {
    for (auto& one : cluster.server.list<VolumeAttachment>()) {
      auto next = one;
      next.status.attached = true;
      cluster.put(next);
    }
    cluster.advance(1s);
  }
  void in_use(std::string node, bool used) {
    cluster.edit<Node>("", node, [&](Node& one) {
      one.status.volumes_in_use.clear();
      if (used) one.status.volumes_in_use.push_back(std::string(kName));
    });
    cluster.advance(1s);
  }
  std::vector<std::string> attached(std::string node) {
    std::vector<std::string> names;
    for (auto& one : cluster.server.get<Node>("", node)->status.volumes_attached) names.push_back(one.name);
    return names;
  }
};

TEST_F(Attaching, TheVolumeOfAPodIsAttachedToItsNodeAndTheNodeSaysSo) {
  run();
  put_user("web", "n1");
  auto made = cluster.server.get<VolumeAttachment>("", volume::attachment_name("disk.example", "h1", "n1"));
  ASSERT_TRUE(made);
  EXPECT_EQ(made->spec.attacher, "disk.example");
  EXPECT_EQ(made->spec.source.persistent_volume_name, "pv");
  EXPECT_TRUE(attached("n1").empty());
  driver_attaches();
  EXPECT_THAT(attached("n1"), ElementsAre(kName));
  EXPECT_THAT(cluster.events("web"),
              ElementsAre("SuccessfulAttachVolume AttachVolume.Attach succeeded for volume \"pv\" "));
}

TEST_F(Attaching, ItIsDetachedOnceItIsNotMountedAnyMore) {
  run();
  put_user("web", "n1");
  driver_attaches();
  in_use("n1", true);
  remove_user("web");
  EXPECT_THAT(attachments(), ElementsAre("n1"));
  EXPECT_THAT(attached("n1"), ElementsAre(kName));
  in_use("n1", false);
  EXPECT_TRUE(attachments().empty());
  EXPECT_TRUE(attached("n1").empty());
}

TEST_F(Attaching, AttachmentsThatOthersMadeAreLeftAlone) {
  VolumeAttachment others;
  others.metadata.name = "by-hand";
  others.spec.attacher = "disk.example";
  others.spec.node_name = "n1";
  others.spec.source.persistent_volume_name = "no-such-volume";
  cluster.put(others);
  others.metadata.name = volume::attachment_name("disk.example", "gone", "n1");
  cluster.put(others);
  run();
  cluster.advance(10min);
  std::vector<std::string> names;
  for (auto& one : cluster.server.list<VolumeAttachment>()) names.push_back(one.metadata.name);
  EXPECT_THAT(names, ElementsAre("by-hand"));
}

TEST_F(Attaching, ANodeThatIsNotHealthyIsWaitedForSixMinutes) {
  run();
  put_user("web", "n1");
  driver_attaches();
  in_use("n1", true);
  remove_user("web");
  cluster.edit<Node>("", "n1", [](Node& one) { one.status.conditions[0].status = "Unknown"; });
  cluster.advance(5min);
  EXPECT_THAT(attachments(), ElementsAre("n1"));
  cluster.advance(2min);
  EXPECT_TRUE(attachments().empty());
}

TEST_F(Attaching, AVolumeForOneNodeIsNotAttachedToTwo) {
  run();
  put_user("first", "n1");
  driver_attaches();
  put_user("second", "n2");
  EXPECT_THAT(attachments(), ElementsAre("n1"));
  EXPECT_THAT(cluster.events("second"),
              Contains("FailedAttachVolume Multi-Attach error for volume \"pv\" Volume is already exclusively attached "
                       "to one node and can't be attached to another"));
  remove_user("first");
  EXPECT_THAT(attachments(), ElementsAre("n2"));
}

TEST_F(Attaching, WhatTheDriverComplainsOfIsToldToThePod) {
  run();
  put_user("web", "n1");
  auto made = cluster.server.list<VolumeAttachment>()[0];
  made.status.attach_error.emplace().message = "no such disk";
  cluster.put(made);
  cluster.advance(1s);
  EXPECT_THAT(cluster.events("web"),
              ElementsAre("FailedAttachVolume AttachVolume.Attach failed for volume \"pv\" : no such disk"));
}

TEST_F(Attaching, ADriverThatNeedsNoAttachmentGetsNone) {
  CSIDriver driver;
  driver.metadata.name = "disk.example";
  driver.spec.attach_required = false;
  cluster.put(driver);
  run();
  put_user("web", "n1");
  EXPECT_TRUE(attachments().empty());
}

}  // namespace
}  // namespace controller
