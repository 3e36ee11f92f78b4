#include "kubelet/pods/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kubelet {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// A pod and what the runtime holds of it, in a few words.
struct Case {
  core::Pod pod;
  PodRecord record;
  ProbeResultsById probes;
  BackOff back_off;
  std::set<std::string> stopping;
  int64_t now = 1000'000'000'000;

  explicit Case(std::string policy = "Always") {
    pod.metadata.name = "p";
    pod.metadata.namespace_ = "default";
    pod.metadata.uid = "u";
    pod.spec.restart_policy = std::move(policy);
  }
  Case& main(std::string name) {
    pod.spec.containers.emplace_back().name = std::move(name);
    return *this;
  }
  Case& init(std::string name, bool sidecar = false) {
    auto& one = pod.spec.init_containers.emplace_back();
    one.name = std::move(name);
    if (sidecar) one.restart_policy = "Always";
    return *this;
  }
  Case& sandbox(bool ready = true, uint32_t attempt = 0) {
    record.sandboxes.insert(
        record.sandboxes.begin(),
        SandboxRecord{.id = "s" + std::to_string(attempt), .attempt = attempt, .ready = ready, .ips = {"10.0.0.2"}});
    return *this;
  }
  Case& has(std::string name, ContainerPhase phase, int32_t exit_code = 0, int32_t attempt = 0) {
    ContainerRecord one;
    one.id = name + "-" + std::to_string(attempt);
    one.name = name;
    one.sandbox_id = record.sandboxes.empty() ? "" : record.sandboxes.front().id;
    one.phase = phase;
    one.exit_code = exit_code;
    one.restart_count = attempt;
    one.finished_ns = phase == ContainerPhase::Exited ? now - 1'000'000'000 : 0;
    record.containers.insert(record.containers.begin(), std::move(one));
    return *this;
  }
  PodPlan plan() const {
    return plan_pod(
        {.pod = pod, .record = record, .probes = probes, .back_off = back_off, .stopping = stopping, .now_ns = now});
  }
  // "main 1" for each container to be started.
  std::vector<std::string> starts() const {
    std::vector<std::string> out;
    for (auto& one : plan().start) {
      auto& list = one.kind == ContainerKind::Init ? pod.spec.init_containers : pod.spec.containers;
      out.push_back(list[one.index].name + " " + std::to_string(one.attempt));
    }
    return out;
  }
};

constexpr auto kRunning = ContainerPhase::Running;
constexpr auto kExited = ContainerPhase::Exited;

TEST(Plan, NewPodNeedsASandboxFirst) {
  auto plan = Case().main("a").plan();
  EXPECT_TRUE(plan.create_sandbox);
  EXPECT_EQ(plan.sandbox_attempt, 0U);
  EXPECT_THAT(plan.start, IsEmpty());
}

TEST(Plan, AllContainersStartInASandboxThatIsReady) {
  EXPECT_THAT(Case().main("a").main("b").sandbox().starts(), ElementsAre("a 0", "b 0"));
}

TEST(Plan, SandboxWithoutAnAddressIsMadeAnew) {
  Case c;
  c.main("a").sandbox();
  c.record.sandboxes[0].ips.clear();
  EXPECT_TRUE(c.plan().stop_all);
  c.record.sandboxes[0].ready = false;
  EXPECT_TRUE(c.plan().create_sandbox);
  EXPECT_EQ(c.plan().sandbox_attempt, 1U);
  c.pod.spec.host_network = true;
  c.record.sandboxes[0].ready = true;
  EXPECT_THAT(c.starts(), ElementsAre("a 0"));
}

TEST(Plan, RunningPodNeedsNothing) {
  EXPECT_EQ(Case().main("a").sandbox().has("a", kRunning).plan(), PodPlan());
}

TEST(Plan, ExitIsAnsweredAsThePolicySays) {
  struct Row {
    std::string policy;
    int32_t code;
    bool restarts;
  };
  for (auto& row : {Row{"Always", 0, true}, Row{"Always", 1, true}, Row{"OnFailure", 0, false},
                    Row{"OnFailure", 1, true}, Row{"Never", 0, false}, Row{"Never", 1, false}}) {
    Case c(row.policy);
    c.main("a").main("b").sandbox().has("a", kExited, row.code).has("b", kRunning);
    EXPECT_EQ(c.starts().size(), row.restarts ? 1U : 0U) << row.policy << " " << row.code;
    EXPECT_FALSE(c.plan().finished);
  }
}

TEST(Plan, ContainersOwnRulesComeBeforeThePolicy) {
  Case c("Never");
  c.main("a").sandbox().has("a", kExited, 42);
  EXPECT_TRUE(c.plan().finished);
  auto& rule = c.pod.spec.containers[0].restart_policy_rules.emplace_back();
  rule.action = "Restart";
  rule.exit_codes.emplace().operator_ = "In";
  rule.exit_codes->values = {42};
  EXPECT_THAT(c.starts(), ElementsAre("a 1"));
}

TEST(Plan, PodIsFinishedWhenNothingWillRunAgain) {
  auto plan = Case("OnFailure").main("a").main("b").sandbox().has("a", kExited).has("b", kExited).plan();
  EXPECT_TRUE(plan.finished);
  EXPECT_TRUE(plan.stop_all);
}

TEST(Plan, RestartWaitsForItsBackOff) {
  Case c;
  c.main("a").sandbox().has("a", kExited, 1);
  EXPECT_THAT(c.starts(), ElementsAre("a 1"));
  c.back_off.next(back_off_key(c.pod, c.pod.spec.containers[0]), c.now - 5'000'000'000, c.now - 5'000'000'000);
  auto plan = c.plan();
  EXPECT_THAT(plan.start, IsEmpty());
  EXPECT_EQ(plan.again_ns, c.now + 9'000'000'000);
  EXPECT_EQ(plan.waiting.at("a").reason, "CrashLoopBackOff");
}

TEST(Plan, ANodeMayBoundTheBackOff) {
  BackOff short_one(int64_t{1'000'000'000}), longer(int64_t{15'000'000'000});
  for (auto* one : {&short_one, &longer})
    for (int64_t at : {0, 1}) one->next("k", at, at);
  EXPECT_EQ(short_one.pause_ns("k"), 1'000'000'000);
  EXPECT_EQ(longer.pause_ns("k"), 15'000'000'000);
}

TEST(Plan, BackOffDoublesFromTenSecondsToFiveMinutes) {
  BackOff back_off;
  std::vector<int64_t> seconds;
  int64_t now = 0;
  for (int i = 0; i < 8; ++i) {
    back_off.next("k", now, now);
    seconds.push_back(back_off.pause_ns("k") / 1'000'000'000);
    now += back_off.pause_ns("k");
  }
  EXPECT_THAT(seconds, ElementsAre(10, 20, 40, 80, 160, 300, 300, 300));
  back_off.next("k", now + 601'000'000'000, now);
  EXPECT_EQ(back_off.pause_ns("k"), 10'000'000'000);
}

TEST(Plan, InitContainersGoOneByOne) {
  Case c;
  c.init("i").init("j").main("a").sandbox();
  EXPECT_THAT(c.starts(), ElementsAre("i 0"));
  c.has("i", kRunning);
  EXPECT_THAT(c.starts(), IsEmpty());
  c.record.containers.clear();
  c.has("i", kExited, 0);
  EXPECT_THAT(c.starts(), ElementsAre("j 0"));
  c.has("j", kExited, 1);
  EXPECT_THAT(c.starts(), ElementsAre("j 1"));
  c.record.containers.clear();
  // What is left of the first may be gone once the second has begun.
  c.has("j", kExited, 0);
  EXPECT_THAT(c.starts(), ElementsAre("a 0"));
}

TEST(Plan, FailedInitContainerEndsAPodThatNeverRestarts) {
  auto plan = Case("Never").init("i").main("a").sandbox().has("i", kExited, 1).plan();
  EXPECT_TRUE(plan.finished);
}

TEST(Plan, SidecarMustHaveStartedBeforeTheNext) {
  Case c;
  c.init("side", true).main("a").sandbox();
  c.pod.spec.init_containers[0].startup_probe.emplace();
  EXPECT_THAT(c.starts(), ElementsAre("side 0"));
  c.has("side", kRunning);
  EXPECT_THAT(c.starts(), IsEmpty());
  c.probes["side-0"].startup = Outcome::Success;
  EXPECT_THAT(c.starts(), ElementsAre("a 0"));
}

TEST(Plan, SidecarIsRestartedWhileThePodRunsAndNotWhenItFinishes) {
  Case c("Never");
  c.init("side", true).main("a").sandbox().has("side", kExited, 1).has("a", kRunning);
  EXPECT_THAT(c.starts(), ElementsAre("side 1"));
  c.record.containers.clear();
  c.has("side", kRunning).has("a", kExited, 0);
  EXPECT_TRUE(c.plan().finished);
}

TEST(Plan, FailedProbeStopsTheContainerOnceAndOnlyOnce) {
  Case c;
  c.main("a").sandbox().has("a", kRunning);
  c.pod.spec.containers[0].liveness_probe.emplace().termination_grace_period_seconds = 5;
  c.probes["a-0"].liveness = Outcome::Failure;
  auto plan = c.plan();
  ASSERT_EQ(plan.stop.size(), 1U);
  EXPECT_EQ(plan.stop[0].message, "Container a failed liveness probe, will be restarted");
  EXPECT_EQ(plan.stop[0].grace_seconds, 5);
  c.stopping.insert("a-0");
  EXPECT_THAT(c.plan().stop, IsEmpty());
}

TEST(Plan, OtherImageMeansAnotherContainer) {
  Case c;
  c.main("a").sandbox().has("a", kRunning);
  c.record.containers[0].hash = container_hash(c.pod.spec.containers[0]);
  EXPECT_THAT(c.plan().stop, IsEmpty());
  c.pod.spec.containers[0].image = "other";
  ASSERT_EQ(c.plan().stop.size(), 1U);
  EXPECT_EQ(c.plan().stop[0].message, "Container a definition changed, will be restarted");
}

TEST(Plan, LostSandboxBeginsAnewAfterAllIsStopped) {
  Case c;
  c.main("a").sandbox().has("a", kRunning);
  c.record.sandboxes[0].ready = false;
  EXPECT_TRUE(c.plan().stop_all);
  c.record.containers[0].phase = kExited;
  c.record.containers[0].exit_code = 137;
  EXPECT_TRUE(c.plan().create_sandbox);
  EXPECT_EQ(c.plan().sandbox_attempt, 1U);
  c.sandbox(true, 1);
  EXPECT_THAT(c.starts(), ElementsAre("a 1"));
}

TEST(Plan, LostSandboxOfAPodThatNeverRestartsIsItsEnd) {
  Case c("Never");
  c.main("a").sandbox(false).has("a", kExited, 255);
  EXPECT_TRUE(c.plan().finished);
  EXPECT_FALSE(c.plan().create_sandbox);
}

TEST(Plan, RestartCountGoesOnWhereTheApiKnowsIt) {
  Case c;
  c.main("a").sandbox();
  auto& status = c.pod.status.container_statuses.emplace_back();
  status.name = "a";
  status.container_id = "containerd://x";
  status.restart_count = 7;
  EXPECT_THAT(c.starts(), ElementsAre("a 8"));
}

TEST(Plan, OnlyTheNewestDeadContainerIsKept) {
  Case c;
  c.main("a").sandbox().has("a", kExited, 1, 0).has("a", kExited, 1, 1).has("a", kRunning, 0, 2);
  EXPECT_THAT(removable_containers(c.record), ElementsAre("a-0"));
  EXPECT_THAT(removable_containers(c.record, {.kept = -1}), IsEmpty());
  EXPECT_THAT(removable_containers(c.record, {.age_ns = INT64_MAX}), IsEmpty());
}

}  // namespace
}  // namespace kubelet
