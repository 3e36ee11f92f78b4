#include "schema/value.h"

#include <gtest/gtest.h>

namespace schema {
namespace {

Value parse(std::string_view json) {
  return Value::parse(json).value();
}

TEST(Value, JsonRoundTripsWithTheOrderOfItsKeys) {
  const char* text = R"({"b":[1,-2,0.5,1e+30,true,null,"x\u003c"],"a":{},"":[]})";
  EXPECT_EQ(parse(text).to_json(), text);
}

TEST(Value, WholeNumbersStayWhole) {
  EXPECT_TRUE(parse("9223372036854775807").is_int());
  EXPECT_TRUE(parse("9223372036854775808").is_double());
  EXPECT_TRUE(parse("-0").is_int());
  EXPECT_TRUE(parse("1.0").is_double());
  EXPECT_EQ(parse("1.0").to_json(), "1");
  EXPECT_EQ(parse("1e3").to_json(), "1000");
  EXPECT_EQ(parse("1e-400").as_double(), 0);
  EXPECT_FALSE(Value::parse("1e400"));
}

TEST(Value, ALaterKeyReplacesAndIsReported) {
  std::vector<std::string> duplicates;
  Value value = Value::parse(R"({"a":1,"m":{"l":[{"x":1,"x":2}]},"a":3})", &duplicates).value();
  EXPECT_EQ(value.to_json(), R"({"a":3,"m":{"l":[{"x":2}]}})");
  EXPECT_EQ(duplicates, (std::vector<std::string>{"m.l[0].x", "a"}));
}

TEST(Value, EqualityIsDeepAndIgnoresTheOrderOfKeys) {
  EXPECT_EQ(parse(R"({"a":1,"b":[{"c":2}]})"), parse(R"({"b":[{"c":2}],"a":1})"));
  EXPECT_NE(parse(R"({"a":1})"), parse(R"({"a":1,"b":null})"));
  EXPECT_NE(parse("[1,2]"), parse("[2,1]"));
  EXPECT_NE(parse("1"), parse("1.0"));
}

TEST(Value, LargeObjectsFindEveryKeyThroughGrowthAndRemoval) {
  Members members;
  for (int i = 0; i < 500; ++i) {
    members[std::to_string(i)] = i;
    ASSERT_EQ(members.find(std::to_string(i / 2))->as_int(), i / 2);
  }
  Members copy = members;
  for (int i = 0; i < 500; i += 2) EXPECT_TRUE(members.erase(std::to_string(i)));
  for (int i = 0; i < 500; ++i) {
    EXPECT_EQ(members.contains(std::to_string(i)), i % 2 == 1);
    EXPECT_EQ(copy.find(std::to_string(i))->as_int(), i);
  }
  EXPECT_FALSE(members.erase("0"));
}

TEST(Value, PathsLeadToMembers) {
  Value value = parse(R"({"a":{"b":"c"}})");
  EXPECT_EQ(value.text_at({"a", "b"}), "c");
  EXPECT_EQ(value.at({"a", "x", "y"}), nullptr);
  value.ensure_object({"a", "b"})["d"] = 1;
  EXPECT_EQ(value.to_json(), R"({"a":{"b":{"d":1}}})");
}

TEST(Value, PrintsAsGoPrintsMaps) {
  EXPECT_EQ(parse(R"([{"name":"c2","image":"x"},null,1.5])").to_go_string(), "[map[image:x name:c2] <nil> 1.5]");
}

TEST(Value, MalformedTextIsRefusedInGosWords) {
  EXPECT_EQ(Value::parse("{").error().message(), "unexpected end of JSON input");
  EXPECT_EQ(Value::parse("{}x").error().message(), "invalid character 'x' after top-level value");
}

}  // namespace
}  // namespace schema
