#include "kubelet/runtime/docker/requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "kubelet/runtime/docker/answers.h"
#include "kubelet/runtime/docker/images.h"

namespace kubelet::docker {
namespace {

cri::PodSandboxConfig pod() {
  cri::PodSandboxConfig out;
  auto& metadata = out.metadata.emplace();
  metadata.name = "web";
  metadata.namespace_ = "default";
  metadata.uid = "u-1";
  metadata.attempt = 2;
  out.log_directory = "/logs/web";
  return out;
}

TEST(DockerNames, AreReadBack) {
  EXPECT_EQ(sandbox_name(*pod().metadata), "k8s_POD_web_default_u-1_2");
  auto name = parse_name("/k8s_main_web_default_u-1_7");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->container, "main");
  EXPECT_EQ(name->uid, "u-1");
  EXPECT_EQ(name->attempt, 7u);
  EXPECT_FALSE(parse_name("/somebody-elses"));
  EXPECT_FALSE(parse_name("/k8s_main_web_default_u-1_x"));
}

TEST(DockerRequests, SandboxHasNoNetworkOfTheEngines) {
  auto config = pod();
  config.hostname = "web";
  config.annotations["a"] = "b";
  auto body = *sandbox_request(config, "kata", {.sandbox_image = "pause", .oom_score_adj_min = -1000, .now_ns = 5});
  EXPECT_EQ(body.text_at({"HostConfig", "NetworkMode"}), "none");
  EXPECT_EQ(body.text_at({"HostConfig", "IpcMode"}), "shareable");
  EXPECT_EQ(body.text_at({"HostConfig", "Runtime"}), "kata");
  EXPECT_EQ(body.text_at({"Labels", "annotation.a"}), "b");
  EXPECT_EQ(body.text_at({"Labels", "io.kubernetes.docker.type"}), "podsandbox");
  EXPECT_EQ(body.at({"HostConfig", "OomScoreAdj"})->as_int(), -998);
}

TEST(DockerRequests, ASliceIsNamedWithoutWhatItIsIn) {
  auto config = pod();
  auto parent = [&](std::string said) {
    config.linux.emplace().cgroup_parent = std::move(said);
    auto body = *sandbox_request(config, "", {.sandbox_image = "pause"});
    return std::string(body.text_at({"HostConfig", "CgroupParent"}));
  };
  EXPECT_EQ(parent("/kubepods.slice/kubepods-podu.slice"), "kubepods-podu.slice");
  EXPECT_EQ(parent("/kubepods/podu"), "/kubepods/podu");
}

TEST(DockerRequests, OomScoreIsNotLowerThanWeMayGive) {
  auto body = *sandbox_request(pod(), "", {.sandbox_image = "pause", .oom_score_adj_min = 100});
  EXPECT_EQ(body.at({"HostConfig", "OomScoreAdj"})->as_int(), 100);
}

TEST(DockerRequests, MemoryBoundLeavesNoSwap) {
  cri::LinuxContainerResources resources;
  resources.memory_limit_in_bytes = 64 << 20;
  EXPECT_EQ(update_request(resources).to_json(), R"({"Memory":67108864,"MemorySwap":67108864})");
}

TEST(DockerRequests, SignalsMountsAndDevicesHaveTheEnginesWords) {
  cri::ContainerConfig config;
  config.metadata.emplace().name = "main";
  config.stop_signal = cri::Signal::Sigrtmaxminus1;
  auto& mount = config.mounts.emplace_back();
  mount.host_path = "/a:b";
  mount.container_path = "/c";
  mount.readonly = true;
  mount.propagation = cri::MountPropagation::PropagationHostToContainer;
  auto& device = config.devices.emplace_back();
  device.host_path = "/dev/a";
  device.container_path = "/dev/b";
  auto body = *container_request("box", config, pod(), {});
  EXPECT_EQ(body.text_at({"StopSignal"}), "SIGRTMAX-1");
  EXPECT_EQ(
      body.at({"HostConfig", "Mounts"})->to_json(),
      R"([{"Type":"bind","Source":"/a:b","Target":"/c","ReadOnly":true,"BindOptions":{"Propagation":"rslave","ReadOnlyNonRecursive":true}}])");
  EXPECT_EQ(body.at({"HostConfig", "Devices"})->to_json(),
            R"([{"PathOnHost":"/dev/a","PathInContainer":"/dev/b","CgroupPermissions":"mrw"}])");
  mount.image.emplace().image = "x";
  EXPECT_EQ(container_request("box", config, pod(), {}).error().code(), base::Code::BadRequest);
}

TEST(DockerAnswers, WhatNeverStartedHasFailed) {
  auto value = *schema::Value::parse(
      R"({"Id":"c","Name":"/k8s_main_web_default_u-1_0","Created":"2026-11-23T22:51:04.5Z",
          "State":{"Status":"created","ExitCode":127,"Error":"no such program","StartedAt":"0001-01-01T00:00:00Z"}})");
  auto status = to_container_status(value);
  EXPECT_EQ(status.state, cri::ContainerState::ContainerExited);
  EXPECT_EQ(status.exit_code, 128);
  EXPECT_EQ(status.reason, "StartError");
  EXPECT_EQ(status.message, "no such program");
}

TEST(DockerAnswers, EndIsNotBeforeTheStart) {
  auto value = *schema::Value::parse(
      R"({"Id":"c","Name":"/k8s_main_web_default_u-1_0",
          "State":{"Status":"exited","StartedAt":"2026-11-23T22:51:04.2Z","FinishedAt":"2026-11-23T22:51:04.1Z"}})");
  auto status = to_container_status(value);
  EXPECT_EQ(status.finished_at, status.started_at);
}

TEST(DockerImages, ReferencesAndCredentials) {
  EXPECT_EQ(with_tag("localhost:5000/a"), "localhost:5000/a:latest");
  EXPECT_EQ(with_tag("a:1"), "a:1");
  EXPECT_EQ(with_tag("a@sha256:00"), "a@sha256:00");
  cri::AuthConfig auth;
  auth.auth = base::base64_encode("me:secret:word");
  auto value = base::base64_decode(registry_auth(auth));
  ASSERT_TRUE(value);
  EXPECT_THAT(*value, testing::HasSubstr(R"("username":"me","password":"secret:word")"));
}

}  // namespace
}  // namespace kubelet::docker
