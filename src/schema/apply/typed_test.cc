#include "schema/apply/typed.h"

#include <gtest/gtest.h>

#include "api/apps_v1.h"
#include "api/core_v1.h"
#include "schema/apply/struct_items.h"
#include "schema/convert.h"
#include "schema/json.h"

namespace schema::apply {
namespace {

Value tree(std::string_view json) {
  auto value = Value::parse(json);
  EXPECT_TRUE(value.has_value()) << json;
  return value ? std::move(*value) : Value();
}

const TypeRef kPod = TypeRef::of(api::core_v1::Pod::kType);
const TypeRef kConfigMap = TypeRef::of(api::core_v1::ConfigMap::kType);

TEST(Validate, ComplainsInUpstreamsWords) {
  struct Case {
    std::string_view json;
    std::string_view problem;
  };
  for (const Case& one : std::vector<Case>{
           {R"({"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"c"}]}})", ""},
           {R"({"metadata":null,"spec":{"containers":null,"hostNetwork":null}})", ""},
           {R"({"metadata":{"labels":{"k":1}}})",
            ".metadata.labels.k: expected string, got &value.valueUnstructured{Value:1}"},
           {R"({"metadata":{"labels":{"k":{"a":["b",true,null]}}}})",
            ".metadata.labels.k: expected string, got "
            "&value.valueUnstructured{Value:map[string]interface {}{\"a\":[]interface {}{\"b\", true, <nil>}}}"},
           {R"({"metadata":"x"})", ".metadata: expected map, got &{x}"},
           {R"({"spec":{"containers":{"a":"b"}}})", ".spec.containers: expected list, got &{map[a:b]}"},
           {R"({"spec":{"priority":"x"}})", ".spec.priority: expected numeric (int or float), got string"},
           {R"({"spec":{"hostNetwork":"x"}})", ".spec.hostNetwork: expected boolean, got &{x}"},
           {R"({"spec":{"containers":[{"name":"c"},{"name":"c"}]}})",
            ".spec.containers: duplicate entries for key [name=\"c\"]"},
           {R"({"spec":{"containers":["c"]}})",
            ".spec.containers: element 0: associative list with keys may not have non-map elements"},
           {R"({"spec":{"tolerations":[{"key":1}]}})",
            ".spec.tolerations[0].key: expected string, got &value.valueUnstructured{Value:1}"},
           {R"({"spec":{"containers":[{"name":"c","nope":1}]}})",
            ".spec.containers[name=\"c\"].nope: field not declared in schema"},
           {R"({"metadata":{"finalizers":[["x"]]}})",
            ".metadata.finalizers: element 0: not supported: associative list with lists as elements"},
           {R"({"spec":{"priority":"x","hostNetwork":1}})",
            "errors:\n  .spec.priority: expected numeric (int or float), got string\n  .spec.hostNetwork: expected "
            "boolean, got &{1}"},
       }) {
    auto result = validate(kPod, tree(one.json), Duplicates::Refused);
    EXPECT_EQ(result ? "" : result.error().message(), one.problem) << one.json;
  }
  EXPECT_TRUE(validate(kPod, tree(R"({"spec":{"containers":[{"name":"c"},{"name":"c"}]}})"), Duplicates::Allowed));
}

TEST(FieldSetOfTree, HasLeavesItemsAndWhatIsEmpty) {
  EXPECT_EQ(
      field_set(kPod,
                tree(R"({"metadata":{"labels":{"a":"b"},"annotations":{}},"spec":{"containers":[{"name":"c","env":[]}],
                                     "tolerations":[],"securityContext":null,"nodeSelector":{"a":"b"}}})"))
          .to_fields_v1(),
      R"({"f:metadata":{"f:annotations":{},"f:labels":{"f:a":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:name":{}}},"f:nodeSelector":{},"f:securityContext":{},"f:tolerations":{}}})");
}

TEST(Merge, LaysOneTreeOverAnother) {
  struct Case {
    std::string_view live;
    std::string_view config;
    std::string_view merged;
  };
  for (const Case& one : std::vector<Case>{
           {R"({"data":{"a":"1","b":"2"}})", R"({"data":{"b":"3","c":"4"}})", R"({"data":{"a":"1","b":"3","c":"4"}})"},
           {R"({"data":{"a":"1"}})", R"({"data":{}})", R"({"data":{"a":"1"}})"},
           {R"({"data":{"a":"1"}})", R"({"data":{"a":null}})", R"({"data":{"a":null}})"},
           {R"({})", R"({"data":{}})", R"({"data":{}})"},
           {R"({"metadata":{"finalizers":["a","b","c"]}})", R"({"metadata":{"finalizers":["c","d","a"]}})",
            R"({"metadata":{"finalizers":["b","c","d","a"]}})"},
           {R"({"metadata":{"finalizers":["a","b"]}})", R"({"metadata":{"finalizers":["x"]}})",
            R"({"metadata":{"finalizers":["a","b","x"]}})"},
           {R"({"metadata":{"finalizers":["a"]}})", R"({"metadata":{"finalizers":null}})",
            R"({"metadata":{"finalizers":["a"]}})"},
       }) {
    auto merged = merge(kConfigMap, tree(one.live), tree(one.config));
    ASSERT_TRUE(merged.has_value());
    EXPECT_EQ(merged->to_json(), one.merged) << one.live << " " << one.config;
  }
  auto pod = merge(
      kPod, tree(R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}],"nodeSelector":{"x":"y"},
                                  "tolerations":[{"key":"a"}]}})"),
      tree(
          R"({"spec":{"containers":[{"name":"c"},{"name":"b","workingDir":"/"}],"nodeSelector":{"z":"y"},"tolerations":[]}})"));
  ASSERT_TRUE(pod.has_value());
  EXPECT_EQ(
      pod->to_json(),
      R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"c"},{"name":"b","image":"1","workingDir":"/"}],"nodeSelector":{"z":"y"},"tolerations":[]}})");
}

TEST(RemoveFields, LeavesNullWhereAllIsGone) {
  auto fields = FieldSet::parse(
      R"({"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{},"k:{\"name\":\"b\"}":{"f:image":{}}}}})");
  ASSERT_TRUE(fields.has_value());
  EXPECT_EQ(
      remove_fields(
          kPod,
          tree(R"({"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"a"},{"name":"b","image":"i"}]}})"),
          *fields)
          .to_json(),
      R"({"metadata":{"labels":null},"spec":{"containers":[{"name":"b"}]}})");
}

TEST(Reconciled, FollowsWhatBecameAtomicOrGranular) {
  auto live = from_json<api::core_v1::Pod>(
      R"({"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"1"}}}],"securityContext":{}}})");
  ASSERT_TRUE(live.has_value());
  auto at = [&](const Path& path) { return value_at(api::core_v1::Pod::kType, &*live, path); };
  auto follow = [&](std::string_view text) {
    auto set = FieldSet::parse(text);
    auto next = reconciled(kPod, *set, at);
    return next ? next->to_fields_v1() : "";
  };
  EXPECT_EQ(follow(R"({"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:securityContext":{},"f:nodeSelector":{}}})"),
            "");
  EXPECT_EQ(follow(R"({"f:spec":{"f:nodeSelector":{"f:x":{}},"f:tolerations":{"i:0":{}}}})"),
            R"({"f:spec":{"f:nodeSelector":{},"f:tolerations":{}}})");
  EXPECT_EQ(
      follow(R"({"f:metadata":{"f:labels":{}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{"f:resources":{}}}}})"),
      R"({"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{"f:resources":{".":{},"f:limits":{"f:cpu":{}}}}}}})");
}

TEST(Reconciled, LeavesItemsThatShareAKeyWhole) {
  auto live = from_json<api::core_v1::Pod>(
      R"({"spec":{"containers":[{"name":"c","env":[{"name":"A","value":"1"},{"name":"A","value":"2"}]}]}})");
  auto set =
      FieldSet::parse(R"({"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{"f:env":{"k:{\"name\":\"A\"}":{}}}}}})");
  ASSERT_TRUE(live && set);
  auto by_struct = [&](const Path& path) { return value_at(api::core_v1::Pod::kType, &*live, path); };
  auto by_tree = [&](const Path& path) { return value_at(kPod, to_value(api::core_v1::Pod::kType, &*live), path); };
  EXPECT_FALSE(reconciled(kPod, *set, by_struct).has_value());
  EXPECT_FALSE(reconciled(kPod, *set, by_tree).has_value());
}

}  // namespace
}  // namespace schema::apply
