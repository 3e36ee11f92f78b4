// What a kubelet keeps up for pods that it did not start itself, and for all of them together.
#include <gmock/gmock.h>

#include "kubelet/testing/fixture.h"

namespace kubelet {
namespace {

using namespace std::chrono_literals;

class TakeoverTest : public PodTest {
 protected:
  void say(const std::string& text) {
    core::ConfigMap map;
    map.metadata.namespace_ = "default";
    map.metadata.name = "settings";
    map.data["key"] = text;
    api.config_maps["settings"] = std::make_shared<core::ConfigMap>(std::move(map));
    pods_->object_changed("default", "settings");
    loop_->run_until_idle();
  }
  static core::Pod with_settings() {
    core::Pod pod = PodBuilder("web").container("main");
    auto& volume = pod.spec.volumes.emplace_back();
    volume.name = "settings";
    volume.config_map.emplace().name = "settings";
    return pod;
  }
  std::string file() const {
    return base::read_file(options_.root_directory + "/pods/uid-web/volumes/kubernetes.io~configmap/settings/key")
        .value_or("absent");
  }
  core::Pod asking(std::string name, const char* cpu) {
    core::Pod pod = PodBuilder(std::move(name)).container("main");
    pod.spec.containers[0].resources.requests["cpu"] = *base::Quantity::parse(cpu);
    return pod;
  }
};

TEST_F(TakeoverTest, FilesOfPodsThatRunAlreadyStayCurrent) {
  say("old");
  start(with_settings());
  ASSERT_EQ(file(), "old");
  restart_kubelet();
  say("new");
  EXPECT_EQ(file(), "new");
  EXPECT_EQ(runtime.newest("main")->status.metadata->attempt, 0U);
}

TEST_F(TakeoverTest, BurstablePodsTogetherWeighWhatTheyAskFor) {
  auto group = directory_ + "/cpu/kubepods/burstable";
  ASSERT_TRUE(base::make_directories(group, 0755));
  ASSERT_TRUE(base::write_file(group + "/cpu.shares", "", 0644));
  context_->cgroups = Cgroups(1, {{"cpu", directory_ + "/cpu"}});
  auto weight = [&] { return base::read_file(group + "/cpu.shares").value_or("absent"); };
  start(asking("first", "2"));
  EXPECT_EQ(weight(), "2048");
  start(asking("second", "500m"));
  EXPECT_EQ(weight(), "2560");
  start(PodBuilder("third").container("main"));
  EXPECT_EQ(weight(), "2560") << "what asks for nothing is in a group of its own";
}

}  // namespace
}  // namespace kubelet
