// Kinds of the cluster itself: nodes, services, volumes.
#include "apiserver/registry/validation/node.h"
#include "apiserver/registry/validation/service.h"
#include "apiserver/registry/validation/storage.h"
#include "apiserver/registry/validation/testing.h"
#include "apiserver/registry/validation/workload.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using testing::expect_all;

TEST(NodeRules, SwapAndFeaturesAreWellFormed) {
  auto rules = [](const core::Node& next, const core::Node*) { return validate_node(next); };
  expect_all<core::Node>(
      rules,
      {{R"({"metadata":{"name":"n"},"status":{"declaredFeatures":["A","B/c"]}})", {}},
       {R"({"metadata":{"name":"n"},"status":{"nodeInfo":{"swap":{"capacity":0}},"declaredFeatures":["B","A","A","x"]}})",
        {"metadata.nodeSwapStatus.capacity: Invalid value: 0: must be greater than zero",
         "status.declaredFeatures[1]: Invalid value: \"A\": list must be sorted alphabetically",
         "status.declaredFeatures[2]: Duplicate value: \"A\"",
         "status.declaredFeatures[3]: Invalid value: \"x\": invalid feature name \"x\": must start with"}}});
}

TEST(NodeRules, WhatStandsInAnnotationsIsReadToo) {
  auto rules = [](const core::Node& next, const core::Node*) { return validate_node(next); };
  auto node = [](std::string_view key, std::string_view value) {
    return R"({"metadata":{"name":"n","annotations":{"scheduler.alpha.kubernetes.io/)" + std::string(key) + "\":\"" +
           std::string(value) + "\"}}}";
  };
  expect_all<core::Node>(
      rules,
      {{node("taints", R"([{\"key\":\"a\",\"effect\":\"NoSchedule\"}])"), {}},
       {node("taints", R"([{\"key\":\"a\"}])"),
        {"metadata.annotations.scheduler.alpha.kubernetes.io/taints[0].effect: Required value"}},
       {node("taints", "x"), {"metadata.annotations: Invalid value: \"scheduler.alpha.kubernetes.io/taints\": "}},
       {node("preferAvoidPods",
             R"({\"preferAvoidPods\":[{\"podSignature\":{}},{\"podSignature\":{\"podController\":{}}}]})"),
        {"metadata.annotations.scheduler.alpha.kubernetes.io/preferAvoidPods[0].PodSignature: Required value",
         "metadata.annotations.scheduler.alpha.kubernetes.io/preferAvoidPods[1].PodSignature.PodController.Controller: "
         "Invalid value: false: must point to a controller"}}});
}

TEST(EndpointsRules, WhatWasLetInStaysUntilItChanges) {
  std::string_view bad =
      R"({"metadata":{"name":"e","namespace":"d"},"subsets":[{"addresses":[{"ip":"x"}],"ports":[{"name":"p","port":0,"protocol":"TCP"}]}]})";
  std::string_view other = R"({"metadata":{"name":"e","namespace":"d"},"subsets":[{"addresses":[{"ip":"x"}]}]})";
  expect_all<core::Endpoints>(
      validate_endpoints,
      {{std::string(bad), {}, bad},
       {std::string(bad),
        {"subsets[0].addresses[0].ip: Invalid value: \"x\": must be a valid IP address, (e.g.",
         "subsets[0].addresses[0].ip: Invalid value: \"x\"", "subsets[0].ports[0].port: Invalid value: 0"},
        other}});
}

TEST(VolumeRules, MountOptionsWereAnAnnotationOfSomeKindsOnly) {
  auto volume = [](std::string_view source) {
    return R"({"metadata":{"name":"v","annotations":{"volume.beta.kubernetes.io/mount-options":"ro"}},"spec":{"capacity":{"storage":"1Gi"},"accessModes":["ReadWriteOnce"],"persistentVolumeReclaimPolicy":"Retain",)" +
           std::string(source) + "}}";
  };
  expect_all<core::PersistentVolume>(
      validate_persistent_volume,
      {{volume(R"("nfs":{"server":"s","path":"/"})"), {}},
       {volume(R"("hostPath":{"path":"/a"})"),
        {"metadata.annotations.volume.beta.kubernetes.io/mount-options: Forbidden: may not specify mount options for "
         "this volume type"}}});
}

TEST(ClaimRules, AClassOfAttributesInUseCanBeExchangedOnly) {
  auto claim = [](std::string_view more, std::string_view status) {
    return R"({"metadata":{"name":"c","namespace":"d"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}},"volumeMode":"Filesystem","volumeName":"v")" +
           std::string(more) + R"(},"status":{"phase":"Bound")" + std::string(status) + "}}";
  };
  std::string unused = claim(R"(,"volumeAttributesClassName":"a")", "");
  std::string used = claim(R"(,"volumeAttributesClassName":"a")", R"(,"currentVolumeAttributesClassName":"a")");
  expect_all<core::PersistentVolumeClaim>(
      validate_claim, {{claim("", ""), {}, unused},
                       {claim("", R"(,"currentVolumeAttributesClassName":"a")"),
                        {"spec.volumeAttributesClassName: Forbidden: update to nil is forbidden when "
                         "status.currentVolumeAttributesClassName is not nil"},
                        used}});
}

TEST(ReplicationControllerRules, AnUpdateSaysTwiceWhatIsWrong) {
  std::string_view good = R"({"metadata":{"name":"r","namespace":"d"},"spec":{"replicas":1,"selector":{"a":"b"}}})";
  auto complaints = [&](const core::ReplicationController* current) {
    auto next = testing::object<core::ReplicationController>(
        R"({"metadata":{"name":"r","namespace":"d"},"spec":{"replicas":-1}})");
    return testing::texts(validate_replication_controller(next, current));
  };
  auto current = testing::object<core::ReplicationController>(good);
  EXPECT_THAT(complaints(&current), ::testing::Contains(::testing::StartsWith("spec.selector: Required")).Times(2));
  EXPECT_THAT(complaints(&current), ::testing::Contains(::testing::StartsWith("spec.replicas: Invalid")).Times(1));
}

}  // namespace
}  // namespace apiserver
