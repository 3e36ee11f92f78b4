#include "schema/json.h"

#include <gtest/gtest.h>

#include "api/admission_k8s_io_v1.h"
#include "api/apiextensions_k8s_io_v1.h"
#include "api/apps_v1.h"
#include "api/coordination_k8s_io_v1.h"
#include "api/core_v1.h"
#include "api/kubeconfig_v1.h"
#include "api/policy_v1.h"

namespace schema {
namespace {

using api::core_v1::ConfigMap;
using api::core_v1::Pod;
using Strict = std::vector<std::string>;

template <class T>
std::string error_of(std::string_view json) {
  auto result = from_json<T>(json);
  return result ? "" : result.error().message();
}

// Reads and writes.
template <class T>
std::string again(std::string_view json) {
  auto result = from_json<T>(json);
  return result ? to_json(*result) : result.error().message();
}

TEST(Json, WritesKindFirstThenFieldsInOrderOfDeclaration) {
  Pod pod;
  pod.metadata.name = "a";
  pod.metadata.creation_timestamp = {.seconds = 1'700'000'000};
  pod.metadata.labels = {{"b", "2"}, {"a", "<&>"}};
  auto& container = pod.spec.containers.emplace_back();
  container.name = "c";
  container.resources.requests["cpu"] = base::Quantity::of_milli(1500);
  container.liveness_probe.emplace().http_get.emplace().port = "web";
  EXPECT_EQ(to_json(pod),
            R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","creationTimestamp":"2023-11-14T22:13:20Z",)"
            R"("labels":{"a":"\u003c\u0026\u003e","b":"2"}},"spec":{"containers":[{"name":"c","resources":{"requests":)"
            R"({"cpu":"1500m"}},"livenessProbe":{"httpGet":{"port":"web"}}}]},"status":{}})");
}

TEST(Json, NullLeavesTheZeroValue) {
  auto pod = from_json<Pod>(R"({"metadata":null,"spec":{"containers":[null],"hostNetwork":null,"priority":null,
                               "nodeSelector":{"a":null}},"status":{"startTime":null}})");
  ASSERT_TRUE(pod);
  EXPECT_EQ(pod->spec.containers.size(), 1u);
  EXPECT_EQ(pod->spec.node_selector.at("a"), "");
  EXPECT_FALSE(pod->spec.priority);
  EXPECT_TRUE(pod->status.start_time.is_zero());
}

TEST(Json, AbsentIsNotZero) {
  EXPECT_EQ(
      again<Pod>(R"({"spec":{"containers":[],"priority":0,"securityContext":{}}})"),
      R"({"kind":"Pod","apiVersion":"v1","metadata":{},"spec":{"containers":null,"securityContext":{},"priority":0},"status":{}})");
}

TEST(Json, EveryFormOfValueComesBack) {
  EXPECT_EQ(again<ConfigMap>(R"({"binaryData":{"a":"AQID"},"immutable":false,"data":{"x":"\u00e9\ud83d\ude00\n"}})"),
            "{\"kind\":\"ConfigMap\",\"apiVersion\":\"v1\",\"metadata\":{},\"immutable\":false,"
            "\"data\":{\"x\":\"\xC3\xA9\xF0\x9F\x98\x80\\n\"},\"binaryData\":{\"a\":\"AQID\"}}");
  EXPECT_EQ(
      again<api::coordination_k8s_io_v1::Lease>(R"({"spec":{"renewTime":"2026-01-02T03:04:05.000600+01:00"}})"),
      R"({"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{},"spec":{"renewTime":"2026-01-02T02:04:05.000600Z"}})");
  EXPECT_EQ(
      again<api::apps_v1::ControllerRevision>(R"({"data": { "a" : [ 1, "x y" ] }, "revision": 3})"),
      R"({"kind":"ControllerRevision","apiVersion":"apps/v1","metadata":{},"data":{"a":[1,"x y"]},"revision":3})");
  EXPECT_EQ(again<api::policy_v1::PodDisruptionBudgetSpec>(R"({"minAvailable":"50%","maxUnavailable":3})"),
            R"({"minAvailable":"50%","maxUnavailable":3})");
  // A raw part that is no pointer is null when absent; a map of lists.
  EXPECT_EQ(
      again<api::admission_k8s_io_v1::AdmissionReview>(
          R"({"request":{"userInfo":{"extra":{"k":["a","b"]}},"object":{"z":1}}})"),
      R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":{"uid":"","kind":{"group":"","version":"","kind":""},)"
      R"("resource":{"group":"","version":"","resource":""},"operation":"","userInfo":{"extra":{"k":["a","b"]}},)"
      R"("object":{"z":1},"oldObject":null,"options":null}})");
}

TEST(Json, RawJsonIsKeptAsItCameButForTheValuesOfDefinitions) {
  auto revision = from_json<api::apps_v1::ControllerRevision>(R"({"data":{"a": [1, "x y"] }})");
  ASSERT_TRUE(revision);
  EXPECT_EQ(revision->data, R"({"a": [1, "x y"] })");
  auto definition = from_json<api::apiextensions_k8s_io_v1::CustomResourceDefinition>(
      R"({"spec":{"versions":[{"name":"v1","schema":{"openAPIV3Schema":{"default":{"a": [1, "x y"] }}}}]}})");
  ASSERT_TRUE(definition);
  const auto& schema = *definition->spec.versions.at(0).schema->open_api_v3_schema;
  EXPECT_EQ(schema.default_, R"({"a":[1,"x y"]})");
}

TEST(Json, SchemasThatMayBeSomethingElse) {
  using Props = api::apiextensions_k8s_io_v1::JSONSchemaProps;
  EXPECT_EQ(
      again<Props>(R"({"items":{"type":"string"},"additionalProperties":false,"default":{"b":1},"enum":["a",null]})"),
      R"({"default":{"b":1},"enum":["a",null],"items":{"type":"string"},"additionalProperties":false})");
  EXPECT_EQ(
      again<Props>(
          R"({"items":[{"type":"a"},{"type":"b"}],"dependencies":{"x":["y"],"z":{}},"additionalItems":{"type":"c"}})"),
      R"({"items":[{"type":"a"},{"type":"b"}],"dependencies":{"x":["y"],"z":{}},"additionalItems":{"type":"c"}})");
  EXPECT_EQ(error_of<Props>(R"({"additionalProperties":3})"), "boolean or JSON schema expected");
}

TEST(Json, NestedKindsHideTheirKindButForClaimTemplates) {
  EXPECT_EQ(
      again<api::core_v1::PodList>(R"({"items":[{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}]})"),
      R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"a"},"spec":{"containers":null},"status":{}}]})");
  EXPECT_EQ(again<api::core_v1::PodList>("{}"), R"({"kind":"PodList","apiVersion":"v1","metadata":{},"items":[]})");
  auto set = from_json<api::apps_v1::StatefulSetSpec>(R"({"volumeClaimTemplates":[{}]})");
  ASSERT_TRUE(set);
  EXPECT_NE(to_json(*set).find(R"("volumeClaimTemplates":[{"kind":"PersistentVolumeClaim","apiVersion":"v1",)"),
            std::string::npos);
}

TEST(Json, ValuesOfTheWrongTypeAreToldAsUpstreamTellsThem) {
  EXPECT_EQ(error_of<Pod>(R"({"spec":{"containers":"x"}})"),
            "json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container");
  EXPECT_EQ(error_of<Pod>(R"({"spec":{"containers":[{"args":[1]}]}})"),
            "json: cannot unmarshal number into Go struct field Container.spec.containers.args of type string");
  EXPECT_EQ(error_of<Pod>(R"({"metadata":{"labels":["x"]}})"),
            "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string");
  EXPECT_EQ(error_of<Pod>(R"({"metadata":{"labels":{"a":{}}}})"),
            "json: cannot unmarshal object into Go struct field ObjectMeta.metadata.labels of type string");
  EXPECT_EQ(error_of<Pod>(R"({"spec":7})"),
            "json: cannot unmarshal number into Go struct field Pod.spec of type v1.PodSpec");
  EXPECT_EQ(error_of<Pod>("[]"), "json: cannot unmarshal array into Go value of type v1.Pod");
  EXPECT_EQ(error_of<Pod>(R"({"spec":{"containers":[{"livenessProbe":{"httpGet":{"port":{}}}}]}})"),
            "json: cannot unmarshal object into Go struct field "
            "HTTPGetAction.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32");
  EXPECT_EQ(error_of<ConfigMap>(R"({"binaryData":{"a":"abc$"}})"), "illegal base64 data at input byte 3");
  EXPECT_EQ(error_of<Pod>(R"({"kind":3})"),
            "json: cannot unmarshal number into Go struct field TypeMeta.kind of type string");
}

TEST(Json, NumbersMustFit) {
  using api::apps_v1::Deployment;
  for (std::string number : {"1.5", "3.0", "1e1", "99999999999", "-2147483649"}) {
    EXPECT_EQ(
        error_of<Deployment>(R"({"spec":{"replicas":)" + number + "}}"),
        "json: cannot unmarshal number " + number + " into Go struct field DeploymentSpec.spec.replicas of type int32");
  }
  EXPECT_EQ(from_json<Deployment>(R"({"spec":{"replicas":-2147483648}})")->spec.replicas, INT32_MIN);
}

TEST(Json, TheFirstWrongValueIsToldButBrokenTextComesBeforeAll) {
  EXPECT_EQ(error_of<Pod>(R"({"metadata":{"name":1},"spec":7})"),
            "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string");
  EXPECT_EQ(error_of<Pod>(R"({"metadata":{"name":1},"spec":7)"), "unexpected end of JSON input");
  EXPECT_EQ(error_of<Pod>("{} x"), "invalid character 'x' after top-level value");
  // What has its own form stops upstream's decoder, and is told first.
  EXPECT_NE(
      error_of<Pod>(R"({"spec":7,"metadata":{"creationTimestamp":"yesterday"}})").find("parsing time \"yesterday\""),
      std::string::npos);
}

TEST(Json, UnknownAndDuplicateFieldsAreCollectedWithTheirPaths) {
  Strict strict;
  auto pod = from_json<Pod>(
      R"({"foo":1,"foo":2,"metadata":{"name":"a","name":"b","labels":{"x":"1","x":"2"}},"kind":"Pod","kind":"Pod",
      "spec":{"containers":[{},{"ports":[{"bar":1}],"Name":"c"}],"volumes":[{"hostPath":{"paht":"/"}}]}})",
      &strict);
  ASSERT_TRUE(pod);
  EXPECT_EQ(pod->metadata.name, "b");
  EXPECT_EQ(pod->metadata.labels.at("x"), "2");
  EXPECT_EQ(
      strict,
      (Strict{R"(unknown field "foo")", R"(duplicate field "metadata.name")", R"(duplicate field "metadata.labels.x")",
              R"(duplicate field "kind")", R"(unknown field "spec.containers[1].ports[0].bar")",
              R"(unknown field "spec.containers[1].Name")", R"(unknown field "spec.volumes[0].hostPath.paht")"}));
}

TEST(Json, StrictErrorsAreBounded) {
  std::string json = "{";
  for (int i = 0; i < 500; ++i) json += "\"f" + std::to_string(i) + "\":1,";
  json.back() = '}';
  Strict strict;
  ASSERT_TRUE(from_json<ConfigMap>(json, &strict));
  EXPECT_EQ(strict.size(), 100u);
}

TEST(Json, DepthIsBounded) {
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += R"({"not":)";
  EXPECT_EQ(error_of<api::apiextensions_k8s_io_v1::JSONSchemaProps>(deep), "exceeded max depth");
  EXPECT_EQ(error_of<Pod>(R"({"x":)" + std::string(100'000, '[')), "exceeded max depth");
}

TEST(Json, SaysWhatABodyIs) {
  EXPECT_EQ(read_type_meta(R"({"kind":"Pod","spec":{},"apiVersion":"v1"})")->kind, "Pod");
  EXPECT_EQ(read_type_meta(R"({"spec":{}})")->api_version, "");
  EXPECT_EQ(read_type_meta("").error().message(),
            "couldn't get version/kind; json parse error: unexpected end of JSON input");
  EXPECT_EQ(read_type_meta("\"x\"").error().message(),
            "couldn't get version/kind; json parse error: json: cannot unmarshal string into Go value of type struct { "
            "APIVersion "
            "string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }");
}

// A Pod with something of everything.
const char kPod[] =
    R"({"kind":"Pod","apiVersion":"v1","metadata":{"name":"a\u00e9","creationTimestamp":"2023-11-14T22:13:20Z","labels":{"a":"b"},
  "managedFields":[{"manager":"m","fieldsV1":{"f:spec":{}}}]},"spec":{"containers":[{"name":"c","args":["x","\"q\""],"resources":{"limits":{"cpu":"100m"}},
  "ports":[{"containerPort":80}],"livenessProbe":{"httpGet":{"port":"web"},"periodSeconds":10},"stdin":true}],"priority":-5,
  "volumes":[{"name":"v","emptyDir":{"sizeLimit":"1Gi"}}]},"status":{"phase":"Running"}})";

TEST(Json, BrokenTextIsRefusedWhereverItBreaks) {
  std::string_view pod = kPod;
  ASSERT_TRUE(from_json<Pod>(pod)) << error_of<Pod>(pod);
  for (size_t length = 0; length < pod.size(); ++length) {
    EXPECT_FALSE(from_json<Pod>(pod.substr(0, length))) << pod.substr(0, length);
  }
  for (size_t at = 0; at < pod.size(); ++at) {
    for (char byte : {'\0', '"', '\\', '{', '}', '[', ']', ',', ':', '9', '-', 'n', '\x80', '\xFF'}) {
      std::string mutant(pod);
      mutant[at] = byte;
      Strict strict;
      auto result = from_json<Pod>(mutant, &strict);
      if (!result) continue;
      // What was taken can be written and read again.
      auto second = from_json<Pod>(to_json(*result));
      ASSERT_TRUE(second) << second.error().message() << "\n" << mutant;
      EXPECT_EQ(*second, *result) << mutant;
    }
  }
}

}  // namespace
}  // namespace schema
