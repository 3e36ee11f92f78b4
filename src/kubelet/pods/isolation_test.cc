// What a pod gets only from a runtime that can give it: users of its own, mounts that are read-only all the way down.
#include <gmock/gmock.h>

#include "kubelet/testing/fixture.h"
#include "kubelet/user_namespace/id_ranges.h"

namespace kubelet {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::SizeIs;

class IsolationTest : public PodTest {
 protected:
  IsolationTest() { begin_ranges(); }
  void begin_ranges() {
    ranges_.emplace(options_.root_directory, IdRangeOptions{});
    context_->id_ranges = &*ranges_;
  }
  void runtime_can(std::string handler, bool user_namespaces, bool recursive_read_only) {
    auto& one = context_->handlers.emplace_back();
    one.name = std::move(handler);
    one.features.emplace().user_namespaces = user_namespaces;
    one.features->recursive_read_only_mounts = recursive_read_only;
  }
  static core::Pod with_own_users(std::string name = "web") {
    core::Pod pod = PodBuilder(std::move(name)).container("main");
    pod.spec.host_users = false;
    return pod;
  }
  static core::Pod with_mount(std::string mode) {
    core::Pod pod = PodBuilder("web").container("main");
    auto& volume = pod.spec.volumes.emplace_back();
    volume.name = "data";
    volume.empty_dir.emplace();
    auto& mount = pod.spec.containers[0].volume_mounts.emplace_back();
    mount.name = "data";
    mount.mount_path = "/data";
    mount.read_only = true;
    mount.recursive_read_only = std::move(mode);
    return pod;
  }
  const cri::UserNamespace& users_of_sandbox() {
    return *runtime.sandboxes.begin()->second.config.linux->security_context->namespace_options->userns_options;
  }
  std::optional<IdRanges> ranges_;
};

TEST_F(IsolationTest, APodWithoutTheNodesUsersGetsIdsOfItsOwn) {
  runtime_can("", true, false);
  start(with_own_users());
  ASSERT_EQ(status().phase, "Running");
  auto& sandbox = users_of_sandbox();
  EXPECT_EQ(sandbox.mode, cri::NamespaceMode::Pod);
  ASSERT_THAT(sandbox.uids, SizeIs(1));
  EXPECT_EQ(sandbox.uids[0].host_id, 65536U);
  EXPECT_EQ(sandbox.uids[0].container_id, 0U);
  EXPECT_EQ(sandbox.uids[0].length, 65536U);
  EXPECT_EQ(sandbox.gids, sandbox.uids);
  auto& config = runtime.newest("main")->config;
  EXPECT_EQ(*config.linux->security_context->namespace_options->userns_options, sandbox);
  ASSERT_FALSE(config.mounts.empty());
  for (auto& mount : config.mounts) {
    EXPECT_EQ(mount.uid_mappings, sandbox.uids) << mount.container_path;
    EXPECT_EQ(mount.gid_mappings, sandbox.gids) << mount.container_path;
  }
}

TEST_F(IsolationTest, OthersHaveTheNodesUsers) {
  runtime_can("", true, false);
  start(PodBuilder("web").container("main"));
  EXPECT_EQ(users_of_sandbox().mode, cri::NamespaceMode::Node);
  EXPECT_TRUE(users_of_sandbox().uids.empty());
  EXPECT_TRUE(runtime.newest("main")->config.mounts.front().uid_mappings.empty());
}

TEST_F(IsolationTest, ARestartedKubeletKeepsTheIds) {
  runtime_can("", true, false);
  auto other = with_own_users("other");
  start(other);
  start(with_own_users());
  begin_ranges();
  restart_kubelet();
  exit("main", 1);
  pass(20s);
  EXPECT_EQ(runtime.newest("main")->config.linux->security_context->namespace_options->userns_options->uids[0].host_id,
            131072U);
}

TEST_F(IsolationTest, IdsAreFreeOnceThePodIsGone) {
  runtime_can("", true, false);
  start(with_own_users());
  EXPECT_TRUE(ranges_->find("uid-web"));
  remove(1);
  pass(5s);
  EXPECT_FALSE(ranges_->find("uid-web"));
}

TEST_F(IsolationTest, ARuntimeThatCannotMapUsersRunsNoSuchPod) {
  runtime_can("", false, false);
  start(with_own_users());
  EXPECT_TRUE(runtime.sandboxes.empty());
  EXPECT_THAT(api.events, Contains("Warning FailedCreatePodSandBox Failed to create pod sandbox: can't set "
                                   "`spec.hostUsers: false`, runtime does not support user namespaces"));
}

TEST_F(IsolationTest, TheHandlerOfThePodsClassCounts) {
  runtime_can("", true, true);
  runtime_can("plain", false, false);
  api.runtime_classes = {{"plain-class", "plain"}, {"odd-class", "odd"}};
  auto pod = with_own_users();
  pod.spec.runtime_class_name = "plain-class";
  start(pod);
  EXPECT_THAT(api.events,
              Contains("Warning FailedCreatePodSandBox Failed to create pod sandbox: can't set `spec.hostUsers: "
                       "false`, RuntimeClass handler \"plain\" does not support user namespaces"));
  auto odd = with_own_users("odd");
  odd.spec.runtime_class_name = "odd-class";
  start(odd);
  EXPECT_THAT(api.events, Contains("Warning FailedCreatePodSandBox Failed to create pod sandbox: can't set "
                                   "`spec.hostUsers: false`, RuntimeClass handler \"odd\" does not support user "
                                   "namespaces: the handler \"odd\" is not known"));
}

TEST_F(IsolationTest, MountsAreReadOnlyAllTheWayDownWhereTheRuntimeCan) {
  runtime_can("", false, true);
  start(with_mount("Enabled"));
  ASSERT_EQ(status().phase, "Running");
  EXPECT_TRUE(runtime.newest("main")->config.mounts.front().recursive_read_only);
  EXPECT_EQ(container_status("main").volume_mounts[0].recursive_read_only, "Enabled");
}

TEST_F(IsolationTest, IfPossibleIsNotWhereItCannot) {
  runtime_can("", false, false);
  start(with_mount("IfPossible"));
  ASSERT_EQ(status().phase, "Running");
  EXPECT_FALSE(runtime.newest("main")->config.mounts.front().recursive_read_only);
  EXPECT_EQ(container_status("main").volume_mounts[0].recursive_read_only, "Disabled");
}

TEST_F(IsolationTest, EnabledIsRefusedWhereItCannot) {
  start(with_mount("Enabled"));
  EXPECT_TRUE(runtime.containers.empty());
  auto& waiting = container_status("main").state.waiting;
  ASSERT_TRUE(waiting);
  EXPECT_EQ(waiting->reason, "CreateContainerConfigError");
  EXPECT_EQ(waiting->message,
            "failed to resolve recursive read-only mode: volume \"data\" requested recursive read-only mode, but it is "
            "not supported by the runtime");
}

}  // namespace
}  // namespace kubelet
