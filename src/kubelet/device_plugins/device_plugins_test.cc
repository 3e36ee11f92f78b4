// Device plugins with one that really serves, in a folder. Real time: what is waited for is a condition.
#include "kubelet/device_plugins/device_plugins.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/random.h"
#include "client/testing/fake_server.h"
#include "kubelet/device_plugins/record.h"
#include "kubelet/pod_resources/pod_resources.h"
#include "kubelet/testing/fake_device_plugin.h"
#include "kubelet/testing/fixture.h"

namespace kubelet {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kResource = "example.com/gpu";

io::Task<bool> until(std::function<bool()> holds) {
  for (int i = 0; i < 1000 && !holds(); ++i) co_await io::sleep(10ms);
  co_return holds();
}

class DevicePluginTest : public ::testing::Test {
 protected:
  DevicePluginTest() {
    char path[] = "/tmp/navarch-devices-XXXXXX";
    directory = mkdtemp(path);
    start_kubelet();
    plugin = std::make_unique<FakeDevicePlugin>(kResource, directory + "/device-plugins");
    for (auto id : {"a", "b", "c"}) plugin->set(id, true);
  }
  ~DevicePluginTest() override {
    plugins.reset();
    plugin->stop();
    (void)base::remove_tree(directory);
  }
  void start_kubelet() {
    plugins.reset();
    plugins = std::make_unique<DevicePlugins>(directory);
    auto started = plugins->start();
    EXPECT_TRUE(started) << started.error().message();
  }
  void offer(size_t devices = 3) {
    ASSERT_TRUE(plugin->start());
    auto done = loop->run_task(plugin->register_at_kubelet());
    ASSERT_TRUE(done) << done.error().message();
    ASSERT_TRUE(wait([&] { return plugins->capacity()[kResource] == static_cast<int64_t>(devices); }));
  }
  bool wait(std::function<bool()> holds) { return loop->run_task(until(std::move(holds))); }
  static core::Pod user(const std::string& name, int64_t count) {
    core::Pod pod = PodBuilder(name).container("main");
    pod.spec.containers[0].resources.limits[kResource] = base::Quantity::of(count);
    return pod;
  }
  std::string allocate(const core::Pod& pod) {
    if (auto possible = plugins->check(pod); !possible) return std::string(possible.error().message());
    auto done = loop->run_task(plugins->allocate(pod));
    return done ? "" : std::string(done.error().message());
  }
  api::cri::ContainerConfig configuration(const core::Pod& pod, const std::string& container = "main") {
    api::cri::ContainerConfig out;
    for (auto* one : containers_in_order(pod))
      if (one->name == container) plugins->apply(pod, *one, out);
    return out;
  }
  std::string given(const core::Pod& pod, const std::string& container = "main") {
    for (auto& one : configuration(pod, container).envs)
      if (one.key == "DEVICES") return one.value;
    return "";
  }

  std::unique_ptr<io::Loop> loop = std::move(*io::Loop::create());
  io::Loop::Entered entered{*loop};
  std::string directory;
  std::unique_ptr<DevicePlugins> plugins;
  std::unique_ptr<FakeDevicePlugin> plugin;
};

TEST_F(DevicePluginTest, TheNodeHasWhatAPluginOffersAndPodsMayHaveWhatIsHealthy) {
  offer();
  plugin->set("b", false);
  ASSERT_TRUE(wait([&] { return plugins->allocatable()[kResource] == 2; }));
  EXPECT_EQ(plugins->capacity()[kResource], 3);
  EXPECT_EQ(allocate(user("web", 2)), "");
  EXPECT_EQ(given(user("web", 2)), "a,c");
  EXPECT_EQ(allocate(user("late", 1)),
            "requested number of devices unavailable for example.com/gpu. Requested: 1, Available: 0");
  plugins->release("uid-web");
  EXPECT_EQ(allocate(user("late", 1)), "");
}

TEST_F(DevicePluginTest, AContainerGetsWhatThePluginWantsDoneForIt) {
  offer();
  auto web = user("web", 1);
  ASSERT_EQ(allocate(web), "");
  auto made = configuration(web);
  ASSERT_THAT(made.devices, SizeIs(1));
  EXPECT_EQ(made.devices[0].container_path, "/dev/a");
  ASSERT_THAT(made.mounts, SizeIs(1));
  EXPECT_TRUE(made.mounts[0].readonly);
  EXPECT_EQ(made.annotations["example.com/devices"], "yes");
  ASSERT_THAT(made.cdi_devices, SizeIs(1));
  EXPECT_EQ(made.cdi_devices[0].name, "example.com/device=a");
}

TEST_F(DevicePluginTest, ThePluginsPreferenceIsFollowedAndItHearsOfStarts) {
  plugin->preferred = {"c"};
  plugin->wants_pre_start = true;
  offer();
  auto web = user("web", 1);
  ASSERT_EQ(allocate(web), "");
  ASSERT_TRUE(loop->run_task(plugins->before_start(web, web.spec.containers[0])));
  EXPECT_THAT(plugin->calls, ElementsAre("allocate c", "prestart c"));
}

TEST_F(DevicePluginTest, InitContainersPassTheirDevicesOn) {
  offer();
  core::Pod pod = user("web", 3);
  pod.spec.init_containers.push_back(PodBuilder::make("init", "init:v1"));
  pod.spec.init_containers[0].resources.limits[kResource] = base::Quantity::of(2);
  ASSERT_EQ(allocate(pod), "");
  EXPECT_EQ(given(pod, "init"), "a,b");
  EXPECT_EQ(given(pod), "a,b,c");
}

TEST_F(DevicePluginTest, ARestartForgetsNothingAndAsksNothingTwice) {
  offer();
  auto web = user("web", 2);
  ASSERT_EQ(allocate(web), "");
  start_kubelet();
  EXPECT_EQ(plugins->allocatable()[kResource], 0);
  EXPECT_EQ(given(web), "a,b");
  EXPECT_EQ(allocate(web), "");
  EXPECT_THAT(plugin->calls, ElementsAre("allocate a,b"));
  EXPECT_EQ(allocate(user("late", 1)), "no healthy devices present; cannot allocate unhealthy devices example.com/gpu");
  plugin->stop();
  offer();
  EXPECT_EQ(allocate(user("late", 1)), "");
  EXPECT_EQ(given(user("late", 1)), "c");
}

TEST_F(DevicePluginTest, DevicesOfAPluginThatHasGoneAreNotGiven) {
  offer();
  plugin->stop();
  ASSERT_TRUE(wait([&] { return plugins->allocatable()[kResource] == 0; }));
  EXPECT_EQ(plugins->capacity()[kResource], 3);
}

TEST_F(DevicePluginTest, APluginOfAnotherVersionOrForAnythingElseIsRefused) {
  ASSERT_TRUE(plugin->start());
  auto refused = loop->run_task(plugin->register_at_kubelet("v1alpha1"));
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("requested API version \"v1alpha1\" is not supported by kubelet"));
  FakeDevicePlugin greedy("cpu", directory + "/device-plugins");
  refused = loop->run_task(greedy.register_at_kubelet());
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message(), HasSubstr("the ResourceName \"cpu\" is invalid"));
}

TEST_F(DevicePluginTest, UpstreamsRecordIsReadAndADamagedOneIsNot) {
  std::string text =
      R"({"Data":{"PodDeviceEntries":[{"PodUID":"bf52b2cd-b611-4e79-86b1-280b283185c3","ContainerName":"check",)"
      R"("ResourceName":"nvidia.com/gpu","DeviceIDs":{"-1":["tegra"]},"AllocResp":)"
      R"("Ch8KFk5WSURJQV9WSVNJQkxFX0RFVklDRVMSBXRlZ3Jh"}],"RegisteredDevices":{"nvidia.com/gpu":["tegra"]}},)"
      R"("Checksum":3660592824})";
  std::string path = directory + "/record";
  ASSERT_TRUE(base::write_file(path, text, 0600));
  DeviceInventory inventory;
  auto read = read_device_record(path, inventory);
  ASSERT_TRUE(read) << read.error().message();
  const auto* grant = inventory.find("bf52b2cd-b611-4e79-86b1-280b283185c3", "check", "nvidia.com/gpu");
  ASSERT_NE(grant, nullptr);
  EXPECT_THAT(grant->devices, ElementsAre("tegra"));
  EXPECT_EQ(grant->given.envs.at("NVIDIA_VISIBLE_DEVICES"), "tegra");
  text.replace(text.find("check\""), 5, "other");
  ASSERT_TRUE(base::write_file(path, text, 0600));
  DeviceInventory empty;
  EXPECT_FALSE(read_device_record(path, empty));
}

TEST_F(DevicePluginTest, MonitoringIsToldWhoHasWhat) {
  namespace v1 = api::podresources_v1;
  offer();
  auto web = user("web", 1);
  ASSERT_EQ(allocate(web), "");
  base::SeededRandom random{1};
  client::FakeServer server{loop->clock(), random};
  DraDrivers drivers(client::Client(server.transport(), "test"), "node");
  DraClaims claims(directory, client::Client(server.transport(), "test"), drivers);
  PodResources resources(directory, [&] { return std::vector<const core::Pod*>{&web}; }, plugins->inventory(), claims);
  ASSERT_TRUE(resources.start());
  io::GrpcClient client({.address = io::Address::unix_socket(directory + "/pod-resources/kubelet.sock")});
  auto all = loop->run_task(rpc::call<v1::ListPodResourcesResponse>(client, v1::pod_resources_lister::kList,
                                                                    v1::ListPodResourcesRequest{}, 5s));
  ASSERT_TRUE(all) << all.error().message();
  ASSERT_THAT(all->pod_resources, SizeIs(1));
  auto& container = all->pod_resources[0].containers.at(0);
  EXPECT_EQ(container.devices.at(0).resource_name, kResource);
  EXPECT_THAT(container.devices.at(0).device_ids, ElementsAre("a"));
  auto some = loop->run_task(rpc::call<v1::AllocatableResourcesResponse>(
      client, v1::pod_resources_lister::kGetAllocatableResources, v1::AllocatableResourcesRequest{}, 5s));
  ASSERT_TRUE(some);
  EXPECT_THAT(some->devices, SizeIs(3));
  v1::GetPodResourcesRequest wanted;
  wanted.pod_name = "other";
  wanted.pod_namespace = "default";
  auto none =
      loop->run_task(rpc::call<v1::GetPodResourcesResponse>(client, v1::pod_resources_lister::kGet, wanted, 5s));
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message(), HasSubstr("pod other in namespace default not found"));
}

}  // namespace
}  // namespace kubelet
