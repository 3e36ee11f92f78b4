// What may become of a pod that is there: its status, and its sizes.
#include "apiserver/registry/validation/pod.h"
#include "apiserver/registry/validation/testing.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using testing::Case;
using testing::expect_all;

// `more` are further fields of the spec.
std::string pod_json(std::string_view status, std::string_view more = "") {
  return R"({"metadata":{"name":"a"},"spec":{"restartPolicy":"Never","containers":[{"name":"c"}])" + std::string(more) +
         "},\"status\":" + std::string(status) + "}";
}

schema::FieldErrors status_rules(const core::Pod& next, const core::Pod* current) {
  return validate_pod_status(next, *current);
}

schema::FieldErrors resize_rules(const core::Pod& next, const core::Pod* current) {
  return validate_pod_resize(next, *current);
}

TEST(PodStatusRules, WhatIsSaidOfAPodIsWellFormed) {
  std::string current = pod_json("{}", R"(,"nodeName":"n")");
  auto reported = [&](std::string_view status) { return pod_json(status, R"(,"nodeName":"n")"); };
  expect_all<core::Pod>(
      status_rules,
      {{reported(R"({"nominatedNodeName":"m"})"),
        {"status.nominatedNodeName: Forbidden: may not be set on pods that are already bound to a node"},
        current},
       {reported(R"({"observedGeneration":-1,"conditions":[{"type":"a b","status":"True","observedGeneration":-2}]})"),
        {"status.conditions[0].observedGeneration: Invalid value: -2: must be a non-negative integer",
         "status.conditions[0].Type: Invalid value: \"a b\"",
         "status.observedGeneration: Invalid value: -1: must be a non-negative integer"},
        current},
       {reported(R"({"extendedResourceClaimStatus":{"resourceClaimName":"","requestMappings":[)"
                 R"({"containerName":"z","resourceName":"r","requestName":"q"}]}})"),
        {"status.extendedResourceClaimStatus.requestMappings[0].containerName: Invalid value: \"z\"",
         "status.extendedResourceClaimStatus.resourceClaimName: Required value"},
        current},
       {reported(R"({"podIP":"1.2.3.4","podIPs":[{"ip":"1.2.3.4"},{"ip":"1.2.3.4"}]})"),
        {"status.podIPs: Invalid value: [{\"IP\":\"1.2.3.4\"},{\"IP\":\"1.2.3.4\"}]: may specify no more than one IP"},
        current}});
}

TEST(PodStatusRules, AContainersRulesDecideWhetherItRunsAgain) {
  auto ended = [](std::string_view rules) {
    std::string json = R"({"spec":{"restartPolicy":"Never","containers":[{"name":"c")" + std::string(rules);
    return json + R"(}]},"status":{"containerStatuses":[{"name":"c","state":{"terminated":{"exitCode":3}}}]}})";
  };
  auto running = [](std::string_view rules) {
    std::string json = R"({"spec":{"restartPolicy":"Never","containers":[{"name":"c")" + std::string(rules);
    return json + R"(}]},"status":{"containerStatuses":[{"name":"c","state":{"running":{}}}]}})";
  };
  auto rules = [](std::string_view op, std::string_view action) {
    return R"(,"restartPolicy":"Never","restartPolicyRules":[{"action":")" + std::string(action) +
           R"(","exitCodes":{"operator":")" + std::string(op) + R"(","values":[3]}}])";
  };
  const char* refused = "status.containerStatuses[0].state: Forbidden: may not be transitioned to non-terminated state";
  std::vector<Case> cases;
  std::vector<std::string> olds = {ended(""), ended(rules("In", "Restart")), ended(rules("NotIn", "Restart")),
                                   ended(rules("NotIn", "RestartAllContainers"))};
  cases.push_back({running(""), {refused}, olds[0]});
  cases.push_back({running(rules("In", "Restart")), {}, olds[1]});
  cases.push_back({running(rules("NotIn", "Restart")), {refused}, olds[2]});
  cases.push_back({running(rules("NotIn", "RestartAllContainers")), {}, olds[3]});
  expect_all<core::Pod>(status_rules, cases);
}

TEST(PodResizeRules, ContainersStayAndAmountsDoNotGo) {
  auto sized = [](std::string_view containers) {
    return R"({"metadata":{"name":"a","namespace":"b"},"spec":{"restartPolicy":"Always","dnsPolicy":"ClusterFirst",)"
           R"("terminationGracePeriodSeconds":30,"containers":[)" +
           std::string(containers) + R"(]},"status":{"qosClass":"Burstable"}})";
  };
  auto container = [](std::string_view name, std::string_view cpu) {
    return R"({"name":")" + std::string(name) +
           R"(","image":"i","terminationMessagePolicy":"File","imagePullPolicy":"Always",)"
           R"("resources":{"requests":{"cpu":")" +
           std::string(cpu) + R"("}}})";
  };
  std::string current = sized(container("c", "1"));
  expect_all<core::Pod>(resize_rules,
                        {{sized(container("c", "2")), {}, current},
                         {sized(container("d", "1")),
                          {"spec.containers[0].name: Forbidden: containers may not be renamed or reordered on resize"},
                          current},
                         {sized(container("c", "1") + "," + container("d", "1")),
                          {"spec.containers: Forbidden: containers may not be added or removed on resize"},
                          current}});
}

}  // namespace
}  // namespace apiserver
