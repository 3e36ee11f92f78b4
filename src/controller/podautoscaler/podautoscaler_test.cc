#include "controller/podautoscaler/podautoscaler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>

#include "api/autoscaling_v1.h"
#include "api/autoscaling_v2.h"
#include "base/strings.h"
#include "client/codec.h"
#include "controller/testing/cluster.h"
#include "schema/json.h"

namespace controller {
namespace {

using api::apps_v1::Deployment;
using api::autoscaling_v1::Scale;
using api::autoscaling_v2::HorizontalPodAutoscaler;
using testing::Cluster;
using namespace std::chrono_literals;

// The fake server, and what it has not: scales of deployments and the metrics APIs.
class Surroundings final : public client::Transport {
 public:
  explicit Surroundings(Cluster& cluster) : cluster_(cluster), inner_(cluster.server.transport()) {}

  io::Task<base::Result<client::Reply>> call(client::Call call) override {
    std::string_view target = call.target;
    if (target.ends_with("/scale")) co_return scale(call);
    if (target.starts_with("/apis/metrics.k8s.io/")) co_return resource_metrics();
    if (target.starts_with("/apis/external.metrics.k8s.io/"))
      co_return json(base::cat({R"({"items":[{"metricName":"queue","value":")", queue, R"("}]})"}));
    if (target.starts_with("/apis/nowhere.example.com")) co_return not_found();
    co_return co_await inner_->call(std::move(call));
  }
  io::Task<base::Result<client::RawPage>> list(std::string target) override { return inner_->list(std::move(target)); }
  io::Task<base::Result<std::unique_ptr<client::RawWatch>>> watch(std::string target) override {
    return inner_->watch(std::move(target));
  }

  std::optional<int64_t> cpu_milli;  // of each pod; none: the API is not served
  std::string queue = "0";

 private:
  static client::Reply json(std::string body) {
    return {.status = 200, .content_type = std::string(client::kJson), .body = base::Bytes(std::move(body))};
  }
  static client::Reply not_found() {
    return {.status = 404, .content_type = "text/plain", .body = base::Bytes::literal("404 page not found\n")};
  }
  client::Reply scale(const client::Call& call) {
    auto deployment = cluster_.server.get<Deployment>("default", "web");
    if (call.method == "PUT") {
      auto sent = client::decode_body(Scale::kType, call);
      EXPECT_TRUE(sent);
      deployment->spec.replicas = sent->as<Scale>().spec.replicas;
      deployment = cluster_.server.put(*deployment);
    }
    Scale made;
    made.metadata.namespace_ = "default";
    made.metadata.name = "web";
    made.spec.replicas = deployment->spec.replicas.value_or(1);
    made.status.replicas = deployment->status.replicas;
    made.status.selector = "app=web";
    return json(schema::to_json(schema::Object(std::move(made))));
  }
  client::Reply resource_metrics() {
    if (!cpu_milli) return not_found();
    std::string items, now = base::format_rfc3339(cluster_.now());
    for (const auto& pod : cluster_.active_pods()) {
      items += base::cat({items.empty() ? "" : ",", R"({"metadata":{"name":")", pod.metadata.name,
                          R"("},"timestamp":")", now, R"(","window":"1s","containers":[{"name":"c","usage":{"cpu":")",
                          std::to_string(*cpu_milli), R"(m"}}]})"});
    }
    return json(base::cat({R"({"items":[)", items, "]}"}));
  }

  Cluster& cluster_;
  std::shared_ptr<client::Transport> inner_;
};

class PodAutoscalerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.server.set_latency_max(10ms);
    around_ = std::make_shared<Surroundings>(cluster_);
    cluster_.client = client::Client(around_, "test");
    cluster_.run({"deployment-controller", "replicaset-controller", "horizontal-pod-autoscaler-controller"});
    cluster_.run_nodes({"n1"});
  }
  void TearDown() override { cluster_.scope.cancel(); }

  void deploy(int32_t replicas) {
    auto web = testing::deployment("web", replicas);
    web.spec.template_.spec.containers[0].resources.requests["cpu"] = *base::Quantity::parse("100m");
    cluster_.put(web);
    cluster_.advance(20s);
  }
  static HorizontalPodAutoscaler autoscaler(std::string name = "web") {
    HorizontalPodAutoscaler made;
    made.metadata.name = std::move(name);
    made.metadata.namespace_ = "default";
    made.spec.scale_target_ref = {.kind = "Deployment", .name = "web", .api_version = "apps/v1"};
    made.spec.min_replicas = 1;
    made.spec.max_replicas = 5;
    auto& metric = made.spec.metrics.emplace_back();
    metric.type = "Resource";
    auto& resource = metric.resource.ensure();
    resource.name = "cpu";
    resource.target.type = "Utilization";
    resource.target.average_utilization = 50;
    return made;
  }
  int32_t size() { return cluster_.server.get<Deployment>("default", "web")->spec.replicas.value_or(1); }
  // "True ValidMetricFound"
  std::string condition(std::string_view type, std::string* message = nullptr) {
    auto status = cluster_.server.get<HorizontalPodAutoscaler>("default", "web")->status;
    for (const auto& one : status.conditions) {
      if (one.type != type) continue;
      if (message != nullptr) *message = one.message;
      return one.status + " " + one.reason;
    }
    return "";
  }
  bool told(std::string_view text) {
    auto events = cluster_.events("web");
    return std::find(events.begin(), events.end(), text) != events.end();
  }

  Cluster cluster_;
  std::shared_ptr<Surroundings> around_;
};

TEST_F(PodAutoscalerTest, GrowsWithTheLoadAndSaysWhy) {
  around_->cpu_milli = 100;
  deploy(2);
  cluster_.put(autoscaler());
  cluster_.advance(2s);
  EXPECT_EQ(size(), 4);
  EXPECT_EQ(condition("AbleToScale"), "True SucceededRescale");
  EXPECT_EQ(condition("ScalingActive"), "True ValidMetricFound");
  EXPECT_EQ(condition("ScalingLimited"), "False DesiredWithinRange");
  EXPECT_TRUE(
      told("SuccessfulRescale New size: 4; reason: cpu resource utilization (percentage of request) above target"));
  auto status = cluster_.server.get<HorizontalPodAutoscaler>("default", "web")->status;
  EXPECT_EQ(status.current_replicas, 2);
  EXPECT_EQ(status.desired_replicas, 4);
  ASSERT_EQ(status.current_metrics.size(), 1u);
  EXPECT_EQ(status.current_metrics[0].resource->current.average_utilization, 100);
  EXPECT_EQ(status.current_metrics[0].resource->current.average_value->to_string(), "100m");
  cluster_.advance(60s);
  EXPECT_EQ(size(), 5);
  EXPECT_EQ(condition("ScalingLimited"), "True TooManyReplicas");
}

TEST_F(PodAutoscalerTest, ShrinksOnceFiveMinutesAskedForLess) {
  around_->cpu_milli = 10;
  deploy(4);
  cluster_.put(autoscaler());
  cluster_.advance(200s);
  EXPECT_EQ(size(), 4);
  EXPECT_EQ(condition("AbleToScale"), "True ScaleDownStabilized");
  cluster_.advance(130s);
  EXPECT_EQ(size(), 1);
  EXPECT_TRUE(told("SuccessfulRescale New size: 1; reason: All metrics below target"));
}

TEST_F(PodAutoscalerTest, WithoutTheMetricsApiItStaysAndTellsWhatFailed) {
  deploy(2);
  cluster_.put(autoscaler());
  cluster_.advance(2s);
  EXPECT_EQ(size(), 2);
  std::string why;
  EXPECT_EQ(condition("ScalingActive", &why), "False FailedGetResourceMetric");
  std::string failure =
      "failed to get cpu utilization: unable to get metrics for resource cpu: unable to fetch metrics from resource "
      "metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)";
  EXPECT_EQ(why, "the HPA was unable to compute the replica count: " + failure);
  EXPECT_TRUE(told("FailedGetResourceMetric " + failure));
  EXPECT_TRUE(
      told("FailedComputeMetricsReplicas invalid metrics (1 invalid out of 1), first error is: failed to get cpu "
           "resource metric value: " +
           failure));
  around_->cpu_milli = 100;
  cluster_.advance(16s);
  EXPECT_EQ(condition("ScalingActive"), "True ValidMetricFound");
  EXPECT_EQ(size(), 4);
}

TEST_F(PodAutoscalerTest, OneGoodMetricMayOnlyGrowWhatOthersCannotSpeakFor) {
  deploy(2);
  auto two = autoscaler();
  auto& metric = two.spec.metrics.emplace_back();
  metric.type = "External";
  metric.external.ensure().metric.name = "queue";
  metric.external->target.type = "AverageValue";
  metric.external->target.average_value = base::Quantity::of(10);
  around_->queue = "10";
  cluster_.put(two);
  cluster_.advance(2s);
  EXPECT_EQ(size(), 2);
  EXPECT_EQ(condition("ScalingActive"), "False FailedGetResourceMetric");
  around_->queue = "35";
  cluster_.advance(16s);
  EXPECT_EQ(size(), 4);
  EXPECT_TRUE(told("SuccessfulRescale New size: 4; reason: external metric queue(nil) above target"));
}

TEST_F(PodAutoscalerTest, KeepsWithinItsBoundsWithoutAskingForMetrics) {
  deploy(8);
  cluster_.put(autoscaler());
  cluster_.advance(2s);
  EXPECT_EQ(size(), 5);
  EXPECT_TRUE(told("SuccessfulRescale New size: 5; reason: Current number of replicas above Spec.MaxReplicas"));
}

TEST_F(PodAutoscalerTest, AWorkloadOfNoPodsIsLeftAlone) {
  deploy(0);
  cluster_.put(autoscaler());
  cluster_.advance(2s);
  EXPECT_EQ(size(), 0);
  EXPECT_EQ(condition("ScalingActive"), "False ScalingDisabled");
}

TEST_F(PodAutoscalerTest, ATargetThatIsNoKindIsTold) {
  auto lost = autoscaler();
  lost.spec.scale_target_ref = {.kind = "Thing", .name = "web", .api_version = "nowhere.example.com/v1"};
  cluster_.put(lost);
  cluster_.advance(2s);
  std::string why;
  EXPECT_EQ(condition("AbleToScale", &why), "False FailedGetScale");
  EXPECT_EQ(why,
            "the HPA controller was unable to get the target's current scale: no matches for kind \"Thing\" in group "
            "\"nowhere.example.com\"");
}

TEST_F(PodAutoscalerTest, TwoForTheSamePodsStandStill) {
  around_->cpu_milli = 100;
  deploy(2);
  auto other = autoscaler("other");
  other.spec.max_replicas = 3;
  cluster_.on_loop([&] {
    cluster_.server.put(autoscaler());
    cluster_.server.put(other);
  });
  cluster_.advance(20s);
  EXPECT_EQ(condition("ScalingActive"), "False AmbiguousSelector");
}

}  // namespace
}  // namespace controller
