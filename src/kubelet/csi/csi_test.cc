// Drivers' volumes with a driver that really serves, an API server of memory, and a folder. Real time: what is waited
// for is a condition.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/random.h"
#include "client/testing/fake_server.h"
#include "kubelet/csi/csi_volumes.h"
#include "kubelet/plugins/plugin_watcher.h"
#include "kubelet/testing/fake_csi_driver.h"
#include "kubelet/testing/fixture.h"
#include "kubelet/volume/pod_volumes.h"
#include "volume/names.h"

namespace kubelet {
namespace {

using namespace std::chrono_literals;
using api::storage_k8s_io_v1::CSIDriver;
using api::storage_k8s_io_v1::CSINode;
using api::storage_k8s_io_v1::VolumeAttachment;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

io::Task<bool> until(std::function<bool()> holds) {
  for (int i = 0; i < 1000 && !holds(); ++i) co_await io::sleep(10ms);
  co_return holds();
}

class CsiTest : public ::testing::Test {
 protected:
  CsiTest() {
    char path[] = "/tmp/navarch-csi-XXXXXX";
    directory = mkdtemp(path);
    root = directory + "/kubelet";
    core::Node node;
    node.metadata.name = "node";
    server.put(node);
    object.metadata.name = "fake.example";
    object.spec.attach_required = false;
    object.spec.volume_lifecycle_modes = {"Persistent", "Ephemeral"};
    start_kubelet();
    start_driver();
  }
  ~CsiTest() override {
    scope.cancel();
    driver->stop();
    pod_volumes.reset();
    csi_volumes.reset();
    drivers.reset();
    watcher.reset();
    (void)base::remove_tree(directory);
  }

  void start_kubelet() {
    drivers = std::make_unique<CsiDrivers>(client, "node");
    csi_volumes = std::make_unique<CsiVolumes>(root, "node", client, api, *drivers, pool);
    pod_volumes = std::make_unique<PodVolumes>(client, volumes, *csi_volumes, pool);
    watcher = std::make_unique<PluginWatcher>(root + "/plugins_registry", pool);
    watcher->handle("CSIPlugin", drivers->handler());
    drivers->on_ready([this](const std::string& name) { scope.spawn(csi_volumes->sweep(name)); });
    scope.spawn(watch(watcher.get()));
  }
  void restart_kubelet() {
    scope.cancel();
    start_kubelet();
    ASSERT_TRUE(wait([&] { return drivers->find("fake.example") != nullptr; }));
    loop->run_task(csi_volumes->adopt());
  }
  static io::Task<void> watch(PluginWatcher* watcher) { (void)co_await watcher->run(); }
  void start_driver() {
    driver = std::make_unique<FakeCsiDriver>(FakeCsiOptions{
        .data = directory + "/data", .socket = directory + "/csi.sock", .registry = root + "/plugins_registry"});
    (void)base::make_directories(root + "/plugins_registry", 0750);
    auto started = driver->start();
    EXPECT_TRUE(started) << started.error().message();
  }
  void come_up() {
    server.put(object);
    ASSERT_TRUE(wait([&] { return driver->registered() && drivers->find("fake.example") != nullptr; }));
  }
  bool wait(std::function<bool()> holds) { return loop->run_task(until(std::move(holds))); }

  core::Pod pod_with_claim(std::string name) {
    core::PersistentVolume volume;
    volume.metadata.name = "pv";
    auto& csi = volume.spec.csi.emplace();
    csi.driver = "fake.example";
    csi.volume_handle = "h1";
    csi.volume_attributes["kind"] = "gold";
    volume.spec.access_modes = {"ReadWriteOnce"};
    volume.spec.capacity["storage"] = *base::Quantity::parse("2Gi");
    auto& reference = volume.spec.claim_ref.emplace();
    reference.namespace_ = "default";
    reference.name = "data";
    reference.uid = "claim-uid";
    server.put(volume);
    core::PersistentVolumeClaim claim;
    claim.metadata.namespace_ = "default";
    claim.metadata.name = "data";
    claim.metadata.uid = "claim-uid";
    claim.spec.volume_name = "pv";
    claim.status.phase = "Bound";
    claim.status.capacity["storage"] = *base::Quantity::parse("1Gi");
    if (!server.get<core::PersistentVolumeClaim>("default", "data")) server.put(claim);
    core::Pod pod = PodBuilder(std::move(name)).container("main");
    auto& mounted = pod.spec.volumes.emplace_back();
    mounted.name = "data";
    mounted.persistent_volume_claim.emplace().claim_name = "data";
    return pod;
  }
  VolumeOutcome set_up(const core::Pod& pod) {
    VolumeInput input{.pod = pod,
                      .objects = {},
                      .tokens = {},
                      .host_ips = {},
                      .pod_ips = {},
                      .node_allocatable = {},
                      .now = {},
                      .persistent = {},
                      .elsewhere = {}};
    return loop->run_task(pod_volumes->set_up(std::move(input), false));
  }
  base::Result<void> tear_down(const core::Pod& pod) {
    return loop->run_task(pod_volumes->tear_down(pod.metadata.uid));
  }
  std::string problem(const VolumeOutcome& outcome) {
    return outcome.failures.empty() ? "" : outcome.failures.front().message;
  }
  size_t count(std::string_view call) {
    size_t found = 0;
    for (auto line : base::split(driver->calls(), '\n')) found += line == call ? 1 : 0;
    return found;
  }
  std::vector<std::string> in_use() { return server.get<core::Node>("", "node")->status.volumes_in_use; }

  std::string directory, root;
  base::Clock& clock = base::system_clock();
  base::SeededRandom random{1};
  std::unique_ptr<io::Loop> loop = std::move(*io::Loop::create());
  io::Loop::Entered entered{*loop};
  io::Pool pool{2};
  client::FakeServer server{clock, random};
  client::Client client{server.transport(), "test"};
  FakeApi api;
  CSIDriver object;
  std::unique_ptr<FakeCsiDriver> driver;
  std::unique_ptr<CsiDrivers> drivers;
  std::unique_ptr<CsiVolumes> csi_volumes;
  std::unique_ptr<PodVolumes> pod_volumes;
  std::unique_ptr<PluginWatcher> watcher;
  Volumes volumes{directory + "/kubelet"};
  io::Scope scope;
};

TEST_F(CsiTest, ADriverThatRegistersIsInTheNodesObjectsAndLeavesThemWithItsSocket) {
  come_up();
  auto node = server.get<CSINode>("", "node");
  ASSERT_TRUE(node);
  ASSERT_EQ(node->spec.drivers.size(), 1u);
  EXPECT_EQ(node->spec.drivers[0].node_id, "node-id");
  EXPECT_EQ(node->spec.drivers[0].allocatable->count, 5);
  EXPECT_THAT(node->spec.drivers[0].topology_keys, ElementsAre("fake.example/node"));
  EXPECT_EQ(node->metadata.owner_references[0].kind, "Node");
  auto its = server.get<core::Node>("", "node");
  EXPECT_EQ(its->metadata.annotations["csi.volume.kubernetes.io/nodeid"], R"({"fake.example":"node-id"})");
  EXPECT_EQ(its->metadata.labels["fake.example/node"], "node-id");
  driver->stop();
  EXPECT_TRUE(wait([&] { return server.get<CSINode>("", "node")->spec.drivers.empty(); }));
}

TEST_F(CsiTest, AVolumeIsStagedOncePublishedForEachPodAndTakenBackInThatOrder) {
  come_up();
  auto first = pod_with_claim("first"), second = pod_with_claim("second");
  auto outcome = set_up(first);
  ASSERT_EQ(problem(outcome), "");
  EXPECT_EQ(outcome.paths["data"], root + "/pods/uid-first/volumes/kubernetes.io~csi/pv/mount");
  EXPECT_THAT(base::read_file(outcome.paths["data"] + "/context").value_or(""), HasSubstr("kind=gold"));
  ASSERT_EQ(problem(set_up(second)), "");
  EXPECT_EQ(count("NodeStageVolume h1"), 1u);
  EXPECT_EQ(count("NodePublishVolume h1"), 2u);
  ASSERT_TRUE(tear_down(first));
  EXPECT_EQ(count("NodeUnstageVolume h1"), 0u);
  ASSERT_TRUE(tear_down(second));
  EXPECT_EQ(count("NodeUnstageVolume h1"), 1u);
  EXPECT_FALSE(base::exists(root + "/pods/uid-first/volumes/kubernetes.io~csi/pv"));
  EXPECT_FALSE(base::exists(root + "/plugins/kubernetes.io/csi/fake.example/" + volume::sha256_hex("h1")));
}

TEST_F(CsiTest, WithoutItsDriverAVolumeSaysWhatIsMissing) {
  auto outcome = set_up(pod_with_claim("first"));
  // It may have come meanwhile.
  if (drivers->find("fake.example") == nullptr)
    EXPECT_EQ(
        problem(outcome),
        "MountVolume.MountDevice failed for volume \"pv\" : kubernetes.io/csi: driver name fake.example not found "
        "in the list of registered CSI drivers");
  come_up();
  EXPECT_EQ(problem(set_up(pod_with_claim("first"))), "");
}

TEST_F(CsiTest, AnAttachedVolumeIsWaitedForAndSaidToBeInUse) {
  object.spec.attach_required = true;
  come_up();
  auto pod = pod_with_claim("first");
  auto outcome = set_up(pod);
  ASSERT_EQ(outcome.failures.size(), 1u);
  EXPECT_TRUE(outcome.failures[0].waits);
  EXPECT_THAT(in_use(), ElementsAre("kubernetes.io/csi/fake.example^h1"));
  VolumeAttachment attachment;
  attachment.metadata.name = volume::attachment_name("fake.example", "h1", "node");
  attachment.status.attached = true;
  attachment.status.attachment_metadata["device"] = "sdb";
  server.put(attachment);
  auto node = *server.get<core::Node>("", "node");
  node.status.volumes_attached.emplace_back().name = "kubernetes.io/csi/fake.example^h1";
  csi_volumes->node_changed(node);
  outcome = set_up(pod);
  ASSERT_EQ(problem(outcome), "");
  EXPECT_THAT(base::read_file(outcome.paths["data"] + "/context").value_or(""), HasSubstr("device=sdb"));
  ASSERT_TRUE(tear_down(pod));
  EXPECT_TRUE(in_use().empty());
}

TEST_F(CsiTest, ANodeThatCanAttachNoMoreIsCountedAnewAndThePodIsNotForIt) {
  object.spec.attach_required = true;
  VolumeAttachment attachment;
  attachment.metadata.name = volume::attachment_name("fake.example", "h1", "node");
  auto& error = attachment.status.attach_error.emplace();
  error.message = "no slot is free";
  error.error_code = 8;
  server.put(attachment);
  come_up();
  driver->volumes_max = 3;
  auto pod = pod_with_claim("first");
  auto outcome = set_up(pod);
  ASSERT_EQ(outcome.failures.size(), 1u);
  EXPECT_TRUE(outcome.failures[0].waits);  // this driver's count does not change
  object.spec.node_allocatable_update_period_seconds = 600;
  server.put(object);
  ASSERT_TRUE(wait([&] {
    outcome = set_up(pod);
    return outcome.failures[0].no_room;
  }));
  EXPECT_EQ(problem(outcome), "MountVolume.WaitForAttach failed for volume \"pv\" : no slot is free");
  EXPECT_EQ(server.get<CSINode>("", "node")->spec.drivers[0].allocatable->count, 3);
}

TEST_F(CsiTest, VolumesAreCountedAsOftenAsTheDriverWants) {
  object.spec.node_allocatable_update_period_seconds = 1;
  come_up();
  auto count = [&] { return server.get<CSINode>("", "node")->spec.drivers[0].allocatable->count.value_or(0); };
  ASSERT_TRUE(wait([&] { return count() == 5; }));
  driver->volumes_max = 2;
  EXPECT_TRUE(wait([&] { return count() == 2; }));
}

TEST_F(CsiTest, APodsOwnVolumeIsToldOfThePodAndItsTokens) {
  object.spec.pod_info_on_mount = true;
  object.spec.token_requests.emplace_back().audience = "vault";
  come_up();
  core::Pod pod = PodBuilder("web").container("main");
  auto& volume = pod.spec.volumes.emplace_back();
  volume.name = "scratch";
  volume.csi.emplace().driver = "fake.example";
  auto outcome = set_up(pod);
  ASSERT_EQ(problem(outcome), "");
  auto context = base::read_file(outcome.paths["scratch"] + "/context").value_or("");
  EXPECT_THAT(context, HasSubstr("csi.storage.k8s.io/pod.name=web\n"));
  EXPECT_THAT(context, HasSubstr("csi.storage.k8s.io/ephemeral=true\n"));
  EXPECT_THAT(context, HasSubstr(R"(serviceAccount.tokens={"vault":{"token":"token","expirationTimestamp":")"));
  EXPECT_EQ(driver->calls().find("NodeStageVolume"), std::string::npos);
  ASSERT_TRUE(tear_down(pod));
}

TEST_F(CsiTest, AKubeletThatDiesBetweenStageAndPublishLeavesNothingBehind) {
  come_up();
  auto pod = pod_with_claim("first");
  ASSERT_TRUE(base::write_file(directory + "/data/fail", "NodePublishVolume", 0644));
  EXPECT_EQ(problem(set_up(pod)), "MountVolume.SetUp failed for volume \"pv\" : told to fail");
  EXPECT_TRUE(base::exists(directory + "/data/staged/h1"));
  restart_kubelet();
  // The pod was deleted meanwhile: its folder is what is known of it.
  EXPECT_EQ(count("NodeUnstageVolume h1"), 0u);
  ASSERT_TRUE(tear_down(pod));
  EXPECT_FALSE(base::exists(directory + "/data/staged/h1"));
}

TEST_F(CsiTest, WhatWasStagedForPodsThatAreGoneIsTakenBackAtTheStart) {
  come_up();
  auto pod = pod_with_claim("first");
  ASSERT_EQ(problem(set_up(pod)), "");
  ASSERT_TRUE(base::write_file(directory + "/data/fail", "NodeUnstageVolume", 0644));
  auto failed = tear_down(pod);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message(), HasSubstr("UnmountDevice failed for volume \"pv\""));
  ASSERT_EQ(unlink((directory + "/data/fail").c_str()), 0);
  restart_kubelet();
  EXPECT_TRUE(wait([&] { return !base::exists(directory + "/data/staged/h1"); }));
}

TEST_F(CsiTest, AVolumeThatDoesNotComeOffKeepsItsRecord) {
  come_up();
  auto pod = pod_with_claim("first");
  ASSERT_EQ(problem(set_up(pod)), "");
  ASSERT_TRUE(base::write_file(directory + "/data/fail", "NodeUnpublishVolume", 0644));
  EXPECT_FALSE(tear_down(pod));
  EXPECT_TRUE(base::exists(root + "/pods/uid-first/volumes/kubernetes.io~csi/pv/vol_data.json"));
  ASSERT_EQ(unlink((directory + "/data/fail").c_str()), 0);
  EXPECT_TRUE(tear_down(pod));
}

TEST_F(CsiTest, AVolumeThatWasMadeLargerGrowsWhenItIsSetUp) {
  come_up();
  auto pod = pod_with_claim("first");
  auto claim = *server.get<core::PersistentVolumeClaim>("default", "data");
  auto& pending = claim.status.conditions.emplace_back();
  pending.type = "FileSystemResizePending";
  pending.status = "True";
  server.put(claim);
  ASSERT_EQ(problem(set_up(pod)), "");
  EXPECT_EQ(count("NodeExpandVolume h1"), 1u);
  claim = *server.get<core::PersistentVolumeClaim>("default", "data");
  EXPECT_EQ(claim.status.capacity["storage"].to_string(), "2Gi");
  EXPECT_TRUE(claim.status.conditions.empty());
}

TEST_F(CsiTest, AVolumeGrowsWhileAPodHasIt) {
  come_up();
  auto pod = pod_with_claim("first");
  auto outcome = set_up(pod);
  ASSERT_EQ(problem(outcome), "");
  auto volume = *server.get<core::PersistentVolume>("", "pv");
  volume.spec.capacity["storage"] = *base::Quantity::parse("3Gi");
  server.put(volume);
  auto claim = *server.get<core::PersistentVolumeClaim>("default", "data");
  claim.status.allocated_resources["storage"] = *base::Quantity::parse("3Gi");
  claim.status.allocated_resource_statuses["storage"] = "NodeResizePending";
  server.put(claim);
  size_t before = count("NodeExpandVolume h1");
  loop->run_task(pod_volumes->look_after(pod, outcome.paths));
  EXPECT_EQ(count("NodeExpandVolume h1"), before + 1);
  claim = *server.get<core::PersistentVolumeClaim>("default", "data");
  EXPECT_EQ(claim.status.capacity["storage"].to_string(), "3Gi");
  EXPECT_TRUE(claim.status.allocated_resource_statuses.empty());
  std::string told = "FileSystemResizeSuccessful MountVolume.NodeExpandVolume succeeded for volume \"pv\" node";
  EXPECT_THAT(api.events, Contains("Normal " + told));
  EXPECT_THAT(api.events, Contains("data Normal " + told));
  loop->run_task(pod_volumes->look_after(pod, outcome.paths));
  EXPECT_EQ(count("NodeExpandVolume h1"), before + 1) << "it has grown";
}

TEST_F(CsiTest, AVolumeThatCannotGrowSaysSo) {
  come_up();
  auto pod = pod_with_claim("first");
  auto outcome = set_up(pod);
  auto claim = *server.get<core::PersistentVolumeClaim>("default", "data");
  claim.status.capacity["storage"] = *base::Quantity::parse("1Gi");
  claim.status.allocated_resource_statuses["storage"] = "NodeResizePending";
  server.put(claim);
  ASSERT_TRUE(base::write_file(directory + "/data/fail", "NodeExpandVolume", 0644));
  loop->run_task(pod_volumes->look_after(pod, outcome.paths));
  claim = *server.get<core::PersistentVolumeClaim>("default", "data");
  EXPECT_EQ(claim.status.capacity["storage"].to_string(), "1Gi");
  EXPECT_EQ(claim.status.allocated_resource_statuses["storage"], "NodeResizeInProgress");
  ASSERT_EQ(claim.status.conditions.size(), 1u);
  EXPECT_EQ(claim.status.conditions[0].type, "NodeResizeError");
  EXPECT_THAT(api.events, Contains("Warning VolumeResizeFailed MountVolume.NodeExpandVolume failed for volume \"pv\" "
                                   ": told to fail"));
}

TEST_F(CsiTest, ADriverThatWantsItIsAskedToPublishAgain) {
  object.spec.requires_republish = true;
  object.spec.token_requests.emplace_back().audience = "vault";
  come_up();
  auto pod = pod_with_claim("first");
  auto outcome = set_up(pod);
  ASSERT_EQ(problem(outcome), "");
  loop->run_task(pod_volumes->look_after(pod, outcome.paths));
  EXPECT_EQ(count("NodePublishVolume h1"), 2u);
  EXPECT_EQ(count("NodeStageVolume h1"), 1u);
  ASSERT_TRUE(tear_down(pod));
  loop->run_task(pod_volumes->look_after(pod, outcome.paths));
  EXPECT_EQ(count("NodePublishVolume h1"), 2u) << "it was taken back";
}

TEST_F(CsiTest, ADriverTellsHowFullItsVolumeIs) {
  come_up();
  auto pod = pod_with_claim("first");
  auto path = set_up(pod).paths["data"];
  auto usage = loop->run_task(pod_volumes->usage(path));
  ASSERT_TRUE(usage);
  EXPECT_EQ(usage->capacity_bytes, 1000U);
  EXPECT_EQ(usage->available_bytes, 600U);
  EXPECT_EQ(usage->used_bytes, 400U);
  EXPECT_EQ(usage->inodes, 10U);
  EXPECT_EQ(usage->inodes_free, 7U);
  EXPECT_EQ(usage->inodes_used, 3U);
  (void)loop->run_task(pod_volumes->usage(path));
  EXPECT_EQ(count("NodeGetVolumeStats h1"), 1u) << "what was said is good for a minute";
  EXPECT_FALSE(loop->run_task(pod_volumes->usage(path + "/other")));
}

TEST_F(CsiTest, AClaimThatIsNotBoundIsNamed) {
  auto pod = pod_with_claim("first");
  auto claim = *server.get<core::PersistentVolumeClaim>("default", "data");
  claim.status.phase = "Pending";
  server.put(claim);
  EXPECT_EQ(problem(set_up(pod)),
            "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process "
            "volumes=[data]: error processing PVC default/data: PVC is not bound");
}

TEST(CsiRequests, AccessModesAreTheDriversOwn) {
  using Mode = csi::AccessMode::Mode;
  auto mode = [](std::string access, bool tells_apart) {
    return capability_of({.access_modes = {std::move(access)}}, tells_apart, {}).access_mode->mode;
  };
  EXPECT_EQ(mode("ReadWriteOnce", false), Mode::SingleNodeWriter);
  EXPECT_EQ(mode("ReadWriteOnce", true), Mode::SingleNodeMultiWriter);
  EXPECT_EQ(mode("ReadWriteOncePod", true), Mode::SingleNodeSingleWriter);
  EXPECT_EQ(mode("ReadWriteMany", true), Mode::MultiNodeMultiWriter);
  EXPECT_EQ(mode("ReadOnlyMany", false), Mode::MultiNodeReaderOnly);
}

TEST(CsiRequests, TheGroupIsSetAsTheDriverSays) {
  CsiSource disk{.fs_type = "ext4", .access_modes = {"ReadWriteOnce"}};
  EXPECT_TRUE(sets_group(disk, nullptr));
  CsiSource shared{.fs_type = "nfs", .access_modes = {"ReadWriteMany"}};
  EXPECT_FALSE(sets_group(shared, nullptr));
  CsiDriverObject driver;
  driver.spec.fs_group_policy = "File";
  EXPECT_TRUE(sets_group(shared, &driver));
  driver.spec.fs_group_policy = "None";
  EXPECT_FALSE(sets_group(disk, &driver));
  EXPECT_TRUE(sets_group({.fs_type = "ext4", .access_modes = {"ReadWriteOncePod"}}, nullptr));
  EXPECT_TRUE(sets_group({.ephemeral = true, .fs_type = "ext4"}, nullptr));
  EXPECT_FALSE(sets_group({.ephemeral = true}, nullptr));
}

}  // namespace
}  // namespace kubelet
