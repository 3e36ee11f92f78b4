// Containers: what they are, how they end, what bounds them.
#include "base/file.h"
#include "base/strings.h"
#include "fixture.h"
#include "kubelet/cgroup/cgroups.h"

namespace kubelet {
namespace {

TEST_F(Contract, TellsItsNameAndThatItIsReady) {
  auto info = get(runtime_->info());
  EXPECT_EQ(info.name, is_docker() ? "docker" : "containerd");
  EXPECT_FALSE(info.version.empty());
  EXPECT_TRUE(info.runtime_ready);
  EXPECT_TRUE(info.network_ready);
}

TEST_F(Contract, ContainerIsCreatedRunsAndEndsWithItsCode) {
  auto config = pod("life");
  auto sandbox = start_pod(config);
  auto wanted = container("main", "exit 7");
  wanted.labels = config.labels;
  auto id = get(runtime_->create_container(sandbox, wanted, config));
  auto before = status(id);
  EXPECT_EQ(before.state, cri::ContainerState::ContainerCreated);
  EXPECT_GT(before.created_at, 0);
  get(runtime_->start_container(id));
  auto after = wait_end(id);
  EXPECT_EQ(after.exit_code, 7);
  EXPECT_EQ(after.reason, "Error");
  EXPECT_EQ(after.metadata->name, "main");
  EXPECT_EQ(after.created_at, before.created_at);
  EXPECT_GE(after.started_at, after.created_at);
  // Of a container that ends at once the runtime may note the end before the start.
  EXPECT_GE(after.finished_at, after.created_at);
  EXPECT_EQ(after.annotations["io.kubernetes.container.restartCount"], "0");
  EXPECT_EQ(after.log_path, config.log_directory + "/main/0.log");
  auto listed = get(runtime_->list_containers({.pod_uid = "life-uid"}));
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_EQ(listed[0].id, id);
  EXPECT_EQ(listed[0].pod_sandbox_id, sandbox);
  EXPECT_EQ(listed[0].labels, config.labels);
  get(runtime_->remove_container(id));
  EXPECT_EQ(run(runtime_->container_status(id)).error().code(), base::Code::NotFound);
}

TEST_F(Contract, SuccessIsCompleted) {
  auto ended = wait_end(start("good", "true"));
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.reason, "Completed");
}

TEST_F(Contract, WhatCannotBeStartedHasFailed) {
  auto config = pod("broken");
  auto sandbox = start_pod(config);
  auto wanted = container("main", "");
  wanted.command = {"/no/such/program"};
  (void)base::make_directories(config.log_directory + "/main", 0755);
  auto id = get(runtime_->create_container(sandbox, wanted, config));
  auto started = run(runtime_->start_container(id));
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().message(), testing::HasSubstr("/no/such/program"));
  auto after = status(id);
  EXPECT_EQ(after.state, cri::ContainerState::ContainerExited);
  EXPECT_EQ(after.exit_code, 128);
  EXPECT_EQ(after.reason, "StartError");
}

TEST_F(Contract, StopAsksFirst) {
  auto id = start("polite", "trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done");
  ASSERT_TRUE(wait_for([&] { return log(log_path("polite")).contains("up"); }));
  get(runtime_->stop_container(id, 20));
  EXPECT_EQ(status(id).exit_code, 3);
  get(runtime_->stop_container(id, 20));  // again
}

TEST_F(Contract, StopKillsWhatDoesNotListen) {
  auto id = start("deaf", "trap '' TERM; echo up; while :; do sleep 0.05; done");
  ASSERT_TRUE(wait_for([&] { return log(log_path("deaf")).contains("up"); }));
  get(runtime_->stop_container(id, 1));
  EXPECT_EQ(status(id).state, cri::ContainerState::ContainerExited);
  EXPECT_EQ(status(id).exit_code, 137);
}

TEST_F(Contract, WhatIsNotThereIsStoppedAndRemoved) {
  std::string none(64, 'a');
  get(runtime_->stop_container(none, 1));
  get(runtime_->remove_container(none));
  get(runtime_->stop_sandbox(none));
  get(runtime_->remove_sandbox(none));
  EXPECT_EQ(run(runtime_->sandbox_status(none)).error().code(), base::Code::NotFound);
  EXPECT_EQ(run(runtime_->container_status(none)).error().code(), base::Code::NotFound);
}

TEST_F(Contract, MemoryIsBoundedAndThatIsTold) {
  auto config = pod("greedy");
  auto wanted = container("main", "tail /dev/zero");
  wanted.linux->resources->memory_limit_in_bytes = 16 << 20;
  auto ended = wait_end(start(config, start_pod(config), wanted));
  EXPECT_EQ(ended.exit_code, 137);
  EXPECT_EQ(ended.reason, "OOMKilled");
}

TEST_F(Contract, BoundsAreInThePodsGroupAndCanBeMoved) {
  auto config = pod("bounded");
  auto wanted = container("main", "sleep 1000");
  wanted.linux->resources->memory_limit_in_bytes = 32 << 20;
  wanted.linux->resources->cpu_shares = 512;
  auto id = start(config, start_pod(config), wanted);
  auto cgroups = *Cgroups::detect();
  auto file = cgroups.directory("memory", config.linux->cgroup_parent + "/" + id) +
              (cgroups.version() == 2 ? "/memory.max" : "/memory.limit_in_bytes");
  EXPECT_EQ(base::trim(base::read_file(file).value_or("")), std::to_string(32 << 20));
  cri::LinuxContainerResources next = *wanted.linux->resources;
  next.memory_limit_in_bytes = 64 << 20;
  get(runtime_->update_container_resources(id, next));
  EXPECT_EQ(base::trim(base::read_file(file).value_or("")), std::to_string(64 << 20));
}

TEST_F(Contract, CommandArgumentsEnvironmentAndFolder) {
  auto config = pod("words");
  auto sandbox = start_pod(config);
  auto wanted = container("main", "");
  wanted.command = {"/bin/sh", "-c", "pwd; echo $0 $ONE $FROM"};
  wanted.args = {"name"};
  wanted.working_dir = "/tmp";
  wanted.envs.resize(1);
  wanted.envs[0].key = "ONE";
  wanted.envs[0].value = "a=b";
  wait_end(start(config, sandbox, wanted));
  EXPECT_EQ(log(log_path("words")), "/tmp\nname a=b image\n");
  auto plain = container("plain", "");
  plain.command.clear();
  wait_end(start(config, sandbox, plain));
  EXPECT_EQ(log(log_path("words", "plain")), "the image's own\n");
}

TEST_F(Contract, UsersGroupsAndPrivileges) {
  auto config = pod("careful");
  auto wanted =
      container("main", "id -u; id -g; id -G; grep NoNewPrivs /proc/self/status; touch /x 2> /dev/null || echo sealed");
  auto& security = *wanted.linux->security_context;
  security.run_as_user.emplace().value = 1000;
  security.run_as_group.emplace().value = 2000;
  security.supplemental_groups = {3000};
  security.no_new_privs = true;
  security.readonly_rootfs = true;
  wait_end(start(config, start_pod(config), wanted));
  auto said = log(log_path("careful"));
  EXPECT_THAT(said, testing::HasSubstr("1000\n2000\n2000 3000\nNoNewPrivs:\t1\n"));
  EXPECT_THAT(said, testing::HasSubstr("sealed"));
}

TEST_F(Contract, CapabilitiesAreAddedAndDropped) {
  auto config = pod("capable");
  auto sandbox = start_pod(config);
  auto wanted = container("main", "grep CapEff /proc/self/status");
  auto& capabilities = wanted.linux->security_context->capabilities.emplace();
  capabilities.drop_capabilities = {"ALL"};
  capabilities.add_capabilities = {"NET_ADMIN"};
  wait_end(start(config, sandbox, wanted));
  EXPECT_EQ(log(log_path("capable")), "CapEff:\t0000000000001000\n");
}

TEST_F(Contract, MountsAreSeenFromBothSides) {
  auto config = pod("mounted");
  auto host = place() + "/mounted";
  (void)base::make_directories(host, 0755);
  ASSERT_TRUE(base::write_file(host + "/given", "hello", 0644));
  ASSERT_TRUE(base::write_file(place() + "/message", "", 0666));
  auto wanted = container("main", "cat /data/given; touch /data/x || echo sealed; echo last words > /dev/last");
  wanted.mounts.resize(3);
  wanted.mounts[0].container_path = "/data";
  wanted.mounts[0].host_path = host;
  wanted.mounts[0].readonly = true;
  wanted.mounts[1].container_path = "/dev/last";
  wanted.mounts[1].host_path = place() + "/message";
  wanted.mounts[2].container_path = "/made";
  wanted.mounts[2].host_path = host + "/made/for:it";
  auto ended = wait_end(start(config, start_pod(config), wanted));
  EXPECT_THAT(log(log_path("mounted")), testing::HasSubstr("hello"));
  EXPECT_THAT(log(log_path("mounted")), testing::HasSubstr("sealed"));
  EXPECT_EQ(*base::read_file(place() + "/message"), "last words\n");
  EXPECT_TRUE(base::exists(host + "/made/for:it"));
  std::map<std::string, std::string> told;
  for (auto& mount : ended.mounts) told[mount.container_path] = mount.host_path;
  EXPECT_EQ(told["/dev/last"], place() + "/message");
}

TEST_F(Contract, ImagesAreKnown) {
  auto found = get(runtime_->image_status(kBox));
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->id.empty());
  EXPECT_THAT(found->repo_tags, testing::Contains(kBox));
  EXPECT_GT(found->size, 100'000u);
  EXPECT_FALSE(get(runtime_->image_status("navarch.local/none:1")));
  EXPECT_TRUE(get(runtime_->image_status(found->id)));
  std::vector<std::string> ids;
  for (auto& image : get(runtime_->list_images())) ids.push_back(image.id);
  EXPECT_THAT(ids, testing::Contains(found->id));
  get(runtime_->remove_image("navarch.local/none:1"));
  EXPECT_FALSE(run(runtime_->pull_image("127.0.0.1:1/none:1", {}, {})));
}

TEST_F(Contract, EndsAreTold) {
  auto id = start("watched", "sleep 1000");
  std::vector<std::string> told;
  io::Scope scope;
  auto watching = [](Runtime* runtime, std::vector<std::string>* told) -> io::Task<void> {
    auto ended = co_await runtime->watch([told](const std::string& id) { told->push_back(id); });
    static_cast<void>(ended);
  };
  loop_->post([&] { scope.spawn(watching(runtime_.get(), &told)); });
  // The watch may begin a little later than it is asked for: then another one ends.
  int tries = 0;
  EXPECT_TRUE(wait_for([&] {
    if (told.empty() && tries++ % 100 == 0) {
      get(runtime_->stop_container(id, 0));
      if (told.empty() && tries > 1) id = start("watched-" + std::to_string(tries), "sleep 1000");
    }
    return !told.empty();
  }));
  scope.cancel();
}

TEST_F(Contract, WritableLayersAreMeasured) {
  auto id = start("writer", "dd if=/dev/zero of=/file bs=1024 count=300; sync; echo done; sleep 1000");
  ASSERT_TRUE(wait_for([&] { return log(log_path("writer")).contains("done"); }));
  EXPECT_TRUE(wait_for([&] {
    for (auto& one : get(runtime_->list_container_stats()))
      if (one.attributes->id == id && one.writable_layer && one.writable_layer->used_bytes)
        return one.writable_layer->used_bytes->value >= 300'000;
    return false;
  }));
}

}  // namespace
}  // namespace kubelet
