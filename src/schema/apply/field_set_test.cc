#include "schema/apply/field_set.h"

#include <gtest/gtest.h>

#include "schema/apply/filter.h"

namespace schema::apply {
namespace {

FieldSet set(std::string_view fields_v1) {
  auto parsed = FieldSet::parse(fields_v1);
  EXPECT_TRUE(parsed.has_value()) << fields_v1;
  return parsed ? std::move(*parsed) : FieldSet();
}

TEST(FieldSet, IsWrittenAsItWasRead) {
  for (
      std::string_view text : {
          R"({})",
          R"({"f:data":{".":{},"f:a.b/c":{},"f:k":{}}})",
          R"({"f:spec":{"f:ports":{".":{},"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{}},"k:{\"port\":443,\"protocol\":\"TCP\"}":{}}}})",
          R"({"f:metadata":{"f:finalizers":{"v:\"a/b\"":{},"v:\"c\"":{}}},"f:x":{"i:3":{}}})",
      }) {
    EXPECT_EQ(set(text).to_fields_v1(), text);
  }
}

TEST(FieldSet, SortsFieldsThenKeysThenValuesAndUnitesWhatIsSaidTwice) {
  EXPECT_EQ(
      set(R"({"v:2":{},"v:10":{},"k:{\"b\":2,\"a\":1}":{},"f:z":{},"f:a":{"f:x":{}},"f:a":{"f:y":{}},"v:\"1\"":{}})")
          .to_fields_v1(),
      R"({"f:a":{"f:x":{},"f:y":{}},"f:z":{},"k:{\"a\":1,\"b\":2}":{},"v:2":{},"v:10":{},"v:\"1\"":{}})");
}

TEST(FieldSet, DropsElementsOfUnknownKindsAndRefusesWhatIsNone) {
  EXPECT_EQ(set(R"({"q:what":{"f:x":{}},"f:a":{}})").to_fields_v1(), R"({"f:a":{}})");
  for (std::string_view bad :
       {"", "[]", "{\"f\":{}}", "{\"k:{\":{}}", "{\"k:[]\":{}}", "{\"f:a\":1}", "{\"i:x\":{}}", "{\"f:a\":{}"}) {
    EXPECT_FALSE(FieldSet::parse(bad).has_value()) << bad;
  }
}

TEST(FieldSet, HasTheAlgebraOfSets) {
  FieldSet a = set(R"({"f:a":{".":{},"f:x":{},"f:y":{}},"f:b":{}})");
  FieldSet b = set(R"({"f:a":{"f:y":{},"f:z":{}},"f:b":{"f:c":{}}})");
  EXPECT_EQ(unite(a, b).to_fields_v1(), R"({"f:a":{".":{},"f:x":{},"f:y":{},"f:z":{}},"f:b":{".":{},"f:c":{}}})");
  EXPECT_EQ(intersect(a, b).to_fields_v1(), R"({"f:a":{"f:y":{}}})");
  EXPECT_EQ(subtract(a, b).to_fields_v1(), R"({"f:a":{".":{},"f:x":{}},"f:b":{}})");
  EXPECT_EQ(subtract(b, set(R"({"f:a":{}})")), b);
  EXPECT_EQ(subtract_recursively(b, set(R"({"f:a":{}})")).to_fields_v1(), R"({"f:b":{"f:c":{}}})");
  EXPECT_EQ(unite(a, FieldSet()), a);
  EXPECT_TRUE(subtract(a, a).empty());
}

TEST(FieldSet, ShowsItsPathsMembersOfALevelFirst) {
  std::vector<std::string> paths;
  set(R"({"f:a":{"f:x":{},"k:{\"name\":\"c\",\"port\":1}":{"f:i":{}}},"f:b":{},"f:l":{"v:\"s\"":{},"i:2":{}}})")
      .each([&](const Path& path) { paths.push_back(to_string(path)); });
  EXPECT_EQ(paths, (std::vector<std::string>{".b", ".a.x", ".a[name=\"c\",port=1].i", ".l[=\"s\"]", ".l[2]"}));
}

TEST(FieldFilter, LeavesOutWhatIsBelowAPath) {
  FieldSet pod = set(
      R"({"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"c\"}":{".":{},"f:image":{},"f:resources":{".":{},"f:limits":{}}}}},"f:status":{"f:phase":{}}})");
  EXPECT_EQ(FieldFilter().of(pod), pod);
  EXPECT_EQ(FieldFilter::without({{"spec"}, {"metadata", "labels"}}).of(pod).to_fields_v1(),
            R"({"f:status":{"f:phase":{}}})");
}

}  // namespace
}  // namespace schema::apply
