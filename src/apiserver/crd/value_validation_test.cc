#include "apiserver/crd/value_validation.h"

#include <gtest/gtest.h>

#include "api/apiextensions_k8s_io_v1.h"
#include "apiserver/crd/formats.h"
#include "schema/json.h"

namespace apiserver::crd {
namespace {

schema::Structural structural(std::string_view json) {
  auto schema = schema::from_json<api::apiextensions_k8s_io_v1::JSONSchemaProps>(json);
  EXPECT_TRUE(schema) << schema.error().message();
  return schema::make_structural(*schema);
}

std::string complaints(std::string_view schema, std::string_view value, std::string_view old = "") {
  auto tree = *schema::Value::parse(value);
  auto before = old.empty() ? schema::Value() : *schema::Value::parse(old);
  auto errors = validate_value(tree, structural(schema), old.empty() ? nullptr : &before);
  return errors.empty() ? "" : schema::to_string(errors);
}

TEST(ValueValidation, ComplaintsReadAsUpstreams) {
  struct {
    std::string_view schema, value, complaint;
  } cases[] = {
      {R"({"properties":{"a":{"type":"integer"}}})", R"({"a":"x"})",
       "a: Invalid value: \"string\": a in body must be of type integer: \"string\""},
      {R"({"properties":{"a":{"type":"integer"}}})", R"({"a":3.0})", ""},
      {R"({"properties":{"a":{"type":"integer","format":"int32"}}})", R"({"a":2147483648})",
       "<nil>: Invalid value: \"\": Checked value must be of type integer with format int32 in a"},
      {R"({"properties":{"a":{"type":"string"}}})", R"({"a":null})",
       "a: Invalid value: \"null\": a in body must be of type string: \"null\""},
      {R"({"properties":{"a":{"type":"string","nullable":true}}})", R"({"a":null})", ""},
      {R"({"properties":{"a":{"x-kubernetes-int-or-string":true}}})", R"({"a":1.5})",
       "a: Invalid value: \"number\": a in body must be of type integer,string: \"number\""},
      {R"({"properties":{"a":{"type":"string","maxLength":2}}})", R"({"a":"éé"})", ""},
      {R"({"properties":{"a":{"type":"string","maxLength":2}}})", R"({"a":"abc"})",
       "a: Too long: may not be more than 2 bytes"},
      {R"({"properties":{"a":{"type":"string","format":"date-time"}}})", R"({"a":"soon"})",
       "a: Invalid value: \"soon\": a in body must be of type date-time: \"soon\""},
      {R"({"properties":{"a":{"type":"number","multipleOf":2,"maximum":5,"exclusiveMaximum":true}}})", R"({"a":5})",
       "[a: Invalid value: 5: a in body should be a multiple of 2, a: Invalid value: 5: a in body should be less than "
       "5]"},
      {R"({"properties":{"a":{"type":"array","maxItems":1,"items":{"type":"string"}}}})", R"({"a":["x",1]})",
       "[a[1]: Invalid value: \"integer\": a[1] in body must be of type string: \"integer\", a: Too many: 2: must have "
       "at most 1 item]"},
      {R"({"properties":{"a":{"type":"object","required":["b"]}}})", R"({"a":{}})", "a.b: Required value"},
      {R"({"properties":{"a":{"enum":["x",1]}}})", R"({"a":2})",
       "a: Unsupported value: 2: supported values: \"x\", \"1\""},
      {R"({"properties":{"a":{"oneOf":[{"minimum":1},{"minimum":0}]}}})", R"({"a":3})",
       "<nil>: Invalid value: \"\": \"a\" must validate one and only one schema (oneOf). Found 2 valid alternatives"},
      {R"({"properties":{"a":{"not":{"minimum":1}}}})", R"({"a":3})",
       "<nil>: Invalid value: \"\": \"a\" must not validate the schema (not)"},
      {R"({"properties":{"a":{"allOf":[{"minimum":5},{"minimum":6}]}}})", R"({"a":3})",
       "[a: Invalid value: 3: a in body should be greater than or equal to 5, a: Invalid value: 3: a in body should be "
       "greater than or "
       "equal to 6, <nil>: Invalid value: \"\": \"a\" must validate all the schemas (allOf). None validated]"},
  };
  for (const auto& one : cases) EXPECT_EQ(complaints(one.schema, one.value), one.complaint) << one.schema;
}

TEST(ValueValidation, WhatWasWrongBeforeMayStayAsItIs) {
  constexpr std::string_view kSchema = R"({"properties":{
    "a":{"type":"string","maxLength":1},
    "l":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],
         "items":{"type":"object","properties":{"k":{"type":"string"},"v":{"type":"integer","maximum":1}}}}}})";
  EXPECT_EQ(complaints(kSchema, R"({"a":"long"})", R"({"a":"long","b":1})"), "");
  EXPECT_NE(complaints(kSchema, R"({"a":"longer"})", R"({"a":"long"})"), "");
  // Elements of lists by key, wherever they stand.
  EXPECT_EQ(complaints(kSchema, R"({"l":[{"k":"new","v":1},{"k":"old","v":9}]})", R"({"l":[{"k":"old","v":9}]})"), "");
  EXPECT_NE(complaints(kSchema, R"({"l":[{"k":"new","v":9}]})", R"({"l":[{"k":"old","v":9}]})"), "");
}

TEST(ValueValidation, SetsAndMapsHaveEachElementOnce) {
  auto check = [](std::string_view schema, std::string_view value) {
    auto errors = validate_lists(*schema::Value::parse(value), structural(schema));
    return errors.empty() ? "" : schema::to_string(errors);
  };
  EXPECT_EQ(check(R"({"properties":{"s":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}}}})",
                  R"({"s":["a","b","a"]})"),
            "s[2]: Duplicate value: \"a\"");
  EXPECT_EQ(
      check(
          R"({"properties":{"m":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{}}}})",
          R"({"m":[{"k":1,"v":1},{"k":1,"v":2}]})"),
      "m[1]: Duplicate value: {\"k\":1}");
}

TEST(ValueValidation, FormatsOfStrings) {
  struct {
    std::string_view format, good, bad;
  } cases[] = {
      {"date-time", "2024-02-29T12:00:00.5+01:00", "2023-02-29T12:00:00Z"},
      {"date", "2024-01-31", "2024-13-01"},
      {"duration", "1h30m", "soon"},
      {"ipv4", "10.0.0.1", "::1"},
      {"ipv6", "::1", "10.0.0.1"},
      {"cidr", "10.0.0.0/8", "10.0.0.0"},
      {"uuid", "c2d29867-3d0b-d497-9191-18a9d8ee7830", "c2d29867"},
      {"email", "a@example.com", "a"},
      {"hostname", "a.example.com", "-a"},
      {"mac", "01:02:03:04:05:ab", "01:02"},
      {"byte", "aGk=", "*"},
      {"hexcolor", "#ffaa00", "red"},
      {"isbn", "978-0-306-40615-7", "978-0-306-40615-8"},
      {"k8s-short-name", "my-name", "My_Name"},
  };
  for (const auto& one : cases) {
    EXPECT_TRUE(is_known_format(one.format)) << one.format;
    EXPECT_TRUE(matches_format(one.format, one.good)) << one.format;
    EXPECT_FALSE(matches_format(one.format, one.bad)) << one.format;
  }
  EXPECT_FALSE(is_known_format("made-up"));
}

}  // namespace
}  // namespace apiserver::crd
