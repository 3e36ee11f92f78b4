#include "apiserver/registry/validation/autoscaling.h"

#include "api/autoscaling_v1.h"
#include "apiserver/registry/conversion_autoscaling.h"
#include "apiserver/registry/validation/testing.h"

namespace apiserver {
namespace {

namespace v1 = api::autoscaling_v1;
namespace v2 = api::autoscaling_v2;
using testing::expect_all;
using testing::object;

std::string spec(std::string_view rest) {
  return R"({"spec":{"maxReplicas":3,"minReplicas":1,"scaleTargetRef":{"kind":"Deployment","name":"d","apiVersion":"apps/v1"},)" +
         std::string(rest) + "}}";
}

TEST(AutoscalerRules, ReplicasAndTheTargetAreWellFormed) {
  expect_all<v2::HorizontalPodAutoscaler>(
      validate_autoscaler,
      {{R"({"spec":{"minReplicas":1,"scaleTargetRef":{"kind":"a/b","name":"x"}}})",
        {"spec.maxReplicas: Required value: must be set and greater than 0",
         "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
         "spec.scaleTargetRef.kind: Invalid value: \"a/b\": may not contain '/'",
         "spec.scaleTargetRef.apiVersion: Invalid value: \"\": apiVersion must specify API group"}},
       {R"({"spec":{"maxReplicas":2,"scaleTargetRef":{"kind":"ReplicationController","name":"x","apiVersion":"v1"}}})",
        {}}});
}

TEST(AutoscalerRules, AMetricHasTheSourceItsTypeNames) {
  expect_all<v2::HorizontalPodAutoscaler>(
      validate_autoscaler,
      {{spec(
            R"("metrics":[{"type":"Pods","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":5}}}])"),
        {"spec.metrics[0].pods: Required value: must populate information for the given metric source"}},
       {spec(R"("metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"X"}},"pods":{}}])"),
        {"spec.metrics[0].pods.metric.name: Required value", "spec.metrics[0].pods.target.type: Required value",
         "spec.metrics[0].pods.target.type: Invalid value", "spec.metrics[0].pods.target.averageValue: Required value",
         "spec.metrics[0].pods: Forbidden: must populate the given metric source only"}}});
}

TEST(AutoscalerConversion, WhatTheOlderFormHasNoFieldsForComesBack) {
  auto newer = object<v2::HorizontalPodAutoscaler>(spec(
      R"("metrics":[{"type":"Pods","pods":{"metric":{"name":"qps"},"target":{"type":"AverageValue","averageValue":"1k"}}}],
         "behavior":{"scaleUp":{"selectPolicy":"Min","policies":[{"type":"Pods","value":4,"periodSeconds":15}]}})"));
  auto older = convert_autoscaling(schema::Object(newer), v1::HorizontalPodAutoscaler::kType);
  ASSERT_TRUE(older.has_value());
  EXPECT_EQ(older->meta().annotations["autoscaling.alpha.kubernetes.io/metrics"],
            R"([{"type":"Pods","pods":{"metricName":"qps","targetAverageValue":"1k"}}])");
  auto back = convert_autoscaling(*older, v2::HorizontalPodAutoscaler::kType);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->as<v2::HorizontalPodAutoscaler>(), newer);
}

TEST(AutoscalerConversion, WithoutMetricsItIsDrivenByTheProcessor) {
  auto older = object<v1::HorizontalPodAutoscaler>(R"({"spec":{"maxReplicas":3}})");
  auto newer = convert_autoscaling(schema::Object(older), v2::HorizontalPodAutoscaler::kType);
  ASSERT_TRUE(newer.has_value());
  const auto& metrics = newer->as<v2::HorizontalPodAutoscaler>().spec.metrics;
  ASSERT_EQ(metrics.size(), 1u);
  EXPECT_EQ(metrics[0].resource->target.average_utilization, 80);
}

}  // namespace
}  // namespace apiserver
