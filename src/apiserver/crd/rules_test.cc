#include "apiserver/crd/rules.h"

#include <gtest/gtest.h>

#include "schema/json.h"

namespace apiserver::crd {
namespace {

using schema::Value;

struct Told {
  std::string errors;
  std::vector<std::string> warnings;
};

// What the rules of a schema say of a value; `old` "" at birth.
Told told(std::string_view schema, std::string_view value, std::string_view old = "") {
  auto props = schema::from_json<api::apiextensions_k8s_io_v1::JSONSchemaProps>(schema);
  EXPECT_TRUE(props) << props.error().message();
  auto rules = RuleSet::create(*props);
  EXPECT_NE(rules, nullptr);
  Value now = *Value::parse(value);
  Value before = old.empty() ? Value() : *Value::parse(old);
  Told made;
  auto errors = rules->check(now, schema::make_structural(*props), old.empty() ? nullptr : &before, {}, &made.warnings);
  if (!errors.empty()) made.errors = schema::to_string(errors);
  return made;
}

TEST(Rules, WhatBreaksThemIsToldWhereAndAsTheRuleWants) {
  struct {
    std::string_view schema, value, errors;
  } cases[] = {
      {R"({"type":"object","properties":{"a":{"type":"integer","x-kubernetes-validations":[{"rule":"self > 1"}]}}})",
       R"({"a":1})", "a: Invalid value: 1: failed rule: self > 1"},
      {R"({"type":"object","properties":{"a":{"type":"integer"}},"x-kubernetes-validations":[{"rule":"self.a > 1","message":"more"}]})",
       R"({"a":1})", "<nil>: Invalid value: more"},
      {R"({"type":"object","properties":{"a":{"type":"integer"}},"x-kubernetes-validations":[
           {"rule":"self.a > 1","message":"m","reason":"FieldValueRequired","fieldPath":".a"}]})",
       R"({"a":1})", "a: Required value: m"},
      {R"({"type":"object","properties":{"a":{"type":"integer"}},"x-kubernetes-validations":[
           {"rule":"self.a > 1","messageExpression":"string(self.a) + ' is few'"}]})",
       R"({"a":1})", "<nil>: Invalid value: 1 is few"},
      {R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"x-kubernetes-validations":[{"rule":"self.a < self.b"}]})",
       R"({"a":1})", "<nil>: Invalid value: \"object\": no such key: b evaluating rule: self.a < self.b"},
      {R"({"type":"object","properties":{"l":{"type":"array","items":{"type":"string","x-kubernetes-validations":[{"rule":"self != ''"}]}}}})",
       R"({"l":["x",""]})", "l[1]: Invalid value: \"\": failed rule: self != ''"},
      {R"({"type":"object","properties":{"m":{"type":"object","additionalProperties":{"type":"string","x-kubernetes-validations":[{"rule":"self != ''"}]}}}})",
       R"({"m":{"k":""}})", "m[k]: Invalid value: \"\": failed rule: self != ''"},
  };
  for (const auto& one : cases) EXPECT_EQ(told(one.schema, one.value).errors, one.errors) << one.schema;
}

TEST(Rules, ThoseAboutChangesAreAskedWhenThereWasSomething) {
  constexpr std::string_view kSchema =
      R"({"type":"object","properties":{"n":{"type":"integer","x-kubernetes-validations":[{"rule":"self >= oldSelf","message":"never down"}]}}})";
  EXPECT_EQ(told(kSchema, R"({"n":1})").errors, "");
  EXPECT_EQ(told(kSchema, R"({"n":1})", R"({"n":2})").errors, "n: Invalid value: 1: never down");
  EXPECT_EQ(told(kSchema, R"({"n":1})", "{}").errors, "");
  constexpr std::string_view kOptional =
      R"({"type":"object","properties":{"n":{"type":"integer","x-kubernetes-validations":[
         {"rule":"oldSelf.hasValue() || self == 1","optionalOldSelf":true,"message":"start at 1"}]}}})";
  EXPECT_EQ(told(kOptional, R"({"n":5})").errors, "n: Invalid value: 5: start at 1");
  EXPECT_EQ(told(kOptional, R"({"n":5})", R"({"n":1})").errors, "");
}

TEST(Rules, WhatIsAsItWasMayGoOnBreakingThemAndIsWarnedOf) {
  constexpr std::string_view kSchema =
      R"({"type":"object","properties":{"a":{"type":"string","x-kubernetes-validations":[{"rule":"self == 'good'","message":"not good"}]},
         "b":{"type":"string"}}})";
  auto kept = told(kSchema, R"({"a":"bad","b":"2"})", R"({"a":"bad","b":"1"})");
  EXPECT_EQ(kept.errors, "");
  EXPECT_EQ(kept.warnings, (std::vector<std::string>{"a: Invalid value: \"bad\": not good"}));
  EXPECT_EQ(told(kSchema, R"({"a":"worse"})", R"({"a":"bad"})").errors, "a: Invalid value: \"worse\": not good");
}

TEST(Rules, OneObjectCostsNoMoreThanItMay) {
  constexpr std::string_view kSchema =
      R"({"type":"object","properties":{"l":{"type":"array","items":{"type":"integer"},"x-kubernetes-validations":[
         {"rule":"self.all(x, self.all(y, x != y || x == y)) == true"}]}}})";
  std::string value = R"({"l":[0)";
  for (int i = 1; i < 3000; ++i) value += "," + std::to_string(i);
  auto errors = told(kSchema, value + "]}").errors;
  EXPECT_NE(errors.find("no further validation rules will be run"), std::string::npos) << errors;
}

}  // namespace
}  // namespace apiserver::crd
