#include "apiserver/registry/validation/pod.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "apiserver/registry/validation/go_form.h"
#include "apiserver/registry/validation/pod_warnings.h"
#include "schema/defaults.h"
#include "schema/json.h"

namespace apiserver {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// A pod with one container; `more` are further fields of its spec, `container` of its container.
api::core_v1::Pod pod(std::string_view more = "", std::string_view container = "") {
  std::string json = R"({"metadata":{"name":"a","namespace":"b"},"spec":{"containers":[{"name":"c","image":"i")";
  json += container.empty() ? "" : std::string(",") + std::string(container);
  json += "}]";
  json += more.empty() ? "" : std::string(",") + std::string(more);
  json += "}}";
  schema::Object object(*schema::from_json<api::core_v1::Pod>(json));
  schema::apply_defaults(object);
  return object.as<api::core_v1::Pod>();
}

std::vector<std::string> texts(const schema::FieldErrors& errors) {
  std::vector<std::string> out;
  for (const auto& error : errors) out.push_back(error.to_string());
  return out;
}

struct Case {
  std::string_view spec;
  std::string_view container;
  std::vector<std::string> errors;
};

TEST(PodRules, WhatIsWrongIsSaidWhereItIs) {
  const Case cases[] = {
      {"", "", {}},
      {R"("activeDeadlineSeconds":0)",
       "",
       {"spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"}},
      {R"("subdomain":"bad.sub")", "", {"spec.subdomain: Invalid value: \"bad.sub\": must not contain dots"}},
      {R"("os":{"name":"plan9"})",
       "",
       {"spec.os: Unsupported value: \"plan9\": supported values: \"linux\", \"windows\""}},
      {R"("schedulingGates":[{"name":"a"},{"name":"a"}])", "", {"spec.schedulingGates[1]: Duplicate value: \"a\""}},
      {R"("hostAliases":[{"ip":"x"}])",
       "",
       {"spec.hostAliases[0].ip: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"}},
      {"",
       R"("lifecycle":{"preStop":{"sleep":{"seconds":100}}})",
       {"spec.containers[0].lifecycle.preStop.sleep: Invalid value: 100: must be non-negative and less than "
        "terminationGracePeriodSeconds (30)"}},
      {"",
       R"("volumeMounts":[{"name":"v","mountPath":"/m"}])",
       {"spec.containers[0].volumeMounts[0].name: Not found: \"v\""}},
      {"",
       R"("resources":{"requests":{"cpu":"2"},"limits":{"cpu":"1"}})",
       {"spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1"}},
      {R"("volumes":[{"name":"v","emptyDir":{}},{"name":"v","emptyDir":{}}])",
       "",
       {"spec.volumes[1].name: Duplicate value: \"v\""}},
      {R"("hostnameOverride":"a","setHostnameAsFQDN":true,"hostNetwork":true)",
       "",
       {"spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true",
        "spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true"}},
      {R"("hostUsers":false,"hostPID":true)", "", {"spec.HostPID: Forbidden: when `hostUsers` is false"}},
      {R"("initContainers":[{"name":"d","image":"i","resizePolicy":[{"resourceName":"cpu",)"
       R"("restartPolicy":"RestartContainer"}]}])",
       "",
       {"spec.initContainers[0].resizePolicy[0].restartPolicy: Invalid value: \"RestartContainer\": must not be set to "
        "'RestartContainer' for non-sidecar initContainers"}},
      {"",
       R"("env":[{"name":"A","valueFrom":{"fileKeyRef":{"volumeName":"v","path":"p","key":"K"}}}])",
       {"spec.containers[0].env[0].valueFrom.fileKeyRef.volumeName: Not found: \"v\""}},
      {R"("resources":{"requests":{"memory":"1Gi"},"claims":[{"name":"x"}]})",
       "",
       {"spec.resources.claims: Forbidden: claims may not be set for Resources at pod-level",
        "spec.resources.claims[0]: Not found: \"x\": must be one of the names in pod.spec.resourceClaims which is "
        "empty"}},
      {R"("topologySpreadConstraints":[{"maxSkew":1,"topologyKey":"z","whenUnsatisfiable":"DoNotSchedule",)"
       R"("matchLabelKeys":["k"]}])",
       "",
       {"spec.topologySpreadConstraints[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not "
        "set"}},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(texts(validate_pod(pod(one.spec, one.container))), one.errors) << one.spec << one.container;
  }
}

TEST(PodRules, TolerationsInAnAnnotationAreReadToo) {
  auto one = pod();
  std::string key = "scheduler.alpha.kubernetes.io/tolerations";
  one.metadata.annotations[key] = R"([{"operator":"Exists","value":"v"}])";
  auto errors = texts(validate_pod(one));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_THAT(errors[0], StartsWith("metadata.annotations." + key + "[0].operator: Invalid value: "));
}

TEST(PodRules, AnUpdateThatMayNotBeIsShownAsADiff) {
  auto current = pod();
  auto next = current;
  next.spec.containers[0].image = "other";
  next.spec.tolerations.emplace_back().operator_ = "Exists";
  EXPECT_THAT(texts(validate_pod_update(next, current)), IsEmpty());
  next.spec.termination_grace_period_seconds = 10;
  auto errors = texts(validate_pod_update(next, current));
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_THAT(errors[0], StartsWith("spec: Forbidden: pod updates may not change fields other than "));
  EXPECT_THAT(errors[0], ::testing::EndsWith(" \"RestartPolicy\": \"Always\",\n"
                                             "- \"TerminationGracePeriodSeconds\": 30,\n"
                                             "+ \"TerminationGracePeriodSeconds\": 10,\n"
                                             "  \"ActiveDeadlineSeconds\": null,\n"
                                             "  \"DNSPolicy\": \"ClusterFirst\",\n"
                                             "  \"NodeSelector\": null,\n"));
}

TEST(PodRules, GatesOnlyGo) {
  auto current = pod(R"("schedulingGates":[{"name":"example.com/a"}])");
  auto next = current;
  next.spec.scheduling_gates.clear();
  EXPECT_THAT(texts(validate_pod_update(next, current)), IsEmpty());
  EXPECT_THAT(texts(validate_pod_update(current, next)),
              ElementsAre("spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling "
                          "gate 'example.com/a'"));
}

TEST(PodWarnings, WhatIsAllowedButNotWise) {
  auto warned = [](std::string_view spec, std::string_view container) {
    std::vector<std::string> warnings;
    warn_about_pod(warnings, pod(spec, container));
    return warnings;
  };
  EXPECT_THAT(warned("", ""), IsEmpty());
  EXPECT_THAT(
      warned(R"("nodeSelector":{"beta.kubernetes.io/os":"linux"})", ""),
      ElementsAre(
          "spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead"));
  EXPECT_THAT(
      warned("", R"("env":[{"name":"A","value":"1"},{"name":"A","value":"$(A)2"},{"name":"A","value":"3"}])"),
      ElementsAre("spec.containers[0].env[2]: hides previous definition of \"A\", which may be dropped when using "
                  "apply"));
  EXPECT_THAT(
      warned("", R"("ports":[{"containerPort":80,"hostPort":80},{"containerPort":80,"hostPort":80,"hostIP":"1.2.3.4"},)"
                 R"({"containerPort":80}])"),
      ElementsAre("spec.containers[0].ports[1]: dangerously ambiguous port definition with spec.containers[0].ports[0]",
                  "spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[0]",
                  "spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[1]"));
  EXPECT_THAT(warned("", R"("ports":[{"containerPort":80,"name":"a"},{"containerPort":81,"name":"a"}])"),
              ElementsAre("spec.containers[0].ports[1]: duplicate port name \"a\" with spec.containers[0].ports[0], "
                          "services and probes that select ports by name will use spec.containers[0].ports[0]"));
  EXPECT_THAT(
      warned(
          R"("volumes":[{"name":"v","projected":{"sources":[{"configMap":{"name":"a","items":[{"key":"k","path":"x"}]}},)"
          R"({"secret":{"name":"b","items":[{"key":"k","path":"x/y"}]}}]}}])",
          ""),
      ElementsAre("volume \"v\" (Projected): overlapping paths: \"x/y\" (Secret \"b\") with \"x\" (ConfigMap \"a\")"));
}

TEST(UnifiedDiff, LinesAroundAChange) {
  EXPECT_EQ(unified_diff("a\nb\nc\nd\ne\n", "a\nb\nc\nD\ne\n"), "@@ -1,6 +1,6 @@\n a\n b\n c\n-d\n+D\n e\n \n");
  EXPECT_EQ(unified_diff("a\n", "a\n"), "");
}

}  // namespace
}  // namespace apiserver
