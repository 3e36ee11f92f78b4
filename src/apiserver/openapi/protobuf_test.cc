#include "apiserver/openapi/protobuf.h"

#include <gtest/gtest.h>

#include "apiserver/openapi/documents.h"
#include "schema/wire.h"

namespace apiserver::openapi {
namespace {

TEST(OpenApiProtobuf, SchemaIsWrittenWithItsExtensionsAsYaml) {
  auto made = to_protobuf(R"({"swagger":"2.0","definitions":{"A":{"type":"object","x-k":[1]}}})", Dialect::V2);
  ASSERT_TRUE(made);
  std::string type("\xb2\x01\x08\x0a\x06object", 11);
  std::string extension("\xfa\x01\x0d\x0a\x03x-k\x12\x06\x12\x04[1]\n", 16);
  std::string entry =
      "\x0a\x01"
      "A\x12\x1b" +
      type + extension;
  EXPECT_EQ(*made,
            "\x0a\x03"
            "2.0\x4a\x22\x0a\x20" +
                entry);
}

TEST(OpenApiProtobuf, ReferencesOfTheThirdFormStandApart) {
  auto made =
      to_protobuf(R"({"openapi":"3.0.0","components":{"schemas":{"A":{"items":{"$ref":"#/x"}}}}})", Dialect::V3);
  ASSERT_TRUE(made);
  // Document.components.schemas.additional_properties.value.schema.items.schema_or_reference.reference._ref
  EXPECT_EQ(schema::find_bytes(*made, {5, 1, 1, 2, 1, 30, 1, 2, 1}), "#/x");
}

TEST(OpenApiProtobuf, PatchOfAResourceSaysItsKind) {
  auto made = to_protobuf(*make_v3("apis/scheduling.k8s.io/v1", {}), Dialect::V3);
  ASSERT_TRUE(made);
  bool seen = false;
  schema::WireReader paths(schema::find_bytes(*made, {4}));
  schema::WireField path;
  while (paths.next(path)) {
    if (schema::find_bytes(path.bytes, {1}) != "/apis/scheduling.k8s.io/v1/priorityclasses/{name}") continue;
    seen = true;
    // PathItem.patch.specification_extension, of which the last is the kind.
    EXPECT_EQ(schema::find_bytes(path.bytes, {2, 10, 13, 1}), "x-kubernetes-group-version-kind");
    EXPECT_EQ(schema::find_bytes(path.bytes, {2, 10, 13, 2, 2}),
              "{\"group\":\"scheduling.k8s.io\",\"kind\":\"PriorityClass\",\"version\":\"v1\"}\n");
  }
  EXPECT_TRUE(seen);
}

TEST(OpenApiProtobuf, WhatIsNoJsonIsRefused) {
  EXPECT_FALSE(to_protobuf("{\"swagger\":", Dialect::V2));
}

}  // namespace
}  // namespace apiserver::openapi
