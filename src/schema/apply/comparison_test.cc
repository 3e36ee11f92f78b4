#include "schema/apply/comparison.h"

#include <gtest/gtest.h>

#include "api/apps_v1.h"
#include "api/core_v1.h"
#include "schema/convert.h"
#include "schema/json.h"

namespace schema::apply {
namespace {

std::string text(const Comparison& comparison) {
  std::string out;
  if (!comparison.removed.empty()) out += "- " + comparison.removed.to_fields_v1() + "\n";
  if (!comparison.modified.empty()) out += "~ " + comparison.modified.to_fields_v1() + "\n";
  if (!comparison.added.empty()) out += "+ " + comparison.added.to_fields_v1() + "\n";
  return out;
}

// What changed between two objects; by struct and by tree it must be the same.
template <class T>
std::string changes(std::string_view before, std::string_view after) {
  auto left = from_json<T>(before);
  auto right = from_json<T>(after);
  EXPECT_TRUE(left && right);
  auto type = TypeRef::of(T::kType);
  std::string by_struct = text(compare(T::kType, &*left, &*right));
  EXPECT_EQ(by_struct, text(compare(type, to_value(T::kType, &*left), to_value(T::kType, &*right))));
  return by_struct;
}

using api::core_v1::ConfigMap;
using api::core_v1::Pod;
using api::core_v1::Service;

TEST(Comparison, OfEqualObjectsIsEmpty) {
  constexpr std::string_view pod =
      R"({"spec":{"containers":[{"name":"c","image":"i","env":[{"name":"A"},{"name":"A"}]}],"nodeSelector":{"a":"b"}}})";
  EXPECT_EQ(changes<Pod>(pod, pod), "");
}

TEST(Comparison, OfMapsIsByKey) {
  EXPECT_EQ(changes<ConfigMap>(R"({"data":{"a":"1","b":"2","c":"3"}})", R"({"data":{"a":"1","b":"x","d":"4"}})"),
            "- {\"f:data\":{\"f:c\":{}}}\n~ {\"f:data\":{\"f:b\":{}}}\n+ {\"f:data\":{\"f:d\":{}}}\n");
  EXPECT_EQ(changes<ConfigMap>("{}", R"({"data":{"a":"1"}})"), "+ {\"f:data\":{\".\":{},\"f:a\":{}}}\n");
  EXPECT_EQ(changes<ConfigMap>(R"({"data":{"a":"1"}})", "{}"), "- {\"f:data\":{\".\":{},\"f:a\":{}}}\n");
}

TEST(Comparison, OfListsIsByTheirKeysInAnyOrder) {
  EXPECT_EQ(
      changes<Pod>(R"({"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"1"}]}})",
                   R"({"spec":{"containers":[{"name":"b","image":"2"},{"name":"a","image":"1"},{"name":"c"}]}})"),
      "~ {\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"b\\\"}\":{\"f:image\":{}}}}}\n"
      "+ "
      "{\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"c\\\"}\":{\".\":{},\"f:name\":{},\"f:resources\":{}}}}}\n");
  // A key that is not said has its default.
  EXPECT_EQ(changes<Service>("{}", R"({"spec":{"ports":[{"port":80}]}})"),
            "+ "
            "{\"f:spec\":{\"f:ports\":{\".\":{},\"k:{\\\"port\\\":80,\\\"protocol\\\":\\\"TCP\\\"}\":{\".\":{},\"f:"
            "port\":{},\"f:targetPort\":{}}}}}\n");
}

TEST(Comparison, OfSetsIsByValue) {
  EXPECT_EQ(changes<ConfigMap>(R"({"metadata":{"finalizers":["a/a","b/b"]}})",
                               R"({"metadata":{"finalizers":["c/c","a/a"]}})"),
            "- {\"f:metadata\":{\"f:finalizers\":{\"v:\\\"b/b\\\"\":{}}}}\n+ "
            "{\"f:metadata\":{\"f:finalizers\":{\"v:\\\"c/c\\\"\":{}}}}\n");
}

TEST(Comparison, TakesWhatIsAtomicAsAWhole) {
  EXPECT_EQ(changes<Service>(R"({"spec":{"selector":{"a":"b","c":"d"}}})", R"({"spec":{"selector":{"a":"b"}}})"),
            "~ {\"f:spec\":{\"f:selector\":{}}}\n");
  EXPECT_EQ(changes<Pod>("{}", R"({"spec":{"tolerations":[{"key":"k"}]}})"), "+ {\"f:spec\":{\"f:tolerations\":{}}}\n");
  EXPECT_EQ(changes<api::core_v1::PersistentVolume>(R"({"spec":{"claimRef":{"name":"a"}}})",
                                                    R"({"spec":{"claimRef":{"name":"b"}}})"),
            "~ {\"f:spec\":{\"f:claimRef\":{\"f:name\":{}}}}\n");
  EXPECT_EQ(changes<api::apps_v1::ControllerRevision>("{}", R"({"data":{"a":{"b":1}}})"), "~ {\"f:data\":{}}\n");
}

TEST(Comparison, TakesItemsThatShareAKeyTogether) {
  constexpr std::string_view one = R"({"spec":{"containers":[{"name":"c","env":[{"name":"A","value":"1"}]}]}})";
  constexpr std::string_view two =
      R"({"spec":{"containers":[{"name":"c","env":[{"name":"A","value":"1"},{"name":"A","value":"2"}]}]}})";
  std::string head =
      "{\"f:spec\":{\"f:containers\":{\"k:{\\\"name\\\":\\\"c\\\"}\":{\"f:env\":{\"k:{\\\"name\\\":\\\"A\\\"}\":{";
  EXPECT_EQ(changes<Pod>(one, two),
            "- " + head + "\".\":{},\"f:name\":{},\"f:value\":{}}}}}}}\n+ " + head + "}}}}}}\n");
  EXPECT_EQ(changes<Pod>(two, one),
            "- " + head + "}}}}}}\n+ " + head + "\".\":{},\"f:name\":{},\"f:value\":{}}}}}}}\n");
}

TEST(Comparison, TellsEmptyFromAbsentAndQuantitiesByTheirText) {
  EXPECT_EQ(changes<Pod>("{}", R"({"spec":{"securityContext":{}}})"), "+ {\"f:spec\":{\"f:securityContext\":{}}}\n");
  EXPECT_EQ(changes<Pod>(R"({"spec":{"securityContext":{}}})", R"({"spec":{"securityContext":{"runAsUser":1}}})"),
            "+ {\"f:spec\":{\"f:securityContext\":{\"f:runAsUser\":{}}}}\n");
  EXPECT_EQ(changes<Pod>(R"({"spec":{"overhead":{"cpu":"1000m"}}})", R"({"spec":{"overhead":{"cpu":"1"}}})"), "");
}

// Two versions of a custom kind's schema, and no schema at all.
TEST(Comparison, FollowsAStructuralSchemaOrTheValuesThemselves) {
  auto schema = Value::parse(R"({"type":"object","properties":{"spec":{"type":"object","properties":{
      "items":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["id","zone"],
        "items":{"type":"object","properties":{"id":{"type":"integer"},"zone":{"type":"string","default":"z"},"v":{"type":"string"}}}},
      "whole":{"type":"object","x-kubernetes-map-type":"atomic","additionalProperties":{"type":"string"}},
      "free":{"type":"object","x-kubernetes-preserve-unknown-fields":true}}}}})");
  auto before = Value::parse(R"({"spec":{"items":[{"id":2,"v":"a"}],"whole":{"a":"b"},"free":{"l":[1],"m":{"x":1}}}})");
  auto after =
      Value::parse(R"({"spec":{"items":[{"id":2,"v":"b"},{"id":10}],"whole":{"a":"c"},"free":{"l":[2],"m":{"y":1}}}})");
  ASSERT_TRUE(schema && before && after);
  EXPECT_EQ(text(compare(TypeRef::structural(*schema, true), *before, *after)),
            "- {\"f:spec\":{\"f:free\":{\"f:m\":{\"f:x\":{}}}}}\n"
            "~ "
            "{\"f:spec\":{\"f:free\":{\"f:l\":{}},\"f:items\":{\"k:{\\\"id\\\":2,\\\"zone\\\":\\\"z\\\"}\":{\"f:v\":{}}"
            "},\"f:whole\":{}}}\n"
            "+ "
            "{\"f:spec\":{\"f:free\":{\"f:m\":{\"f:y\":{}}},\"f:items\":{\"k:{\\\"id\\\":10,\\\"zone\\\":\\\"z\\\"}\":{"
            "\".\":{},\"f:id\":{}}}}}\n");
  EXPECT_EQ(text(compare(TypeRef::deduced(), *before, *after)),
            "- {\"f:spec\":{\"f:free\":{\"f:m\":{\"f:x\":{}}}}}\n"
            "~ {\"f:spec\":{\"f:free\":{\"f:l\":{}},\"f:items\":{},\"f:whole\":{\"f:a\":{}}}}\n"
            "+ {\"f:spec\":{\"f:free\":{\"f:m\":{\"f:y\":{}}}}}\n");
}

}  // namespace
}  // namespace schema::apply
