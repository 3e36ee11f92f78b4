#include "kubelet/pods/worker.h"

#include <gmock/gmock.h>

#include "kubelet/testing/fixture.h"

namespace kubelet {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST_F(PodTest, PodWithOneContainerRuns) {
  start(PodBuilder("web").container("main"));
  EXPECT_THAT(runtime.running(), ElementsAre("main"));
  EXPECT_EQ(status().phase, "Running");
  EXPECT_EQ(status().pod_ip, "10.244.0.2");
  EXPECT_EQ(status().host_ip, "192.168.0.9");
  EXPECT_EQ(status().qos_class, "BestEffort");
  EXPECT_EQ(status().observed_generation, 1);
  EXPECT_EQ(condition("Ready"), "True");
  EXPECT_EQ(condition("PodReadyToStartContainers"), "True");
  EXPECT_EQ(container_status("main").container_id, "containerd://container-2");
  EXPECT_TRUE(container_status("main").ready);
  EXPECT_THAT(
      api.events,
      ElementsAre("Normal Pulled Container image \"app:v1\" already present on machine and can be accessed by the pod",
                  "Normal Created Container created", "Normal Started Container started"));
  EXPECT_EQ(runtime.containers.begin()->second.config.labels["io.kubernetes.pod.uid"], "uid-web");
}

TEST_F(PodTest, AnEndThatIsToldDuringTheFirstLookIsNotMissed) {
  runtime.after_status = [&] { runtime.exit("main", 0); };
  start(PodBuilder("web").container("main").restart("Never"));
  pass(1s);
  EXPECT_EQ(status().phase, "Succeeded");
}

TEST_F(PodTest, WhatTheRuntimeDoesNotLetGoOfDoesNotHoldUpThePodsEnd) {
  start(PodBuilder("web").container("main"));
  runtime.remove_error = "cannot delete running task";
  remove(0);
  pass(1s);
  EXPECT_THAT(api.deleted, ElementsAre("web"));
  EXPECT_FALSE(runtime.containers.empty());
  runtime.remove_error.clear();
  pass(5s);
  EXPECT_TRUE(runtime.containers.empty());
}

TEST_F(PodTest, FirstStatusSaysContainerCreating) {
  runtime.images.clear();
  runtime.pullable = {"app:v1"};
  start(PodBuilder("web").container("main"));
  EXPECT_EQ(status().phase, "Pending");
  EXPECT_EQ(container_status("main").state.waiting->reason, "ContainerCreating");
  pass(2s);
  EXPECT_EQ(status().phase, "Running");
  EXPECT_THAT(api.events, Contains("Normal Pulling Pulling image \"app:v1\""));
  EXPECT_THAT(
      api.events,
      Contains(
          "Normal Pulled Successfully pulled image \"app:v1\" in 1s (1s including waiting). Image size: 1000 bytes."));
}

TEST_F(PodTest, ImageThatCannotBePulledBacksOff) {
  runtime.images.clear();
  start(PodBuilder("web").container("main"));
  pass(2s);
  EXPECT_EQ(container_status("main").state.waiting->reason, "ErrImagePull");
  pass(5s);
  EXPECT_EQ(container_status("main").state.waiting->reason, "ImagePullBackOff");
  EXPECT_EQ(container_status("main").state.waiting->message,
            "Back-off pulling image \"app:v1\": ErrImagePull: no such image");
  pass(100s);
  // At 0, 10, 30 and 70 s, a second for each.
  EXPECT_EQ(std::ranges::count(runtime.calls, "pull app:v1"), 4);
  runtime.pullable = {"app:v1"};
  pass(200s);
  EXPECT_EQ(status().phase, "Running");
}

TEST_F(PodTest, CrashingContainerRestartsAtOnceThenAfterTenTwentyFortySeconds) {
  start(PodBuilder("web").container("main"));
  pass(1s);
  exit("main", 1);
  EXPECT_THAT(runtime.running(), ElementsAre("main"));
  EXPECT_EQ(container_status("main").restart_count, 1);
  EXPECT_EQ(container_status("main").last_state.terminated->exit_code, 1);
  exit("main", 1);
  EXPECT_THAT(runtime.running(), IsEmpty());
  EXPECT_EQ(container_status("main").state.waiting->reason, "CrashLoopBackOff");
  EXPECT_EQ(container_status("main").state.waiting->message,
            "back-off 10s restarting failed container=main pod=web_default(uid-web)");
  EXPECT_EQ(status().phase, "Running");
  EXPECT_EQ(condition("Ready"), "False");
  pass(9s);
  EXPECT_THAT(runtime.running(), IsEmpty());
  pass(2s);
  EXPECT_THAT(runtime.running(), ElementsAre("main"));
  exit("main", 1);
  pass(19s);
  EXPECT_THAT(runtime.running(), IsEmpty());
  pass(2s);
  EXPECT_THAT(runtime.running(), ElementsAre("main"));
  EXPECT_EQ(container_status("main").restart_count, 3);
  // Only the newest dead one is kept.
  EXPECT_EQ(runtime.containers.size(), 2U);
  EXPECT_EQ(count_events("Warning BackOff Back-off restarting failed container main in pod web_default(uid-web)"), 2U);
}

TEST_F(PodTest, BackOffIsForgottenAfterTenMinutesOfPeace) {
  start(PodBuilder("web").container("main"));
  exit("main", 1);
  exit("main", 1);
  pass(11s);
  pass(11min);
  exit("main", 1);
  EXPECT_THAT(runtime.running(), ElementsAre("main"));
}

TEST_F(PodTest, JobsPodSucceeds) {
  start(PodBuilder("job").container("main").restart("Never"));
  exit("main", 0);
  EXPECT_EQ(status().phase, "Succeeded");
  EXPECT_EQ(container_status("main").state.terminated->reason, "Completed");
  EXPECT_EQ(condition("Initialized"), "True");
  EXPECT_EQ(condition("Ready"), "False");
  EXPECT_THAT(runtime.calls, Contains("stop-sandbox job"));
  // Its container stays, for the logs.
  EXPECT_EQ(runtime.containers.size(), 1U);
}

TEST_F(PodTest, FailureWithoutRestartFailsThePod) {
  start(PodBuilder("job").container("main").restart("Never"));
  exit("main", 137, "OOMKilled");
  EXPECT_EQ(status().phase, "Failed");
  EXPECT_EQ(container_status("main").state.terminated->reason, "OOMKilled");
}

TEST_F(PodTest, OnFailureRestartsOnlyFailures) {
  start(PodBuilder("job").container("a").container("b").restart("OnFailure"));
  exit("a", 0);
  EXPECT_EQ(status().phase, "Running");
  exit("b", 1);
  EXPECT_THAT(runtime.running(), ElementsAre("b"));
  exit("b", 0);
  EXPECT_EQ(status().phase, "Succeeded");
}

TEST_F(PodTest, InitContainersRunOneAfterTheOther) {
  start(PodBuilder("web").init("one").init("two").container("main"));
  EXPECT_THAT(runtime.running(), ElementsAre("one"));
  EXPECT_EQ(container_status("main").state.waiting->reason, "PodInitializing");
  EXPECT_EQ(condition("Initialized"), "False");
  exit("one", 0);
  EXPECT_THAT(runtime.running(), ElementsAre("two"));
  exit("two", 1);
  EXPECT_THAT(runtime.running(), ElementsAre("two"));
  exit("two", 0);
  EXPECT_THAT(runtime.running(), ElementsAre("main"));
  EXPECT_EQ(condition("Initialized"), "True");
  EXPECT_EQ(status().phase, "Running");
  EXPECT_EQ(container_status("two").restart_count, 1);
}

TEST_F(PodTest, InitContainerThatFailsFailsAPodThatNeverRestarts) {
  start(PodBuilder("web").init("one").container("main").restart("Never"));
  exit("one", 3);
  EXPECT_EQ(status().phase, "Failed");
  EXPECT_THAT(runtime.running(), IsEmpty());
}

TEST_F(PodTest, SidecarRunsBesideAndEndsLast) {
  start(PodBuilder("web").sidecar("proxy").container("main"));
  EXPECT_THAT(runtime.running(), ElementsAre("main", "proxy"));
  exit("proxy", 1);
  EXPECT_THAT(runtime.running(), ElementsAre("main", "proxy"));
  remove(30);
  auto stop_main = std::ranges::find_if(runtime.calls, [](auto& call) { return call.starts_with("stop main"); });
  auto stop_proxy = std::ranges::find_if(runtime.calls, [](auto& call) { return call.starts_with("stop proxy"); });
  ASSERT_NE(stop_proxy, runtime.calls.end());
  EXPECT_LT(stop_main, stop_proxy);
}

TEST_F(PodTest, SidecarDoesNotKeepAFinishedPodAlive) {
  start(PodBuilder("job").sidecar("proxy").container("main").restart("Never"));
  exit("main", 0);
  EXPECT_THAT(runtime.running(), IsEmpty());
  EXPECT_EQ(status().phase, "Succeeded");
}

TEST_F(PodTest, RuleRestartsAllContainersInTheSameSandbox) {
  start(PodBuilder("train")
            .init("set-up")
            .sidecar("proxy")
            .container("main")
            .container("watcher")
            .restarting_all_on(88)
            .restart("Never"));
  exit("set-up", 0);
  exit("main", 0);
  EXPECT_THAT(runtime.running(), ElementsAre("proxy", "watcher"));
  api.statuses.clear();
  exit("watcher", 88);
  // From the beginning, those too that had ended for good.
  EXPECT_THAT(runtime.running(), ElementsAre("set-up"));
  EXPECT_EQ(status().phase, "Pending");
  EXPECT_EQ(container_status("watcher").last_state.terminated->exit_code, 88);
  EXPECT_TRUE(container_status("watcher").state.waiting);
  auto told = std::ranges::find_if(api.statuses, [](auto& status) {
    auto* restarting = find_condition(status, "AllContainersRestarting");
    return restarting != nullptr && restarting->status == "True" && restarting->reason == "ContainerExited" &&
           restarting->message == "Container watcher exited with code 88, triggering pod restart";
  });
  EXPECT_NE(told, api.statuses.end());
  EXPECT_EQ(condition("AllContainersRestarting"), "False");
  pass(1s);
  exit("set-up", 0);
  EXPECT_THAT(runtime.running(), ElementsAre("main", "proxy", "watcher"));
  EXPECT_EQ(status().phase, "Running");
  for (auto* name : {"set-up", "proxy", "main", "watcher"}) EXPECT_EQ(container_status(name).restart_count, 1) << name;
  EXPECT_EQ(std::ranges::count(runtime.calls, "run train"), 1);
  // Again: the one that asked for it waits as others that fail do.
  exit("watcher", 88);
  exit("set-up", 0);
  EXPECT_THAT(runtime.running(), ElementsAre("main", "proxy"));
  EXPECT_EQ(container_status("watcher").state.waiting->reason, "CrashLoopBackOff");
  pass(11s);
  EXPECT_THAT(runtime.running(), ElementsAre("main", "proxy", "watcher"));
  EXPECT_EQ(container_status("watcher").restart_count, 2);
}

TEST_F(PodTest, RestartOfAllContainersGoesOnWithTheNextKubelet) {
  start(PodBuilder("train").container("main").container("watcher").restarting_all_on(88).restart("Never"));
  runtime.stop_takes = 100s;
  exit("watcher", 88);
  EXPECT_EQ(condition("AllContainersRestarting"), "True");
  EXPECT_EQ(status().phase, "Pending");
  restart_kubelet();
  pass(100s);
  EXPECT_THAT(runtime.running(), ElementsAre("main", "watcher"));
  EXPECT_EQ(condition("AllContainersRestarting"), "False");
  EXPECT_EQ(container_status("main").restart_count, 1);
}

TEST_F(PodTest, APodIsNotOverWhileASidecarRuns) {
  start(PodBuilder("job").sidecar("proxy").container("main").restart("Never"));
  runtime.ignore_stop = {"proxy"};
  exit("main", 0);
  EXPECT_THAT(runtime.running(), ElementsAre("proxy"));
  EXPECT_EQ(status().phase, "Running");
  pass(31s);
  EXPECT_THAT(runtime.running(), IsEmpty());
  EXPECT_EQ(status().phase, "Succeeded");
}

TEST_F(PodTest, DeletedPodEndsInTimeAndLeavesTheApi) {
  start(PodBuilder("web").container("main"));
  runtime.ignore_stop = {"main"};
  remove(30);
  EXPECT_THAT(runtime.calls, Contains("stop main 30"));
  EXPECT_THAT(api.deleted, IsEmpty());
  EXPECT_EQ(count_events("Normal Killing Stopping container main"), 1U);
  pass(31s);
  EXPECT_THAT(api.deleted, ElementsAre("web"));
  EXPECT_EQ(status().phase, "Failed");
  EXPECT_TRUE(runtime.sandboxes.empty());
  EXPECT_FALSE(base::exists(options_.root_directory + "/pods/uid-web"));
  pods_->removed("uid-web");
  loop_->run_until_idle();
  EXPECT_EQ(pods_->size(), 0U);
}

TEST_F(PodTest, ShorterGraceCutsALongEndShort) {
  start(PodBuilder("web").container("main"));
  runtime.ignore_stop = {"main"};
  remove(300);
  pass(1s);
  remove(2);
  pass(3s);
  EXPECT_THAT(api.deleted, ElementsAre("web"));
}

TEST_F(PodTest, PreStopHookUsesUpTheGrace) {
  auto pod = PodBuilder("web").container("main");
  pod.last().lifecycle.emplace().pre_stop.emplace().exec.emplace().command = {"/bin/drain"};
  start(pod);
  prober.hook_time = 10s;
  remove(30);
  pass(11s);
  EXPECT_THAT(prober.hooks, ElementsAre("main"));
  EXPECT_THAT(runtime.calls, Contains("stop main 20"));
}

TEST_F(PodTest, KubeletRestartTouchesNothing) {
  auto pod = PodBuilder("web").container("main");
  pod.last().readiness_probe.emplace().period_seconds = 10;
  start(pod);
  pass(1s);
  exit("main", 1);
  pass(1s);
  ASSERT_EQ(condition("Ready"), "True");
  auto calls = runtime.calls;
  auto written = api.statuses.size();
  restart_kubelet();
  pass(60s);
  EXPECT_EQ(runtime.calls, calls);
  EXPECT_EQ(api.statuses.size(), written);
  exit("main", 1);
  EXPECT_EQ(container_status("main").restart_count, 2);
}

TEST_F(PodTest, FailedLivenessProbeRestartsTheContainer) {
  auto pod = PodBuilder("web").container("main");
  auto& probe = pod.last().liveness_probe.emplace();
  probe.period_seconds = 10;
  probe.failure_threshold = 3;
  probe.initial_delay_seconds = 9;
  start(pod);
  pass(60s);
  EXPECT_EQ(runtime.containers.size(), 1U);
  prober.answers["main"] = {.verdict = ProbeAnswer::Verdict::Failure, .output = "boom"};
  pass(25s);
  EXPECT_EQ(runtime.newest("main")->status.metadata->attempt, 0U);
  pass(10s);
  EXPECT_EQ(runtime.newest("main")->status.metadata->attempt, 1U);
  EXPECT_THAT(api.events, Contains("Normal Killing Container main failed liveness probe, will be restarted"));
  EXPECT_EQ(count_events("Warning Unhealthy Liveness probe failed: boom"), 3U);
}

TEST_F(PodTest, ReadinessFollowsItsProbe) {
  auto pod = PodBuilder("web").container("main");
  pod.last().readiness_probe.emplace().period_seconds = 5;
  prober.answers["main"] = {.verdict = ProbeAnswer::Verdict::Failure, .output = "not yet"};
  start(pod);
  EXPECT_EQ(condition("Ready"), "False");
  EXPECT_EQ(find_condition(status(), "Ready")->message, "containers with unready status: [main]");
  prober.answers.clear();
  pass(6s);
  EXPECT_EQ(condition("Ready"), "True");
}

TEST_F(PodTest, StartupProbeHoldsTheOthersBack) {
  auto pod = PodBuilder("web").container("main");
  auto& startup = pod.last().startup_probe.emplace();
  startup.period_seconds = 10;
  startup.failure_threshold = 30;
  pod.last().liveness_probe.emplace().failure_threshold = 1;
  prober.answers["main"] = {.verdict = ProbeAnswer::Verdict::Failure, .output = "slow"};
  start(pod);
  pass(100s);
  EXPECT_EQ(runtime.newest("main")->status.metadata->attempt, 0U);
  EXPECT_EQ(container_status("main").started, false);
  prober.answers.clear();
  pass(11s);
  EXPECT_EQ(container_status("main").started, true);
  EXPECT_EQ(condition("Ready"), "True");
}

TEST_F(PodTest, LostSandboxIsMadeAnewWithAllContainers) {
  start(PodBuilder("web").container("main"));
  runtime.sandboxes.begin()->second.status.state = cri::PodSandboxState::SandboxNotready;
  exit("main", 255);
  EXPECT_THAT(runtime.running(), ElementsAre("main"));
  EXPECT_THAT(api.events, Contains("Normal SandboxChanged Pod sandbox changed, it will be killed and re-created."));
  EXPECT_EQ(runtime.newest("main")->status.metadata->attempt, 1U);
  EXPECT_EQ(runtime.newest("main")->sandbox_id, "sandbox-3");
}

TEST_F(PodTest, SandboxThatCannotBeMadeIsTriedAgain) {
  runtime.sandbox_error = "no network";
  start(PodBuilder("web").container("main"));
  EXPECT_THAT(api.events, ElementsAre("Warning FailedCreatePodSandBox Failed to create pod sandbox: no network"));
  runtime.sandbox_error.clear();
  pass(2s);
  EXPECT_EQ(status().phase, "Running");
}

TEST_F(PodTest, MissingConfigMapHoldsThePodUntilItComes) {
  auto pod = PodBuilder("web").container("main");
  auto& volume = pod.pod.spec.volumes.emplace_back();
  volume.name = "config";
  volume.config_map.emplace().name = "settings";
  auto& mount = pod.last().volume_mounts.emplace_back();
  mount.name = "config";
  mount.mount_path = "/config";
  start(pod);
  EXPECT_EQ(container_status("main").state.waiting->reason, "ContainerCreating");
  EXPECT_THAT(
      api.events,
      ElementsAre(
          "Warning FailedMount MountVolume.SetUp failed for volume \"config\" : configmap \"settings\" not found"));
  auto map = std::make_shared<core::ConfigMap>();
  map->data["key"] = "value";
  api.config_maps["settings"] = map;
  pass(2s);
  EXPECT_EQ(status().phase, "Running");
  std::string path = options_.root_directory + "/pods/uid-web/volumes/kubernetes.io~configmap/config";
  EXPECT_EQ(*base::read_file(path + "/key"), "value");
  EXPECT_EQ(runtime.newest("main")->config.mounts.front().host_path, path);
  auto next = std::make_shared<core::ConfigMap>();
  next->data["key"] = "new";
  api.config_maps["settings"] = next;
  pods_->object_changed("default", "settings");
  pass(1s);
  EXPECT_EQ(*base::read_file(path + "/key"), "new");
}

TEST_F(PodTest, MissingSecretInTheEnvironmentIsAConfigError) {
  auto pod = PodBuilder("web").container("main");
  auto& variable = pod.last().env.emplace_back();
  variable.name = "PASSWORD";
  auto& key = variable.value_from.emplace().secret_key_ref.emplace();
  key.name = "db";
  key.key = "password";
  start(pod);
  EXPECT_EQ(container_status("main").state.waiting->reason, "CreateContainerConfigError");
  EXPECT_EQ(container_status("main").state.waiting->message, "secret \"db\" not found");
  EXPECT_THAT(api.events, Contains("Warning Failed Error: secret \"db\" not found"));
  auto secret = std::make_shared<core::Secret>();
  secret->data["password"] = "x";
  api.secrets["db"] = secret;
  pass(11s);
  EXPECT_EQ(status().phase, "Running");
  EXPECT_EQ(runtime.newest("main")->config.envs.front().value, "x");
}

TEST_F(PodTest, StatusIsWrittenOnceTheApiIsBack) {
  api.away = true;
  start(PodBuilder("web").container("main"));
  pass(10s);
  EXPECT_THAT(api.statuses, IsEmpty());
  api.away = false;
  pass(15s);
  ASSERT_EQ(api.statuses.size(), 1U);
  EXPECT_EQ(status().phase, "Running");
}

TEST_F(PodTest, ActiveDeadlineEndsThePod) {
  auto pod = PodBuilder("job").container("main");
  pod.pod.spec.active_deadline_seconds = 60;
  start(pod);
  pass(59s);
  EXPECT_EQ(status().phase, "Running");
  pass(2s);
  EXPECT_EQ(status().phase, "Failed");
  EXPECT_EQ(status().reason, "DeadlineExceeded");
  EXPECT_THAT(runtime.running(), IsEmpty());
}

TEST_F(PodTest, PodThatTheApiDoesNotKnowIsEnded) {
  start(PodBuilder("web").container("main"));
  scope_.cancel();
  pods_ = make_pods();
  follow();
  EXPECT_TRUE(loop_->run_task(pods_->adopt_left_overs()).has_value());
  pass(1s);
  EXPECT_TRUE(runtime.containers.empty());
  EXPECT_TRUE(runtime.sandboxes.empty());
  EXPECT_EQ(pods_->size(), 0U);
  EXPECT_THAT(api.deleted, IsEmpty());
}

TEST_F(PodTest, ConditionThatSomebodyElseChangedIsSaidAgain) {
  start(PodBuilder("web").container("main"));
  auto written = api.statuses.size();
  auto pod = pod_;
  pod.status = status();
  pod.metadata.resource_version = "1000";
  for (auto& condition : pod.status.conditions)
    if (condition.type == "Ready") condition.status = "False";
  pods_->updated(pod);
  loop_->run_until_idle();
  ASSERT_EQ(api.statuses.size(), written + 1);
  EXPECT_EQ(condition("Ready"), "True");
}

TEST_F(PodTest, ConditionOfOthersIsKept) {
  start(PodBuilder("web").container("main"));
  auto pod = pod_;
  pod.status = status();
  pod.status.conditions.emplace_back().type = "example.com/gate";
  pods_->updated(pod);
  exit("main", 1);
  EXPECT_NE(find_condition(status(), "example.com/gate"), nullptr);
}

TEST_F(PodTest, DeletionDoesNotWaitForAPostStartHook) {
  prober.hook_time = 10min;
  auto pod = PodBuilder("web").container("main");
  pod.last().lifecycle.emplace().post_start.emplace().exec.emplace().command = {"/bin/sleep"};
  start(pod);
  pass(1s);
  remove(30);
  pass(1s);
  EXPECT_THAT(api.deleted, ElementsAre("web"));
}

TEST_F(PodTest, NextContainerWaitsForThePostStartHook) {
  prober.hook_time = 10s;
  auto pod = PodBuilder("web").container("first").container("second");
  pod.pod.spec.containers[0].lifecycle.emplace().post_start.emplace().exec.emplace().command = {"/bin/true"};
  start(pod);
  EXPECT_THAT(runtime.running(), ElementsAre("first"));
  pass(11s);
  EXPECT_THAT(runtime.running(), ElementsAre("first", "second"));
}

TEST_F(PodTest, PodThatDoesNotFitIsRefused) {
  auto node = std::make_shared<core::Node>();
  context_->allocatable["cpu"] = base::Quantity::of(2);
  context_->allocatable["memory"] = base::Quantity::of(1 << 30);
  pods_ = std::make_unique<Pods>(*context_, [node] { return node; });
  auto pod = PodBuilder("big").container("main");
  pod.last().resources.requests["cpu"] = base::Quantity::of(3);
  start(pod);
  EXPECT_EQ(status().phase, "Failed");
  EXPECT_EQ(status().reason, "OutOfcpu");
  EXPECT_EQ(status().message,
            "Pod was rejected: Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000");
  EXPECT_THAT(runtime.calls, IsEmpty());
}

TEST_F(PodTest, OwnStatusComingBackIsNoReasonToLook) {
  start(PodBuilder("web").container("main"));
  auto before = runtime.looks;
  auto pod = pod_;
  pod.status = status();
  pod.metadata.resource_version = "7";
  pods_->updated(pod);
  loop_->run_until_idle();
  EXPECT_EQ(runtime.looks, before);
}

TEST_F(PodTest, IdlePodSleeps) {
  start(PodBuilder("web").container("main"));
  auto wakes = loop_->wakes();
  pass(4min);
  EXPECT_EQ(loop_->wakes(), wakes);
}

TEST_F(PodTest, EphemeralContainerStartsBesideTheOthers) {
  auto pod = PodBuilder("web").container("main");
  start(pod);
  auto& debug = pod.pod.spec.ephemeral_containers.emplace_back();
  debug.name = "debug";
  debug.image = "side:v1";
  debug.target_container_name = "main";
  pods_->updated(pod);
  loop_->run_until_idle();
  EXPECT_THAT(runtime.running(), ElementsAre("debug", "main"));
  EXPECT_EQ(runtime.newest("debug")->config.linux->security_context->namespace_options->target_id, "container-2");
  exit("debug", 0);
  EXPECT_THAT(runtime.running(), ElementsAre("main"));
}

TEST_F(PodTest, EvictedPodEndsInTheTimeGivenAndFailsOnlyThen) {
  start(PodBuilder("web").container("main"));
  runtime.ignore_stop.insert("main");
  ASSERT_TRUE(pods_->evict("uid-web", {.reason = "Evicted", .message = "low. ", .disruption = true}, 1));
  loop_->run_until_idle();
  EXPECT_EQ(status().phase, "Running");
  EXPECT_EQ(condition("DisruptionTarget"), "True");
  EXPECT_EQ(condition("Ready"), "False");
  EXPECT_THAT(runtime.calls, Contains("stop main 1"));
  pass(1s);
  EXPECT_EQ(status().phase, "Failed");
  EXPECT_EQ(status().reason, "Evicted");
  EXPECT_EQ(status().message, "low. ");
  EXPECT_EQ(find_condition(shown_ = status(), "DisruptionTarget")->reason, "TerminationByKubelet");
  EXPECT_FALSE(pods_->evict("uid-web", {.reason = "Evicted", .message = {}}, 1));
}

TEST_F(PodTest, EvictionHurriesAPodThatIsBeingDeleted) {
  start(PodBuilder("web").container("main"));
  runtime.ignore_stop.insert("main");
  remove(600);
  EXPECT_THAT(runtime.calls, Contains("stop main 600"));
  pods_->evict("uid-web", {.reason = "Evicted", .message = {}}, 2);
  pass(3s);
  EXPECT_THAT(api.deleted, ElementsAre("web"));
}

TEST_F(PodTest, GateRefusesAPodBeforeItBegins) {
  context_->gates.emplace_back([](const core::Pod&) { return PodFailure{"NodeShutdown", "not now"}; });
  start(PodBuilder("web").container("main"));
  EXPECT_EQ(status().phase, "Failed");
  EXPECT_EQ(status().reason, "NodeShutdown");
  EXPECT_TRUE(runtime.containers.empty());
}

TEST_F(PodTest, RemainsOfEndedPodsAreForgottenAndTheirStatusStays) {
  start(PodBuilder("job").container("main").restart("Never"));
  exit("main", 3);
  pass(1s);
  ASSERT_EQ(runtime.containers.size(), 1U);
  scope_.spawn(pods_->remove_remains());
  pass(1s);
  EXPECT_TRUE(runtime.containers.empty());
  EXPECT_TRUE(runtime.sandboxes.empty());
  EXPECT_EQ(status().phase, "Failed");
  EXPECT_EQ(container_status("main").state.terminated->exit_code, 3);
}

}  // namespace
}  // namespace kubelet
