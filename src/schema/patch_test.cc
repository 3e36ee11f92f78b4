#include "schema/patch.h"

#include <gtest/gtest.h>

#include "api/apps_v1.h"
#include "api/core_v1.h"
#include "schema/type.h"

namespace schema {
namespace {

Value parse(std::string_view json) {
  return Value::parse(json).value();
}

std::string show(const base::Result<Value>& result) {
  return result ? result->to_json() : result.error().message();
}

std::string json_patch(std::string_view document, std::string_view patch) {
  auto parsed = JsonPatch::parse(patch);
  return parsed ? show(parsed->apply(parse(document))) : parsed.error().message();
}

bool is_refused(std::string_view document, std::string_view patch) {
  auto result = JsonPatch::parse(patch).value().apply(parse(document));
  return !result && result.error().code() == base::Code::Invalid;
}

TEST(JsonPatch, OperationsOnObjects) {
  const char* document = R"({"data":{"a":"1","b":"2"}})";
  EXPECT_EQ(json_patch(document, R"([{"op":"add","path":"/data/a","value":"new"}])"),
            R"({"data":{"a":"new","b":"2"}})");
  EXPECT_EQ(json_patch(document, R"([{"op":"replace","path":"/data/z","value":"x"}])"),
            R"({"data":{"a":"1","b":"2","z":"x"}})");
  EXPECT_EQ(json_patch(document, R"([{"op":"remove","path":"/data/a"}])"), R"({"data":{"b":"2"}})");
  EXPECT_EQ(json_patch(document, R"([{"op":"move","from":"/data/a","path":"/data/c"}])"),
            R"({"data":{"b":"2","c":"1"}})");
  EXPECT_EQ(json_patch(document, R"([{"op":"copy","from":"/data/zzz","path":"/data/x"}])"),
            R"({"data":{"a":"1","b":"2","x":null}})");
  EXPECT_EQ(json_patch(document, R"([{"op":"add","path":"/data/x"}])"), R"({"data":{"a":"1","b":"2","x":null}})");
  EXPECT_EQ(
      json_patch(document,
                 R"([{"op":"test","path":"/data","value":{"b":"2","a":"1"}},{"op":"add","path":"/ok","value":1}])"),
      R"({"data":{"a":"1","b":"2"},"ok":1})");
  EXPECT_EQ(json_patch(document, R"([{"op":"replace","path":"","value":{"root":1}}])"), R"({"root":1})");
  EXPECT_EQ(json_patch("{}", R"([{"op":"add","path":"/m","value":{}},{"op":"add","path":"/m/x~1k","value":1},
                                 {"op":"add","path":"/m/a~0b","value":2}])"),
            R"({"m":{"x/k":1,"a~b":2}})");
}

TEST(JsonPatch, OperationsOnArrays) {
  EXPECT_EQ(json_patch("[1,2]", R"([{"op":"add","path":"/-","value":3},{"op":"add","path":"/0","value":0}])"),
            "[0,1,2,3]");
  EXPECT_EQ(json_patch("[1,2,3]", R"([{"op":"remove","path":"/1"}])"), "[1,3]");
  EXPECT_EQ(json_patch("[1,2,3]", R"([{"op":"remove","path":"/-1"}])"), "[1,2]");
  EXPECT_EQ(json_patch("[{\"p\":1}]", R"([{"op":"replace","path":"/0/p","value":7}])"), R"([{"p":7}])");
}

TEST(JsonPatch, WhatCannotBeDoneIsRefusedAsAWhole) {
  const char* document = R"({"data":{"a":"1"},"l":[1]})";
  for (const char* patch : {
           R"([{"op":"test","path":"/data/a","value":"nope"}])",
           R"([{"op":"test","path":"/data/zzz","value":"nope"}])",
           R"([{"op":"move","from":"/data/zzz","path":"/data/x"}])",
           R"([{"op":"remove","path":"/data/zzz"}])",
           R"([{"op":"add","path":"/nothing/x","value":1}])",
           R"([{"op":"replace","path":"/l/9","value":1}])",
           R"([{"op":"add","path":"/l/9","value":1}])",
           R"([{"op":"add","path":"/l/x","value":1}])",
           R"([{"op":"merge","path":"/data","value":{}}])",
           R"([{"path":"/data"}])",
           R"([{"op":"add"}])",
           R"([{"op":"add","path":"","value":{}}])",
       }) {
    EXPECT_TRUE(is_refused(document, patch)) << patch;
  }
}

TEST(JsonPatch, WhatCannotBeReadIsNamed) {
  EXPECT_EQ(json_patch("{}", "not json"),
            "error decoding patch: invalid character 'o' in literal null (expecting 'u')");
  EXPECT_EQ(json_patch("{}", "{}"),
            "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp");
  EXPECT_EQ(json_patch("{}", "\"x\""),
            "error decoding patch: json: cannot unmarshal string into Go value of type []handlers.jsonPatchOp");
  EXPECT_EQ(json_patch("{}", ""), "error decoding patch: unexpected end of JSON input");
}

TEST(JsonPatch, CopiesAreBounded) {
  std::string patch = "[";
  for (int i = 0; i < 40; ++i) patch += R"({"op":"copy","from":"/a","path":"/a/-"},)";
  patch.back() = ']';
  EXPECT_EQ(JsonPatch::parse(patch).value().apply(parse(R"({"a":["x"]})")).error().code(), base::Code::TooLarge);
}

TEST(MergePatch, SetsAddsAndDeletes) {
  auto apply = [](std::string_view document, std::string_view patch) {
    return show(apply_merge_patch(parse(document), patch));
  };
  EXPECT_EQ(apply(R"({"data":{"a":"1","b":"2"}})", R"({"data":{"a":null,"b":"3","c":"4"}})"),
            R"({"data":{"b":"3","c":"4"}})");
  EXPECT_EQ(apply(R"({})", R"({"m":{"a":{"x":null,"y":1}}})"), R"({"m":{"a":{"y":1}}})");
  EXPECT_EQ(apply(R"({"l":[1,2]})", R"({"l":[3]})"), R"({"l":[3]})");
  EXPECT_EQ(apply("{}", "null"), "Invalid JSON Patch");
  EXPECT_EQ(apply("{}", "[]"),
            "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}");
}

// A deployment's pod template, patched and shown below spec.template.spec.
std::string patch_pod(std::string_view spec, std::string_view patch) {
  auto wrap = [](std::string_view inner) {
    return parse(R"({"spec":{"template":{"spec":)" + std::string(inner) + "}}}");
  };
  auto result = merge_strategically(type_of<api::apps_v1::Deployment>(), wrap(spec), wrap(patch));
  return result ? result->at({"spec", "template", "spec"})->to_json() : result.error().message();
}

constexpr const char* kTwo =
    R"({"containers":[{"name":"c1","image":"i1","env":[{"name":"A","value":"1"},{"name":"B","value":"2"}],)"
    R"("ports":[{"containerPort":80},{"containerPort":81}]},{"name":"c2","image":"i2","args":["a","b"]}]})";

TEST(MergePatch, NumbersStayAsTheyWereWritten) {
  auto patched =
      apply_merge_patch(Value::parse(R"({"a":1.5})").value(), R"({"b":3.0,"c":1e1,"d":99999999999999999999})");
  ASSERT_TRUE(patched);
  EXPECT_EQ(patched->to_json(), R"({"a":1.5,"b":3.0,"c":1e1,"d":99999999999999999999})");
}

TEST(StrategicPatch, ListsOfMapsMergeByTheirKey) {
  EXPECT_EQ(patch_pod(R"({"containers":[{"name":"c1","image":"i1"},{"name":"c2","image":"i2"}]})",
                      R"({"containers":[{"name":"c2","image":"new"}]})"),
            R"({"containers":[{"name":"c1","image":"i1"},{"name":"c2","image":"new"}]})");
  Value merged =
      parse(patch_pod(kTwo, R"({"containers":[{"name":"c1","env":[{"name":"B","value":"22"},{"name":"C","value":"3"}],
                                           "ports":[{"containerPort":81,"name":"web"},{"containerPort":82}]}]})"));
  const Value& first = merged.find("containers")->as_array()[0];
  EXPECT_EQ(first.find("env")->to_json(),
            R"([{"name":"A","value":"1"},{"name":"B","value":"22"},{"name":"C","value":"3"}])");
  EXPECT_EQ(first.find("ports")->to_json(),
            R"([{"containerPort":80},{"containerPort":81,"name":"web"},{"containerPort":82}])");
}

TEST(StrategicPatch, NewElementsComeFirst) {
  auto result = apply_strategic_patch(type_of<api::core_v1::Node>(),
                                      parse(R"({"status":{"addresses":[{"type":"InternalIP","address":"1.1.1.1"}]}})"),
                                      R"({"status":{"addresses":[{"type":"Hostname","address":"h"}]}})");
  EXPECT_EQ(
      show(result),
      R"({"status":{"addresses":[{"type":"Hostname","address":"h"},{"type":"InternalIP","address":"1.1.1.1"}]}})");
}

TEST(StrategicPatch, AtomicListsAreReplaced) {
  Value merged = parse(patch_pod(kTwo, R"({"containers":[{"name":"c2","args":["z"]}]})"));
  EXPECT_EQ(merged.find("containers")->as_array()[1].find("args")->to_json(), R"(["z"])");
}

TEST(StrategicPatch, DirectivesDeleteAndReplace) {
  EXPECT_EQ(patch_pod(R"({"containers":[{"name":"c1"},{"name":"c2"}]})",
                      R"({"containers":[{"$patch":"delete","name":"c2"}]})"),
            R"({"containers":[{"name":"c1"}]})");
  EXPECT_EQ(patch_pod(kTwo, R"({"containers":[{"name":"only","image":"o"},{"$patch":"replace"}]})"),
            R"({"containers":[{"name":"only","image":"o"}]})");
  EXPECT_EQ(patch_pod(R"({"nodeSelector":{"a":"b"}})", R"({"nodeSelector":{"$patch":"replace","x":"y"}})"),
            R"({"nodeSelector":{"x":"y"}})");
  EXPECT_EQ(patch_pod(R"({"nodeSelector":{"a":"b"}})", R"({"nodeSelector":{"$patch":"delete"}})"),
            R"({"nodeSelector":{}})");
  EXPECT_EQ(patch_pod("{}", R"({"containers":[{"$patch":"delete","name":"c2"},{"name":"n","image":null}]})"),
            R"({"containers":[{"name":"n"}]})");
  EXPECT_EQ(patch_pod(kTwo, R"({"containers":[{"$patch":"frob","name":"c1"}]})"),
            "unknown patch type: frob in map: map[$patch:frob name:c1]");
  EXPECT_EQ(patch_pod("{}", R"({"$patch":"frobnicate"})"),
            "unknown patch type: frobnicate in map: map[$patch:frobnicate]");
  EXPECT_EQ(patch_pod(kTwo, R"({"containers":[{"image":"x"}]})"),
            "map: map[image:x] does not contain declared merge key: name");
}

TEST(StrategicPatch, ElementsAreOrderedAsAsked) {
  const char* two = R"({"containers":[{"name":"c1"},{"name":"c2"}]})";
  EXPECT_EQ(
      patch_pod(
          two,
          R"({"$setElementOrder/containers":[{"name":"c2"},{"name":"c1"}],"containers":[{"name":"c1","image":"x"}]})"),
      R"({"containers":[{"name":"c2"},{"name":"c1","image":"x"}]})");
  EXPECT_EQ(patch_pod(two, R"({"$setElementOrder/containers":[{"name":"c3"},{"name":"c2"},{"name":"c1"}],
                               "containers":[{"name":"c3","image":"i3"}]})"),
            R"({"containers":[{"name":"c3","image":"i3"},{"name":"c2"},{"name":"c1"}]})");
  EXPECT_EQ(
      patch_pod(two, R"({"$setElementOrder/containers":[{"name":"c1"}],"containers":[{"name":"c2","image":"x"}]})"),
      "The order in patch list:\n[map[image:x name:c2]]\n doesn't match $setElementOrder list:\n[map[name:c1]]\n");
}

TEST(StrategicPatch, RetainedKeysDropTheOthers) {
  EXPECT_EQ(patch_pod(R"({"volumes":[{"name":"v","emptyDir":{}}]})",
                      R"({"volumes":[{"name":"v","$retainKeys":["name","configMap"],"configMap":{"name":"cm"}}]})"),
            R"({"volumes":[{"name":"v","configMap":{"name":"cm"}}]})");
  EXPECT_EQ(
      patch_pod(R"({"volumes":[{"name":"v"}]})", R"({"volumes":[{"name":"v","$retainKeys":["name"],"configMap":{}}]})"),
      "invalid patch format of retainKeys");
}

std::string patch_finalizers(std::string_view now, std::string_view patch) {
  auto wrap = [](std::string_view inner) { return parse(R"({"metadata":)" + std::string(inner) + "}"); };
  return show(merge_strategically(type_of<api::core_v1::ConfigMap>(), wrap(now), wrap(patch)));
}

TEST(StrategicPatch, PrimitiveListsAreSets) {
  EXPECT_EQ(patch_finalizers(R"({"finalizers":["a"]})", R"({"finalizers":["b","a","b"]})"),
            R"({"metadata":{"finalizers":["b","a"]}})");
  EXPECT_EQ(patch_finalizers(R"({"finalizers":["a","b"]})", R"({"$deleteFromPrimitiveList/finalizers":["a"]})"),
            R"({"metadata":{"finalizers":["b"]}})");
  EXPECT_EQ(
      patch_finalizers(R"({"finalizers":["a"]})", R"({"$setElementOrder/finalizers":["c","a"],"finalizers":["c"]})"),
      R"({"metadata":{"finalizers":["c","a"]}})");
  EXPECT_EQ(patch_finalizers(R"({"finalizers":["a"]})", R"({"finalizers":null})"), R"({"metadata":{}})");
}

TEST(StrategicPatch, NullsDeleteAndNothingElseIsRead) {
  EXPECT_EQ(patch_finalizers(R"({"labels":{"a":"1"}})", R"({"labels":{"a":null,"c":"d"}})"),
            R"({"metadata":{"labels":{"c":"d"}}})");
  const Type& type = type_of<api::core_v1::ConfigMap>();
  EXPECT_EQ(show(apply_strategic_patch(type, parse("{}"), "null")), "{}");
  EXPECT_EQ(show(apply_strategic_patch(type, parse("{}"), "[]")),
            "json: cannot unmarshal array into Go value of type map[string]interface {}");
  EXPECT_EQ(show(apply_strategic_patch(type, parse("{}"), "{")), "unexpected end of JSON input");
}

}  // namespace
}  // namespace schema
