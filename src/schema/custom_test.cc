#include "schema/custom.h"

#include <gtest/gtest.h>

#include "api/apiextensions_k8s_io_v1.h"
#include "schema/defaults.h"
#include "schema/json.h"

namespace schema {
namespace {

using api::apiextensions_k8s_io_v1::JSONSchemaProps;

std::shared_ptr<const Structural> structural(std::string_view json) {
  auto schema = from_json<JSONSchemaProps>(json);
  EXPECT_TRUE(schema) << schema.error().message();
  return std::make_shared<const Structural>(make_structural(*schema));
}

constexpr std::string_view kWidget = R"({"type":"object","properties":{"spec":{"type":"object","properties":{
  "size":{"type":"integer","default":3},"note":{"type":"string"},"maybe":{"type":"string","nullable":true},
  "free":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"known":{"type":"object"}}},
  "map":{"type":"object","additionalProperties":{"type":"object","properties":{"a":{"type":"string"}}}},
  "list":{"type":"array","items":{"type":"object","properties":{"a":{"type":"string"}}}},
  "pod":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"spec":{"type":"object"}}}}}}})";

class CustomTest : public ::testing::Test {
 protected:
  // What is left of an object with this spec, and what is said about it.
  std::string read(std::string_view spec, std::vector<std::string>* strict = nullptr) {
    auto object =
        decode_json(kind_.type(),
                    std::string(R"({"apiVersion":"example.com/v1","kind":"Widget","metadata":{"name":"w"},"spec":)") +
                        std::string(spec) + "}",
                    strict);
    if (!object) return object.error().message();
    apply_defaults(*object);
    return custom_of(*object)->content.find("spec")->to_json();
  }

  CustomType kind_{"example.com", "v1", "Widget", structural(kWidget)};
};

TEST_F(CustomTest, WhatTheSchemaDoesNotKnowIsCutOff) {
  struct {
    std::string_view spec, left;
  } cases[] = {
      {R"({"size":1,"x":2})", R"({"size":1})"},
      {R"({"size":1,"free":{"any":[{"b":1}],"known":{"c":1}}})", R"({"size":1,"free":{"any":[{"b":1}],"known":{}}})"},
      {R"({"size":1,"map":{"k":{"a":"1","b":2}}})", R"({"size":1,"map":{"k":{"a":"1"}}})"},
      {R"({"size":1,"list":[{"a":"1","b":2}]})", R"({"size":1,"list":[{"a":"1"}]})"},
      {R"({"size":1,"pod":{"kind":"Pod","metadata":{"name":"p","x":1},"spec":{"y":1},"z":1}})",
       R"({"size":1,"pod":{"kind":"Pod","metadata":{"name":"p"},"spec":{}}})"},
  };
  for (const auto& one : cases) EXPECT_EQ(read(one.spec), one.left);
}

TEST_F(CustomTest, DefaultsFillWhatIsMissingAndNullsGoWhereTheyMustNotBe) {
  EXPECT_EQ(read("{}"), R"({"size":3})");
  EXPECT_EQ(read(R"({"size":null,"note":null,"maybe":null})"), R"({"size":3,"maybe":null})");
}

TEST_F(CustomTest, RepeatedFieldsAreToldBeforeUnknownOnesAndThoseInOrder) {
  std::vector<std::string> strict;
  read(R"({"zz":1,"size":1,"size":2,"list":[{"b":1}],"pod":{"metadata":{"bogus":1}}})", &strict);
  EXPECT_EQ(strict,
            (std::vector<std::string>{"duplicate field \"spec.size\"", "unknown field \"spec.list[0].b\"",
                                      "unknown field \"spec.zz\"", "unknown field \"spec.pod.metadata.bogus\""}));
}

TEST_F(CustomTest, MetadataIsReadAsThatOfEverybody) {
  auto object = decode_json(kind_.type(), R"({"kind":"Widget","metadata":{"labels":{"a":5}}})");
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().message(),
            "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string");
}

TEST_F(CustomTest, EqualObjectsAreWrittenAlike) {
  auto a = decode_json(kind_.type(), R"({"spec":{"size":1,"note":"n"},"metadata":{"name":"w"}})");
  auto b = decode_json(kind_.type(), R"({"metadata":{"name":"w"},"spec":{"note":"n","size":1}})");
  ASSERT_TRUE(a && b);
  EXPECT_EQ(*a, *b);
  EXPECT_EQ(to_json(*a), to_json(*b));
  EXPECT_EQ(to_json(*a),
            R"({"kind":"Widget","apiVersion":"example.com/v1","metadata":{"name":"w"},"spec":{"note":"n","size":1}})");
}

}  // namespace
}  // namespace schema
