// Sandboxes: the network and the namespaces of a pod.
#include <set>

#include "base/file.h"
#include "base/strings.h"
#include "fixture.h"

namespace kubelet {
namespace {

TEST_F(Contract, SandboxHasAnAddressUntilItIsStopped) {
  auto config = pod("box");
  auto id = start_pod(config);
  auto listed = get(runtime_->list_sandboxes({.pod_uid = "box-uid"}));
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].id, id);
  EXPECT_EQ(listed[0].state, cri::PodSandboxState::SandboxReady);
  EXPECT_EQ(listed[0].metadata->name, "box");
  EXPECT_EQ(listed[0].labels, config.labels);
  auto status = get(runtime_->sandbox_status(id));
  EXPECT_THAT(status.network->ip, testing::StartsWith("10.98.0."));
  EXPECT_EQ(status.annotations["a/b"], "c");
  EXPECT_EQ(status.created_at, listed[0].created_at);
  EXPECT_EQ(status.linux->namespaces->options->network, cri::NamespaceMode::Pod);
  get(runtime_->stop_sandbox(id));
  get(runtime_->stop_sandbox(id));  // again
  EXPECT_EQ(get(runtime_->sandbox_status(id)).state, cri::PodSandboxState::SandboxNotready);
  EXPECT_EQ(get(runtime_->list_sandboxes({.pod_uid = "box-uid"}))[0].state, cri::PodSandboxState::SandboxNotready);
  get(runtime_->remove_sandbox(id));
  EXPECT_TRUE(get(runtime_->list_sandboxes({.pod_uid = "box-uid"})).empty());
}

TEST_F(Contract, SandboxIsKnownAfterARestart) {
  auto config = pod("steady");
  config.metadata->attempt = 3;
  auto id = start_pod(config);
  auto before = get(runtime_->sandbox_status(id));
  restart();
  auto after = get(runtime_->sandbox_status(id));
  EXPECT_EQ(after, before);
  EXPECT_EQ(after.metadata->attempt, 3u);
}

TEST_F(Contract, ContainersShareThePodsNetworkAndName) {
  auto config = pod("shared");
  auto sandbox = start_pod(config);
  auto server = start(config, sandbox, container("server", "hostname; while :; do echo hi | nc -l -p 8080; done"));
  auto client = start(config, sandbox, container("client", "sleep 1000"));
  EXPECT_TRUE(wait_for([&] { return output(client, "nc 127.0.0.1 8080 < /dev/null").contains("hi"); }));
  EXPECT_EQ(output(client, "hostname"), "shared\n");
  EXPECT_EQ(log(log_path("shared", "server")), "shared\n");
  // Processes are apart.
  EXPECT_THAT(output(client, "ps"), testing::Not(testing::HasSubstr("nc -l")));
}

TEST_F(Contract, ContainersMaySeeEachOthersProcesses) {
  auto config = pod("open");
  config.linux->security_context->namespace_options->pid = cri::NamespaceMode::Pod;
  auto sandbox = start_pod(config);
  auto one = container("one", "sleep 123456");
  auto two = container("two", "sleep 1000");
  for (auto* each : {&one, &two}) each->linux->security_context->namespace_options->pid = cri::NamespaceMode::Pod;
  start(config, sandbox, one);
  EXPECT_THAT(output(start(config, sandbox, two), "ps"), testing::HasSubstr("sleep 123456"));
}

TEST_F(Contract, PodInTheNodesNetwork) {
  auto config = pod("host");
  config.hostname.clear();
  config.linux->security_context->namespace_options->network = cri::NamespaceMode::Node;
  auto sandbox = start_pod(config);
  auto wanted = container("main", "sleep 1000");
  wanted.linux->security_context->namespace_options->network = cri::NamespaceMode::Node;
  auto id = start(config, sandbox, wanted);
  auto status = get(runtime_->sandbox_status(sandbox));
  EXPECT_EQ(status.state, cri::PodSandboxState::SandboxReady);
  EXPECT_EQ(status.network ? status.network->ip : "", "");
  EXPECT_EQ(status.linux->namespaces->options->network, cri::NamespaceMode::Node);
  EXPECT_EQ(get(runtime_->list_sandboxes({.pod_uid = "host-uid"}))[0].state, cri::PodSandboxState::SandboxReady);
  EXPECT_THAT(output(id, "cat /proc/net/dev"), testing::HasSubstr("world0"));
}

TEST_F(Contract, NameServersAreThePods) {
  auto config = pod("named");
  auto& dns = config.dns_config.emplace();
  dns.servers = {"10.96.0.10"};
  dns.searches = {"default.svc.cluster.local", "svc.cluster.local"};
  dns.options = {"ndots:5"};
  auto id = start(config, start_pod(config), container("main", "sleep 1000"));
  EXPECT_EQ(output(id, "cat /etc/resolv.conf"),
            "search default.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n");
}

TEST_F(Contract, StoppedSandboxTakesItsContainersAlong) {
  auto config = pod("whole");
  auto sandbox = start_pod(config);
  auto id = start(config, sandbox, container("main", "trap '' TERM; while :; do sleep 0.1; done"));
  get(runtime_->stop_sandbox(sandbox));
  EXPECT_EQ(status(id).state, cri::ContainerState::ContainerExited);
  get(runtime_->remove_sandbox(sandbox));
  EXPECT_TRUE(get(runtime_->list_containers({.pod_uid = "whole-uid"})).empty());
}

TEST_F(Contract, AddressOfASandboxRemovedByOthersIsFreed) {
  if (!is_docker()) GTEST_SKIP() << "containerd keeps account of the network itself";
  auto id = start_pod(pod("stolen"));
  auto address = place() + "/addresses/test/" + get(runtime_->sandbox_status(id)).network->ip;
  ASSERT_TRUE(base::exists(address));
  remove_behind_its_back(id);
  EXPECT_TRUE(get(runtime_->list_sandboxes({})).empty());
  EXPECT_FALSE(base::exists(address));
}

TEST_F(Contract, ManySandboxesAtOnceHaveAddressesOfTheirOwn) {
  constexpr int kPods = 12;
  std::vector<base::Result<std::string>> ids;
  io::Scope scope;
  auto one = [](Runtime* runtime, cri::PodSandboxConfig config,
                std::vector<base::Result<std::string>>* ids) -> io::Task<void> {
    auto id = co_await runtime->run_sandbox(std::move(config), "");
    ids->push_back(std::move(id));
  };
  loop_->post([&] {
    for (int i = 0; i < kPods; ++i) scope.spawn(one(runtime_.get(), pod("many-" + std::to_string(i)), &ids));
  });
  ASSERT_TRUE(wait_for([&] { return ids.size() == kPods; }, 120s));
  std::set<std::string> addresses;
  for (auto& id : ids) {
    ASSERT_TRUE(id) << id.error().message();
    addresses.insert(get(runtime_->sandbox_status(*id)).network->ip);
  }
  EXPECT_EQ(addresses.size(), size_t{kPods});
}

}  // namespace
}  // namespace kubelet
