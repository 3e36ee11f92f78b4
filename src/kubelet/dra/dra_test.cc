// Claims of devices with a driver that really serves, an API server of memory, and a folder. Real time: what is waited
// for is a condition.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/random.h"
#include "client/testing/fake_server.h"
#include "kubelet/dra/claims.h"
#include "kubelet/plugins/plugin_watcher.h"
#include "kubelet/testing/fake_dra_driver.h"
#include "kubelet/testing/fixture.h"

namespace kubelet {
namespace {

using namespace std::chrono_literals;
using api::resource_k8s_io_v1::ResourceClaim;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

io::Task<bool> until(std::function<bool()> holds) {
  for (int i = 0; i < 1000 && !holds(); ++i) co_await io::sleep(10ms);
  co_return holds();
}

class DraTest : public ::testing::Test {
 protected:
  DraTest() {
    char path[] = "/tmp/navarch-dra-XXXXXX";
    directory = mkdtemp(path);
    registry = directory + "/plugins_registry";
    (void)base::make_directories(registry, 0750);
    start_kubelet();
    driver = std::make_unique<FakeDraDriver>("gpu.example.com", directory, registry);
    auto started = driver->start();
    EXPECT_TRUE(started) << started.error().message();
    EXPECT_TRUE(wait([&] { return ready; }));
  }
  ~DraTest() override {
    scope.cancel();
    driver->stop();
    claims.reset();
    drivers.reset();
    watcher.reset();
    (void)base::remove_tree(directory);
  }
  void start_kubelet() {
    ready = false;
    drivers = std::make_unique<DraDrivers>(client, "node");
    drivers->on_ready([this] { ready = true; });
    claims = std::make_unique<DraClaims>(directory, client, *drivers);
    auto loaded = claims->load();
    EXPECT_TRUE(loaded) << loaded.error().message();
    watcher = std::make_unique<PluginWatcher>(registry, pool);
    watcher->handle("DRAPlugin", drivers->handler());
    scope.spawn(watch(watcher.get()));
  }
  void restart_kubelet() {
    scope.cancel();
    start_kubelet();
    ASSERT_TRUE(wait([&] { return ready; }));
  }
  static io::Task<void> watch(PluginWatcher* watcher) { (void)co_await watcher->run(); }
  bool wait(std::function<bool()> holds) { return loop->run_task(until(std::move(holds))); }

  void allocated_claim(const std::string& name, const std::vector<std::string>& pods) {
    ResourceClaim claim;
    claim.metadata.namespace_ = "default";
    claim.metadata.name = name;
    claim.metadata.uid = "claim-" + name;
    auto& result = claim.status.allocation.emplace().devices.results.emplace_back();
    result.request = "gpu";
    result.driver = "gpu.example.com";
    result.pool = "node";
    result.device = "gpu-0";
    for (const auto& pod : pods) {
      auto& user = claim.status.reserved_for.emplace_back();
      user.resource = "pods";
      user.name = pod;
      user.uid = "uid-" + pod;
    }
    server.put(claim);
  }
  static core::Pod user(const std::string& name, const std::string& claim) {
    core::Pod pod = PodBuilder(name).container("main");
    auto& one = pod.spec.resource_claims.emplace_back();
    one.name = "gpu";
    one.resource_claim_name = claim;
    pod.spec.containers[0].resources.claims.emplace_back().name = "gpu";
    return pod;
  }
  base::Result<void> prepare(const core::Pod& pod) { return loop->run_task(claims->prepare(pod)); }
  base::Result<void> unprepare(const core::Pod& pod) { return loop->run_task(claims->unprepare(pod.metadata.uid)); }
  std::vector<std::string> devices(const core::Pod& pod) {
    auto found = claims->devices_of(pod, pod.spec.containers[0]);
    return found ? *found : std::vector<std::string>{found.error().message()};
  }

  std::unique_ptr<io::Loop> loop = std::move(*io::Loop::create());
  io::Loop::Entered entered{*loop};
  base::SeededRandom random{1};
  client::FakeServer server{loop->clock(), random};
  client::Client client{server.transport(), "test"};
  io::Pool pool{1};
  std::string directory;
  std::string registry;
  std::unique_ptr<DraDrivers> drivers;
  std::unique_ptr<DraClaims> claims;
  std::unique_ptr<PluginWatcher> watcher;
  std::unique_ptr<FakeDraDriver> driver;
  bool ready = false;
  io::Scope scope;
};

TEST_F(DraTest, DevicesOfAClaimArePreparedOnceForAllItsPods) {
  allocated_claim("shared", {"a", "b"});
  auto a = user("a", "shared"), b = user("b", "shared");
  ASSERT_TRUE(prepare(a));
  ASSERT_TRUE(prepare(b));
  EXPECT_THAT(driver->calls, ElementsAre("prepare claim-shared"));
  EXPECT_THAT(devices(a), ElementsAre("gpu.example.com/gpu=shared"));
  ASSERT_TRUE(unprepare(a));
  EXPECT_THAT(driver->calls, ElementsAre("prepare claim-shared"));
  ASSERT_TRUE(unprepare(b));
  EXPECT_THAT(driver->calls, ElementsAre("prepare claim-shared", "unprepare claim-shared"));
}

TEST_F(DraTest, ARestartPreparesNothingTwiceAndForgetsNothing) {
  allocated_claim("one", {"a"});
  auto a = user("a", "one");
  ASSERT_TRUE(prepare(a));
  restart_kubelet();
  EXPECT_THAT(devices(a), ElementsAre("gpu.example.com/gpu=one"));
  ASSERT_TRUE(prepare(a));
  EXPECT_THAT(driver->calls, ElementsAre("prepare claim-one"));
  restart_kubelet();
  ASSERT_TRUE(unprepare(a));
  EXPECT_THAT(driver->calls, ElementsAre("prepare claim-one", "unprepare claim-one"));
  restart_kubelet();
  ASSERT_TRUE(unprepare(a));
  EXPECT_EQ(driver->calls.size(), 2U);
}

TEST_F(DraTest, WhatADriverMayHaveDoneIsTakenBack) {
  allocated_claim("one", {"a"});
  auto a = user("a", "one");
  driver->failure = "no power";
  auto failed = prepare(a);
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message(), HasSubstr("NodePrepareResources failed for ResourceClaim one: no power"));
  EXPECT_THAT(devices(a), ElementsAre("unable to get resource for namespace: default, claim: one"));
  restart_kubelet();
  ASSERT_FALSE(unprepare(a));
  driver->failure = "";
  ASSERT_TRUE(unprepare(a));
  EXPECT_THAT(driver->calls, ElementsAre("prepare claim-one", "unprepare claim-one", "unprepare claim-one"));
}

TEST_F(DraTest, OnlyAPodForWhichAClaimIsReservedMayUseIt) {
  allocated_claim("one", {"other"});
  auto refused = prepare(user("a", "one"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message(), "pod a (uid-a) is not allowed to use resource claim one (claim-one)");
  EXPECT_THAT(driver->calls, IsEmpty());
}

TEST_F(DraTest, AContainerGetsTheDevicesOfTheRequestsItNames) {
  allocated_claim("one", {"a"});
  auto a = user("a", "one");
  a.spec.containers[0].resources.claims[0].request = "other";
  ASSERT_TRUE(prepare(a));
  EXPECT_THAT(devices(a), IsEmpty());
  a.spec.containers[0].resources.claims[0].request = "gpu";
  EXPECT_THAT(devices(a), ElementsAre("gpu.example.com/gpu=one"));
}

TEST_F(DraTest, ADamagedRecordIsNoEmptyOne) {
  allocated_claim("one", {"a"});
  ASSERT_TRUE(prepare(user("a", "one")));
  std::string path = directory + "/dra_manager_state";
  auto text = *base::read_file(path);
  text.replace(text.find("claim-one"), 9, "claim-two");
  ASSERT_TRUE(base::write_file(path, text, 0600));
  DraClaims next(directory, client, *drivers);
  EXPECT_FALSE(next.load());
}

}  // namespace
}  // namespace kubelet
