#include "apiserver/openapi/merge.h"

#include <gtest/gtest.h>

#include "schema/value.h"

namespace apiserver::openapi {
namespace {

constexpr const char* kOurs =
    R"({"swagger":"2.0","paths":{"/api/v1/pods":{"get":{"schema":{"$ref":"#/definitions/Meta"}}}},)"
    R"("definitions":{"Meta":{"type":"object","x-kubernetes-group-version-kind":["a"]},"Spec":{"type":"string"}}})";

std::string merged(const std::string& other, const std::string& prefix = "/apis/x.io/v1") {
  return merge_v2(kOurs, {{prefix, other}});
}

TEST(OpenApiMerge, WhatIsOfTheVersionComesWithItsDefinitions) {
  EXPECT_EQ(
      merged(R"({"paths":{"/apis/x.io/v1/foos":{"$ref":"#/definitions/Foo"},"/apis/x.io/v1beta1/foos":{},)"
             R"("/apis/x.io/v2":{},"/healthz":{}},"definitions":{"Foo":{"properties":{"bar":)"
             R"({"$ref":"#/definitions/Bar"}}},"Bar":{"items":[{"$ref":"#/definitions/Foo"}]},"Idle":{}}})"),
      R"({"swagger":"2.0","paths":{"/api/v1/pods":{"get":{"schema":{"$ref":"#/definitions/Meta"}}},)"
      R"("/apis/x.io/v1/foos":{"$ref":"#/definitions/Foo"}},)"
      R"("definitions":{"Meta":{"type":"object","x-kubernetes-group-version-kind":["a"]},"Spec":{"type":"string"},)"
      R"("Bar":{"items":[{"$ref":"#/definitions/Foo"}]},"Foo":{"properties":{"bar":{"$ref":"#/definitions/Bar"}}}}})");
}

TEST(OpenApiMerge, DefinitionsThatSayTheSameAreOne) {
  auto text = merged(R"({"paths":{"/apis/x.io/v1/foos":{"$ref":"#/definitions/Meta"}},)"
                     R"("definitions":{"Meta":{"type":"object","x-kubernetes-group-version-kind":["b"]}}})");
  EXPECT_EQ(text.find("Meta_v2"), std::string::npos);
  EXPECT_EQ(text.find("[\"b\"]"), std::string::npos);
}

TEST(OpenApiMerge, ADefinitionThatDiffersIsRenamedWhereverItIsMeant) {
  auto text = merged(R"({"paths":{"/apis/x.io/v1/foos":{"$ref":"#/definitions/Foo"}},)"
                     R"("definitions":{"Foo":{"items":{"$ref":"#/definitions/Spec"}},"Spec":{"type":"integer"}}})");
  auto document = schema::Value::parse(text);
  EXPECT_EQ(document->text_at({"definitions", "Spec", "type"}), "string");
  EXPECT_EQ(document->text_at({"definitions", "Spec_v2", "type"}), "integer");
  EXPECT_EQ(document->text_at({"definitions", "Foo", "items", "$ref"}), "#/definitions/Spec_v2");
}

TEST(OpenApiMerge, OthersCannotChangeWhatIsOurs) {
  auto text = merged(R"({"paths":{"/api/v1/pods":{"get":{}}},"definitions":{}})", "/api/v1");
  EXPECT_EQ(schema::Value::parse(text)->at({"paths"})->to_json(),
            R"({"/api/v1/pods":{"get":{"schema":{"$ref":"#/definitions/Meta"}}}})");
}

TEST(OpenApiMerge, WhatCannotBeReadIsLeftOut) {
  for (const char* bad :
       {"", "{", "[]", "{}", R"({"paths":[]})", R"({"paths":{"/apis/x.io/v1/a":{"$ref":"#/definitions/Gone"}}})"})
    EXPECT_NE(merged(bad).find("/api/v1/pods"), std::string::npos) << bad;
}

}  // namespace
}  // namespace apiserver::openapi
