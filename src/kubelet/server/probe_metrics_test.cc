#include "kubelet/server/probe_metrics.h"

#include <gmock/gmock.h>

#include "kubelet/testing/fixture.h"

namespace kubelet {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

TEST_F(PodTest, ProbesAreCountedByTheirResult) {
  core::Pod made = PodBuilder("web").container("main");
  auto& probe = made.spec.containers[0].readiness_probe.emplace();
  probe.period_seconds = 10;
  probe.tcp_socket.emplace();
  prober.answers["main"] = {.verdict = ProbeAnswer::Verdict::Failure, .output = "no"};
  start(made);
  pass(15s);
  prober.answers.clear();
  pass(10s);
  auto* worker = pods_->find("default", "web", "");
  ASSERT_NE(worker, nullptr);
  auto text = probe_metrics({{worker->pod(), worker->probe_counts()}});
  std::string labels = R"(container="main",namespace="default",pod="web",pod_uid="uid-web",probe_type="Readiness",)";
  EXPECT_THAT(text, HasSubstr("# TYPE prober_probe_total counter"));
  EXPECT_THAT(text, HasSubstr("prober_probe_total{" + labels + R"(result="failed"} 2)"));
  EXPECT_THAT(text, HasSubstr("prober_probe_total{" + labels + R"(result="successful"} 1)"));
  EXPECT_THAT(text, Not(HasSubstr("unknown")));
}

}  // namespace
}  // namespace kubelet
